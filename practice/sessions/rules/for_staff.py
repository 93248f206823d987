"""What staff are told about sessions, and what they may do to one next."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from enum import StrEnum

from practice.calendar.rules import zones
from practice.core.money import Money
from practice.sessions.rules.course_words import STEP_NAMES
from practice.sessions.rules.gates import GateResult, Stage, closed_at
from practice.sessions.rules.lifecycle import (
    GIVES_MEDICINE,
    LIVE,
    MOVES,
    AppointmentState,
    Modality,
    SessionKind,
)

S = AppointmentState


class Deed(StrEnum):
    """What is done to a session on its day, by the word in its address."""

    ARRIVE = "arrive"
    START = "start"
    COMPLETE = "complete"
    MISS = "miss"


LEADS_TO: dict[Deed, AppointmentState] = {
    Deed.ARRIVE: S.ARRIVED,
    Deed.START: S.IN_SESSION,
    Deed.COMPLETE: S.COMPLETED,
    Deed.MISS: S.NO_SHOW,
}

BUTTONS: dict[Deed, str] = {
    Deed.ARRIVE: "Arrived",
    Deed.START: "Start",
    Deed.COMPLETE: "Complete",
    Deed.MISS: "Missed",
}

DONE: dict[Deed, str] = {
    Deed.ARRIVE: "is here",
    Deed.START: "is in session",
    Deed.COMPLETE: "is done",
    Deed.MISS: "did not come",
}
"""What is said after it, behind the client's name."""

ASKS: dict[Deed, Stage] = {
    Deed.ARRIVE: Stage.ARRIVAL,
    Deed.START: Stage.ADMINISTER,
    Deed.COMPLETE: Stage.DISCHARGE,
}
"""The stage that a deed comes to: what is missing by then stands in its way."""

WAYS: dict[Modality, str] = {Modality.IN_PERSON: "In person", Modality.TELEHEALTH: "By video"}

CAN_CHANGE = frozenset({S.TENTATIVE, S.CONFIRMED})
"""The states from which a session is moved to another time."""

IS_OWED = LIVE | {S.COMPLETED}
"""The states in which what was agreed is to be paid."""


def what_words(kind: SessionKind, number: int | None = None, of: int | None = None) -> str:
    """Say what a session is, and which of its course's: ``Dosing 3 of 6``.

    The only one of its kind in a course needs no number.
    """
    words = STEP_NAMES[kind]
    return f"{words} {number} of {of}" if number and of and of > 1 else words


def next_deeds(
    state: AppointmentState, *, starts_at: datetime, now: datetime, zone: str
) -> tuple[Deed, ...]:
    """List what may be done to a session now, by the table of its life and by the clock.

    Nothing before its local day, and nobody has missed it before it was to begin.
    """
    if zones.local_date(now, zone) < zones.local_date(starts_at, zone):
        return ()
    return tuple(
        deed
        for deed, target in LEADS_TO.items()
        if target in MOVES[state] and (deed is not Deed.MISS or starts_at <= now)
    )


def in_the_way(
    deed: Deed, kind: SessionKind, state: AppointmentState, results: Iterable[GateResult]
) -> list[GateResult]:
    """Return what stands in the way of a deed, as the service that does it would say.

    Only medicine is asked what lets a client go; another session that has begun just ends.
    """
    stage = ASKS.get(deed)
    if deed is Deed.COMPLETE and kind not in GIVES_MEDICINE:
        stage = Stage.ADMINISTER if state is S.ARRIVED else None
    return closed_at(results, stage) if stage else []


def owed(state: AppointmentState, price: Money, kept_minor: int) -> Money:
    """Return what is left to pay for a session, of which ``kept_minor`` cents came in for good.

    Nothing once it was cancelled, missed or let go: fees of that kind are invoices of their own.
    """
    if state not in IS_OWED:
        return Money(0, price.currency)
    return Money(max(0, price.minor - kept_minor), price.currency)


def day_title(on: date, today: date) -> str:
    """Name a day as the heading of a list: ``Today``, ``Tomorrow``, else its weekday."""
    return {0: "Today", 1: "Tomorrow", -1: "Yesterday"}.get((on - today).days, f"{on:%A}")
