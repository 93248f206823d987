"""The week, the day and the list: empty hours lead to a booking, and every size says the same."""

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from practice.calendar import opening
from practice.calendar.models import Closure, HoursOverride, Resource
from practice.core import clock
from practice.core.db import db, transaction
from practice.outbox.service import assign
from practice.people.models import Client
from practice.people.rules import Role
from practice.sessions.models import CourseStepRow
from practice.sessions.rules.lifecycle import AppointmentState
from tests import factories
from tests.browsers import send
from tests.integration.sessions.conftest import Clock
from tests.integration.sessions.pages.conftest import at, sent, text_of
from tests.integration.sessions.staff.conftest import MONDAY, SignedIn, days, session

S = AppointmentState


def empty_hours(page: str) -> list[str]:
    return re.findall(r'<li class="free [^"]*"><a href="/sessions/new\?start=([^"]*)"', page)


def test_every_size_shows_sessions_holds_closures_and_the_present(
    browser: FlaskClient, alex: Client, therapist: Resource, time: Clock
) -> None:
    session("prep_60", alex, therapist, MONDAY, 10)
    until = time.now + timedelta(minutes=10)
    session("intake", alex, therapist, MONDAY, 14, state=S.TENTATIVE, hold_ends_at=until)
    with transaction():
        db.session.add(Closure(first_on=MONDAY + days(1), last_on=MONDAY + days(1), reason="Storm"))

    week, listed, day = (
        browser.get(f"/calendar/{view}?on=2027-03-01") for view in ("week", "list", "day")
    )

    for page in (week, listed, day):
        assert "10:00 AM Alex Bell Preparation Booked Turnover" in text_of(page)
        assert "2:00 PM held to 8:10 AM Alex Bell Intake Not yet confirmed" in text_of(page)
        assert "Now, 8:00 AM" in text_of(page)
        assert re.findall(r'class="now at(\d+) and(\d+)"', page.text) == [("0", "4")]
    assert "Closed: Storm" in text_of(week)
    assert "Storm" not in text_of(day)
    assert [page.text.count("<section") for page in (week, listed, day)] == [7, 14, 1]
    assert 'class="agenda week day"' in day.text


def test_a_day_says_who_is_away_all_of_it_and_of_the_chosen_ones_alone(
    browser: FlaskClient, therapist: Resource
) -> None:
    with transaction():
        room = db.session.scalars(sa.select(Resource).where(Resource.kind == "room")).one()
        for whose, on, hours in (
            (therapist, 1, (None, None)),
            (room, 1, (None, None)),
            (room, 2, (600, 900)),
        ):
            db.session.add(
                HoursOverride(
                    resource_id=whose.id,
                    on_date=MONDAY + days(on),
                    starts_minute=hours[0],
                    ends_minute=hours[1],
                )
            )

    everybody, hers = (
        re.findall("Away all day: ([^<]*)<", browser.get(f"/calendar/week?{asked}").text)
        for asked in ("on=2027-03-01", f"on=2027-03-01&person={therapist.id}")
    )

    assert everybody == [", ".join(sorted([therapist.name, room.name]))]
    assert hers == [therapist.name]


def test_a_session_of_a_course_says_which_of_how_many_it_is(
    browser: FlaskClient, alex: Client, therapist: Resource
) -> None:
    with transaction():
        factories.offer_course()
        course_id = factories.create_course(alex).id
    booked = {
        "intake": session("intake", alex, therapist, MONDAY, 9).id,
        "prep_2": session("prep_60", alex, therapist, MONDAY, 14).id,
        "dose_3": session("dosing_sl", alex, therapist, MONDAY + days(1), 10).id,
    }
    with transaction():
        steps = db.session.scalars(
            sa.select(CourseStepRow).where(CourseStepRow.course_id == course_id)
        )
        for step in steps:
            step.appointment_id = booked.get(step.key)
            step.dropped_at = clock.now() if step.key == "dose_6" else None

    page = text_of(browser.get("/calendar/week?on=2027-03-01"))

    assert "Alex Bell Preparation 2 of 2 Booked" in page
    assert "Alex Bell Intake Booked" in page
    assert "Alex Bell Dosing 3 of 5 Booked" in page


def test_what_may_be_moved_says_where_and_each_day_says_when_it_begins(
    browser: FlaskClient, alex: Client, therapist: Resource, time: Clock, signed_in: SignedIn
) -> None:
    booked = session("prep_60", alex, therapist, MONDAY, 10)
    session("prep_60", alex, therapist, MONDAY, 12, state=S.CANCELLED)
    until = time.now + timedelta(minutes=10)
    session("intake", alex, therapist, MONDAY, 14, state=S.TENTATIVE, hold_ends_at=until)

    week = browser.get("/calendar/week?on=2027-03-14").text

    assert re.findall(r'data-begins="([^"]*)"', week)[-2:] == [
        "2027-03-13T12:00:00+00:00",
        "2027-03-14T11:00:00+00:00",  # the day on which the clocks go forward
    ]
    week = browser.get("/calendar/week?on=2027-03-01").text
    assert re.findall(r'data-move="([^"]*)"', week) == [f"/sessions/{booked.id}/move/check"]
    reader = signed_in(Role.MEDICAL_MONITOR).get("/calendar/week?on=2027-03-01").text
    assert "data-move" not in reader


def test_whoever_travels_sees_both_clocks_until_they_say_no(
    browser: FlaskClient, alex: Client, therapist: Resource
) -> None:
    session("prep_60", alex, therapist, MONDAY, 10)

    asked = browser.get("/calendar/week?on=2027-03-01&also=America/Los_Angeles")
    day = text_of(browser.get("/calendar/day?on=2027-03-01"))
    wrong = browser.get("/calendar/week?also=America/Atlantis")
    without = text_of(browser.get("/calendar/week?on=2027-03-01&also="))

    assert "10:00 AM (7:00 AM) Alex Bell" in text_of(asked)
    assert "Beside each start stands Los Angeles time." in text_of(asked)
    assert "10:00 AM (7:00 AM PST) Alex Bell" in day
    assert wrong.status_code == 422
    assert "(7:00 AM" not in without


def test_an_empty_hour_carries_its_start_to_a_booking_of_four_clicks(
    browser: FlaskClient, alex: Client, therapist: Resource
) -> None:
    week = browser.get("/calendar/week?on=2027-03-02")
    start = sent(at(MONDAY + days(1), 10))
    assert start in empty_hours(week.text)  # 1: the empty hour

    def link(page: str, pattern: str) -> str:
        return str(re.findall(rf'href="([^"]*{pattern}[^"]*)"', page)[0]).replace("&amp;", "&")

    whom = browser.get(f"/sessions/new?start={start}")
    assert "On Tue, Mar 2, 10:00 AM. Block this time instead" in text_of(whom)
    assert link(whom.text, "blocks/new") == "/calendar/blocks/new?on=2027-03-02&at=10:00"
    what = browser.get(link(whom.text, str(alex.id)))  # 2: the client
    last_look = browser.get(link(what.text, "new/check"))  # 3: the session
    assert "Book this session?" in text_of(last_look)  # 4: the button of this page
    assert "Tue, Mar 2, 10:00 AM" in text_of(last_look)


def test_a_session_that_cannot_start_then_says_why_beside_itself(
    browser: FlaskClient, alex: Client, therapist: Resource
) -> None:
    tuesday = f"/sessions/new?client={alex.id}&start={sent(at(MONDAY + days(1), 16))}"
    what = browser.get(tuesday)
    (link,) = re.findall(r'<a href="([^"]*)">First lozenge session, 3 h<', what.text)
    times = browser.get(link.replace("&amp;", "&"))

    assert (
        "First lozenge session, 3 h 3 hours, $450.00 That is outside the hours for clients."
        in text_of(what)
    )
    assert (
        "First lozenge session, 3 h cannot start on Tue, Mar 2, 4:00 PM. "
        "That is outside the hours for clients." in text_of(times)
    )
    assert "The nearest times Tue, Mar 2, 1:00 PM Tue, Mar 2, 1:30 PM" in text_of(times)
    assert 'name="start" value="2027-03-02T19:00:00Z">Tue, Mar 2, 2:00 PM<' in times.text


@pytest.mark.parametrize(
    ("start", "words"),
    [
        ("2027-03-02T10:00", "Write start as a time that exists"),
        ("2027-03-02T15:00:60Z", "Write start as a time that exists"),
        ("2027-03-14T02:30:00-05:00", "Write start as a time that exists"),
        ("99999999999999999999", "Write start as a time that exists"),
        ("2027-03-01T12:00:00Z", "That time has passed."),
    ],
)
def test_a_start_in_an_address_that_cannot_be_is_refused_in_words(
    browser: FlaskClient, alex: Client, start: str, words: str
) -> None:
    for query in ({"start": start}, {"start": start, "client": str(alex.id)}):
        answer = browser.get("/sessions/new", query_string=query)

        assert answer.status_code == 422
        assert words in text_of(answer)


@pytest.mark.parametrize(
    "query", ["on=2027-02-30", "on=tomorrow", "on=9999-12-31", "person=%00", "room=1"]
)
def test_days_and_people_that_are_none_are_refused(browser: FlaskClient, query: str) -> None:
    for view in ("week", "day", "list"):
        assert browser.get(f"/calendar/{view}?{query}").status_code in {400, 404, 422}


def test_who_may_only_block_is_led_from_an_empty_hour_to_a_block(signed_in: SignedIn) -> None:
    monitor = signed_in(Role.MEDICAL_MONITOR)

    page = monitor.get("/calendar/day?on=2027-03-02").text

    assert re.findall(r'<li class="buffer hush ([^"]*)">([^<]*)<', page) == [
        ("at0 and0 for0 more4", "Quiet until 8:00 AM"),
        ("at6 and4 for0 more4", "Quiet from 8:00 PM"),
    ]
    assert empty_hours(page) == []
    assert '"/calendar/blocks/new?on=2027-03-02&amp;at=09:00"' in page


def test_a_full_week_asks_the_database_as_often_as_an_empty_one(
    browser: FlaskClient,
    therapist: Resource,
    count_statements: Callable[[Callable[[], object]], int],
) -> None:
    browser.get("/calendar/week")
    empty = count_statements(lambda: browser.get("/calendar/week"))
    for n in range(12):
        with transaction():
            client = factories.create_client()
        session("prep_60", client, therapist, MONDAY + days(n % 5), 9 + n // 5)

    assert count_statements(lambda: browser.get("/calendar/week")) == empty


def test_a_closure_beyond_some_days_on_both_sides_closes_exactly_these(
    browser: FlaskClient, therapist: Resource
) -> None:
    with transaction():
        before, after = MONDAY - days(3), MONDAY + days(30)
        db.session.add(Closure(first_on=before, last_on=after, reason="Storm"))

    found = opening.days(MONDAY, MONDAY + days(2))

    assert found.closed == {MONDAY: "Storm", MONDAY + days(1): "Storm"}
    assert found.away == {}


def test_today_with_twelve_sessions_asks_at_most_fifteen_times(
    browser: FlaskClient,
    therapist: Resource,
    count_statements: Callable[[Callable[[], object]], int],
) -> None:
    for n in range(12):
        with transaction():
            client = factories.create_client()
        session("dosing_sl_first" if n % 4 == 0 else "prep_60", client, therapist, MONDAY, 7 + n)
    browser.get("/today")

    assert count_statements(lambda: browser.get("/today")) <= 15


def test_today_says_where_tomorrow_still_has_room(
    browser: FlaskClient, therapist: Resource
) -> None:
    page = text_of(browser.get("/today"))

    assert "First lozenge session, 3 h could still start from 9:00 AM to 2:00 PM" in page
    assert "Integration session, 60 min could still start from 9:00 AM to 5:00 PM" in page


def test_today_says_that_the_day_after_is_closed_and_not_that_it_is_full(
    browser: FlaskClient, therapist: Resource
) -> None:
    with transaction():
        db.session.add(Closure(first_on=MONDAY + days(1), last_on=MONDAY + days(1), reason="Storm"))

    storm, saturday = (browser.get(f"/today?on={on}") for on in ("2027-03-01", "2027-03-06"))

    assert "Tue, Mar 2 The practice is closed on this day. To do" in text_of(storm)
    assert "Sun, Mar 7 The practice is closed on Sundays. To do" in text_of(saturday)


def test_a_page_that_looks_again_by_itself_keeps_nobody_signed_in(
    browser: FlaskClient, therapist: Resource, time: Clock
) -> None:
    browser.get("/today")
    for _ in range(2):
        time.now += timedelta(minutes=8)
        last = browser.get("/today", headers={"X-Refresh": "1"})

    assert last.status_code == 302
    assert last.location.startswith("/sign-in")


def test_a_task_is_done_from_today_and_leads_back_to_it(
    browser: FlaskClient, therapist: Resource, time: Clock
) -> None:
    with transaction():
        assign("call", key="a call", what="Call back.", due_at=time.now)
    page = browser.get("/today?on=2027-03-02")
    (done,) = re.findall(r'action="(/tasks/[^"]+)"', page.text)

    answer = send(browser, done, {"next": "/today?on=2027-03-02"})

    assert 'data-refresh-seconds="30"' in page.text
    assert ">Refresh</a>" in page.text
    assert answer.location == "/today?on=2027-03-02"
    assert "Call back." not in text_of(browser.get(answer.location))
