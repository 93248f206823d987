"""A practice that signs up by itself, walks the six steps and is booked, all through its pages."""

import re
from uuid import UUID

import sqlalchemy as sa
from flask.testing import FlaskClient

from practice.calendar.models import Resource, WorkingHours
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


STEP = "/settings/setup/"


def fields_of(client: FlaskClient, step: str, pattern: str) -> dict[str, str]:
    """Return what a step shows in the fields of this name, whatever kind they are."""
    page = client.get(f"{STEP}{step}").text
    typed = re.findall(rf'name="({pattern})"[^>]*value="([^"]*)"', page)
    chosen = re.findall(rf'name="({pattern})".*?selected value="([^"]*)"', page, re.DOTALL)
    return dict(typed) | dict(chosen)


def test_a_new_practice_in_denver_is_set_up_and_booked_at_its_page(client: FlaskClient) -> None:
    assert start(client).location == "/settings/setup"
    practice = {
        "name": "High Plains",
        "neutral_name": "High Plains",
        "locality": "Denver, CO",
        "email": "hello@high-plains.example",
        "phone": "303 555 0100",
        "about": "A quiet house under a wide sky.",
        "arrival_notes": "Park on the street.",
        "business_name": "High Plains LLC",
        "business_address": "P.O. Box 7\nDenver, CO 80201",
    }
    at = send(client, f"{STEP}practice", practice).location
    assert at == f"{STEP}hours"
    week = {"open-2": "y", "starts-2": "600", "ends-2": "960"}
    week |= {"open-6": "y", "starts-6": "600", "ends-6": "720", "video_link": "video.example/jo"}
    at = send(client, at, week).location
    assert at == f"{STEP}services"
    prices = fields_of(client, "services", 'price-[^"]+')
    last = list(prices)[-1].removeprefix("price-")
    offers = {name.replace("price", "offer"): "y" for name in prices if last not in name}
    prices |= {f"price-{last}": "", list(prices)[1]: "210"}
    asked = send(client, at, prices | offers).text
    assert "“Infusion series, six in three weeks, with boosters” has" in asked
    sure = re.findall(r'name="sure" value="([^"]+)"', asked)[0]
    at = send(client, at, prices | offers | {"sure": sure}).location
    assert at == f"{STEP}policies"
    words = {"before_you_book": "Call us if you are ill on the day."}
    words |= {"horizon_days": "60", "address_hours_before": "48", "late-0": "60", "missed-0": "80"}
    at = send(client, at, words).location
    assert at == f"{STEP}payments"
    assert "<b>Cards: off for now</b>" in client.get(at).text
    at = send(client, at, {"keep": "1"}).location
    assert at == f"{STEP}first-booking"
    assert "Next free times" in client.get(at).text

    visitor = client.application.test_client()
    page = visitor.get("/p/high-plains-sanctuary-demo/").text
    for said in ("Call us if you are ill", "A quiet house under a", "You pay at your visit."):
        assert said in page
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
        assert services[0].policy.no_show_percent == 80
        hours = db.session.scalars(sa.select(WorkingHours).order_by(WorkingHours.weekday)).all()
        assert [(h.weekday, h.starts_minute, h.ends_minute) for h in hours] == [
            (2, 600, 960), (6, 600, 720),
        ]  # fmt: skip
        stored = db.session.scalars(sa.select(Practice)).one()
        assert set(stored.set_up.values()) == {"done"}


def test_steps_say_what_is_wrong_and_show_it_before_it_is_saved(client: FlaskClient) -> None:
    start(client)

    look = {"look": "1", "name": "Plains", "about": "A porch.", "locality": "Denver, CO"}
    shown = send(client, f"{STEP}practice", look).text
    assert "<h3>Plains</h3>" in shown
    assert "<p>A porch.</p>" in shown
    assert "A small practice in Denver, CO." in client.get(f"{STEP}practice").text
    hours = {"open-6": "y", "starts-6": "960", "ends-6": "900"}
    backwards = send(client, f"{STEP}hours", hours)
    assert backwards.status_code == 422
    assert backwards.text.count("Saturday must end after it begins") == 2  # summary and field
    assert send(client, f"{STEP}hours", {}).text.count("Choose at least one day") == 2
    prices = fields_of(client, "services", 'price-[^"]+')
    first, second, *_ = prices
    offers = {name.replace("price", "offer"): "y" for name in prices}
    unclear = send(client, f"{STEP}services", prices | offers | {first: "", second: "much"})
    assert unclear.text.count("Enter an amount for ") == 4
    assert "Offer at least one of these" in send(client, f"{STEP}services", prices).text
    fees = {"horizon_days": "60", "address_hours_before": "48", "late-0": "40", "missed-0": "30"}
    assert send(client, f"{STEP}policies", fees).text.count("Less notice never costs less") == 2


def test_today_leads_back_to_the_set_up_until_somebody_puts_it_away(client: FlaskClient) -> None:
    start(client)
    send(client, f"{STEP}practice", {"skip": "1"})

    assert f'href="{STEP}hours">Go on: Hours</a>' in client.get("/today").text
    assert send(client, "/settings/setup-put-away").location == "/today"
    assert "Your set-up is not finished." not in client.get("/today").text
    assert f'href="{STEP}hours">Go on: Hours</a>' in client.get("/settings/setup").text


def test_an_address_given_from_the_set_up_leads_back_to_it(client: FlaskClient) -> None:
    start(client)
    step = "/settings/setup/practice"

    assert "Not given yet." in client.get(step).text
    street = {"address": "12 Elm Street, Denver, CO 80201", "arrival_notes": ""}
    seen = re.findall(r'name="(seen)"[^>]*value="([^"]*)"', client.get("/settings/places").text)
    back = send(client, "/settings/places?back=setup", dict(seen) | street).location
    assert back == step
    assert "Saved. Only clients whose visit is near see it" in client.get(back).text
