"""A dosing that is stopped on its day for a clinical reason: never charged, and never forgotten."""

import re

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from practice.audit.queries import was_done
from practice.audit.rules import Actor
from practice.billing.models import Invoice, Refund
from practice.billing.rules.payments import PaymentMethod
from practice.billing.service import visit
from practice.calendar.models import (
    CalendarEntry,
    Claim,
    DetailLevel,
    FeedSubscription,
    Resource,
)
from practice.calendar.rules import ics
from practice.calendar.service import feeds
from practice.calendar.wishes import Wish
from practice.clients.models import Paper
from practice.clients.rules.papers import PaperKind
from practice.core.db import db, read_again, transaction
from practice.core.errors import Conflict, Invalid, NotAllowed
from practice.core.money import Money
from practice.outbox.models import Task
from practice.people.models import Client
from practice.people.rules import Role
from practice.sessions import queries
from practice.sessions.models import Appointment
from practice.sessions.rules.lifecycle import AppointmentState
from practice.sessions.service import booking, day
from tests import factories
from tests.browsers import send
from tests.integration.sessions.conftest import Clock
from tests.integration.sessions.pages.conftest import at, nothing_changes, text_of
from tests.integration.sessions.staff.conftest import MONDAY, SignedIn, days, session, states

S = AppointmentState
WHY = "Blood pressure 172 over 104, twice."


@pytest.fixture
def dosing(alex: Client, owner: Actor, time: Clock) -> Appointment:
    """A lozenge session that is booked and paid for, and whose client is here."""
    on = MONDAY + days(2)
    with transaction():
        service = queries.get_service("dosing_sl_first")
        made = booking.book(
            alex,
            service,
            starts_at=at(on, 10),
            modality=min(service.modality_set),
            by=owner,
            override_reason="For the test.",
        )
        visit.record(alex.id, made.id, Money(5000, "USD"), PaymentMethod.CASH, owner)
        made.state = S.ARRIVED
    time.now = at(on, 10)
    return queries.get_appointment(made.id)


def claims(made: Appointment) -> int:
    read_again()
    live = sa.select(Claim.id).where(Claim.holder_id == made.id, Claim.released_at.is_(None))
    return len(db.session.scalars(live).all())


@pytest.mark.parametrize("state", [S.ARRIVED, S.IN_SESSION])
def test_a_held_session_is_not_charged_and_waits_for_the_prescriber(
    dosing: Appointment, owner: Actor, state: AppointmentState
) -> None:
    with transaction():
        dosing.state = state
    assert claims(dosing) > 0

    with transaction():
        day.hold(dosing, f" {WHY} ", by=owner)

    tasks = db.session.scalars(sa.select(Task).where(Task.kind == day.HELD_TASK)).all()
    (paper,) = db.session.scalars(sa.select(Paper).where(Paper.appointment_id == dosing.id))
    assert (dosing.state, claims(dosing)) == (S.HELD_CLINICAL, 0)
    assert db.session.scalars(sa.select(Invoice)).all() == []
    assert [each.amount_minor for each in db.session.scalars(sa.select(Refund))] == [5000]
    assert [(each.about_id, each.client_id) for each in tasks] == [(dosing.id, dosing.client_id)]
    assert (paper.kind, paper.is_good, paper.detail) == (PaperKind.DAY_OF_CHECKS, False, WHY)
    assert was_done("appointment:held_clinical", dosing.id, by=owner)


def test_a_held_session_is_off_in_every_calendar_that_shows_it(
    dosing: Appointment, alex: Client, owner: Actor, therapist: Resource
) -> None:
    with transaction():
        person = db.session.get_one(Resource, (therapist.practice_id, therapist.id))
        for level in (DetailLevel.BUSY, DetailLevel.INITIALS):
            wish = Wish(label="Phone", level=level)
            feeds.subscribe(person, wish, by=owner, made_by=therapist.id)
    version = dosing.sequence

    with transaction():
        day.hold(dosing, WHY, by=owner)

    rows = db.session.scalars(sa.select(CalendarEntry).order_by(CalendarEntry.level)).all()
    assert [each.gone_at for each in rows] == [dosing.changed_at] * 2
    assert all(f"SEQUENCE:{version + 1}\r\n" in each.text for each in rows)
    assert [re.findall("SUMMARY:(.*)\r", each.text) for each in rows] == [
        ["Cancelled: Busy"],
        [f"Cancelled: Session {ics.initials(alex.name)}"],
    ]
    versions = db.session.scalars(sa.select(FeedSubscription.version)).all()
    assert versions == [1, 1]


@pytest.mark.parametrize("deed", [day.arrive, day.start, day.complete, day.miss])
def test_nothing_follows_a_hold(dosing: Appointment, owner: Actor, deed: object) -> None:
    with transaction():
        day.hold(dosing, WHY, by=owner)

    with pytest.raises(Conflict), transaction():
        deed(dosing, by=owner)  # type: ignore[operator]  # one of the four above
    with pytest.raises(Conflict), transaction():
        booking.cancel(dosing, by=owner)


@pytest.mark.parametrize("reason", ["", "  ", "x" * 301])
def test_a_hold_needs_a_reason_that_fits(dosing: Appointment, owner: Actor, reason: str) -> None:
    with pytest.raises(Invalid), transaction():
        day.hold(dosing, reason, by=owner)

    assert states() == [S.ARRIVED]


@pytest.mark.parametrize(
    ("role", "may"),
    [(Role.MEDICAL_MONITOR, True), (Role.PRESCRIBER, True), (Role.FRONT_DESK, False)],
)
def test_only_clinicians_hold(
    dosing: Appointment, signed_in: SignedIn, owner: Actor, role: Role, may: bool
) -> None:
    page = signed_in(role).get(f"/sessions/{dosing.id}/hold")
    with transaction():
        by = Actor(owner.kind, factories.create_user(role).id)

    assert page.status_code == (200 if may else 403)
    if not may:
        with pytest.raises(NotAllowed), transaction():
            day.hold(dosing, WHY, by=by)


@pytest.mark.parametrize(
    ("slug", "state", "words"),
    [
        ("dosing_sl", S.CONFIRMED, "A session that is booked cannot become held for a"),
        ("integration_60", S.ARRIVED, "Only a session with medicine is held"),
    ],
)
def test_what_has_not_arrived_or_gives_no_medicine_is_not_held(
    browser: FlaskClient, therapist: Resource, slug: str, state: S, words: str
) -> None:
    with transaction():
        alex = factories.create_client()
    made = session(slug, alex, therapist, MONDAY, 9, state=state)
    browser.get("/today")  # the sign-in is noted once a minute

    shown = text_of(browser.get(f"/sessions/{made.id}/hold"))
    with nothing_changes():
        answer = send(browser, f"/sessions/{made.id}/hold", {"reason": WHY})

    assert "This session cannot be held" in shown
    assert answer.status_code == 409
    assert words in text_of(answer)
    assert f"/sessions/{made.id}/hold" not in browser.get(f"/sessions/{made.id}").text


def test_the_page_asks_why_and_shows_it_to_clinicians_alone(
    dosing: Appointment, signed_in: SignedIn
) -> None:
    browser = signed_in(Role.OWNER, Role.THERAPIST)
    url = f"/sessions/{dosing.id}"
    offered = browser.get(url).text
    empty = send(browser, f"{url}/hold", {"reason": ""})

    answers = [send(browser, f"{url}/hold", {"reason": WHY}) for _ in range(2)]

    desk, page = signed_in(Role.FRONT_DESK).get(url), text_of(browser.get(url))
    assert f'href="{url}/hold"' in offered
    assert (empty.status_code, "Write down why" in text_of(empty)) == (422, True)
    assert [each.location for each in answers] == [url, url]
    assert "Held for a clinical reason" in page
    assert WHY in page
    assert "Nothing to pay" in text_of(browser.get(f"/today?on={MONDAY + days(2)}"))
    assert WHY not in text_of(desk)
    assert "For the prescriber: a session was held" in text_of(browser.get("/tasks"))
