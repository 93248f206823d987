"""Clients in the middle of a course, and what they owed before they came."""

from datetime import date

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from practice.audit.rules import Actor
from practice.billing.models import NumberSeries, OpeningBalance, Payment
from practice.billing.rules.payments import PaymentMethod
from practice.billing.service import visit
from practice.calendar.models import Claim, Resource
from practice.core.db import db, read_again, transaction
from practice.core.money import Money
from practice.outbox.models import Message
from practice.people.models import Client
from practice.sessions.models import BroughtSession
from practice.sessions.queries import get_service
from practice.sessions.queries.appointments import sessions_of
from practice.sessions.queries.facts import facts_of
from practice.sessions.rules.lifecycle import AppointmentState, SessionKind
from tests import factories
from tests.browsers import send
from tests.integration.moving.conftest import bring, upload
from tests.integration.sessions.pages.conftest import nothing_changes, text_of
from tests.integration.sessions.staff.conftest import (
    MONDAY,
    days,
    ready,
    session,
    states,
)

HELD = """Client email,Kind,Date,Sessions left
{email},Preparation,1/20/2027,
{email},Dosing,2027-02-01,
{email},Dosing,2027-02-15,
{email},Integration,2027-02-17,
{email},Dosing,,4
"""
BALANCES = """Email,Invoice number,Date,Amount,Paid
{email},OLD-1,1/20/2027,"$1,250.00",250
{email},OLD-2,2/1/2027,400.00,400.00
"""


@pytest.fixture
def midway(app: Flask, browser: FlaskClient, alex: Client) -> str:
    return bring(app, browser, "sessions", HELD.format(email=alex.email))


def test_sessions_held_elsewhere_are_facts_without_claims_money_or_mail(
    midway: str, alex: Client
) -> None:
    assert [each.kind for each in sessions_of(alex.id)] == [
        SessionKind.PREP,
        SessionKind.DOSING,
        SessionKind.DOSING,
        SessionKind.INTEGRATION,
    ]
    facts = facts_of([alex.id])[alex.id]
    assert sorted((each.on, each.kind, each.is_held) for each in facts.sessions)[:2] == [
        (date(2027, 1, 20), SessionKind.PREP, True),
        (date(2027, 2, 1), SessionKind.DOSING, True),
    ]
    assert [
        db.session.scalar(sa.select(sa.func.count()).select_from(each))
        for each in (Claim, Payment, Message)
    ] == [0, 0, 0]


def test_a_client_in_the_middle_of_a_course_is_shown_so(
    browser: FlaskClient, midway: str, alex: Client
) -> None:
    page = text_of(browser.get(f"/clients/{alex.id}"))

    assert "4 dosing sessions left when they came to this practice, 0 booked here since." in page
    assert "Feb 15, 2027 Dosing Held elsewhere" in page
    assert "Sessions held elsewhere written down" in page


def test_the_next_dosing_is_offered_in_the_windows_of_the_last_one(
    browser: FlaskClient, midway: str, alex: Client
) -> None:
    url = f"/sessions/new?client={alex.id}&service={get_service('dosing_sl').id}"

    page = text_of(browser.get(url))

    assert "10 to 18 days after the dosing on Mon, Feb 15" in page


def test_a_dosing_that_waited_for_a_preparation_is_confirmed(
    app: Flask, browser: FlaskClient, therapist: Resource, owner: Actor
) -> None:
    with transaction():
        alex = factories.create_client(papers=factories.TAKEN_IN[:2])
    waits = AppointmentState.TENTATIVE
    session("dosing_sl_first", alex, therapist, MONDAY + days(2), 9, state=waits)
    ready(alex, by=owner)
    assert states() == [AppointmentState.TENTATIVE]

    run = bring(app, browser, "sessions", f"Email,Kind,Date\n{alex.email},prep,2027-02-20\n")
    assert states() == [AppointmentState.CONFIRMED]

    send(browser, f"{run}/undo")
    assert states() == [AppointmentState.TENTATIVE]


def test_sessions_of_nobody_on_file_and_sessions_on_file_are_left_out(
    browser: FlaskClient, midway: str, alex: Client
) -> None:
    more = HELD.format(email=alex.email) + "who@mail.example,Dosing,2027-02-15,\nx,Massage,,\n"

    run = upload(browser, "sessions", more).location
    with nothing_changes():
        page = text_of(browser.get(run))

    assert "0 rows would be brought over" in page
    assert "Row 2 Date held This is on file already" in page
    assert "Row 7 Email Nobody on file has this email address." in page
    assert "Row 8 Kind of session Enter one of: consult, intake" in page


def test_an_undo_takes_the_facts_back(browser: FlaskClient, midway: str, alex: Client) -> None:
    send(browser, f"{midway}/undo")

    read_again()
    assert db.session.scalars(sa.select(BroughtSession)).all() == []
    assert sessions_of(alex.id) == []


# Balances ----------------------------------------------------------------------------------------


def test_balances_count_in_what_a_client_owes_and_take_no_number_of_ours(
    app: Flask, browser: FlaskClient, alex: Client
) -> None:
    bring(app, browser, "balances", BALANCES.format(email=alex.email))

    page = text_of(browser.get(f"/clients/{alex.id}"))
    assert "Brought over from another program OLD-2 Feb 1, 2027 Paid $400.00" in page
    assert "OLD-1 Jan 20, 2027 $1,000.00 open $1,250.00" in page
    assert "$1,000.00" in text_of(browser.get("/clients/?show=owes"))
    assert db.session.scalars(sa.select(NumberSeries)).all() == []


def test_the_same_number_twice_and_one_on_file_are_left_out(
    app: Flask, browser: FlaskClient, alex: Client
) -> None:
    text = BALANCES.format(email=alex.email)
    bring(app, browser, "balances", text)

    page = text_of(
        browser.get(
            upload(browser, "balances", text + f"{alex.email},OLD-1,1/1/2027,5,\n").location
        )
    )

    assert "0 rows would be brought over. 3 rows would be left out." in page
    assert "Row 2 Invoice number This number is on file already" in page


def test_balances_are_undone_until_something_is_paid_towards_them(
    app: Flask, browser: FlaskClient, alex: Client, owner: Actor
) -> None:
    text = BALANCES.format(email=alex.email)
    send(browser, f"{bring(app, browser, 'balances', text)}/undo")
    read_again()
    assert db.session.scalars(sa.select(OpeningBalance)).all() == []

    run = bring(app, browser, "balances", text)
    with transaction():
        first = db.session.scalars(
            sa.select(OpeningBalance).where(OpeningBalance.number == "OLD-1")
        ).one()
        visit.record(alex.id, first.id, Money(30_000, "USD"), PaymentMethod.CASH, owner)

    assert send(browser, f"{run}/undo").status_code == 409
    assert "$700.00 open" in text_of(browser.get(f"/clients/{alex.id}"))


def test_a_merged_client_owes_through_the_one_that_was_kept(
    app: Flask, browser: FlaskClient, alex: Client
) -> None:
    with transaction():
        kept = factories.create_client(first_name="Kept", last_name="Bell")
    bring(app, browser, "balances", BALANCES.format(email=alex.email))

    send(browser, f"/clients/{kept.id}/merge/{alex.id}")

    assert "OLD-1" in text_of(browser.get(f"/clients/{kept.id}"))
    assert "$1,000.00" in text_of(browser.get("/clients/?show=owes"))
