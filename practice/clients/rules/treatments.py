"""Treatments that were tried before: whether they helped, in the words of the page."""

from enum import StrEnum


class Helped(StrEnum):
    A_LOT = "a_lot"
    SOME = "some"
    NOT_AT_ALL = "not_at_all"
    WORSE = "worse"
    STOPPED = "stopped"
    UNKNOWN = "unknown"


HELPED_WORDS: dict[Helped, str] = {
    Helped.A_LOT: "It helped a lot",
    Helped.SOME: "It helped somewhat, or for a while",
    Helped.NOT_AT_ALL: "It did not help",
    Helped.WORSE: "It made things worse",
    Helped.STOPPED: "It was stopped because of side effects",
    Helped.UNKNOWN: "Not known",
}
