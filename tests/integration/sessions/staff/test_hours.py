"""Hours as staff change them: what clients then see, and what is booked outside."""

from datetime import date
from typing import Any

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient
from werkzeug.datastructures import MultiDict
from werkzeug.test import TestResponse

from practice.audit.rules import Actor
from practice.calendar import opening as reading
from practice.calendar.models import Closure, HoursOverride, Resource, ResourceKind
from practice.calendar.queries import booking_rules
from practice.calendar.rules.weekly import Row
from practice.calendar.service import opening
from practice.core.db import db, read_again, transaction
from practice.people.models import Client
from practice.people.rules import Role
from practice.sessions import queries
from practice.sessions.models import Appointment
from practice.sessions.queries.opening import outside
from practice.sessions.rules.lifecycle import Modality
from practice.sessions.service import booking, setup
from tests import factories
from tests.browsers import form_token, sign_in
from tests.factories import OWNER
from tests.integration.sessions.pages.conftest import at, nothing_changes, text_of, value_of
from tests.integration.sessions.staff.conftest import MONDAY, SignedIn, days
from tests.integration.sessions.test_free_times import IN_PERSON, VIDEO, clocks

NINE, NOON, SIX = 9 * 60, 12 * 60, 18 * 60
WEDNESDAY = MONDAY + days(9)


def rows(*some: tuple[str, ...]) -> dict[str, Any]:
    """Write rows of day, from, to, and if wanted place and kinds, as the form sends them."""
    sent: dict[str, Any] = {}
    for n, (weekday, starts, ends, *more) in enumerate(some):
        sent |= {f"rows-{n}-weekday": weekday, f"rows-{n}-starts": starts, f"rows-{n}-ends": ends}
        sent[f"rows-{n}-modality"] = more[0] if more else ""
        sent[f"rows-{n}-kinds"] = list(more[1:])
    return sent


WHOLE_WEEK = rows(*((str(day), "09:00", "18:00") for day in range(1, 6)))


def post(browser: FlaskClient, url: str, answers: dict[str, Any]) -> TestResponse:
    return browser.post(url, data=MultiDict({**answers, "csrf_token": form_token(browser)}))


@pytest.fixture
def url(therapist: Resource) -> str:
    return f"/settings/hours?who={therapist.id}"


@pytest.fixture
def booked(alex: Client, owner: Actor) -> Appointment:
    """A preparation on Wednesday of next week at two, by video."""
    with transaction():
        return booking.book(
            alex,
            queries.get_service("prep_60"),
            starts_at=at(WEDNESDAY, 14),
            modality=Modality.TELEHEALTH,
            by=owner,
        )


# What hours are for ------------------------------------------------------------------------------


def test_hours_for_some_kinds_and_one_place_are_open_to_those_alone(therapist: Resource) -> None:
    with transaction():
        opening.keep_rows(
            therapist,
            [
                Row(3, NINE, NOON, ("prep",), "in_person"),
                Row(3, NOON, 15 * 60, (), "telehealth"),
                Row(3, 15 * 60, SIX),
            ],
            by=OWNER,
        )

    assert clocks("prep_60", WEDNESDAY, IN_PERSON) == [
        "09:00", "09:30", "10:00", "10:30", "11:00",
        "15:00", "15:30", "16:00", "16:30", "17:00",
    ]  # fmt: skip
    assert clocks("prep_60", WEDNESDAY, VIDEO)[0] == "12:00"
    assert clocks("intake", WEDNESDAY, IN_PERSON) == ["15:00", "15:30", "16:00", "16:30"]
    assert clocks("dosing_sl", WEDNESDAY, IN_PERSON) == []


def test_a_rooms_hours_hold_for_visits_alone(therapist: Resource) -> None:
    room = next(each for each in reading.with_hours() if each.kind is ResourceKind.ROOM)
    with transaction():
        opening.keep_rows(room, [Row(3, NINE, NOON)], by=OWNER)

    assert clocks("prep_60", WEDNESDAY, IN_PERSON)[-1] == "11:00"
    assert clocks("prep_60", WEDNESDAY, VIDEO)[-1] == "17:00"


# The weekly hours --------------------------------------------------------------------------------


def test_the_page_shows_the_week_and_what_clients_see_of_it(browser: FlaskClient, url: str) -> None:
    page = browser.get(url)

    assert page.text.count('value="09:00"') == 5
    assert "Clients see these times next week" in text_of(page)
    assert "Preparation session, 60 min: 85 times Mon, Mar 8 9:00 AM, 9:30 AM," in text_of(page)


def test_a_room_has_hours_of_its_own_and_shows_what_needs_it(browser: FlaskClient) -> None:
    room = next(each for each in reading.with_hours() if each.kind is ResourceKind.ROOM)
    url = f"/settings/hours?who={room.id}"

    page = text_of(browser.get(url))
    assert "A room without rows is there all the time." in page
    assert "Preparation session, 60 min: 85 times" in page
    assert "Free meet-and-greet call" not in page
    assert post(browser, url, rows(("2", "09:00", "12:00"))).location == url
    assert "First lozenge session, 3 h: 1 time Tue, Mar 9 9:00 AM" in text_of(browser.get(url))


def test_rows_are_added_and_removed_without_saving(browser: FlaskClient, url: str) -> None:
    with nothing_changes():
        more = post(browser, url, WHOLE_WEEK | {"add": "1"})
        fewer = post(browser, url, WHOLE_WEEK | {"remove": "0"})
        none = post(browser, url, WHOLE_WEEK | {"remove": "99"})

    assert [page.text.count('type="time"') for page in (more, fewer, none)] == [12, 8, 10]


def test_proposed_hours_show_their_times_before_they_are_saved(
    browser: FlaskClient, url: str
) -> None:
    with nothing_changes():
        page = post(browser, url, rows(("3", "14:00", "16:00", "telehealth")) | {"look": "1"})

    assert (
        "Preparation session, 60 min: 3 times Wed, Mar 10 2:00 PM, 2:30 PM, 3:00 PM"
    ) in text_of(page)
    assert "Intake and eligibility interview: 2 times" in text_of(page)
    assert "Lozenge session, 2.5 h: no time" in text_of(page)


def test_hours_are_saved_as_they_were_typed(
    browser: FlaskClient, url: str, therapist: Resource
) -> None:
    typed = rows(("3", "14:00", "00:00", "telehealth", "prep", "consult"), ("", "", ""))

    answer = post(browser, url, typed)

    assert (answer.status_code, answer.location) == (303, url)
    read_again()
    assert reading.rows_of(therapist.id) == [
        Row(3, 14 * 60, 24 * 60, ("consult", "prep"), "telehealth")
    ]


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        (rows(("1", "09:00", "12:00"), ("1", "11:00", "13:00")), "Row 2: This lies over another"),
        (rows(("1", "22:00", "02:00")), "Row 1: Hours end after they begin, by midnight"),
        (rows(("1", "09:00", "09:00")), "Row 1: Hours end after they begin, by midnight"),
        (rows(("1", "nine", "12:00")), "Row 1: Enter a time like 09:30"),
        (rows(("1", "", "12:00")), "Row 1: Enter a time like 09:30"),
        (rows(("1", "09:03", "12:00")), "Row 1: Times are in steps of 5 minutes"),
        (rows(("", "09:00", "12:00")), "Row 1: Choose the day"),
        (rows(("8", "09:00", "12:00")), "Row 1: Not a valid choice."),
        (rows(("1", "09:00", "12:00", "on the moon")), "Row 1: Not a valid choice."),
        (rows(("1", "09:00", "12:00", "", "surgery")), "Row 1: Choose from what is listed"),
    ],
)
@pytest.mark.database("sqlite")
def test_hours_that_make_no_sense_are_refused_with_what_was_typed(
    browser: FlaskClient, url: str, typed: dict[str, Any], words: str
) -> None:
    with nothing_changes():
        page = post(browser, url, typed)

    assert page.status_code == 422
    assert words in text_of(page)
    assert "<title>Error: " in page.text


# What a change breaks ----------------------------------------------------------------------------


def test_booked_sessions_outside_new_hours_are_listed_before_anything_is_saved(
    browser: FlaskClient, url: str, therapist: Resource, booked: Appointment
) -> None:
    mornings = rows(*((str(day), "09:00", "12:00") for day in range(1, 6)))
    with nothing_changes():
        page = post(browser, url, mornings)

    assert page.status_code == 200
    assert (
        "This leaves 1 booked session outside. They stay booked until you move or cancel them. "
        "Wed, Mar 10, 2:00 PM , Alex Bell, Preparation session, 60 min "
        "Outside the hours of Practitioner 1"
    ) in text_of(page)
    assert value_of(page, "rows-4-weekday") == "5"

    seal = value_of(page, "accepted")
    assert post(browser, url, mornings | {"accepted": "another list"}).status_code == 200
    assert post(browser, url, mornings | {"accepted": seal}).status_code == 303
    read_again()
    assert reading.rows_of(therapist.id) == [Row(day, NINE, NOON) for day in range(1, 6)]
    assert queries.get_appointment(booked.id).starts_at == at(WEDNESDAY, 14)
    assert post(browser, url, mornings).status_code == 303  # nothing new lies outside


def test_a_storm_lists_who_is_booked_and_closes_once_that_was_seen(
    browser: FlaskClient, booked: Appointment
) -> None:
    storm = {
        "closed_from": str(WEDNESDAY - days(1)),
        "closed_to": str(WEDNESDAY),
        "reason": "Storm",
    }
    with nothing_changes():
        page = post(browser, "/settings/hours/closures", storm)
    assert "Alex Bell, Preparation session, 60 min Closed: Storm" in text_of(page)

    seal = value_of(page, "accepted")
    answer = post(browser, "/settings/hours/closures", storm | {"accepted": seal})

    assert (answer.status_code, answer.location) == (303, "/settings/hours/dates")
    read_again()
    assert clocks("prep_60", WEDNESDAY, VIDEO) == []
    shown = browser.get("/settings/hours/dates")
    assert "Tue, Mar 9 to Wed, Mar 10, 2027 : Storm" in text_of(shown)
    assert "Closed: Storm" not in text_of(post(browser, "/settings/hours/closures", storm))

    closure = db.session.scalars(sa.select(Closure)).one()
    post(browser, f"/settings/hours/closures/{closure.id}/reopen", {})
    read_again()
    assert clocks("prep_60", WEDNESDAY, VIDEO) != []


def test_days_off_and_other_hours_hold_on_their_dates_alone(
    browser: FlaskClient, therapist: Resource
) -> None:
    away = {
        "resource": str(therapist.id),
        "first_on": str(WEDNESDAY),
        "last_on": str(WEDNESDAY + days(1)),
    }
    post(browser, "/settings/hours/dates", away)
    late = away | {"first_on": str(WEDNESDAY + days(1)), "starts": "13:00", "ends": "15:00"}
    post(browser, "/settings/hours/dates", late)

    read_again()
    assert clocks("prep_60", WEDNESDAY, VIDEO) == []
    assert clocks("prep_60", WEDNESDAY + days(1), VIDEO) == ["13:00", "13:30", "14:00"]
    page = text_of(browser.get("/settings/hours/dates"))
    assert "Wed, Mar 10, 2027 : Practitioner 1, away all day" in page
    assert "Thu, Mar 11, 2027 : Practitioner 1, 1:00 PM to 3:00 PM" in page

    first = db.session.scalars(sa.select(HoursOverride).order_by(HoursOverride.on_date)).first()
    assert first is not None
    post(browser, f"/settings/hours/dates/{first.id}/end", {})
    read_again()
    assert clocks("prep_60", WEDNESDAY, VIDEO) != []


def test_a_date_can_be_for_some_sessions_alone(browser: FlaskClient, therapist: Resource) -> None:
    answers = {
        "resource": str(therapist.id),
        "first_on": str(WEDNESDAY),
        "last_on": str(WEDNESDAY),
        "starts": "13:00",
        "ends": "15:00",
        "modality": VIDEO.value,
        "kinds": ["integration"],
    }
    assert post(browser, "/settings/hours/dates", answers).status_code == 303

    read_again()
    assert clocks("integration_60", WEDNESDAY, VIDEO) == ["13:00", "13:30", "14:00"]
    assert clocks("integration_60", WEDNESDAY, IN_PERSON) == []
    assert clocks("prep_60", WEDNESDAY, VIDEO) == []
    assert clocks("prep_60", WEDNESDAY + days(1), VIDEO) != []
    page = text_of(browser.get("/settings/hours/dates"))
    assert "Practitioner 1, 1:00 PM to 3:00 PM, only integration session by video" in page


@pytest.mark.database("sqlite")
@pytest.mark.parametrize("wrong", [{"modality": "by_post"}, {"kinds": ["nothing"]}])
def test_a_date_is_for_sessions_that_exist(
    browser: FlaskClient, therapist: Resource, wrong: dict[str, Any]
) -> None:
    answers = {
        "resource": str(therapist.id),
        "first_on": str(WEDNESDAY),
        "last_on": str(WEDNESDAY),
        "starts": "13:00",
        "ends": "15:00",
    }
    with nothing_changes():
        assert post(browser, "/settings/hours/dates", answers | wrong).status_code == 422


LIMITS = {
    "weekdays": ["1", "2", "3", "4", "5"],
    "opens": "09:00",
    "closes": "18:00",
    "quiet_from": "20:00",
    "quiet_to": "08:00",
    "dosing_first": "09:00",
    "dosing_last": "14:00",
    "per_day": "2",
    "per_week": "6",
    "gap": "20",
    "horizon": "120",
    "step": "30",
}


def test_limits_are_looked_at_checked_and_saved(browser: FlaskClient, booked: Appointment) -> None:
    url = "/settings/hours/limits"
    hourly = LIMITS | {"step": "60", "closes": "17:00"}
    with nothing_changes():
        page = post(browser, url, hourly | {"look": "1"})
        early = post(browser, url, hourly | {"closes": "14:30"})

    assert "Preparation session, 60 min: 37 times" in text_of(page)  # one is taken, two too near
    assert "Outside the hours for clients" in text_of(early)
    assert post(browser, url, hourly).status_code == 303
    read_again()
    rules = booking_rules()
    assert (rules.start_step_minutes, rules.closes_minute) == (60, 17 * 60)


@pytest.mark.parametrize(
    ("address", "typed", "words"),
    [
        ("limits", LIMITS | {"weekdays": []}, "Choose at least one day"),
        ("limits", LIMITS | {"closes": "08:00"}, "Hours end after they begin, by midnight"),
        ("limits", LIMITS | {"dosing_last": "08:00"}, "The last start comes after the first"),
        ("limits", LIMITS | {"per_week": "1"}, "A week takes at least as many as a day"),
        ("limits", LIMITS | {"horizon": "0"}, "days ahead clients can book must be between 1 and"),
        ("limits", LIMITS | {"gap": "NaN"}, "at the home must be between 0 and 240"),
        ("limits", LIMITS | {"step": "7"}, "Not a valid choice."),
        ("closures", {"closed_from": "2027-03-10", "closed_to": "2027-03-09", "reason": "x"},
         "The last day comes after the first"),
        ("closures", {"closed_from": "2027-02-30", "closed_to": "2027-03-09", "reason": "x"},
         "Enter a date like 2026-12-01"),
        ("closures", {"closed_from": "2027-03-10", "closed_to": "2037-03-09", "reason": "x"},
         "The last day is today or later, within two years"),
        ("closures", {"closed_from": "2027-03-10", "closed_to": "2027-03-10", "reason": " "},
         "Enter a reason, like Storm"),
        ("dates", {"first_on": "2027-03-10", "last_on": "2027-03-10", "starts": "09:00"},
         "Fill in both times, or leave both empty for a day off"),
        ("dates", {"first_on": "2027-03-10", "last_on": "2027-08-10"},
         "At most 62 days go together"),
        ("dates", {"first_on": "2027-03-10", "last_on": "2027-03-10", "starts": "22:00",
                   "ends": "02:00"}, "Hours end after they begin, by midnight"),
        ("dates", {"first_on": "2027-03-10", "last_on": "2027-03-10", "resource": "nobody"},
         "Not a valid choice."),
    ],
)  # fmt: skip
@pytest.mark.database("sqlite")
def test_what_makes_no_sense_is_refused_beside_its_field(
    browser: FlaskClient, therapist: Resource, address: str, typed: dict[str, Any], words: str
) -> None:
    whose = {"resource": str(therapist.id)} if address == "dates" else {}
    with nothing_changes():
        page = post(browser, f"/settings/hours/{address}", whose | typed)

    assert page.status_code == 422
    assert page.text.count(words) == 2


def around(**changed: dict[str, str]) -> dict[str, Any]:
    """Write what lies around every service, as the form sends it, with some of it changed."""
    read_again()
    sent: dict[str, Any] = {}
    for n, service in enumerate(queries.services()):
        row = {
            "service": str(service.id),
            "before": str(service.buffer_before_minutes),
            "after": str(service.buffer_after_minutes),
            "notice": str(service.notice_hours),
        }
        row |= changed.get(service.slug, {})
        sent |= {f"rows-{n}-{name}": value for name, value in row.items()}
    return sent


def test_what_lies_around_sessions_is_looked_at_and_saved_for_all_of_them(
    browser: FlaskClient,
) -> None:
    url = "/settings/hours/around"
    late = {"notice": "240"}
    assert browser.get(url).text.count(">Hours of notice<") == 16
    with nothing_changes():
        page = post(browser, url, around(prep_60=late) | {"look": "1"})
    assert "Preparation session, 60 min: 34 times Thu, Mar 11 9:00 AM" in text_of(page)

    assert post(browser, url, around(prep_60=late, intake={"after": "30"})).status_code == 303

    read_again()
    found = {each.slug: each for each in queries.services()}
    assert (found["prep_60"].notice_hours, found["prep_60"].version) == (240, 2)
    assert (found["intake"].buffer_after_minutes, found["intake"].version) == (30, 2)
    assert found["prep_90"].version == 1
    assert clocks("prep_60", WEDNESDAY, VIDEO) == []


@pytest.mark.database("sqlite")
def test_what_lies_around_and_makes_no_sense_is_refused(browser: FlaskClient) -> None:
    with nothing_changes():
        page = post(browser, "/settings/hours/around", around(prep_60={"before": "-5"}))

    assert page.status_code == 422
    assert "Set-up must be between 0 and 240" in text_of(page)


# Who may -----------------------------------------------------------------------------------------


def test_a_therapist_changes_their_own_hours_and_nobody_elses(
    app: Any, therapist: Resource, signed_in: SignedIn
) -> None:
    with transaction():
        user = factories.create_user(Role.THERAPIST, name="Riley Chen (demo)")
        own = setup.employ(user, OWNER)
    browser = app.test_client()
    sign_in(browser, user)

    assert "Riley Chen (demo), every week" in text_of(browser.get("/settings/hours"))
    with nothing_changes():
        assert post(browser, f"/settings/hours?who={therapist.id}", WHOLE_WEEK).status_code == 404
        off = {"resource": str(therapist.id), "first_on": "2027-03-10", "last_on": "2027-03-10"}
        assert post(browser, "/settings/hours/dates", off).status_code == 422
        assert browser.get("/settings/hours/limits").status_code == 403
        assert post(browser, "/settings/hours/closures", {}).status_code == 403
    assert post(browser, "/settings/hours", rows(("1", "09:00", "12:00"))).status_code == 303
    read_again()
    assert reading.rows_of(own.id) == [Row(1, NINE, NOON)]
    assert signed_in(Role.FRONT_DESK).get("/settings/hours").status_code == 403


def test_what_lies_outside_costs_the_same_however_much_is_booked(
    therapist: Resource, owner: Actor, count_statements: Any
) -> None:
    def book(on: date, hour: int) -> None:
        with transaction():
            booking.book(
                factories.create_client(first_name=f"Client {hour}"),
                queries.get_service("prep_60"),
                starts_at=at(on, hour),
                modality=Modality.TELEHEALTH,
                by=owner,
            )

    counts = []
    for hour in (10, 12, 14):
        book(WEDNESDAY, hour)
        counts.append(count_statements(outside))
    assert counts == [5] * 3


# Somebody else was quicker ---------------------------------------------------------------------


def seen_on(browser: FlaskClient, url: str) -> str:
    return value_of(browser.get(url), "seen")


@pytest.mark.parametrize(
    ("page", "theirs", "ours"),
    [
        ("hours", rows(("1", "09:00", "12:00")), rows(("2", "09:00", "12:00"))),
        ("limits", {"per_day": "1"}, {"per_day": "3"}),
    ],
)
def test_hours_that_somebody_else_changed_meanwhile_are_not_overwritten(
    browser: FlaskClient, url: str, page: str, theirs: dict[str, Any], ours: dict[str, Any]
) -> None:
    address = url if page == "hours" else "/settings/hours/limits"
    base = {} if page == "hours" else LIMITS
    seen = seen_on(browser, address)
    assert post(browser, address, base | theirs | {"seen": seen}).status_code == 303

    with nothing_changes():
        refused = post(browser, address, base | ours | {"seen": seen})
    again = value_of(refused, "seen")
    saved = post(browser, address, base | ours | {"seen": again})

    assert (refused.status_code, saved.status_code) == (409, 303)
    assert "Somebody else has just changed this." in text_of(refused)


def test_what_lies_around_a_session_is_not_overwritten_either(browser: FlaskClient) -> None:
    service = queries.get_service("prep_60")
    row = {
        "rows-0-service": str(service.id),
        "rows-0-version": str(service.version),
        "rows-0-before": "10",
        "rows-0-after": "10",
        "rows-0-notice": "24",
    }
    assert post(browser, "/settings/hours/around", row).status_code == 303

    with nothing_changes():
        refused = post(browser, "/settings/hours/around", row | {"rows-0-after": "20"})

    assert (refused.status_code, value_of(refused, "rows-0-after")) == (409, "20")
