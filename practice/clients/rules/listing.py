"""The saved lists of clients, and how one is sorted."""

from __future__ import annotations

from enum import StrEnum


class Show(StrEnum):
    """Which clients a list is of. The words stand on the page, the values in its address."""

    ALL = "all"
    COMING = "coming"
    NOTHING = "nothing-booked"
    MISSING = "something-missing"
    OWES = "owes"
    ARCHIVED = "archived"


class Sort(StrEnum):
    NAME = "name"
    NEXT = "next"
    ITEMS = "items"
    OWES = "owes"


LISTS: dict[Show, str] = {
    Show.ALL: "All",
    Show.COMING: "Sessions to come",
    Show.NOTHING: "Nothing booked",
    Show.MISSING: "Something missing",
    Show.OWES: "Owes money",
    Show.ARCHIVED: "Archived",
}

EMPTY: dict[Show, str] = {
    Show.ALL: "People appear here when they book, or when you take them on.",
    Show.COMING: "Nobody has a session to come.",
    Show.NOTHING: "Everybody has a session to come.",
    Show.MISSING: "Nothing is missing: no session waits for a paper, and no task is open.",
    Show.OWES: "Nobody owes anything by now.",
    Show.ARCHIVED: "Nobody is archived. Clients whose care has ended go here, papers and all.",
}


def items_in_words(tasks: int, waiting: int) -> str:
    """Say what is open about a client: ``2 tasks, 1 session waits``; empty for nothing."""
    said = []
    if waiting:
        said.append(f"{waiting} session waits" if waiting == 1 else f"{waiting} sessions wait")
    if tasks:
        said.append(f"{tasks} task" if tasks == 1 else f"{tasks} tasks")
    return ", ".join(said)
