"""A visitor's browser, and a practice that is ready to be booked, on a Monday that stays."""

import re
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from practice.calendar.models import BookingRules, Resource
from practice.core.db import db, read_again, transaction
from practice.sessions.models import Appointment
from tests.browsers import send

NEW_YORK = ZoneInfo("America/New_York")
TUESDAY, WEDNESDAY = date(2027, 3, 2), date(2027, 3, 3)
CONSULT, INTAKE = "/p/tidewater/book/consult/", "/p/tidewater/book/intake/?place=in-person"
DETAILS = {
    "first_name": "Alex",
    "last_name": "O’Brien",
    "email": "Alex@Mail.example",
    "phone": "757 555 0123",
    "adult": "y",
}
STREET = "12 Quiet Lane"


def at(on: date, hour: int, minute: int = 0) -> datetime:
    return datetime(on.year, on.month, on.day, hour, minute, tzinfo=NEW_YORK).astimezone(UTC)


def sent(instant: datetime) -> str:
    """Write an instant as a form sends it."""
    return f"{instant:%Y-%m-%dT%H:%M:%SZ}"


@pytest.fixture(autouse=True)
def host(therapist: Resource) -> Resource:
    """The practitioner, at a home whose street nobody may learn too early."""
    with transaction():
        therapist = db.session.scalars(sa.select(Resource).where(Resource.id == therapist.id)).one()
        therapist.video_link = "https://video.example/room"
        rules = db.session.scalars(sa.select(BookingRules)).one()
        rules.sanctuary_address = f"{STREET}\nVirginia Beach, VA 23451"
        rules.arrival_notes = "The side door is open."
    return therapist


@pytest.fixture
def browser(client: FlaskClient) -> FlaskClient:
    return client


def hold(browser: FlaskClient, start: datetime, url: str = INTAKE, form_token: str = "") -> str:
    """Choose a time and press Continue; return the address of the booking."""
    answer = send(browser, url, {"start": sent(start), "form_token": form_token})
    assert answer.status_code == 303, text_of(answer)
    return str(answer.location)


def identify(browser: FlaskClient, booking: str, **other: str) -> TestResponse:
    """Fill in and send the details."""
    return send(browser, f"{booking}details", DETAILS | other)


def book(browser: FlaskClient, start: datetime, url: str = INTAKE) -> str:
    """Walk all the way where nothing is to be paid online; return the address of the booking."""
    booking = hold(browser, start, url)
    identify(browser, booking)
    assert send(browser, f"{booking}confirm").location == booking
    return booking


def cancel(browser: FlaskClient, booking: str) -> None:
    shown = browser.get(f"{booking}cancel")
    answer = send(browser, f"{booking}cancel", {"sequence": value_of(shown, "sequence")})
    assert answer.location == booking


def text_of(answer: TestResponse) -> str:
    """Return what a page says, without its markup, on one line."""
    body = re.sub(r"(?s)<(script|style|svg|title)\b.*?</\1>", " ", answer.text)
    plain = re.sub(r"<[^>]+>", " ", body).replace("&#39;", "'").replace("&amp;", "&")
    return " ".join(plain.split())


def state_of(answer: TestResponse) -> str:
    found = re.search(r'data-booking-state="(\w+)"', answer.text)
    assert found is not None, text_of(answer)
    return found[1]


def value_of(answer: TestResponse, name: str) -> str:
    """Return what the input called ``name`` holds."""
    tag = re.search(rf'<input[^>]*\bname="{name}"[^>]*>', answer.text)
    assert tag is not None, f"no input {name}"
    found = re.search(r'\bvalue="([^"]*)"', tag[0])
    return found[1].replace("&#39;", "'") if found else ""


def starts_on(answer: TestResponse) -> list[str]:
    """Return the times that a page offers, in its order."""
    return re.findall(r'name="start" value="([^"]*)"', answer.text)


def appointments() -> list[Appointment]:
    """Return every appointment there is, whatever became of it, by its start."""
    read_again()
    return list(
        db.session.scalars(sa.select(Appointment).order_by(Appointment.starts_at, Appointment.id))
    )


@contextmanager
def nothing_changes(*but: str) -> Iterator[None]:
    """Compare every row of every table of the practice, but some, before and after."""
    before = _rows(but)
    yield
    assert _rows(but) == before


def _rows(but: Collection[str] = ()) -> dict[str, list[str]]:
    read_again()
    return {
        table.name: sorted(map(str, db.session.execute(sa.select(table)).all()))
        for table in db.metadata.sorted_tables
        if table.name not in but
    }
