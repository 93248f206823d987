import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from flask.testing import FlaskClient

from practice.audit.rules import Actor
from practice.calendar.models import Resource
from practice.clients.rules.papers import PaperKind
from practice.core.db import transaction
from practice.outbox.service import assign
from practice.people.models import Client
from practice.people.rules import Role
from practice.sessions.rules.lifecycle import AppointmentState
from tests import factories
from tests.browsers import send
from tests.integration.sessions.conftest import Clock
from tests.integration.sessions.pages.conftest import (
    DETAILS,
    at,
    nothing_changes,
    sent,
    text_of,
)
from tests.integration.sessions.staff.conftest import (
    MONDAY,
    SignedIn,
    days,
    ready,
    session,
    states,
)

S = AppointmentState


def lines_of(page: str) -> list[tuple[str, str, list[str]]]:
    """Return of each session of the day its client, its state and its buttons."""
    found = re.findall(r'(?s)<li data-booking-state="(\w+)">(.*?)</li>\s*(?=<li data|</ol>)', page)
    return [
        (
            re.findall(r"(?s)<h2>.*?>([^<]+)</a>", line)[0],
            state,
            re.findall(r'formaction="[^"]*/(\w+)"', line),
        )
        for state, line in found
    ]


def test_the_day_stands_in_order_of_time_with_the_buttons_that_are_legal_now(
    browser: FlaskClient, therapist: Resource
) -> None:
    with transaction():
        people = [factories.create_client(first_name=name) for name in ("Ann", "Ben", "Cy", "Di")]
    session("integration_60", people[1], therapist, MONDAY, 11, state=S.ARRIVED)
    session("integration_60", people[0], therapist, MONDAY, 7)
    session("integration_60", people[2], therapist, MONDAY, 13)
    session("integration_60", people[3], therapist, MONDAY, 15, state=S.COMPLETED)
    session("integration_60", people[3], therapist, MONDAY, 16, state=S.CANCELLED)
    session("integration_60", people[3], therapist, MONDAY + days(2), 9)

    page = browser.get("/today")

    assert lines_of(page.text) == [
        ("Ann Bell", "confirmed", ["arrive", "miss"]),
        ("Ben Bell", "arrived", ["start", "complete"]),
        ("Cy Bell", "confirmed", ["arrive"]),
        ("Di Bell", "completed", []),
    ]


def test_what_is_missing_is_told_in_words_to_those_who_may_see_papers(
    browser: FlaskClient, signed_in: SignedIn, alex: Client, therapist: Resource, owner: Actor
) -> None:
    ready(alex, by=owner, but=[PaperKind.MEDICAL_CLEARANCE])
    session("dosing_sl_first", alex, therapist, MONDAY, 9, state=S.TENTATIVE)

    clinician = text_of(browser.get("/today"))
    desk = text_of(signed_in(Role.FRONT_DESK).get("/today"))

    assert "Not yet confirmed $450.00 to pay Medical clearance for SL is missing" in clinician
    assert "Consent" not in clinician
    assert "Not yet confirmed $450.00 to pay Papers are missing." in desk
    assert "learance" not in desk


def test_who_may_not_see_money_sees_none(
    signed_in: SignedIn, alex: Client, therapist: Resource
) -> None:
    session("integration_60", alex, therapist, MONDAY, 9)

    page = text_of(signed_in(Role.MEDICAL_MONITOR).get("/today"))

    assert "Alex Bell" in page
    assert "$" not in page


def test_another_day_and_the_one_after_it_can_be_looked_at(
    browser: FlaskClient, alex: Client, therapist: Resource
) -> None:
    session("integration_60", alex, therapist, MONDAY + days(3), 9)

    day_before = text_of(browser.get("/today?on=2027-03-03"))
    empty_day = text_of(browser.get("/today?on=2027-03-05"))

    assert "Wednesday March 3, 2027" in day_before
    assert "The day after Thu, Mar 4 9:00 AM Alex Bell Integration session, 60 min" in day_before
    assert "Nobody comes on this day." in empty_day


@pytest.mark.parametrize("on", ["2027-02-30", "tomorrow", "0000-00-00", "1e3", "12027-01-01"])
def test_a_day_that_does_not_exist_is_refused(browser: FlaskClient, on: str) -> None:
    answer = browser.get("/today", query_string={"on": on})

    assert answer.status_code == 422
    assert "Write on as a date that exists, like 2027-03-15." in text_of(answer)


def test_the_bookkeeper_has_no_day_and_strangers_sign_in_first(
    signed_in: SignedIn, client: FlaskClient
) -> None:
    assert signed_in(Role.BOOKKEEPER).get("/today").status_code == 403
    assert client.get("/today").location == "/sign-in?next=/today"


def test_a_stranger_who_books_a_first_visit_is_shown_as_new(
    browser: FlaskClient, client: FlaskClient, therapist: Resource
) -> None:
    start = sent(at(MONDAY + days(1), 10))
    send(
        client,
        "/p/tidewater/book/consult/",
        {"start": start, "form_token": "once", **DETAILS},
    )

    assert "New people Alex O’Brien Free meet-and-greet call" in text_of(browser.get("/today"))


def test_tasks_are_listed_until_somebody_has_done_them(
    browser: FlaskClient, alex: Client, time: Clock
) -> None:
    with transaction():
        for key, due_in in (("later", 2), ("late", -1)):
            assign(
                "call",
                key=key,
                what=f"Call somebody {key}.",
                due_at=time.now + timedelta(days=due_in),
                client_id=alex.id,
            )
    page = browser.get("/tasks")
    (first, _) = re.findall(r'action="(/tasks/[^"]+)"', page.text)

    for _ in range(2):
        assert send(browser, first).location == "/tasks"

    assert "Call somebody late. Since Sun, Feb 28" in text_of(page)
    assert "To do Call somebody later. By Wed, Mar 3" in text_of(browser.get("/today"))
    assert "late." not in text_of(browser.get("/tasks"))


# The buttons -----------------------------------------------------------------------------------


def test_a_session_runs_from_arrival_to_its_invoice(
    browser: FlaskClient, alex: Client, therapist: Resource
) -> None:
    made = session("integration_60", alex, therapist, MONDAY, 9)

    for deed in ("arrive", "start", "complete"):
        answer = send(browser, f"/sessions/{made.id}/{deed}", {"next": "/today?on=2027-03-01"})
        assert answer.location == "/today?on=2027-03-01"

    page = text_of(browser.get(f"/sessions/{made.id}"))
    assert states() == [S.COMPLETED]
    assert "Alex Bell is here. Alex Bell is in session. Alex Bell is done." in page
    assert "Invoice INV-2027-00001 $175.00" in page


@pytest.mark.parametrize("target", ["//evil.test", "https:evil.test", r"/\evil.test", "", "x"])
def test_a_button_never_leads_to_another_site(
    browser: FlaskClient, alex: Client, therapist: Resource, target: str
) -> None:
    made = session("integration_60", alex, therapist, MONDAY, 9)

    answer = send(browser, f"/sessions/{made.id}/arrive", {"next": target})

    assert answer.location == f"/sessions/{made.id}"


def test_a_second_click_is_harmless_and_a_second_person_is_told(
    browser: FlaskClient, signed_in: SignedIn, alex: Client, therapist: Resource
) -> None:
    made = session("integration_60", alex, therapist, MONDAY, 9)
    url, somebody_else = f"/sessions/{made.id}/arrive", signed_in(Role.FRONT_DESK)

    mine = [send(browser, url).status_code for _ in range(2)]
    with nothing_changes():
        theirs = send(somebody_else, url)

    assert mine == [302, 302]
    assert theirs.status_code == 409
    assert "This session is arrived already. Nothing was changed." in text_of(theirs)
    assert states() == [S.ARRIVED]


@pytest.mark.parametrize(
    ("deed", "hour", "reason"),
    [
        ("miss", 9, "This session has not begun yet."),
        ("start", 9, "A session that is booked cannot become in session."),
        ("arrive", 33, "This session is on Tue, Mar 2."),
    ],
)
def test_what_is_not_legal_now_is_refused_with_the_reason(
    request: pytest.FixtureRequest, browser: FlaskClient, deed: str, hour: int, reason: str
) -> None:
    alex, therapist = (request.getfixturevalue(name) for name in ("alex", "therapist"))
    made = session("integration_60", alex, therapist, MONDAY + days(hour // 24), hour % 24)

    with nothing_changes():
        answer = send(browser, f"/sessions/{made.id}/{deed}")

    assert answer.status_code == 409
    assert reason in text_of(answer)


def test_a_dosing_without_its_papers_cannot_begin_and_says_why(
    browser: FlaskClient, alex: Client, therapist: Resource
) -> None:
    made = session("dosing_sl_first", alex, therapist, MONDAY, 9, state=S.ARRIVED)

    with nothing_changes():
        answer = send(browser, f"/sessions/{made.id}/start")

    assert answer.status_code == 409
    assert (
        "Not ready yet: Consent to ketamine is missing; The emergency contact is missing; "
        "Medical clearance for SL is missing;" in text_of(answer)
    )


def test_a_session_that_is_not_here_looks_like_one_that_never_was(
    browser: FlaskClient, alex: Client
) -> None:
    unknown = f"/sessions/{alex.id}"

    answers = [
        browser.get(unknown),
        browser.get("/sessions/18446744073709551616"),
        browser.get(f"{unknown}/move"),
        send(browser, f"{unknown}/arrive"),
        send(browser, f"{unknown}/explode"),
        send(browser, f"/tasks/{alex.id}/done"),
    ]

    assert {answer.status_code for answer in answers} == {404}


@pytest.mark.parametrize("slug", ["integration_60", "dosing_sl_first"])
def test_the_day_asks_the_database_as_often_however_full_it_is(
    browser: FlaskClient,
    therapist: Resource,
    count_statements: Callable[[Callable[[], object]], int],
    slug: str,
) -> None:
    counts = []
    for sessions in (1, 2):
        for _ in range(sessions):
            with transaction():
                client = factories.create_client()
            session(slug, client, therapist, MONDAY, 9)
            session(slug, client, therapist, MONDAY + days(1), 9)
        counts.append(count_statements(lambda: browser.get("/today")))

    assert counts[0] == counts[1]
