"""Taking a time for a session: choose who and what serves it, then claim all of it or nothing.

Used by everything that books or moves. The choice comes from a look at the calendar, which may
be seconds old; the claims, which the database guards, decide.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import sqlalchemy as sa
from sqlalchemy.orm.attributes import set_committed_value

from practice.audit import service as audit
from practice.audit.rules import PROGRAM, Actor
from practice.billing.models import Payment
from practice.billing.rules.payments import LIVE as MAY_BE_PAID
from practice.billing.service import promos
from practice.calendar.models import DosingWeek, ResourceKind
from practice.calendar.rules import free, ics, zones
from practice.calendar.rules.free import Reason, Refusal, Wanted
from practice.calendar.service import claims
from practice.core import clock
from practice.core.db import db, insert_unless_there, require_practice_id
from practice.core.errors import Conflict, NotFound
from practice.people import doors
from practice.people.models import Client
from practice.people.queries import get_practice
from practice.people.rules import DoorKind
from practice.sessions.links import token_of
from practice.sessions.models import Appointment, Service
from practice.sessions.queries.appointments import WITH_ALL
from practice.sessions.queries.times import Look
from practice.sessions.rules import caps
from practice.sessions.rules.lifecycle import (
    GIVES_MEDICINE,
    AppointmentState,
    SessionKind,
    check_move,
)

S = AppointmentState
CODE = "Code "
"""How ``price_why`` begins where a code made the price; the code itself follows."""
FULL = {Reason.DAY_FULL, Reason.WEEK_FULL}


class SlotTaken(Conflict):
    """Someone else was quicker."""


class NotOffered(Conflict):
    """That session cannot start then; ``refusals`` say why."""

    def __init__(self, refusals: Sequence[Refusal]) -> None:
        super().__init__(" ".join(refusal.words for refusal in refusals))
        self.refusals = tuple(refusals)


class CapReached(NotOffered):
    """The day or the week holds as many dosings as the practice gives."""


@dataclass(frozen=True, slots=True)
class Place:
    """A start with those who serve it. ``people`` are the persons among them, host first.

    It ``takes`` them, and rooms, the home and the client.
    """

    starts_at: datetime
    ends_at: datetime
    people: tuple[UUID, ...]
    wanted: tuple[Wanted, ...]

    @property
    def host_id(self) -> UUID:
        return self.people[0]

    @property
    def takes(self) -> tuple[UUID, ...]:
        return tuple(each.resource_id for each in self.wanted)

    def along_with(self, client_id: UUID) -> Place:
        """Return the same place with the time of a client who had no other sessions to look at."""
        own = Wanted(client_id, self.starts_at, self.ends_at)
        return replace(self, wanted=(*self.wanted, own))


def place_in(look: Look, starts_at: datetime) -> Place:
    """Choose who and what serves a session that starts then.

    Raises:
        SlotTaken: if nothing but other people's sessions speaks against it.
        CapReached: if nothing but the caps of the day or week does.
        NotOffered: for every other reason.
    """
    team = free.team_for(look.offer, starts_at)
    if team is None:
        refusals = free.why_not(look.offer, starts_at)
        reasons = {refusal.reason for refusal in refusals}
        if reasons <= {Reason.TAKEN}:
            raise just_taken(starts_at, look.zone)
        raise (CapReached if reasons <= FULL | {Reason.TAKEN} else NotOffered)(refusals)
    ask = look.offer.ask
    persons = {member.id for member in look.roster.of_kind(ResourceKind.PERSON)}
    return Place(
        starts_at,
        starts_at + timedelta(minutes=ask.minutes),
        tuple(each for each in team if each in persons),
        free.wanted(ask, team, starts_at),
    )


def take(
    look: Look,
    place: Place,
    *,
    client: Client | None,
    state: AppointmentState,
    by: Actor,
    **fields: Any,
) -> Appointment:
    """Claim a place for a new appointment and write it down, with the door of its link.

    Call inside ``transaction()``. What was agreed is copied onto the appointment. Time is
    claimed first: the same form sent twice at once then waits for itself, and finds out.

    Raises:
        SlotTaken: if somebody was quicker, or may still pay for what they held.
    """
    appointment_id = uuid4()
    occupy(appointment_id, look, place)
    return write_down(look, place, client=client, state=state, by=by, id=appointment_id, **fields)


def write_down(
    look: Look,
    place: Place,
    *,
    client: Client | None,
    state: AppointmentState,
    by: Actor,
    **fields: Any,
) -> Appointment:
    """Write an appointment down, with the door of its link. Its time is claimed by others, or not.

    Call inside ``transaction()``.
    """
    now, service = clock.now(), look.service
    appointment_id = fields.pop("id", None) or uuid4()
    appointment = Appointment(
        id=appointment_id,
        client_id=client.id if client else None,
        service_id=service.id,
        host_id=place.host_id,
        kind=service.kind,
        label=service.label,
        price=service.price,
        modality=look.modality,
        cancellation=service.cancellation,
        pay_at_visit=service.pay_at_visit,
        asks_minor=_due_at_booking(service, client),
        starts_at=place.starts_at,
        ends_at=place.ends_at,
        time_zone=look.zone,
        state=state,
        link_version=1,
        uid=f"{appointment_id}@{ics.uid_host(require_practice_id())}",
        sequence=0,
        created_at=now,
        changed_at=now,
        **fields,
    )
    set_committed_value(appointment, "service", service)
    know(appointment, client)
    db.session.add(appointment)
    audit.record(
        "appointment:request" if state is S.REQUESTED else "appointment:book",
        by=by,
        subject_id=appointment.id,
        state=state.value,
        starts_at=place.starts_at.isoformat(),
    )
    doors.cut(DoorKind.BOOKING, token_of(appointment), appointment.id)
    return appointment


def _due_at_booking(service: Service, client: Client | None) -> int | None:
    """Return what is due to book a service, in cents, where that is not all of the price.

    Asks the database only where a first visit differs, and somebody is known.
    """
    asked = service.asked
    if asked is None:
        return None
    is_first = client is None or (asked.first is not None and not _was_here(client.id))
    return asked.minor(service.price.minor, is_first=is_first)


def _was_here(client_id: UUID) -> bool:
    held = sa.select(Appointment.id).where(
        Appointment.client_id == client_id, Appointment.state == S.COMPLETED
    )
    return bool(db.session.scalar(sa.select(sa.exists(held))))


def grant(
    appointment: Appointment, look: Look, place: Place, *, state: AppointmentState, **fields: Any
) -> Appointment:
    """Claim a place for a session that was asked for and is locked, and put it into the book.

    Call inside ``transaction()``.

    Raises:
        SlotTaken: if somebody was quicker, or may still pay for what they held.
    """
    occupy(appointment.id, look, place)
    become(appointment, state)
    appointment.starts_at, appointment.ends_at = place.starts_at, place.ends_at
    appointment.host_id = place.host_id
    appointment.sequence += 1
    for name, value in fields.items():
        setattr(appointment, name, value)
    db.session.flush()
    return appointment


def know(appointment: Appointment, client: Client | None) -> None:
    """Let an appointment's client be read without asking the database again."""
    set_committed_value(appointment, "client", client)


def occupy(appointment_id: UUID, look: Look, place: Place) -> None:
    """Claim everything that a place needs, from holds past their end if they are in the way.

    Call inside ``transaction()``.

    Raises:
        SlotTaken: if somebody was quicker, or may still pay for what they held.
    """
    lapsed = look.in_the_way(place.wanted)
    if lapsed and not _release_lapsed(lapsed):
        raise just_taken(place.starts_at, look.zone)
    if claims.take(appointment_id, place.wanted).refused:
        raise just_taken(place.starts_at, look.zone)


def just_taken(starts_at: datetime, zone: str) -> SlotTaken:
    """Say that a time has gone, by the practice's clock."""
    local = starts_at.astimezone(zones.zone(zone))
    return SlotTaken(f"{zones.clock_words(local)} was just taken. Choose another time.")


def take_turns_on_week(kind: SessionKind, starts_at: datetime) -> None:
    """Wait for other bookings of dosings in that week, so that counting them is safe.

    Call inside ``transaction()``, before looking. Nothing for sessions that give no medicine.
    """
    if kind not in GIVES_MEDICINE:
        return
    on = zones.local_date(starts_at, get_practice().time_zone)
    monday_on = caps.monday_of(on)
    insert_unless_there(DosingWeek(monday_on=monday_on))
    db.session.execute(
        sa.select(DosingWeek.id).where(DosingWeek.monday_on == monday_on).with_for_update()
    )


def lock(appointment_id: UUID) -> Appointment:
    """Read an appointment, with client and service, and keep it still until the transaction ends.

    Raises:
        NotFound: if there is none.
    """
    appointment: Appointment | None = db.session.scalar(
        sa.select(Appointment)
        .where(Appointment.id == appointment_id)
        .options(*WITH_ALL)
        .with_for_update(of=Appointment)
    )
    if appointment is None:
        raise NotFound("There is no such session.")
    return appointment


def become(appointment: Appointment, state: AppointmentState) -> None:
    """Move an appointment that is locked to another state, if the table of its life allows it.

    Raises:
        Conflict: if it does not.
    """
    check_move(appointment.state, state)
    appointment.state = state
    appointment.changed_at = clock.now()
    if state is not S.TENTATIVE:
        appointment.hold_ends_at = None


def release(appointment: Appointment) -> None:
    """End a hold that is locked: its time is free, and the database knows it."""
    become(appointment, S.RELEASED)
    db.session.flush()
    claims.release(appointment.id)
    let_code_go(appointment)
    audit.record("appointment:release", by=PROGRAM, subject_id=appointment.id)


def has_code(appointment: Appointment) -> bool:
    """Say whether a session was booked at the price of a promotion code."""
    return (appointment.price_why or "").startswith(CODE)


def let_code_go(appointment: Appointment) -> None:
    """Let the code of a session that will not be, and costs nothing, be used for another."""
    if has_code(appointment):
        promos.let_go(appointment.id)


def may_be_paid(appointment_ids: Sequence[UUID]) -> set[UUID]:
    """Return those of some appointments for which money may still come by an open checkout."""
    return set(
        db.session.scalars(
            sa.select(Payment.for_id).where(
                Payment.for_id.in_(appointment_ids), Payment.state.in_(MAY_BE_PAID)
            )
        )
    )


def let_go(holder_ids: Sequence[UUID]) -> bool:
    """Release those of some holders that are holds past their end, for time that is blocked.

    Says whether anything came free: not where one of them may still be paid.
    """
    lapsed = db.session.scalars(
        sa.select(Appointment.id).where(
            Appointment.id.in_(holder_ids),
            Appointment.state == S.TENTATIVE,
            Appointment.hold_ends_at < clock.now(),
        )
    ).all()
    return bool(lapsed) and _release_lapsed(lapsed)


def _release_lapsed(appointment_ids: Sequence[UUID]) -> bool:
    """Release holds past their end; say whether all of them could be.

    Locked in the order of their ids, before any claim is taken: who wants the same time waits
    here, and finds nothing left to release.
    """
    lapsed = db.session.scalars(
        sa.select(Appointment)
        .where(
            Appointment.id.in_(appointment_ids),
            Appointment.state == S.TENTATIVE,
            Appointment.hold_ends_at < clock.now(),
        )
        .order_by(Appointment.id)
        .with_for_update()
    ).all()
    if may_be_paid([each.id for each in lapsed]):
        return False
    for each in lapsed:
        release(each)
    return True
