"""The billing codes of a service: the practice's own data, and what one session comes to in them.

The program ships no code and no description of one: those of CPT belong to others.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from practice.core.errors import Invalid
from practice.core.money import Money
from practice.sessions.rules.lifecycle import Modality

MOST_LINES = 6
MOST_MODIFIERS = 4
LONGEST_LABEL = 80
MOST_UNITS = 99
IN_PERSON_PLACE, VIDEO_PLACE, VIDEO_MODIFIER = "11", "10", "95"
"""What a form proposes: the practitioner's office, and the client at home."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeLine:
    """One code of a service, with the practice's own words for it.

    ``from_minutes`` and ``to_minutes`` (both included) bind it to how long the session really
    was. ``share_minor`` is its part of the session's price in cents; one line that holds has
    none, and takes the rest.
    """

    code: str
    label: str
    modifiers: tuple[str, ...] = ()
    units: int = 1
    from_minutes: int | None = None
    to_minutes: int | None = None
    share_minor: int | None = None

    def holds(self, minutes: int) -> bool:
        """Say whether a session of so many minutes has this line."""
        return (self.from_minutes or 0) <= minutes and (
            self.to_minutes is None or minutes <= self.to_minutes
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Codes:
    """All codes of one service, and the places and the modifier that go with them."""

    lines: tuple[CodeLine, ...] = ()
    place_in_person: str = IN_PERSON_PLACE
    place_by_video: str = VIDEO_PLACE
    video_modifier: str = VIDEO_MODIFIER

    def place(self, modality: Modality) -> str:
        """Return the place of service of a session."""
        return self.place_by_video if modality is Modality.TELEHEALTH else self.place_in_person


@dataclass(frozen=True, slots=True)
class Coded:
    """One line of a session in codes, with its part of the fee."""

    line: CodeLine
    place: str
    fee: Money


def coded(codes: Codes, *, minutes: int, modality: Modality, fee: Money) -> list[Coded]:
    """Return what a session comes to in codes; the fees of the lines sum to its fee.

    Raises:
        Invalid: if no line says what the rest of the fee is for, or the parts exceed it.
    """
    holding = [each for each in codes.lines if each.holds(minutes)]
    open_ones = [each for each in holding if each.share_minor is None]
    shares = sum(each.share_minor or 0 for each in holding)
    if not holding:
        raise Invalid(f"none of its codes is for {minutes} minutes")
    if len(open_ones) > 1:
        raise Invalid(f"two of its codes take the rest of the price for {minutes} minutes")
    if shares > fee.minor or (not open_ones and shares != fee.minor):
        raise Invalid(f"the parts of its codes do not sum to {fee}")
    return [
        Coded(
            _by_video(each, codes) if modality is Modality.TELEHEALTH else each,
            codes.place(modality),
            Money(
                fee.minor - shares if each.share_minor is None else each.share_minor, fee.currency
            ),
        )
        for each in holding
    ]


def _by_video(line: CodeLine, codes: Codes) -> CodeLine:
    if not codes.video_modifier or codes.video_modifier in line.modifiers:
        return line
    return replace(line, modifiers=(*line.modifiers, codes.video_modifier)[-MOST_MODIFIERS:])


# As they are typed and kept ---------------------------------------------------------------------


def code_of(text: str) -> str:
    """Return a procedure code: four digits and a digit or letter, or a letter and four digits.

    Raises:
        Invalid: in words for the person who typed it.
    """
    code = text.upper()
    if not re.fullmatch(r"[0-9]{4}[0-9A-Z]|[A-Z][0-9]{4}", code):
        raise Invalid("A code has five characters, like 12345 or A1234")
    return code


def place_of(text: str) -> str:
    """Return a place of service: two digits.

    Raises:
        Invalid: in words for the person who typed it.
    """
    if not re.fullmatch(r"[0-9]{2}", text) or text == "00":
        raise Invalid("A place of service has two digits, like 11")
    return text


def modifiers_of(text: str) -> tuple[str, ...]:
    """Return the modifiers of a code: up to four of two letters or digits.

    Raises:
        Invalid: in words for the person who typed it.
    """
    found = tuple(re.split(r"[ ,]+", text.upper().strip())) if text.strip() else ()
    if any(not re.fullmatch(r"[A-Z0-9]{2}", each) for each in found):
        raise Invalid("A modifier has two letters or digits, like 95")
    if len(found) > MOST_MODIFIERS:
        raise Invalid(f"A code has at most {MOST_MODIFIERS} modifiers")
    return found


def overlapping(lines: Sequence[CodeLine]) -> int | None:
    """Return a length in minutes at which two lines would take the rest of the price, if any."""
    rest = [each for each in lines if each.share_minor is None]
    for n, one in enumerate(rest):
        for other in rest[n + 1 :]:
            start = max(one.from_minutes or 0, other.from_minutes or 0)
            if one.holds(start) and other.holds(start):
                return start
    return None


def read(kept: Mapping[str, Any]) -> Codes:
    """Return codes as they were kept."""
    lines = [{**each, "modifiers": tuple(each["modifiers"])} for each in kept["lines"]]
    return Codes(**{**kept, "lines": tuple(CodeLine(**each) for each in lines)})


def as_kept(codes: Codes) -> dict[str, Any]:
    """Return codes as JSON keeps them."""
    lines = [asdict(each) | {"modifiers": list(each.modifiers)} for each in codes.lines]
    return asdict(codes) | {"lines": lines}
