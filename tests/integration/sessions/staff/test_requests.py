"""Sessions that a person must approve: clients ask, staff answer, and only a yes takes time."""

import re

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from practice.audit.rules import VISITOR, Actor
from practice.calendar.models import Claim, Resource
from practice.core.db import db, read_again, transaction
from practice.outbox.models import Message, Task
from practice.people.models import Client
from practice.people.rules import ClientDetails, Role
from practice.sessions import queries
from practice.sessions.links import token_of
from practice.sessions.models import Appointment, Service
from practice.sessions.rules.lifecycle import AppointmentState, Modality
from practice.sessions.service import booking
from tests.browsers import send
from tests.integration.sessions.pages.conftest import (
    DETAILS,
    appointments,
    at,
    nothing_changes,
    sent,
    state_of,
    text_of,
)
from tests.integration.sessions.staff.conftest import MONDAY, SignedIn, days

S = AppointmentState
PAGE = "/p/tidewater/book/intake/?place=in-person"
TUESDAY_TEN = at(MONDAY + days(1), 10)
SOMEBODY = ClientDetails("Kim", "Reed", "kim@mail.example", "+17575550124")
ASKED = {"start": sent(TUESDAY_TEN), "form_token": "once", **DETAILS}


@pytest.fixture
def visitor(app: object, therapist: Resource) -> FlaskClient:
    """Somebody who is not signed in; the intake is what a person must approve."""
    with transaction():
        intake = db.session.scalars(sa.select(Service).where(Service.slug == "intake")).one()
        intake.needs_approval = True
    return app.test_client()  # type: ignore[attr-defined, no-any-return]  # the fixture of pytest


@pytest.fixture
def asked(visitor: FlaskClient) -> Appointment:
    assert send(visitor, PAGE, ASKED).status_code == 303
    (made,) = appointments()
    return made


def claims() -> int:
    read_again()
    live = Claim.released_at.is_(None)
    return db.session.scalar(sa.select(sa.func.count()).select_from(Claim).where(live)) or 0


def names(kind: type[Message] | type[Task]) -> list[str]:
    read_again()
    if kind is Message:
        return list(db.session.scalars(sa.select(Message.name).order_by(Message.created_at)))
    return list(db.session.scalars(sa.select(Task.kind).where(Task.done_at.is_(None))))


def test_a_client_asks_and_nothing_is_taken_until_somebody_says_yes(
    browser: FlaskClient, visitor: FlaskClient
) -> None:
    page = visitor.get(PAGE)
    first, again = (send(visitor, PAGE, ASKED) for _ in range(2))
    shown = visitor.get(first.location)

    assert "Request this time" in text_of(page)
    assert "We answer by Tue, Mar 2, 5:00 PM" in text_of(page)
    assert first.location == again.location
    assert (state_of(shown), claims()) == ("requested", 0)
    assert "Nothing is booked yet. We answer by Tue, Mar 2, 5:00 PM" in text_of(shown)
    assert "Put it into your calendar" not in text_of(shown)
    assert (names(Message), names(Task)) == (["requested"], ["session-request"])

    (link,) = set(re.findall(r'href="(/sessions/[^"]*/answer)"', browser.get("/today").text))
    answer = browser.get(link)
    assert "Alex O’Brien asks for a time" in text_of(answer)
    for _ in range(2):
        yes = send(browser, link.replace("answer", "approve"), {"start": sent(TUESDAY_TEN)})
        assert yes.status_code == 302
    assert [each.state for each in appointments()] == [S.CONFIRMED]
    assert claims() > 2
    assert (names(Message), names(Task)) == (["requested", "approved"], [])
    assert state_of(visitor.get(first.location)) == "confirmed"


def test_a_time_that_is_gone_is_told_with_the_nearest_and_another_can_be_agreed(
    browser: FlaskClient, asked: Appointment, alex: Client, owner: Actor
) -> None:
    url = f"/sessions/{asked.id}/approve"
    with transaction():
        booking.book(
            alex,
            queries.get_service("prep_60"),
            starts_at=TUESDAY_TEN,
            modality=Modality.IN_PERSON,
            by=owner,
        )

    browser.get("/today")
    with nothing_changes():
        gone = send(browser, url, {"start": sent(TUESDAY_TEN)})
        none = send(browser, url)
    near = re.findall(r'type="radio" name="start" value="([^"]*)"', gone.text)
    agreed = send(browser, url, {"start": near[0]})

    assert (gone.status_code, none.status_code) == (409, 422)
    assert "10:00 AM was just taken. Here are the nearest times." in text_of(gone)
    assert len(near) == 3
    assert agreed.status_code == 302
    assert [sent(a.starts_at) for a in appointments() if a.id == asked.id] == [near[0]]


def test_a_no_carries_its_reason_to_the_clients_own_page_and_into_no_mail(
    browser: FlaskClient, visitor: FlaskClient, asked: Appointment
) -> None:
    page = f"/bookings/{token_of(asked)}/"
    browser.get("/today")
    with nothing_changes():
        empty = send(browser, f"/sessions/{asked.id}/decline", {"why": "  "})
    for _ in range(2):
        no = send(browser, f"/sessions/{asked.id}/decline", {"why": "Please call us first."})
        assert no.status_code == 302

    assert (empty.status_code, no.location) == (422, f"/sessions/{asked.id}")
    shown = visitor.get(page)
    assert state_of(shown) == "cancelled"
    assert "Please call us first. Ask for another time" in text_of(shown)
    assert (names(Message), names(Task)) == (["requested", "declined"], [])
    read_again()
    assert "call us" not in str(db.session.scalars(sa.select(Message.facts)).all())
    late = send(browser, f"/sessions/{asked.id}/approve", {"start": sent(TUESDAY_TEN)})
    assert (late.status_code, claims()) == (409, 0)


def test_a_client_takes_a_request_back_and_the_task_goes(
    browser: FlaskClient, visitor: FlaskClient, asked: Appointment
) -> None:
    page = f"/bookings/{token_of(asked)}/"
    send(visitor, f"{page}cancel", {"sequence": "0"})

    assert state_of(visitor.get(page)) == "cancelled"
    assert names(Task) == []
    assert browser.get(f"/sessions/{asked.id}/answer").status_code == 409


def test_what_needs_approval_cannot_be_held_or_booked_around_it(visitor: FlaskClient) -> None:
    send(visitor, PAGE, {"start": sent(TUESDAY_TEN), "form_token": "x"})

    assert appointments() == []


def test_neither_way_of_taking_time_takes_what_needs_approval(visitor: FlaskClient) -> None:
    intake = queries.get_service("intake")
    when = {"starts_at": TUESDAY_TEN, "modality": Modality.IN_PERSON, "form_token": "x"}

    with pytest.raises(booking.NeedsApproval), transaction():
        booking.hold(intake, browser="b", address="a", by=VISITOR, **when)  # type: ignore[arg-type]
    with pytest.raises(booking.NeedsApproval), transaction():
        booking.book_free(intake, SOMEBODY, by=VISITOR, **when)  # type: ignore[arg-type]
    assert (appointments(), claims()) == ([], 0)


def test_one_address_has_five_requests_at_most(visitor: FlaskClient) -> None:
    answers = [
        send(visitor, PAGE, ASKED | {"form_token": str(n), "email": f"a{n}@mail.example"})
        for n in range(6)
    ]

    assert [answer.status_code for answer in answers] == [303] * 5 + [429]
    assert len(appointments()) == 5


def test_the_owner_says_which_services_need_approval(
    browser: FlaskClient, signed_in: SignedIn, therapist: Resource
) -> None:
    services = {each.slug: str(each.id) for each in queries.services()}
    chosen = {"shown": list(services.values()), "service": [services["prep_60"]]}

    assert (
        send(signed_in(Role.FRONT_DESK), "/sessions/requests/services", chosen).status_code == 403
    )
    assert send(browser, "/sessions/requests/services", chosen).status_code == 302
    read_again()
    asked_for = sa.select(Service.slug).where(Service.needs_approval)
    assert db.session.scalars(asked_for).all() == ["prep_60"]
    assert send(browser, "/sessions/requests/services", {}).status_code == 422
