"""What was agreed when a session was booked stays with it, whatever the practice changes."""

from dataclasses import replace
from datetime import timedelta

from practice.calendar.models import Resource
from practice.core.db import transaction
from practice.core.money import Money
from practice.sessions import queries
from practice.sessions.models import Appointment
from practice.sessions.rules import policies
from practice.sessions.rules.lifecycle import Modality, SessionKind
from practice.sessions.rules.policies import Late, Policy, Tier
from practice.sessions.service import booking, catalog
from tests import factories
from tests.factories import OWNER
from tests.integration.sessions.test_free_times import NEXT_MONDAY, at

STRICT = Policy(
    tiers=(Tier(72, 20), Tier(0, 100)),
    no_show_percent=100,
    late_grace_minutes=0,
    late=Late.CANNOT_START,
)


def book(slug: str = "prep_60") -> Appointment:
    """Book a session for a new client, by video, next Monday at ten."""
    with transaction():
        return booking.book(
            factories.create_client(),
            queries.get_service(slug),
            starts_at=at(NEXT_MONDAY, 10),
            modality=Modality.TELEHEALTH,
            by=OWNER,
        )


def test_a_session_carries_the_terms_it_was_booked_under(therapist: Resource) -> None:
    session = book()

    assert session.policy == policies.shipped_policy(SessionKind.PREP)


def test_a_session_that_is_moved_keeps_its_terms(therapist: Resource) -> None:
    session = book()
    with transaction():
        queries.get_service("prep_60").cancellation = policies.as_terms(STRICT)

    with transaction():
        booking.move(session, starts_at=at(NEXT_MONDAY, 14), by=OWNER)

    kept = queries.get_appointment(session.id)
    assert kept.policy == policies.shipped_policy(SessionKind.PREP)
    assert policies.fee_now(
        kept.policy,
        price=kept.price,
        starts_at=kept.starts_at,
        now=kept.starts_at - timedelta(hours=23),
    ) == Money(17_500, "USD")
    assert queries.get_service("prep_60").policy == STRICT


def test_a_session_that_is_moved_stays_as_long_as_was_agreed(therapist: Resource) -> None:
    session = book()
    prep = queries.get_service("prep_60")
    longer = replace(queries.offered_by(prep), minutes=90, modalities=(Modality.IN_PERSON,))
    with transaction():
        catalog.change(prep.id, longer, seen=prep.version, by=OWNER)

    with transaction():
        booking.move(session, starts_at=at(NEXT_MONDAY, 17), by=OWNER)

    kept = queries.get_appointment(session.id)
    assert kept.ends_at == at(NEXT_MONDAY, 18)
    assert kept.modality is Modality.TELEHEALTH
