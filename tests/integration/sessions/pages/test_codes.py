"""A code for a lower price: offered by the practice, used on the price step, and by staff."""

from contextlib import suppress
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from practice.billing.promo_models import PromoCode, PromoUse
from practice.billing.rules.prices import PriceWay
from practice.billing.service import promos
from practice.calendar.models import Resource
from practice.core.db import db, in_transaction, read_again, transaction
from practice.core.money import Money
from practice.people.models import User
from practice.sessions import queries
from practice.sessions.models import Appointment
from practice.sessions.rules.lifecycle import AppointmentState, Modality
from practice.sessions.service import booking, holds, pricing, undoing
from tests import factories
from tests.browsers import send, sign_in
from tests.factories import OWNER
from tests.integration.sessions.conftest import Clock
from tests.integration.sessions.pages.conftest import (
    TUESDAY,
    appointments,
    at,
    hold,
    identify,
    text_of,
)

TEN = at(TUESDAY, 10)
TODAY = (TEN - timedelta(days=1)).date()


def offer(text: str = "SPRING", uses: int = 0, **more: Any) -> PromoCode:
    terms: dict[str, Any] = {
        "way": PriceWay.PERCENT,
        "value": 20,
        "from_on": TODAY,
        "until_on": None,
        "most_uses": 1,
        "once_per_client": True,
        "service_ids": [],
        "by": OWNER,
    }
    with transaction():
        made = promos.make(text, **(terms | more))
        made.used = uses
    return made


def state() -> list[tuple[int, str | None]]:
    read_again()
    return [(each.price.minor, each.price_why) for each in appointments()]


def used() -> list[int]:
    read_again()
    return list(db.session.scalars(sa.select(PromoCode.used).order_by(PromoCode.code)))


def test_a_code_lowers_the_price_once_and_what_is_let_go_can_be_used_again(
    browser: FlaskClient, time: Clock
) -> None:
    offer()
    booking = hold(browser, TEN)
    identify(browser, booking)
    assert "I have a code" in text_of(browser.get(booking))

    answer = send(browser, f"{booking}code", {"code": " spring "})
    page = text_of(browser.get(booking))

    assert answer.status_code == 303
    assert "Price $180.00, with your code" in page
    assert "I have a code" not in page
    assert state() == [(18_000, "Code SPRING")]
    assert used() == [1]
    again = send(browser, f"{booking}code", {"code": "spring"})
    assert again.status_code == 409
    assert state() == [(18_000, "Code SPRING")]

    time.now += timedelta(hours=1)
    holds.release_at_end(appointments()[0].id)
    assert used() == [0]
    assert db.session.scalars(sa.select(PromoUse.is_used)).all() == [None]


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("", "Enter your code"),
        ("NOWHERE", "We do not know this code"),
        ("ENDED", "We do not know this code"),
        ("LATER", "This code can be used from"),
        ("OVER", "This code could be used until"),
        ("OTHER", "This code is not for this kind of session"),
        ("USED", "This code was used as often as it can be"),
        ("X" * 200, "This is longer than a code"),
    ],
)
def test_what_is_no_code_for_this_is_said_beside_the_field(
    browser: FlaskClient, code: str, words: str
) -> None:
    day = timedelta(days=1)
    ended = offer("ENDED")
    with transaction():
        promos.end(ended.id, by=OWNER)
    offer("LATER", from_on=TODAY + day)
    offer("OVER", from_on=TODAY - 2 * day, until_on=TODAY - day)
    offer("OTHER", service_ids=[UUID(int=1)])
    offer("USED", uses=1)
    booking = hold(browser, TEN)
    identify(browser, booking)
    before = state()

    answer = send(browser, f"{booking}code", {"code": code})

    assert answer.status_code in {409, 422}
    assert text_of(answer).count(words) == 2
    assert state() == before


def test_a_code_and_an_own_price_never_add_up(browser: FlaskClient, therapist: Resource) -> None:
    offer(most_uses=None, once_per_client=False)
    found = []
    for own in (90, 70):
        with transaction():
            session = factories.create_appointment(
                queries.get_service("prep_60"),
                host=therapist,
                client=factories.create_client(),
                starts_at=TEN,
                price_why="Own price: sliding scale",
            )
            whole = session.price.minor
            session.price = Money(whole * own // 100, "USD")
        with suppress(promos.BadCode):
            in_transaction(partial(pricing.use_code, session, "SPRING", by=OWNER))
        found.append((session.price.minor * 100 // whole, session.price_why))

    assert found == [(80, "Code SPRING"), (70, "Own price: sliding scale")]
    assert used() == [1]


def test_a_code_is_offered_in_the_settings_and_ended_there(
    browser: FlaskClient, therapist: Resource
) -> None:
    user = db.session.scalars(sa.select(User).where(User.id == therapist.user_id)).one()
    sign_in(browser, user)
    fields = {"code": "spring-25", "off": "25%", "from_on": str(TODAY), "most_uses": "10"}
    page = "/settings/promotions/new"

    for wrong, words in [
        ({"off": "101%"}, "Enter an amount like 100.00, or a percentage from 0% to 100%"),
        ({"off": "0"}, "Enter an amount like 25.00, or a percentage from 1% to 100%"),
        ({"off": "-5"}, "Enter an amount like 100.00, or a percentage"),
        ({"most_uses": "0"}, "Number of uses must be between 1 and 100000"),
        ({"until_on": str(TODAY - timedelta(days=1))}, "The last day comes before the first"),
        ({"code": "50%"}, "Use 3 to 20 letters, digits and hyphens"),
    ]:
        answer = send(browser, page, fields | wrong)
        assert (answer.status_code, text_of(answer).count(words)) == (422, 2)
    assert send(browser, page, fields).status_code == 303
    assert send(browser, page, fields).status_code == 409

    listed = text_of(browser.get("/settings/promotions"))
    assert "SPRING-25 25% off From Mar 1, 2027, used 0 of 10 times" in listed
    code = db.session.scalars(sa.select(PromoCode)).one()
    send(browser, f"/settings/promotions/{code.id}/end")
    assert "Ended" in text_of(browser.get("/settings/promotions"))


def test_the_code_of_a_session_that_is_cancelled_free_of_charge_is_free_again(
    therapist: Resource,
) -> None:
    code = offer(once_per_client=False)
    with transaction():
        booked = [
            booking.book(
                factories.create_client(),
                queries.get_service("prep_60"),
                starts_at=TEN + timedelta(hours=hours),
                modality=Modality.IN_PERSON,
                by=OWNER,
            )
            for hours in (0, 3)
        ]
        pricing.use_code(booked[0], "SPRING", by=OWNER)
    first, second = booked

    def cancel(session: Appointment) -> None:
        in_transaction(
            lambda: booking.cancel(
                queries.get_appointment(session.id), by=OWNER, can_be_undone=True
            )
        )

    def undo(session: Appointment) -> None:
        in_transaction(lambda: undoing.undo(queries.get_appointment(session.id), by=OWNER))

    seen = []
    for deed in (cancel, undo, cancel):
        deed(first)
        seen += used()
    with transaction():
        pricing.use_code(second, "SPRING", by=OWNER)

    assert seen == [0, 1, 0]
    with pytest.raises(undoing.TooLateToUndo, match="used up"):
        undo(first)
    assert queries.get_appointment(first.id).state is AppointmentState.CANCELLED
    assert used() == [1]
    assert code.most_uses == 1
