"""What owners set is kept, shown to clients where it is theirs to see, and written down."""

from collections.abc import Callable
from uuid import UUID

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from practice.audit.models import AuditEntry
from practice.calendar.models import BookingRules, WorkingHours
from practice.core.db import db, practice_scope
from practice.people import doors
from practice.people.models import Practice
from practice.people.rules import DoorKind
from practice.sessions.models import Appointment, Service
from tests.browsers import send
from tests.integration.sessions.pages.conftest import value_of
from tests.integration.sessions.settings.conftest import start
from tests.integration.sessions.settings.test_signing_up import everything

SLUG = "high-plains-sanctuary-demo"
STEP = "/settings/setup/"
FACTS = {
    "neutral_name": "High Plains",
    "locality": "Denver, CO",
    "email": "hello@highplains.example",
    "phone": "303 555 0100",
    "business_name": "High Plains LLC",
}


@pytest.fixture
def owner(client: FlaskClient) -> FlaskClient:
    assert start(client).status_code == 303
    return client


def here(slug: str = SLUG) -> UUID:
    found = doors.find(DoorKind.PRACTICE, slug)
    db.session.rollback()
    assert found is not None
    return found.practice_id


def stored() -> Practice:
    with practice_scope(here()):
        practice = db.session.scalars(sa.select(Practice)).one()
        db.session.expunge(practice)
        return practice


def verbs() -> set[str]:
    with practice_scope(here()):
        found = set(db.session.scalars(sa.select(AuditEntry.verb)))
        db.session.rollback()
        return found


def book(browser: FlaskClient, start_at: str = "2027-03-02T17:00:00Z") -> None:
    details = {
        "start": start_at,
        "first_name": "Alex",
        "last_name": "Bell",
        "email": "alex@mail.example",
        "phone": "303 555 0101",
        "adult": "y",
    }
    visitor = browser.application.test_client()
    assert send(visitor, f"/p/{SLUG}/book/consult/", details).status_code == 303


@pytest.mark.database("sqlite")
def test_the_page_of_settings_lists_only_pages_that_are_there(owner: FlaskClient) -> None:
    text = owner.get("/settings/").text
    for address in ("setup", "practice", "places", "zone", "look", "team", "payments"):
        assert f'href="/settings/{address}"' in text
        assert owner.get(f"/settings/{address}").status_code == 200
    assert 'href="/account"' in text
    assert "Practice started" in text
    assert "Joined the team" in text


def test_what_one_practice_sets_is_nothing_to_another(owner: FlaskClient) -> None:
    norfolk = owner.application.test_client()
    place = {"locality": "Norfolk, VA", "time_zone": "America/New_York"}
    start(norfolk, email="kim@norfolk.example", slug="norfolk", name="Norfolk", **place)
    before = everything(SLUG)

    assert "High Plains" not in norfolk.get("/settings/team").text
    for path, answers in (
        ("/settings/look", {"accent": "#7a3b69"}),
        ("/settings/zone", {"zone": "America/Chicago"}),
        ("/settings/places", {"address": "1 Heron Landing", "arrival_notes": ""}),
        (f"{STEP}hours", {"open-6": "y", "starts-6": "600", "ends-6": "960"}),
        (f"{STEP}policies", {"horizon_days": "30", "address_hours_before": "24"}),
    ):
        assert send(norfolk, path, answers).status_code == 303

    assert everything(SLUG) == before
    assert owner.get(f"/p/{SLUG}/look.css").text == ""


# The look ----------------------------------------------------------------------------------------


@pytest.mark.database("sqlite")
def test_one_colour_is_used_on_the_pages_for_clients_alone(owner: FlaskClient) -> None:
    assert "look.css" not in owner.get(f"/p/{SLUG}/").text

    answer = send(owner, "/settings/look", {"accent": "7A3B69"})

    assert answer.status_code == 303
    assert "practice:paint" in verbs()
    assert f'href="/p/{SLUG}/look.css?v=7a3b69"' in owner.get(f"/p/{SLUG}/").text
    assert "look.css" not in owner.get("/today").text
    sheet = owner.get(f"/p/{SLUG}/look.css")
    assert sheet.content_type == "text/css; charset=utf-8"
    assert sheet.headers["Cache-Control"] == "public, max-age=604800"
    assert "--pine: #7a3b69;" in sheet.text
    again = owner.get(f"/p/{SLUG}/look.css", headers={"If-None-Match": sheet.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")


@pytest.mark.database("sqlite")
def test_a_colour_that_cannot_be_read_is_refused_and_kept_in_the_form(owner: FlaskClient) -> None:
    for accent in ("#ffd24d", "red", "#12", "#00};a", "#1d5a52;}", "#ffffff"):
        answer = send(owner, "/settings/look", {"accent": accent})

        assert answer.status_code == 422
        assert f'value="{accent}"' in answer.text
    assert stored().accent == ""


# The zone ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("page", "theirs", "ours"),
    [
        ("practice", {"name": "Theirs"}, {"name": "Ours"}),
        ("look", {"accent": "#7a3b69"}, {"accent": "#1f5a52"}),
    ],
)
def test_what_somebody_else_changed_meanwhile_is_not_overwritten_unseen(
    owner: FlaskClient, page: str, theirs: dict[str, str], ours: dict[str, str]
) -> None:
    address = f"/settings/{page}"
    base = FACTS if page == "practice" else {}
    seen = {"seen": value_of(owner.get(address), "seen")}
    assert send(owner, address, base | theirs | seen).status_code == 303

    refused = send(owner, address, base | ours | seen)
    (name,) = theirs

    assert (refused.status_code, value_of(refused, name)) == (409, ours[name])
    assert getattr(stored(), name) == theirs[name]
    again = {"seen": value_of(refused, "seen")}
    assert send(owner, address, base | ours | again).status_code == 303
    assert getattr(stored(), name) == ours[name]


@pytest.mark.database("sqlite")
@pytest.mark.parametrize(
    ("address", "field", "theirs", "ours"),
    [
        ("/settings/own-words", "words", "Theirs.", "Ours."),
        ("/settings/places", "address", "1 Their Street", "1 Our Street"),
        ("/settings/booking-button", "origins", "https://a.example", "https://b.example"),
    ],
)
def test_nor_is_what_stands_in_a_single_text(
    owner: FlaskClient, address: str, field: str, theirs: str, ours: str
) -> None:
    seen = {"seen": value_of(owner.get(address), "seen")}
    assert send(owner, address, {field: theirs} | seen).status_code == 303

    refused = send(owner, address, {field: ours} | seen)

    assert (refused.status_code, ours in refused.text) == (409, True)
    assert theirs in owner.get(address).text


def test_moving_zone_is_shown_before_it_is_done_and_leaves_what_is_booked(
    owner: FlaskClient,
) -> None:
    book(owner)

    page = owner.get("/settings/zone?zone=Pacific/Honolulu").text

    assert "1 session is booked:" in page
    assert "Tue, Mar 2, 10:00 AM MST" in page
    assert "Tue, Mar 2, 7:00 AM HST" in page
    assert stored().time_zone == "America/Denver"
    assert send(owner, "/settings/zone", {"zone": "Pacific/Honolulu"}).status_code == 303
    assert stored().time_zone == "Pacific/Honolulu"
    with practice_scope(here()):
        session = db.session.scalars(sa.select(Appointment)).one()
        assert (session.time_zone, session.starts_at.isoformat()) == (
            "America/Denver",
            "2027-03-02T17:00:00+00:00",
        )


@pytest.mark.database("sqlite")
def test_what_is_no_zone_moves_nothing(owner: FlaskClient) -> None:
    for zone in ("", "EST5EDT", "Mars/Olympus", "../etc/passwd", "america/denver"):
        assert owner.get("/settings/zone", query_string={"zone": zone}).status_code == 200
        assert send(owner, "/settings/zone", {"zone": zone}).status_code == 422
    assert stored().time_zone == "America/Denver"


# Practice, places, payments ----------------------------------------------------------------------


@pytest.mark.database("sqlite")
def test_the_street_is_sealed_and_video_rooms_are_web_addresses(owner: FlaskClient) -> None:
    page = owner.get("/settings/places").text
    field = "video-" + page.partition('name="video-')[2].partition('"')[0]
    street = {"address": "1 Heron Landing\nDenver, CO", "arrival_notes": "The blue door."}

    wrong = send(owner, "/settings/places", street | {field: "javascript:alert(1)"})
    right = send(owner, "/settings/places", street | {field: "https://video.example/jo"})

    assert wrong.status_code == 422
    assert "1 Heron Landing" in wrong.text
    assert right.status_code == 303
    assert "https://video.example/jo" in owner.get("/settings/places").text
    with practice_scope(here()):
        rules = db.session.scalars(sa.select(BookingRules)).one()
        assert b"Heron" not in (rules.sanctuary_address_sealed or b"")
        assert rules.sanctuary_address == "1 Heron Landing\nDenver, CO"


@pytest.mark.database("sqlite")
def test_a_name_that_tells_banks_too_much_is_warned_of(owner: FlaskClient) -> None:
    assert "Your name says" not in owner.get("/settings/payments").text
    form = {
        "name": "High Plains",
        "neutral_name": "High Plains",
        "locality": "Denver, CO",
        "email": "hello@high-plains.example",
        "phone": "303 555 0100",
        "business_name": "High Plains Ketamine LLC",
    }

    assert send(owner, "/settings/practice", form).status_code == 303

    assert "practice:edit" in verbs()
    page = owner.get("/settings/payments").text
    assert "Your name says “Ketamine”." in page
    assert "Clients pay at their visit" in page


# Single steps ------------------------------------------------------------------------------------


@pytest.mark.database("sqlite")
def test_a_step_can_be_skipped_kept_and_done_later(owner: FlaskClient) -> None:
    before = everything(SLUG)["working_hours"]

    skipped = send(owner, f"{STEP}hours", {"skip": "1"})
    kept = send(owner, f"{STEP}services", {"keep": "1"})

    assert (skipped.location, kept.location) == (f"{STEP}services", f"{STEP}policies")
    assert "1 of 6 steps done, 1 skipped" in owner.get("/settings/setup").text
    assert "Go on: Practice and time zone" in owner.get("/settings/setup").text
    assert everything(SLUG)["working_hours"] == before
    send(owner, f"{STEP}hours", {"keep": "1"})
    assert "2 of 6 steps done." in owner.get("/settings/setup").text


@pytest.mark.database("sqlite")
def test_hours_open_the_practice_as_wide_as_they_need_and_say_what_lies_outside(
    owner: FlaskClient,
) -> None:
    book(owner)
    answers = {
        f"{name}-{day}": value
        for day in (6, 7)
        for name, value in (("open", "y"), ("starts", "480"), ("ends", "1200"))
    }

    answer = send(owner, f"{STEP}hours", answers)

    assert "1 booked before the new hours lie outside of them" in owner.get(answer.location).text
    with practice_scope(here()):
        rules = db.session.scalars(sa.select(BookingRules)).one()
        assert (rules.weekdays, rules.opens_minute, rules.closes_minute) == (
            [1, 2, 3, 4, 5, 6, 7],
            480,
            1200,
        )
        hours = db.session.scalars(sa.select(WorkingHours).order_by(WorkingHours.weekday)).all()
        assert [(each.weekday, each.starts_minute, each.ends_minute) for each in hours] == [
            (6, 480, 1200),
            (7, 480, 1200),
        ]


def price_fields() -> dict[str, str]:
    with practice_scope(here()):
        services = db.session.scalars(sa.select(Service)).all()
        db.session.rollback()
        return {f"price-{each.id}": f"{each.price.minor // 100}" for each in services}


def offered(price: str) -> dict[str, object]:
    fields = price_fields()
    offers = {name.replace("price", "offer"): "y" for name in fields}
    return {**dict.fromkeys(fields, price), **offers}


def monday(starts: str, ends: str) -> dict[str, object]:
    return {"open-1": "y", "starts-1": starts, "ends-1": ends}


FAR: dict[str, object] = {"horizon_days": "60", "address_hours_before": "24"}
WRONG: list[tuple[str, Callable[[], dict[str, object]]]] = [
    ("hours", lambda: monday("600", "600")),
    ("hours", lambda: {"open-8": "y", "starts-8": "600", "ends-8": "900"}),
    ("hours", lambda: monday("-1", "99999999999999999999")),
    ("hours", lambda: monday("600", "900") | {"video_link": "x"}),
    ("services", lambda: offered("-1")),
    ("services", lambda: offered("1.5")),
    ("services", lambda: offered("1e9")),
    ("policies", lambda: FAR | {"late-0": "101"}),
    ("policies", lambda: FAR | {"late-1": "90", "missed-1": "x"}),
    ("policies", lambda: {"horizon_days": "0", "address_hours_before": "24"}),
    ("policies", lambda: {"horizon_days": "9" * 40, "address_hours_before": "24"}),
    ("policies", lambda: {"horizon_days": "60", "address_hours_before": "x"}),
    ("practice", lambda: {"name": ""}),
    ("payments", dict),
    ("first-booking", dict),
]


@pytest.mark.database("sqlite")
def test_what_makes_no_sense_is_refused_and_changes_nothing(owner: FlaskClient) -> None:
    before = everything(SLUG)

    statuses = [send(owner, f"{STEP}{step}", answers()).status_code for step, answers in WRONG]

    assert statuses == [422] * len(WRONG)
    assert everything(SLUG) == before
    assert owner.get(f"{STEP}another").status_code == 404
