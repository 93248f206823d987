"""Which stage a session comes to next, by its state and by the clock."""

from __future__ import annotations

from datetime import datetime, timedelta

from practice.calendar.rules import zones
from practice.sessions.rules.gates.model import Stage
from practice.sessions.rules.lifecycle import GIVES_MEDICINE, AppointmentState, SessionKind

S = AppointmentState

A_DAY_BEFORE = timedelta(hours=24)
"""When a session is looked at again, and until when the time of one that waits is kept without a
word: then a person decides whether it is kept or given back."""


def next_stage(
    state: AppointmentState, kind: SessionKind, *, starts_at: datetime, now: datetime, zone: str
) -> Stage | None:
    """Return the stage whose gates a session must have passed next; none for one that is over.

    A session that is booked is asked for what comes a day ahead only then, and for what is asked
    on arrival only on its local day. One without medicine is not looked at again once it began.
    """
    if state is S.REQUESTED:
        return Stage.BOOKING
    if state in {S.TENTATIVE, S.CONFIRMED}:
        if zones.local_date(now, zone) >= zones.local_date(starts_at, zone):
            return Stage.ARRIVAL
        return Stage.T_MINUS_24H if starts_at - now <= A_DAY_BEFORE else Stage.CONFIRM
    if state is S.ARRIVED:
        return Stage.ADMINISTER
    if state is S.IN_SESSION and kind in GIVES_MEDICINE:
        return Stage.DISCHARGE
    return None


def kept_until(starts_at: datetime) -> datetime:
    """Return until when the time of a session that waits is kept; then a person decides."""
    return starts_at - A_DAY_BEFORE
