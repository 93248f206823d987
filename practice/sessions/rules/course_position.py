"""How far a course has come, in a few words: "Dosing 2 of 6, next Thu, Dec 3"."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from practice.calendar.rules import zones
from practice.sessions.rules.course_states import IN_WORDS, CourseState
from practice.sessions.rules.lifecycle import GIVES_MEDICINE, LIVE, AppointmentState, SessionKind

S = AppointmentState


@dataclass(frozen=True, slots=True)
class Stand:
    """One step as far as this goes: what it is, and its session or its date elsewhere."""

    kind: SessionKind
    state: AppointmentState | None = None
    starts_at: datetime | None = None
    on: date | None = None
    is_held: bool = False


def in_words(state: CourseState, steps: Sequence[Stand], *, now: datetime, zone: str) -> str:
    """Say where a course stands; the next session is the next one in the book."""
    if state is CourseState.PROPOSED:
        return "Proposed"
    said = _position(steps)
    if state in {CourseState.COMPLETED, CourseState.STOPPED, CourseState.LAPSED}:
        return f"{said}, {IN_WORDS[state]}"
    on = next_on(steps, now=now, zone=zone)
    return f"{said}, next {zones.day_words(on)}" if on else f"{said}, nothing booked"


def next_on(steps: Sequence[Stand], *, now: datetime, zone: str) -> date | None:
    """Return the local date of the next session that is booked."""
    coming = [
        each.starts_at
        for each in steps
        if each.starts_at is not None and each.state in LIVE and each.starts_at >= now
    ]
    return zones.local_date(min(coming), zone) if coming else None


def _position(steps: Sequence[Stand]) -> str:
    dosings = [each for each in steps if each.kind in GIVES_MEDICINE]
    held = sum(each.state is S.COMPLETED for each in dosings)
    if not dosings:
        return f"{sum(_is_over(each) for each in steps)} of {len(steps)} held"
    return f"Dosing {held} of {len(dosings)}" if held else f"Before dosing 1 of {len(dosings)}"


def _is_over(step: Stand) -> bool:
    return step.state is S.COMPLETED or step.is_held
