"""Sessions in the calendars of those whom they concern, by the transaction that changes them.

Whatever calendars are told, a feed, a file to download or an invitation, is made from the facts
that ``entry_of`` writes down.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

import sqlalchemy as sa

from practice.calendar.models import BookingRules, Claim, Resource
from practice.calendar.rules import ics
from practice.calendar.service import entries, invitations
from practice.calendar.service.entries import EntryFacts, OwnCopy
from practice.calendar.service.inviting import invite_client
from practice.core import clock
from practice.core.db import db, in_transaction
from practice.people.models import Client
from practice.people.queries import get_practice
from practice.sessions.models import Appointment
from practice.sessions.queries.appointments import get_appointment
from practice.sessions.rules.for_clients import is_address_released
from practice.sessions.rules.lifecycle import LIVE, AppointmentState, Modality
from practice.sessions.service.taking import lock

S = AppointmentState
OFF = frozenset({S.CANCELLED, S.HELD_CLINICAL, S.RELEASED})


def serving(appointment_id: UUID) -> tuple[UUID, ...]:
    """Return whom and what a session takes by the claims that it holds. One statement."""
    return tuple(
        db.session.scalars(
            sa.select(Resource.id)
            .join(Claim, Claim.resource_id == Resource.id)
            .where(Claim.holder_id == appointment_id, Claim.released_at.is_(None))
            .order_by(Resource.id)
        )
    )


def show(appointment: Appointment, takes: tuple[UUID, ...]) -> None:
    """Put a session into the calendars of all that it takes, as it is now."""
    entries.put(entry_of(appointment, takes))


def bury(appointment: Appointment, left: tuple[UUID, ...], *, gone_at: datetime) -> None:
    """Leave a tombstone in the calendars of these."""
    entries.bury(replace(entry_of(appointment, left), gone_at=gone_at))


def change(appointment: Appointment) -> None:
    """Count a change that calendars show."""
    appointment.sequence += 1
    appointment.changed_at = clock.now()


def entry_of(appointment: Appointment, takes: tuple[UUID, ...]) -> EntryFacts:
    """Write a session down as far as calendars may know it."""
    service, client = appointment.service, appointment.client
    return EntryFacts(
        session_id=appointment.id,
        uid=appointment.uid,
        sequence=appointment.sequence + appointment.relabelled,
        created_at=appointment.created_at,
        changed_at=appointment.changed_at,
        starts_at=appointment.starts_at,
        ends_at=appointment.ends_at,
        before=timedelta(minutes=service.buffer_before_minutes),
        after=timedelta(minutes=service.buffer_after_minutes),
        zone=appointment.time_zone,
        is_tentative=appointment.state in {S.TENTATIVE, S.REQUESTED},
        client_id=appointment.client_id,
        client_name=client.name if client else "",
        client_mail=client.email if client else "",
        is_invited=_is_invited(client, service.rules),
        service_code=service.code,
        own=partial(_own_copy, appointment),
        resource_ids=takes,
    )


def as_it_stands(appointment: Appointment, takes: tuple[UUID, ...] = ()) -> EntryFacts:
    """Write down a session as it is now, cancelled or not."""
    facts = entry_of(appointment, takes)
    return replace(facts, gone_at=appointment.changed_at if appointment.state in OFF else None)


def session_now(appointment_id: UUID) -> EntryFacts | None:
    """Return a session with all that it takes, for those who are told of it by mail."""
    appointment = get_appointment(appointment_id)
    if appointment.hold_ends_at is not None or appointment.state is S.REQUESTED:
        return None
    return as_it_stands(appointment, serving(appointment_id))


def _is_invited(client: Client | None, rules: BookingRules) -> bool:
    """Say whether a client gets invitations: as they chose, or else as the practice does."""
    if client is None:
        return False
    return rules.invites_clients if client.is_invited is None else client.is_invited


def _own_copy(appointment: Appointment) -> OwnCopy:
    """Say what stands in a client's own calendar.

    The town at most: calendars are copied to other companies. The street only where the practice
    says so, and then as on the client's own page: once confirmed, and not long before.
    """
    rules, practice = appointment.service.rules, get_practice()
    where = practice.locality
    if rules.address_in_calendars and is_address_released(
        state=appointment.state,
        modality=appointment.modality,
        starts_at=appointment.starts_at,
        now=clock.now(),
        hours=rules.address_hours_before,
    ):
        where = ", ".join((rules.sanctuary_address or where).splitlines())
    return OwnCopy(
        title=f"{ics.CLIENT_TITLE}, {practice.neutral_name}",
        place="" if appointment.modality is Modality.TELEHEALTH else where,
        words=f"Questions? Call {practice.phone}",
    )


# What others change ------------------------------------------------------------------------------


def show_again(appointment_ids: Collection[UUID]) -> None:
    """Show sessions to come as they are now, because they belong to another client.

    Out of the calendar of whom they do not belong to any more they go without a trace: it was
    never for them to read that anything was cancelled.
    """
    owners = sa.select(Appointment.id, Appointment.client_id).where(
        Appointment.id.in_(appointment_ids)
    )
    entries.forget_those_of_others({row.id: row.client_id for row in db.session.execute(owners)})
    for appointment_id in appointment_ids:
        appointment = get_appointment(appointment_id)
        if appointment.state in LIVE and appointment.ends_at > clock.now():
            change(appointment)
            db.session.flush()
            show(appointment, serving(appointment_id))


def look_at_all(_practice_id: UUID) -> None:
    """Show each session to come anew that calendars show otherwise than it is. A worker's part.

    Names, codes and the practice's own words change beside the sessions that they stand in.
    """
    _look(sa.true())


def release_addresses(_practice_id: UUID) -> None:
    """Put the address into clients' own copies from when on they may know it. A worker's part."""
    rules = db.session.scalars(sa.select(BookingRules)).one()
    if rules.address_in_calendars:
        soon = clock.now() + timedelta(hours=rules.address_hours_before)
        _look(Appointment.starts_at <= soon)


def _look(which: sa.ColumnElement[bool]) -> None:
    ids = db.session.scalars(
        sa.select(Appointment.id)
        .where(
            Appointment.state.in_(LIVE),
            Appointment.hold_ends_at.is_(None),
            Appointment.starts_at > clock.now(),
            which,
        )
        .order_by(Appointment.id)
    ).all()
    for appointment_id in ids:
        in_transaction(lambda each=appointment_id: _put_right(each))  # type: ignore[misc]


def _put_right(appointment_id: UUID) -> None:
    appointment = lock(appointment_id)
    if appointment.state not in LIVE:
        return
    facts = entry_of(appointment, serving(appointment_id))
    in_feeds, by_mail = entries.differ(facts), invitations.differs(facts)
    if in_feeds or by_mail:
        appointment.relabelled += 1
        appointment.changed_at = clock.now()
        db.session.flush()
        show(appointment, facts.resource_ids)
        if by_mail:
            invite_client(appointment_id, appointment.sequence + appointment.relabelled)
