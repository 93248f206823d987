"""The same session again every week: all dates are looked at first, and booked together or not."""

import re
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from practice.audit.rules import Actor
from practice.calendar.models import Closure, Resource
from practice.core.db import db, read_again, transaction
from practice.outbox.models import Message
from practice.people.models import Client
from practice.people.rules import Role
from practice.sessions import queries
from practice.sessions.queries import times
from practice.sessions.rules.lifecycle import AppointmentState, Modality
from practice.sessions.service import booking
from tests import factories
from tests.browsers import send
from tests.integration.sessions.pages.conftest import (
    appointments,
    at,
    nothing_changes,
    sent,
    text_of,
)
from tests.integration.sessions.staff.conftest import MONDAY, SignedIn, days, session

S = AppointmentState
TUESDAY_TEN = at(MONDAY + days(1), 10)


def series(client: Client, start: datetime = TUESDAY_TEN, **other: object) -> str:
    service = queries.get_service("integration_60").id
    asked = {"times": 3, "every": 1} | other
    more = "".join(f"&{name}={value}" for name, value in asked.items())
    return (
        f"/sessions/new/series?client={client.id}&service={service}&place=in-person"
        f"&start={sent(start)}{more}"
    )


def ticked(page: str) -> dict[str, str]:
    """Return what the form of a page sends as it is."""
    found = re.findall(r'<input type="checkbox" id="[^"]*" name="([^"]*)" value="([^"]*)"', page)
    return dict(found)


def mails() -> list[str]:
    read_again()
    return list(db.session.scalars(sa.select(Message.name).order_by(Message.created_at)))


def test_a_weekly_session_is_shown_booked_and_told_of_as_one(
    browser: FlaskClient, alex: Client
) -> None:
    page = browser.get(series(alex, times=6))
    answers = [send(browser, series(alex, times=6), ticked(page.text)) for _ in range(2)]

    assert "Book these 6 sessions?" in text_of(page)
    assert {answer.location for answer in answers} == {f"/clients/{alex.id}#coming"}
    made = appointments()
    walls = [at(MONDAY + days(1 + 7 * n), 10) for n in range(6)]  # the clocks change in between
    assert [(each.starts_at, each.state) for each in made] == [(w, S.CONFIRMED) for w in walls]
    assert mails() == ["booked-series"]


def test_a_date_that_cannot_be_had_is_named_with_the_nearest_and_may_be_another(
    browser: FlaskClient, alex: Client, owner: Actor
) -> None:
    with transaction():
        other = factories.create_client()
        db.session.add(Closure(first_on=MONDAY + days(15), last_on=MONDAY + days(15), reason="Sea"))
        booking.book(
            other,
            queries.get_service("prep_60"),
            starts_at=TUESDAY_TEN + timedelta(days=7),
            modality=Modality.IN_PERSON,
            by=owner,
        )
    page = browser.get(series(alex))
    shown = text_of(page)

    assert "Tue, Mar 9, 10:00 AM Taken or closed" in shown
    assert "Tue, Mar 16, 10:00 AM Taken or closed" in shown
    assert list(ticked(page.text)) == ["start-0"]
    near = re.findall(r'type="radio" id="start-1-1" name="start-1" value="([^"]*)"', page.text)[0]
    browser.get("/today")
    with nothing_changes():
        stale = send(browser, series(alex), {"start-0": sent(TUESDAY_TEN + timedelta(days=7))})
    assert stale.status_code == 422
    assert "Tue, Mar 9, 10:00 AM cannot be had." in text_of(stale)

    chosen = ticked(page.text) | {"start-1": near, "start-2": ""}
    assert send(browser, series(alex), chosen).status_code == 302
    mine = [sent(each.starts_at) for each in appointments() if each.client_id == alex.id]
    assert mine == [sent(TUESDAY_TEN), near]


def test_one_that_is_taken_while_it_is_looked_at_keeps_all_from_being_booked(
    browser: FlaskClient, alex: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = browser.get(series(alex))
    real, calls = times.look_at, []

    def twice(*args: object, **more: object) -> object:
        calls.append(1)
        if len(calls) == 3:
            raise booking.SlotTaken("10:00 AM was just taken. Choose another time.")
        return real(*args, **more)  # type: ignore[arg-type]  # handed on as it came

    monkeypatch.setattr("practice.sessions.service.booking.look_at", twice)
    with nothing_changes():
        answer = send(browser, series(alex), ticked(page.text))

    assert answer.status_code == 409
    assert "Tue, Mar 16, 10:00 AM: 10:00 AM was just taken." in text_of(answer)
    assert "Nothing was booked." in text_of(answer)


def test_dates_outside_the_limits_need_one_written_reason_of_a_practitioner(
    browser: FlaskClient, signed_in: SignedIn, alex: Client, therapist: Resource
) -> None:
    session("dosing_sl", alex, therapist, MONDAY, 9, state=S.COMPLETED)
    url = series(alex, at(MONDAY + days(2), 10), times=2)
    form = ticked(browser.get(url).text)
    desk = signed_in(Role.FRONT_DESK)

    assert "Outside the limits The integration would be" in text_of(browser.get(url))
    desk.get("/today")
    with nothing_changes():
        assert send(desk, url, form | {"reason": "They like it."}).status_code == 422
        without = send(browser, url, form)
    assert "Write down why, or leave out the dates outside the limits" in text_of(without)
    assert send(browser, url, form | {"reason": "Asks for more time."}).status_code == 302
    assert [each.override_reason for each in appointments()] == [None, None, "Asks for more time."]


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("times", "1", "Enter a number from 2 to 26"),
        ("times", "27", "Enter a number from 2 to 26"),
        ("times", "NaN", "Enter a number from 2 to 26"),
        ("every", "0", "Enter a number from 1 to 12"),
        ("start", "2027-03-14T02:30", "this address names none"),
        ("start", "", "this address names none"),
    ],
)
@pytest.mark.database("sqlite")
def test_a_series_that_makes_no_sense_is_refused(
    browser: FlaskClient, alex: Client, name: str, value: str, words: str
) -> None:
    answer = browser.get(re.sub(rf"\b{name}=[^&]*", f"{name}={value}", series(alex)))

    assert answer.status_code == 422
    assert words in text_of(answer)


def test_nothing_chosen_books_nothing(browser: FlaskClient, alex: Client) -> None:
    browser.get("/today")
    with nothing_changes():
        answer = send(browser, series(alex), {"start-0": "", "start-1": "soon"})

    assert answer.status_code == 422
    assert "Choose at least one date" in text_of(answer)
