"""What the times of a calendar file become: sessions booked here, sessions held elsewhere, blocks.

A session that lies ahead is booked by the very service that staff book with, one that is over
becomes a dated fact like those of a running course, and everything else takes somebody's time.
Who is meant, and which session type, are guesses until whoever brings the file over has looked.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from practice.audit.rules import Actor
from practice.billing.models import Payment
from practice.calendar.models import Block, Resource
from practice.calendar.rules import zones
from practice.core import clock
from practice.core.db import db, whole_or_not
from practice.core.errors import Conflict, Invalid, PracticeError
from practice.moving.models import ImportRow, ImportRun
from practice.moving.rules.matching import Becomes, Way, guess_way
from practice.moving.rules.reading import Problem
from practice.moving.service import blocks
from practice.moving.service.blocks import Event
from practice.outbox import service as outbox
from practice.outbox.rules import UNDO_FOR
from practice.people.models import Client
from practice.people.queries import get_client, get_practice
from practice.sessions import queries
from practice.sessions.models import Appointment, BroughtSession
from practice.sessions.queries.appointments import WITH_ALL
from practice.sessions.rules.lifecycle import GIVES_MEDICINE, AppointmentState, Modality
from practice.sessions.service import booking, brought, telling
from practice.sessions.service.brought import Brought

TO_COME = {AppointmentState.TENTATIVE, AppointmentState.CONFIRMED}
GONE = {AppointmentState.CANCELLED, AppointmentState.RELEASED}
TAKEN = "This time is taken already."


@dataclass(frozen=True, slots=True)
class Plan:
    """What one time of the file is to become. A session may still lack its client or its way."""

    event: Event
    becomes: Becomes
    client_id: UUID | None
    way: Way | None


def ways() -> list[Way]:
    """Return every session type of the practice, once for each way of giving it."""
    return [
        Way(each.id, each.kind, each.label, each.minutes, modality)
        for each in queries.services()
        for modality in Modality
        if modality in each.modality_set
    ]


def plans_of(run: ImportRun, events: Sequence[Event]) -> list[Plan]:
    """Return what each time becomes: as it was chosen, or as it is guessed."""
    offered = ways()
    chosen: Mapping[str, Mapping[str, str]] = run.choices.get("events", {})
    return [_plan(each, chosen.get(str(each.number)), offered) for each in events]


def _plan(event: Event, chosen: Mapping[str, str] | None, offered: Sequence[Way]) -> Plan:
    if chosen is None:
        if not event.meant:
            return Plan(event, Becomes.BLOCK, None, None)
        only = event.meant[0].id if len(event.meant) == 1 else None
        way = guess_way(event.title, event.minutes, offered)
        return Plan(event, Becomes.SESSION, only, way)
    who = chosen["who"]
    if who in (Becomes.BLOCK, Becomes.NOTHING):
        return Plan(event, Becomes(who), None, None)
    way = next((each for each in offered if each.key == chosen["way"]), None)
    return Plan(event, Becomes.SESSION, UUID(who) if who else None, way)


# Bringing over ---------------------------------------------------------------------------------


def bring(
    run: ImportRun, plans: Sequence[Plan], *, by: Actor
) -> tuple[list[tuple[int, UUID]], list[Problem]]:
    """Make of some times what they are to become. Call inside ``transaction()``.

    Each goes in by itself: what cannot be had leaves no trace, and the others stand. Nobody is
    mailed.

    Returns:
        What was made, by number, and what was not. ``Problem.column`` is the id of the client
        whose session it was to be, or empty.
    """
    person_id, zone = UUID(run.choices["person"]), get_practice().time_zone
    made: list[tuple[int, UUID]] = []
    problems: list[Problem] = []
    for each in plans:
        if each.becomes is Becomes.NOTHING:
            continue
        try:
            with whole_or_not():
                made.append((each.event.number, _make(each, person_id, zone, by)))
        except blocks.TimeTaken:
            problems.append(Problem(each.event.number, "", TAKEN))
        except PracticeError as refused:
            who = str(each.client_id or "")
            problems.append(Problem(each.event.number, who, refused.message))
    _hush([*_dosings(run), *(made_id for _, made_id in made)])
    return made, problems


def _make(plan: Plan, person_id: UUID, zone: str, by: Actor) -> UUID:
    event = plan.event
    if plan.becomes is Becomes.BLOCK:
        return blocks.block(person_id, event, by=by)
    if plan.client_id is None:
        raise Invalid("Choose whose session it is.")
    if plan.way is None:
        raise Invalid("Choose which session it is.")
    client = get_client(plan.client_id)
    if not event.is_ahead(clock.now()):
        return _write_down(client, plan.way, event, zone, by)
    service = queries.get_service(plan.way.service_id)
    person = db.session.scalars(sa.select(Resource).where(Resource.id == person_id)).one()
    leads = bool(service.needs_roles) and service.needs_roles[0] in person.roles
    return booking.book(
        client,
        service,
        starts_at=event.starts_at,
        modality=plan.way.modality,
        by=by,
        tells=False,
        host_id=person_id if leads else None,
    ).id


def _write_down(client: Client, way: Way, event: Event, zone: str, by: Actor) -> UUID:
    """Write down a session that was held, unless one of its kind stands there for that day."""
    held_on = zones.local_date(event.starts_at, zone)
    for each in db.session.scalars(
        sa.select(BroughtSession).where(
            BroughtSession.client_id == client.id,
            BroughtSession.kind == way.kind,
            BroughtSession.starts_at.is_not(None),
        )
    ):
        if each.starts_at and zones.local_date(each.starts_at, zone) == held_on:
            raise Conflict("This is on file already.")
    (made_id,) = brought.bring([Brought(client.id, way.kind, held_on, None)], by=by)
    return made_id


def _dosings(run: ImportRun) -> list[UUID]:
    """Return the sessions of this import that may wait for papers, or for one another."""
    return list(
        db.session.scalars(
            sa.select(Appointment.id)
            .join(ImportRow, ImportRow.made_id == Appointment.id)
            .where(ImportRow.run_id == run.id, Appointment.kind.in_(GIVES_MEDICINE))
        )
    )


def _hush(appointment_ids: Sequence[UUID]) -> None:
    """Take back news that sessions of this import made of one another: nobody is mailed."""
    for each in db.session.scalars(
        sa.select(Appointment)
        .where(Appointment.id.in_(appointment_ids), Appointment.kind.in_(GIVES_MEDICINE))
        .options(*WITH_ALL)
    ):
        telling.hush(each)


def tell(run: ImportRun) -> None:
    """Mail every client the sessions that were booked for them, in one mail, if it was ticked.

    Call in the transaction that brings over the last of them. It waits for as long as news does
    that may be taken back.
    """
    for client, sessions in _booked(run).items() if run.choices.get("mail") else ():
        outbox.post(
            "booked-series",
            key=_mail_key(run, client.id),
            to=client.email,
            about_id=sessions[0].id,
            client_id=client.id,
            facts={"bookings": [str(each.id) for each in sessions]},
            at=clock.now() + UNDO_FOR,
        )


def _booked(run: ImportRun) -> dict[Client, list[Appointment]]:
    """Return the sessions that an import booked, by client, in the order of time."""
    found: dict[Client, list[Appointment]] = {}
    for each in db.session.scalars(
        sa.select(Appointment)
        .join(ImportRow, ImportRow.made_id == Appointment.id)
        .where(ImportRow.run_id == run.id)
        .order_by(Appointment.starts_at, Appointment.id)
        .options(*WITH_ALL)
    ):
        if each.client is not None:
            found.setdefault(each.client, []).append(each)
    return found


def _mail_key(run: ImportRun, client_id: UUID) -> str:
    return f"booked-series:{run.id}:{client_id}"


# Undo ------------------------------------------------------------------------------------------


def take_back(run: ImportRun, *, by: Actor) -> None:
    """Cancel, strike out and give back all that an import made. Call inside ``transaction()``.

    Sessions are cancelled without a fee. A client hears of it only if they had heard of theirs.

    Raises:
        Conflict: if one of the sessions has begun, is over, or was paid for.
    """
    here = sa.select(ImportRow.made_id).where(ImportRow.run_id == run.id)
    booked = _booked(run)
    _check_nothing_hangs_on([each for some in booked.values() for each in some])
    for client, some in booked.items():
        tells = bool(run.choices.get("mail")) and not outbox.withdraw_mail(
            _mail_key(run, client.id)
        )
        for each in some:
            if each.state in TO_COME:
                booking.cancel(each, by=by, tells=tells)
    held = db.session.scalars(sa.select(BroughtSession.id).where(BroughtSession.id.in_(here))).all()
    if held:
        brought.take_back(held, by=by)
    for block_id in db.session.scalars(sa.select(Block.id).where(Block.id.in_(here))).all():
        blocks.give_back(block_id, by=by)


def _check_nothing_hangs_on(sessions: Sequence[Appointment]) -> None:
    now, standing = clock.now(), [each for each in sessions if each.state not in GONE]
    if any(each.state not in TO_COME or each.starts_at <= now for each in standing):
        raise Conflict("A session of this import has begun by now. Nothing was undone.")
    ids = [each.id for each in sessions]
    if db.session.scalar(sa.select(Payment.id).where(Payment.for_id.in_(ids)).limit(1)):
        raise Conflict("A session of this import was paid for by now. Nothing was undone.")


# Words -----------------------------------------------------------------------------------------


def dated(problems: Sequence[Problem], plans: Sequence[Plan]) -> list[Problem]:
    """Say of each problem which time it is about: the file is gone when somebody reads it."""
    zone = get_practice().time_zone
    events = {each.event.number: each.event for each in plans}
    return [
        replace(each, words=f"{_when(events[each.row], zone)}: {each.words}") for each in problems
    ]


def _when(event: Event, zone: str) -> str:
    local = event.starts_at.astimezone(zones.zone(zone))
    return f"{zones.day_words(local.date())}, {zones.clock_words(local)}"


def counted(plans: Sequence[Plan]) -> dict[str, Any]:
    """Return how many times become what, for the page of a dry run."""
    now = clock.now()
    sessions = [each for each in plans if each.becomes is Becomes.SESSION]
    whole = [each for each in sessions if each.client_id and each.way]
    return {
        "to_block": sum(1 for each in plans if each.becomes is Becomes.BLOCK),
        "to_book": sum(1 for each in whole if each.event.is_ahead(now)),
        "to_write_down": sum(1 for each in whole if not each.event.is_ahead(now)),
        "undecided": len(sessions) - len(whole),
    }
