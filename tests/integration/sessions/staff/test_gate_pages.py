"""Gates on pages: the checklist, records of one session, passing with a reason, and refusals."""

import re

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from practice.audit.rules import Actor
from practice.calendar.models import Resource
from practice.clients.models import Paper
from practice.clients.rules.papers import PaperKind
from practice.core import clock
from practice.core.db import db, read_again, transaction
from practice.people.models import Client
from practice.people.rules import Role
from practice.sessions import queries
from practice.sessions.links import token_of
from practice.sessions.models import GateOverride
from practice.sessions.rules.lifecycle import AppointmentState, Modality
from practice.sessions.service import booking
from tests import factories
from tests.browsers import send
from tests.integration.sessions.pages.conftest import at, nothing_changes, sent, text_of
from tests.integration.sessions.staff.conftest import (
    MONDAY,
    SignedIn,
    days,
    ready,
    session,
    states,
)
from tests.integration.sessions.staff.test_booking import check

S, P = AppointmentState, PaperKind
REASON = "Known for years, and seen last week."


def stages(page: str) -> list[str]:
    """Return the headings of the checklist, in their order."""
    return re.findall(r"<h3>([^<]+)</h3>", page)


# The checklist -----------------------------------------------------------------------------------


def test_the_checklist_goes_by_stage_and_says_who_may_pass_what_is_missing(
    browser: FlaskClient, alex: Client, therapist: Resource, owner: Actor
) -> None:
    ready(alex, by=owner, but=[P.PMP_CHECK])
    made = session("dosing_sl_first", alex, therapist, MONDAY + days(7), 9, state=S.TENTATIVE)

    page = browser.get(f"/sessions/{made.id}")

    assert stages(page.text) == [
        "Before it is booked",
        "Before it is confirmed",
        "24 hours before",
        "On arrival",
        "Before it begins",
        "Before the client leaves",
    ]
    words = text_of(page)
    assert "Prescription monitoring check is missing A prescriber may pass it" in words
    assert "No escort is named with a phone number Nobody may pass this without it." in words
    assert "The time is kept until Sun, Mar 7, 9:00 AM" in words


def test_whoever_may_not_see_papers_names_the_escort_all_the_same(
    signed_in: SignedIn, alex: Client, therapist: Resource
) -> None:
    made = session("dosing_sl_first", alex, therapist, MONDAY + days(7), 9, state=S.TENTATIVE)
    desk = signed_in(Role.FRONT_DESK)

    page = text_of(desk.get(f"/sessions/{made.id}"))
    saved = send(
        desk,
        f"/sessions/{made.id}/records/escort",
        {"person": "Tam Bell", "phone": "757 555 0199", "dated_on": "2027-03-01"},
    )
    refused = desk.get(f"/sessions/{made.id}/records/day_of_checks")

    assert "Papers are missing. A clinician can see which. Name the escort" in page
    assert "learance" not in page
    assert (saved.status_code, refused.status_code) == (302, 403)
    read_again()
    escort = db.session.scalars(sa.select(Paper).where(Paper.kind == P.ESCORT)).one()
    assert (escort.person, escort.phone, escort.appointment_id) == (
        "Tam Bell",
        "+17575550199",
        made.id,
    )


TOO_LITTLE = [
    ("escort", {"person": "", "phone": "+17575550199"}, "Enter who takes the client home"),
    ("escort", {"person": "Tam", "phone": ""}, "Enter their number"),
    ("escort", {"person": "Tam", "phone": "12"}, "phone number"),
    ("day_of_checks", {}, "Choose the outcome"),
    ("day_of_checks", {"result": "good"}, "recorded with the date of the session itself"),
    ("rx_seen", {"detail": "x" * 301, "dated_on": "2027-03-01"}, "at most 300 characters"),
    ("stock", {"result": "maybe"}, "Choose the outcome"),
    ("stock", {"result": "good", "dated_on": "2027-03-02"}, "cannot be in the future"),
]


@pytest.mark.parametrize("said", TOO_LITTLE)
def test_a_record_that_says_too_little_is_refused_with_every_answer_kept(
    browser: FlaskClient,
    alex: Client,
    therapist: Resource,
    said: tuple[str, dict[str, str], str],
) -> None:
    made = session("dosing_sl_first", alex, therapist, MONDAY, 9)
    record, answers, words = said

    with nothing_changes():
        answer = send(
            browser,
            f"/sessions/{made.id}/records/{record}",
            {"dated_on": "2027-02-28"} | answers,
        )

    assert answer.status_code == 422
    assert words in text_of(answer)
    assert all(value in answer.text for value in answers.values() if value != "maybe")


@pytest.mark.parametrize("record", ["consent_ketamine", "library_card"])
def test_what_is_no_record_of_a_session_is_not_found(
    browser: FlaskClient, alex: Client, therapist: Resource, record: str
) -> None:
    made = session("dosing_sl_first", alex, therapist, MONDAY, 9)

    assert browser.get(f"/sessions/{made.id}/records/{record}").status_code == 404
    assert browser.get(f"/clients/{alex.id}/papers/escort").status_code == 404
    assert browser.get(f"/sessions/{made.id}/gates/horoscope/pass").status_code == 404


# Passing with a reason ---------------------------------------------------------------------------


def test_a_gate_is_passed_ended_and_stays_on_the_chart(
    browser: FlaskClient, alex: Client, therapist: Resource, owner: Actor
) -> None:
    ready(alex, by=owner, but=[P.PAYMENT_ARRANGED])
    made = session("dosing_sl_first", alex, therapist, MONDAY + days(7), 9, state=S.TENTATIVE)
    page = browser.get(f"/sessions/{made.id}").text
    (url,) = re.findall(r'href="([^"]*payment_ready/pass)"', page)

    asked = text_of(browser.get(url))
    empty = send(browser, url, {"reason": "  "})
    assert states() == [S.TENTATIVE]
    send(browser, url, {"reason": REASON})
    passed = browser.get(f"/sessions/{made.id}")
    (end,) = re.findall(r'action="([^"]*/passed/[^"]*/end)"', passed.text)
    before = states()
    send(browser, end)
    chart, after = text_of(browser.get(f"/clients/{alex.id}")), states()

    assert "Go on without payment?" in asked
    assert (empty.status_code, "Write down why" in text_of(empty)) == (422, True)
    assert f"Passed by Practitioner 1, Mon, Mar 1, 8:00 AM: {REASON} End this" in text_of(passed)
    assert (before, after) == ([S.CONFIRMED], [S.TENTATIVE])
    assert "Passed without payment, by Practitioner 1" in chart
    assert f"{REASON} Ended Mon, Mar 1" in chart
    assert f"{REASON} Ended Mon, Mar 1" in text_of(browser.get(f"/sessions/{made.id}"))


def test_a_role_that_a_rule_does_not_name_passes_nothing(
    browser: FlaskClient, signed_in: SignedIn, alex: Client, therapist: Resource
) -> None:
    made = session("dosing_sl_first", alex, therapist, MONDAY + days(7), 9, state=S.TENTATIVE)
    gates = f"/sessions/{made.id}/gates"

    with nothing_changes():
        answers = [
            send(browser, f"{gates}/pmp_checked/pass", {"reason": REASON}),
            send(browser, f"{gates}/medical_clearance/pass", {"reason": REASON}),
        ]
    monitor = signed_in(Role.MEDICAL_MONITOR).get(f"{gates}/payment_ready/pass")

    assert [answer.status_code for answer in answers] == [403, 403]
    assert "Only a prescriber may pass this" in text_of(answers[0])
    assert "Nobody may pass this without it." in text_of(answers[1])
    assert monitor.status_code == 403


# Refusals ----------------------------------------------------------------------------------------


def test_a_button_that_cannot_work_yet_says_why(
    browser: FlaskClient, signed_in: SignedIn, alex: Client, therapist: Resource, owner: Actor
) -> None:
    ready(alex, by=owner)
    session("dosing_sl_first", alex, therapist, MONDAY, 9)

    page = browser.get("/today")
    desk = text_of(signed_in(Role.FRONT_DESK).get("/today"))

    assert re.search(r"<button[^>]*\bdisabled\b[^>]*>Arrived", page.text)
    assert "Arrived waits: The lozenges in their pharmacy container" in text_of(page)
    assert text_of(page).count("PHQ-9 is missing; GAD-7 is missing;") == 1
    assert "Arrived waits: papers are missing, and a clinician can see which." in desk


def test_what_comes_first_is_said_before_booking_and_a_practitioner_may_pass_it(
    browser: FlaskClient, signed_in: SignedIn, therapist: Resource
) -> None:
    with transaction():
        new = factories.create_client(papers=[P.CONSENT_TREATMENT])
    url = check(new, "prep_60", at(MONDAY + days(7), 9))

    look, at_the_desk = text_of(browser.get(url)), signed_in(Role.FRONT_DESK)
    with nothing_changes():
        desk = send(at_the_desk, url)
        without = send(browser, url)
    made = send(browser, url, {"reason": REASON})

    assert "Something comes first No intake has been held." in look
    assert (desk.status_code, "No intake has been held." in text_of(desk)) == (422, True)
    assert (without.status_code, "Write down why" in text_of(without)) == (422, True)
    assert (made.status_code, states()) == (302, [S.CONFIRMED])
    assert db.session.scalars(sa.select(GateOverride.gate)).all() == ["intake_done"]


def test_a_series_and_a_move_say_what_comes_first_too(
    browser: FlaskClient, therapist: Resource
) -> None:
    with transaction():
        new = factories.create_client(papers=[P.CONSENT_TREATMENT])
    prep = session("prep_60", new, therapist, MONDAY + days(8), 9)
    start = sent(at(MONDAY + days(7), 9))
    service = f"client={new.id}&service={prep.service_id}&place=in-person&start={start}"

    with nothing_changes():
        series = send(
            browser, f"/sessions/new/series?{service}&times=2&every=1", {"start-0": start}
        )
        move = send(browser, f"/sessions/{prep.id}/move/check?start={start}", {"sequence": "0"})

    assert [series.status_code, move.status_code] == [422, 422]
    for answer in (series, move):
        assert "Something comes first No intake has been held." in text_of(answer)


def test_a_client_who_moves_it_finds_the_same_refusal(
    client: FlaskClient, therapist: Resource, owner: Actor, alex: Client
) -> None:
    with transaction():
        made = booking.book(
            alex,
            queries.get_service("prep_60"),
            starts_at=at(MONDAY + days(7), 9),
            modality=Modality.IN_PERSON,
            by=owner,
        )
    with transaction():  # by whoever found that it was somebody else's
        db.session.execute(
            sa.update(Paper).where(Paper.kind == P.INTAKE_HELD).values(withdrawn_at=clock.now())
        )
    start = sent(at(MONDAY + days(8), 9))

    with nothing_changes():
        answer = send(
            client,
            f"/bookings/{token_of(made)}/move/check?start={start}",
            {"sequence": str(made.sequence)},
        )

    assert answer.status_code == 303
    assert "Not ready yet: No intake has been held." in text_of(client.get(answer.location))
