"""What papers for insurers need to know of sessions and of who holds them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import joinedload

from practice.billing.charges import charges_for
from practice.calendar.models import Resource
from practice.calendar.rules import zones
from practice.clients.queries import diagnoses_of, find_care
from practice.clients.rules.diagnoses import in_order
from practice.core.db import db
from practice.people.identifiers import UNKNOWN, Provider
from practice.people.models import Client, User
from practice.people.providers import providers
from practice.people.queries import get_practice
from practice.sessions.models import Appointment, ServiceCodes
from practice.sessions.rules.codes import Codes
from practice.sessions.rules.held import held_at
from practice.sessions.rules.lifecycle import AppointmentState
from practice.sessions.rules.superbills import Held, Patient

MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Clinician:
    """Who renders a service, with what insurers ask of them."""

    user_id: UUID
    name: str
    provider: Provider


def clinicians(resource_ids: Collection[UUID]) -> Mapping[UUID, Clinician]:
    """Return who stands behind some people of the calendar, by their place there."""
    rows = db.session.execute(
        sa.select(Resource.id, User.id.label("user_id"), User.name)
        .join(User, sa.and_(User.practice_id == Resource.practice_id, User.id == Resource.user_id))
        .where(Resource.id.in_(resource_ids))
    ).all()
    known = providers({row.user_id for row in rows})
    return {
        row.id: Clinician(row.user_id, row.name, known.get(row.user_id, UNKNOWN)) for row in rows
    }


def codes_of(service_ids: Collection[UUID]) -> Mapping[UUID, Codes]:
    """Return the codes of some services; those that have none are left out. One statement."""
    rows = db.session.scalars(
        sa.select(ServiceCodes).where(ServiceCodes.service_id.in_(service_ids))
    )
    return {row.service_id: row.codes for row in rows}


def held_by_clinician(
    client: Client, first_on: date, last_on: date
) -> list[tuple[Clinician | None, list[Held]]]:
    """Return the sessions that a client had and was charged for in a period, by who held them.

    What was missed or cancelled is not among them, nor what was free, is not billed here, or was
    taken back with a credit note.
    """
    zone = get_practice().time_zone
    rows = list(
        db.session.scalars(
            sa.select(Appointment)
            .where(
                Appointment.client_id == client.id,
                Appointment.state == AppointmentState.COMPLETED,
                Appointment.starts_at >= zones.day_start(zone, first_on),
                Appointment.starts_at < zones.day_start(zone, last_on + timedelta(days=1)),
            )
            .options(joinedload(Appointment.service, innerjoin=True))
            .order_by(Appointment.starts_at, Appointment.id)
        )
    )
    charges = charges_for([each.id for each in rows])
    codes = codes_of({each.service_id for each in rows})
    people = clinicians({each.host_id for each in rows})
    found: dict[UUID, tuple[Clinician | None, list[Held]]] = {}
    for each in rows:
        charge = charges.get(each.id)
        if charge is None:
            continue
        began, ended = held_at(
            each.starts_at,
            each.ends_at,
            arrived_at=each.arrived_at,
            begun_at=each.begun_at,
            completed_at=each.completed_at,
            zone=zone,
        )
        held = Held(
            id=each.id,
            on=zones.local_date(began, zone),
            label=each.label,
            minutes=(ended - began) // MINUTE,
            modality=each.modality,
            fee=charge.fee,
            paid=charge.paid,
            codes=codes.get(each.service_id),
        )
        found.setdefault(each.host_id, (people.get(each.host_id), []))[1].append(held)
    return list(found.values())


def patient_of(client: Client) -> Patient:
    """Return what a superbill says of a client."""
    care = find_care(client.id)
    return Patient(
        birth_on=client.birth_on or "",
        address=client.address or "",
        member_id=(care.member_id if care else None) or "",
        diagnoses=in_order((each.code or "", each.is_primary) for each in diagnoses_of(client.id)),
    )
