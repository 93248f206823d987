"""A practice that signs up by itself, walks the six steps and is booked, all through its pages."""

import re
from uuid import UUID

import sqlalchemy as sa
from flask.testing import FlaskClient

from practice.calendar.models import Resource
from practice.core.db import db, practice_scope
from practice.people import doors
from practice.people.models import Practice
from practice.people.rules import DoorKind
from practice.sessions.models import Appointment, Service
from practice.sessions.rules.lifecycle import AppointmentState
from tests.browsers import send
from tests.integration.sessions.settings.conftest import start


def practice_id(slug: str = "high-plains-sanctuary-demo") -> UUID:
    found = doors.find(DoorKind.PRACTICE, slug)
    db.session.rollback()
    assert found is not None
    return found.practice_id


def test_a_new_practice_in_denver_is_set_up_and_booked_at_its_page(client: FlaskClient) -> None:
    started = start(client)
    assert started.location == "/settings/setup"
    assert "0 of 6 steps done" in client.get("/settings/setup").text

    step = "/settings/setup/"
    practice = {
        "name": "High Plains",
        "neutral_name": "High Plains",
        "locality": "Denver, CO",
        "email": "hello@high-plains.example",
        "phone": "303 555 0100",
        "business_name": "High Plains LLC",
        "business_address": "P.O. Box 7\nDenver, CO 80201",
    }
    at = send(client, f"{step}practice", practice).location
    assert at == f"{step}hours"
    week = {"weekdays": ["2", "6"], "starts": "600", "ends": "960"}
    at = send(client, at, week | {"video_link": "video.example/jo"}).location
    assert at == f"{step}services"
    fields = re.findall(r'name="(price-[^"]+)"[^>]*value="([^"]*)"', client.get(at).text)
    last = fields[-1][0].removeprefix("price-")
    unclear = send(client, at, dict(fields) | {fields[1][0]: "", fields[2][0]: "much"})
    assert unclear.text.count("Enter an amount for ") == 4  # in the summary and at the fields
    left_out = {f"price-{last}": "", f"without-{last}": "y"}
    at = send(client, at, dict(fields) | left_out | {fields[1][0]: "210"}).location
    assert at == f"{step}policies"
    words = {"before_you_book": "Call us if you are ill on the day."}
    at = send(client, at, words | {"horizon_days": "60", "address_hours_before": "48"}).location
    assert at == f"{step}payments"
    at = send(client, at, {"keep": "1"}).location
    assert at == f"{step}first-booking"
    assert "Next free times" in client.get(at).text

    visitor = client.application.test_client()
    page = visitor.get("/p/high-plains-sanctuary-demo/").text
    assert "Call us if you are ill on the day." in page
    times = visitor.get("/p/high-plains-sanctuary-demo/book/consult/").text
    assert re.findall(r'value="(2027-\S+Z)"', times)[0] == "2027-03-02T17:00:00Z"  # 10:00 in Denver
    details = {
        "start": "2027-03-02T17:00:00Z",
        "first_name": "Jo",
        "last_name": "Marsh",
        "email": "jo@high-plains.example",
        "phone": "303 555 0101",
        "adult": "y",
    }
    booked = send(visitor, "/p/high-plains-sanctuary-demo/book/consult/", details)
    assert booked.status_code == 303

    assert "It works" in client.get(at).text
    assert send(client, at, {"keep": "1"}).location == "/settings/setup"
    assert "Your practice can be booked." in client.get("/settings/setup").text
    with practice_scope(practice_id()):
        appointment = db.session.scalars(sa.select(Appointment)).one()
        assert appointment.state is AppointmentState.CONFIRMED
        assert appointment.time_zone == "America/Denver"
        services = db.session.scalars(sa.select(Service).order_by(Service.position)).all()
        assert services[1].price.minor == 21_000
        assert [f"{each.id}" for each in services if each.ended_at] == [last]
        links = db.session.scalars(sa.select(Resource.video_link)).all()
        assert "https://video.example/jo" in links
        stored = db.session.scalars(sa.select(Practice)).one()
        assert set(stored.set_up.values()) == {"done"}


def test_an_address_given_from_the_set_up_leads_back_to_it(client: FlaskClient) -> None:
    start(client)
    step = "/settings/setup/practice"

    assert "Not given yet." in client.get(step).text
    street = {"address": "12 Elm Street, Denver, CO 80201", "arrival_notes": ""}
    seen = re.findall(r'name="(seen)"[^>]*value="([^"]*)"', client.get("/settings/places").text)
    back = send(client, "/settings/places?back=setup", dict(seen) | street).location
    assert back == step
    assert "Saved. Only clients whose visit is near see it" in client.get(back).text
