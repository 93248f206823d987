"""What is decided about a course, and how its page tells it."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any


class Deed(StrEnum):
    """A kind of entry in the history of a course."""

    PROPOSED = "proposed"
    OFFERED = "offered"
    WITHDRAWN = "withdrawn"
    CHANGED = "change"
    BOOKED = "booked"
    WISHED = "wished"
    DATED = "dated"
    ATTACHED = "attached"
    REACHABLE = "reachable"
    STOPPED = "stopped"
    BEGUN = "begun"
    COMPLETED = "completed"
    MOVED = "moved"
    UNDONE = "undone"
    LEFT_OUT = "left_out"
    LAPSED = "lapsed"
    RESUMED = "resumed"
    REVIEWED = "reviewed"
    PRICED = "priced"


SAID: dict[str, str] = {
    Deed.PROPOSED: "Proposed",
    Deed.OFFERED: "The client may choose among the plans",
    Deed.WITHDRAWN: "The client may not choose any more",
    Deed.CHANGED: "Changed for this client alone",
    Deed.PRICED: "Another price agreed on: {price}",
    Deed.BOOKED: "{count} sessions booked",
    Deed.WISHED: "Wishes changed",
    Deed.DATED: "Date of {step} written down: {on}",
    Deed.ATTACHED: "{step} booked by hand",
    Deed.REACHABLE: "{count} sessions came within reach",
    Deed.STOPPED: "Stopped; {count} sessions cancelled",
    Deed.BEGUN: "Begun",
    Deed.COMPLETED: "Completed",
    Deed.MOVED: "{count} sessions moved",
    Deed.UNDONE: "{count} sessions moved back",
    Deed.LEFT_OUT: "{step} left out",
    Deed.LAPSED: "Lapsed. {words}",
    Deed.RESUMED: "Goes on after its lapse",
    Deed.REVIEWED: "Review after {step}: {decision}",
}
"""A few words each, completed by the facts of the entry."""


def in_words(deed: str, facts: Mapping[str, Any]) -> str:
    """Say what was decided. An entry of another time, whose words are gone, keeps its name."""
    return SAID.get(deed, deed.replace("_", " ").capitalize()).format_map(_Facts(facts))


class _Facts(dict[str, Any]):
    def __missing__(self, key: str) -> str:
        return "…"
