"""What gates ask for, for any number of clients at once."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from practice.calendar.rules import zones
from practice.clients.queries import papers_by_client
from practice.core.db import db
from practice.people.queries import get_practice
from practice.sessions.models import Appointment, BroughtSession
from practice.sessions.rules.gates import ClosedGate, Facts, closed_gates
from practice.sessions.rules.lifecycle import GIVES_MEDICINE, LIVE, AppointmentState, SessionKind

S = AppointmentState


def facts_of(client_ids: Collection[UUID]) -> dict[UUID, Facts]:
    """Read what gates ask for, for each of these clients. Two statements."""
    zone = get_practice().time_zone
    dosed: dict[UUID, list[datetime]] = {each: [] for each in client_ids}
    held: dict[UUID, list[datetime]] = {each: [] for each in client_ids}
    counting = {*GIVES_MEDICINE, SessionKind.PREP}
    here = sa.select(
        Appointment.client_id, Appointment.kind, Appointment.state, Appointment.starts_at
    ).where(
        Appointment.client_id.in_(client_ids),
        Appointment.kind.in_(counting),
        Appointment.state.in_(LIVE | {S.COMPLETED}),
    )
    elsewhere = sa.select(
        BroughtSession.client_id,
        BroughtSession.kind,
        sa.literal(S.COMPLETED, Appointment.state.type),
        BroughtSession.starts_at,
    ).where(
        BroughtSession.client_id.in_(client_ids),
        BroughtSession.kind.in_(counting),
        BroughtSession.starts_at.is_not(None),
    )
    rows: Any = db.session.execute(sa.union_all(here, elsewhere))
    for client_id, kind, state, starts_at in rows:
        if client_id and kind in GIVES_MEDICINE:
            dosed[client_id].append(starts_at)
        elif client_id and state is S.COMPLETED:
            held[client_id].append(starts_at)
    papers = papers_by_client(client_ids)
    return {
        each: Facts(
            papers=tuple(paper.on_file for paper in papers[each]),
            preps_held_on=tuple(zones.local_date(start, zone) for start in held[each]),
            first_dosing_on=zones.local_date(min(dosed[each]), zone) if dosed[each] else None,
        )
        for each in client_ids
    }


def closed_of(appointments: Iterable[Appointment]) -> dict[UUID, list[ClosedGate]]:
    """Say of each session that has not begun what stands before it; by its id.

    Two statements where any of them gives medicine, none otherwise.
    """
    waiting = [
        each
        for each in appointments
        if each.kind in GIVES_MEDICINE
        and each.client_id is not None
        and each.state in {S.TENTATIVE, S.CONFIRMED, S.ARRIVED}
    ]
    if not waiting:
        return {}
    zone = get_practice().time_zone
    facts = facts_of({each.client_id for each in waiting if each.client_id})
    return {
        each.id: closed_gates(
            facts[each.client_id],
            kind=each.kind,
            route=each.service.route,
            on=zones.local_date(each.starts_at, zone),
        )
        for each in waiting
        if each.client_id
    }
