"""Putting on file what sessions ask for, by the services that people use."""

from collections.abc import Collection
from datetime import date

from practice.audit.rules import Actor
from practice.calendar.rules import zones
from practice.clients.rules.papers import PaperFacts, PaperKind, Route
from practice.clients.service import (
    EmergencyContact,
    name_emergency_contact,
    record_for_session,
    record_paper,
)
from practice.core import clock
from practice.core.db import transaction
from practice.people.models import Client
from practice.sessions.models import Appointment

K = PaperKind
CONTACT = EmergencyContact("Tam Bell", "spouse", "+17575550199")
TO_CONFIRM = (
    *(K.CONSENT_KETAMINE, K.MEDICAL_CLEARANCE, K.SCREENING, K.PMP_CHECK, K.RISK_REVIEW),
    *(K.ESTIMATE, K.PAYMENT_ARRANGED),
)
"""What a dosing asks for before it is confirmed, beside what clients of tests have anyway."""

MEASURED = (K.PHQ9, K.GAD7, K.URINARY_CHECK)
ON_THE_DAY = (K.RX_SEEN, K.CONSENT_REAFFIRMED, K.DAY_OF_CHECKS, K.DISCHARGE_CHECKS)
ESCORT = PaperFacts(person="Tam Bell", phone="+17575550199")


def put_on_file(
    client: Client,
    *kinds: PaperKind,
    by: Actor,
    dated_on: date | None = None,
    route: Route = Route.SL,
) -> None:
    """Put papers on file, dated today unless said otherwise."""
    on = dated_on or today()
    for kind in kinds:
        given = route if kind is K.MEDICAL_CLEARANCE else None
        with transaction():
            record_paper(client, kind, dated_on=on, today=on, by=by, route=given)


def ready_to_confirm(
    client: Client,
    by: Actor,
    *,
    but: Collection[PaperKind] = (),
    dated_on: date | None = None,
    route: Route = Route.SL,
) -> None:
    """Put everything on file that a dosing asks for before it is confirmed, ``but`` some."""
    with transaction():
        name_emergency_contact(client, CONTACT, today=dated_on or today(), by=by)
    kinds = [kind for kind in TO_CONFIRM if kind not in but]
    put_on_file(client, *kinds, by=by, dated_on=dated_on, route=route)


def ready_to_run(session: Appointment, by: Actor, *, but: Collection[PaperKind] = ()) -> None:
    """Put everything on file that a dosing asks for on its day, ``but`` some. Today is that day."""
    client = session.client
    assert client is not None
    put_on_file(client, *(kind for kind in MEASURED if kind not in but), by=by)
    on = zones.local_date(session.starts_at, session.time_zone)
    for kind in (K.ESCORT, K.STOCK, *ON_THE_DAY):
        if kind not in but:
            with transaction():
                record_for_session(
                    client.id,
                    kind,
                    session_id=session.id,
                    session_on=on,
                    dated_on=on,
                    today=on,
                    facts=ESCORT if kind is K.ESCORT else PaperFacts(),
                    by=by,
                )


def today() -> date:
    return zones.local_date(clock.now(), "America/New_York")
