"""How far apart the sessions of a course lie: recommended, or else a warning; limits, or refusal.

The windows are those of the shipped lozenge course, read by the kinds of the two sessions;
``semantics`` in the course templates says what they mean: "days" are local dates, "hours"
elapsed time, both ends are inclusive, and no session starts before its anchor.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from functools import cache
from typing import Any
from uuid import UUID

from practice.calendar.rules import zones
from practice.sessions.rules.lifecycle import GIVES_MEDICINE, SessionKind
from practice.sessions.rules.templates import HAND_MADE_COURSE, course

K = SessionKind
HOUR = timedelta(hours=1)


class Anchor(StrEnum):
    START = "start"
    END = "end"


class Unit(StrEnum):
    DAYS = "days"
    HOURS = "hours"


@dataclass(frozen=True, slots=True)
class StepWindow:
    """The gap from ``anchor`` of the earlier session to the start of the later one, in ``unit``."""

    anchor: Anchor
    unit: Unit
    min: int
    max: int
    hard_min: int
    hard_max: int

    @classmethod
    def read(cls, window: Mapping[str, Any], *, anchor: Anchor) -> StepWindow:
        bounds = {name: window[name] for name in ("min", "max", "hard_min", "hard_max")}
        return cls(anchor=anchor, unit=Unit(window["unit"]), **bounds)


@dataclass(frozen=True, slots=True)
class Session:
    """One session of a client, as far as its place among the others goes."""

    id: UUID
    kind: SessionKind
    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class Finding:
    """What a window has to say, in words for the screen. ``is_hard``: refuse, else warn."""

    words: str
    is_hard: bool


NAMES = {
    K.CONSULT: "the call",
    K.INTAKE: "the intake",
    K.MEDICAL_EVAL: "the medical evaluation",
    K.MED_FOLLOWUP: "the prescriber follow-up",
    K.PREP: "the preparation",
    K.DOSING: "the dosing",
    K.INTEGRATION: "the integration",
    K.BOOSTER: "the booster",
}

BEFORE_THE_FIRST_DOSING = (frozenset({K.PREP}), frozenset({K.MEDICAL_EVAL}))
BEFORE: dict[SessionKind, tuple[frozenset[SessionKind], ...]] = {
    K.CONSULT: (),
    K.INTAKE: (),
    K.MEDICAL_EVAL: (frozenset({K.INTAKE}),),
    K.MED_FOLLOWUP: (),
    K.PREP: (frozenset({K.PREP, K.INTAKE}),),
    K.DOSING: (GIVES_MEDICINE, frozenset({K.INTEGRATION})),
    K.INTEGRATION: (GIVES_MEDICINE,),
    K.BOOSTER: (GIVES_MEDICINE,),
}
"""A session is measured against the last one before it of each of these sets."""


@cache
def windows() -> Mapping[tuple[SessionKind, SessionKind], StepWindow]:
    """Return the window between two kinds of session, earlier kind first."""
    template = course(HAND_MADE_COURSE)
    kinds = {step["key"]: SessionKind(step["kind"]) for step in template["steps"]}
    found = {
        (kinds[window["step"]], kinds[step["key"]]): StepWindow.read(
            window, anchor=Anchor(window["anchor"])
        )
        for step in template["steps"]
        for window in step["after"]
    }
    booster = StepWindow.read(template["boosters"]["from_last_dosing"], anchor=Anchor.START)
    after_booster = StepWindow.read(template["boosters"]["integration_window"], anchor=Anchor.END)
    return found | {
        (K.DOSING, K.BOOSTER): booster,
        (K.BOOSTER, K.BOOSTER): booster,
        (K.BOOSTER, K.DOSING): found[K.DOSING, K.DOSING],
        (K.BOOSTER, K.INTEGRATION): after_booster,
    }


def anchors(session: Session, others: Iterable[Session]) -> list[Session]:
    """Return the earlier sessions that this one is measured against, nearest kind first.

    A first dosing is measured against its preparation and evaluation, each later one against
    the dosing before it and the integration since then.
    """
    earlier = sorted(
        (each for each in others if each.starts_at < session.starts_at and each.id != session.id),
        key=lambda each: each.starts_at,
    )
    sets = BEFORE[session.kind]
    if session.kind is K.DOSING:
        dosed = [n for n, each in enumerate(earlier) if each.kind in GIVES_MEDICINE]
        if dosed:
            earlier = earlier[dosed[-1] :]
        else:
            sets = BEFORE_THE_FIRST_DOSING
    last = [next((e for e in reversed(earlier) if e.kind in kinds), None) for kinds in sets]
    return [each for each in last if each is not None]


def findings(
    session: Session,
    others: Sequence[Session],
    zone: str,
    *,
    moved_from: Session | None = None,
) -> list[Finding]:
    """Judge a session's place among a client's others: its own windows and those it is anchor of.

    Args:
        session: as it is to be.
        others: the client's live and held sessions, in any order; itself is ignored.
        zone: of the practice, in which days are counted.
        moved_from: where it lies now, if it is being moved: what followed it there must still
            follow it.
    """
    others = [each for each in others if each.id != session.id]
    found = [judge(anchor, session, zone) for anchor in anchors(session, others)]

    followers = {each.id: each for each in others if session in anchors(each, [*others, session])}
    if moved_from is not None:
        before = [*others, moved_from]
        followers |= {each.id: each for each in others if moved_from in anchors(each, before)}
    found += [judge(session, each, zone) for each in followers.values()]
    found.append(_integration_between(session, others, zone))
    return [each for each in found if each is not None]


def judge(anchor: Session, session: Session, zone: str) -> Finding | None:
    """Judge one gap; ``None`` if it is as recommended, or nothing is said about the two kinds."""
    window = windows().get((anchor.kind, session.kind))
    return None if window is None else gap_of(window, anchor, session, zone)


def gap_of(window: StepWindow, anchor: Session, session: Session, zone: str) -> Finding | None:
    """Judge one gap by a window; ``None`` if it is as recommended."""
    moment = anchor.starts_at if window.anchor is Anchor.START else anchor.ends_at
    here, there = (zones.local_date(at, zone) for at in (session.starts_at, moment))
    name = NAMES[session.kind].capitalize()
    after = f"{NAMES[anchor.kind]} on {zones.day_words(there)}"
    if session.starts_at < moment:
        return Finding(f"{name} would come before {after}.", is_hard=True)
    if session.kind is K.INTEGRATION and here == there:
        return Finding(f"{name} cannot be on the same day as {after}.", is_hard=True)

    if window.unit is Unit.DAYS:
        gap, one = here - there, timedelta(days=1)
    else:
        gap, one = session.starts_at - moment, HOUR
    is_hard = not window.hard_min * one <= gap <= window.hard_max * one
    if window.min * one <= gap <= window.max * one and not is_hard:
        return None
    count = f"{gap / one:.1f}".removesuffix(".0")
    rule = (
        f"the limits are {window.hard_min} to {window.hard_max} {window.unit}"
        if is_hard
        else f"{window.min} to {window.max} {window.unit} are recommended"
    )
    return Finding(f"{name} would be {count} {window.unit} after {after}; {rule}.", is_hard)


def in_words(session: Session, others: Sequence[Session], zone: str) -> list[str]:
    """Describe the windows that a session of this kind, about then, has to keep."""
    described = []
    for anchor in anchors(session, others):
        window = windows().get((anchor.kind, session.kind))
        if window is not None:
            moment = anchor.starts_at if window.anchor is Anchor.START else anchor.ends_at
            described.append(
                f"{window.min} to {window.max} {window.unit} after {NAMES[anchor.kind]} on "
                f"{zones.day_words(zones.local_date(moment, zone))} "
                f"(at least {window.hard_min}, at most {window.hard_max})"
            )
    return described


def at(session: Session, starts_at: datetime) -> Session:
    """Return the same session at another time."""
    length = session.ends_at - session.starts_at
    return replace(session, starts_at=starts_at, ends_at=starts_at + length)


def _integration_between(session: Session, others: Sequence[Session], zone: str) -> Finding | None:
    """Warn of a dosing whose dosing before has no integration behind it."""
    if session.kind is not K.DOSING:
        return None
    before = anchors(session, others)
    if not before or before[0].kind not in GIVES_MEDICINE or len(before) > 1:
        return None
    day = zones.day_words(zones.local_date(before[0].starts_at, zone))
    return Finding(
        f"No integration is booked between {NAMES[before[0].kind]} on {day} and this one.",
        is_hard=False,
    )
