"""The life of a course, as a table."""

from __future__ import annotations

from enum import StrEnum


class CourseState(StrEnum):
    """Where a course stands.

    ``proposed``: plans may be looked at, nothing is booked. ``booked``: its sessions are in the
    book. ``under_way``: its first session was held. ``lapsed``: a hard limit was passed, and it
    goes on only after a medical review and a preparation.
    """

    PROPOSED = "proposed"
    BOOKED = "booked"
    UNDER_WAY = "under_way"
    COMPLETED = "completed"
    STOPPED = "stopped"
    LAPSED = "lapsed"


C = CourseState

NEXT: dict[CourseState, frozenset[CourseState]] = {
    C.PROPOSED: frozenset({C.BOOKED, C.STOPPED}),
    C.BOOKED: frozenset({C.UNDER_WAY, C.STOPPED, C.LAPSED}),
    C.UNDER_WAY: frozenset({C.COMPLETED, C.STOPPED, C.LAPSED}),
    C.LAPSED: frozenset({C.UNDER_WAY, C.STOPPED}),
    C.COMPLETED: frozenset(),
    C.STOPPED: frozenset(),
}
"""What may follow each state."""

LIVE = frozenset({C.PROPOSED, C.BOOKED, C.UNDER_WAY, C.LAPSED})
BOOKABLE = frozenset({C.PROPOSED, C.BOOKED, C.UNDER_WAY})
"""The states in which further sessions may be put into the book."""

KEPT = frozenset({C.BOOKED, C.UNDER_WAY, C.LAPSED})
"""The states in which sessions are in the book, and kept legal when one of them moves."""

IN_WORDS = {
    C.PROPOSED: "proposed",
    C.BOOKED: "booked",
    C.UNDER_WAY: "under way",
    C.COMPLETED: "completed",
    C.STOPPED: "stopped",
    C.LAPSED: "lapsed",
}


def may_become(state: CourseState, wanted: CourseState) -> bool:
    """Say whether a course may go from one state to another."""
    return wanted in NEXT[state]
