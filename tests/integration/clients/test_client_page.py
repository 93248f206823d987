"""One client's page: what is on file, who may see it, and two people who write at once."""

import re
from collections.abc import Callable
from uuid import uuid4

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from practice.audit.rules import Actor
from practice.calendar.models import Resource
from practice.clients.models import Paper
from practice.clients.rules.papers import PaperKind
from practice.core.db import db, practice_scope, read_again, transaction
from practice.people.models import Client
from practice.people.rules import Role
from practice.sessions.rules.lifecycle import AppointmentState
from tests import factories
from tests.browsers import send
from tests.integration.sessions.pages.conftest import nothing_changes, text_of, value_of
from tests.integration.sessions.staff.conftest import (
    MONDAY,
    SignedIn,
    days,
    put_on_file,
    ready,
    session,
    states,
)

S = AppointmentState
CARE = {"reason": "Low mood for years.", "tried_before": "Two antidepressants.\nTalk therapy."}
SISTER = {"name": "Kim Bell", "relation": "sister", "phone": "757 555 0150"}


def write_care(browser: FlaskClient, client: Client, **other: str) -> int:
    url = f"/clients/{client.id}/care"
    seen = value_of(browser.get(url), "seen")
    return send(browser, url, {**CARE, "seen": seen, **other}).status_code


def papers() -> list[tuple[str, str, str | None, str | None, bool]]:
    """Return kind, date, end, route of every paper, and whether it was withdrawn."""
    read_again()
    found = db.session.scalars(sa.select(Paper).order_by(Paper.recorded_at, Paper.kind))
    return [
        (
            each.kind.value,
            str(each.dated_on),
            str(each.valid_until) if each.valid_until else None,
            each.route.value if each.route else None,
            each.withdrawn_at is not None,
        )
        for each in found
    ]


def test_sessions_past_and_to_come_say_where_they_stand(
    browser: FlaskClient, alex: Client, therapist: Resource
) -> None:
    session("prep_60", alex, therapist, MONDAY - days(3), 9, state=S.COMPLETED)
    session("intake", alex, therapist, MONDAY - days(9), 9, state=S.CANCELLED)
    session("dosing_sl_first", alex, therapist, MONDAY + days(2), 9, state=S.TENTATIVE)
    session("integration_60", alex, therapist, MONDAY + days(4), 9)

    page = browser.get(f"/clients/{alex.id}")

    states_shown = re.findall(r'data-booking-state="(\w+)"', page.text)
    assert states_shown == ["tentative", "confirmed", "completed", "cancelled"]
    assert (
        "Wed, Mar 3, 9:00 AM First lozenge session, 3 h Consent to ketamine is missing "
        "The emergency contact is missing Medical clearance for SL is missing" in text_of(page)
    )


def test_care_is_for_clinicians_and_contact_for_everybody_who_meets_clients(
    browser: FlaskClient, signed_in: SignedIn, alex: Client, therapist: Resource
) -> None:
    write_care(browser, alex)
    send(browser, f"/clients/{alex.id}/emergency", SISTER | {"seen": _seen(browser, alex)})
    session("dosing_sl_first", alex, therapist, MONDAY + days(2), 9, state=S.TENTATIVE)
    url = f"/clients/{alex.id}"

    pages = {role: text_of(signed_in(role).get(url)) for role in set(Role) - {Role.BOOKKEEPER}}

    assert {role for role, page in pages.items() if "Low mood for years." in page} == {
        Role.OWNER,
        Role.THERAPIST,
        Role.PRESCRIBER,
        Role.MEDICAL_MONITOR,
    }
    desk = pages[Role.FRONT_DESK]
    assert "Kim Bell, sister (757) 555-0150" in desk
    assert not re.search("ketamine|learance|Papers on file|antidepressants", desk)
    assert "Payments" not in pages[Role.PRESCRIBER]
    assert signed_in(Role.BOOKKEEPER).get(url).status_code == 403


def _seen(browser: FlaskClient, client: Client) -> str:
    return value_of(browser.get(f"/clients/{client.id}/emergency"), "seen")


@pytest.mark.parametrize(
    ("page", "roles"),
    [
        ("care", {Role.OWNER, Role.THERAPIST, Role.PRESCRIBER}),
        ("edit", {Role.OWNER, Role.THERAPIST, Role.FRONT_DESK}),
        ("emergency", {Role.OWNER, Role.THERAPIST, Role.FRONT_DESK}),
        ("papers/medical_clearance", {Role.OWNER, Role.THERAPIST, Role.PRESCRIBER}),
        ("papers/consent_ketamine", {Role.OWNER, Role.THERAPIST, Role.PRESCRIBER}),
    ],
)
def test_who_may_write_what(signed_in: SignedIn, alex: Client, page: str, roles: set[Role]) -> None:
    answers = {role: signed_in(role).get(f"/clients/{alex.id}/{page}").status_code for role in Role}

    assert answers == {role: 200 if role in roles else 403 for role in Role}


# Contact, emergency, care ----------------------------------------------------------------------


def test_contact_details_are_changed_and_what_was_not_typed_stays(
    browser: FlaskClient, alex: Client
) -> None:
    url = f"/clients/{alex.id}/edit"
    form = browser.get(url)
    filled = {name: value_of(form, name) for name in ("first_name", "email", "phone", "seen")}

    answer = send(browser, url, filled | {"last_name": "Bell-Ray"})

    assert answer.location == f"/clients/{alex.id}"
    assert "Alex Bell-Ray" in text_of(browser.get(answer.location))


def test_who_saves_second_sees_what_the_first_has_written_and_loses_nothing(
    browser: FlaskClient, signed_in: SignedIn, alex: Client
) -> None:
    desk, url = signed_in(Role.FRONT_DESK), f"/clients/{alex.id}/edit"
    form = browser.get(url)
    filled = {
        name: value_of(form, name) for name in ("first_name", "last_name", "email", "phone", "seen")
    }
    send(desk, url, filled | {"phone": "757 555 0177"})

    with nothing_changes():
        second = send(browser, url, filled | {"last_name": "Ray"})
    again = send(browser, url, filled | {"last_name": "Ray", "seen": value_of(second, "seen")})

    assert second.status_code == 409
    assert "Somebody else changed this while your page was open." in text_of(second)
    assert "On file now First name Alex Last name Bell" in text_of(second)
    assert "Mobile number +17575550177" in text_of(second)
    assert value_of(second, "last_name") == "Ray"
    assert again.status_code == 302


def test_care_is_written_down_and_a_stale_page_does_not_undo_it(
    browser: FlaskClient, signed_in: SignedIn, alex: Client
) -> None:
    url, prescriber = f"/clients/{alex.id}/care", signed_in(Role.PRESCRIBER)
    stale = value_of(browser.get(url), "seen")
    assert write_care(prescriber, alex) == 302

    second = send(browser, url, {"reason": "Anxiety.", "tried_before": "", "seen": stale})

    assert second.status_code == 409
    assert "Reason for care Low mood for years." in text_of(second)
    assert ">\r\nAnxiety.</textarea>" in second.text
    assert "Two antidepressants. Talk therapy." in text_of(browser.get(f"/clients/{alex.id}"))


def test_a_reason_that_is_too_long_is_refused_and_stays_typed(
    browser: FlaskClient, alex: Client
) -> None:
    assert write_care(browser, alex, reason="x" * 4001) == 422


@pytest.mark.parametrize(
    ("answers", "words"),
    [
        (SISTER | {"name": ""}, "Enter who it is"),
        (SISTER | {"phone": ""}, "Enter the number to call"),
        (SISTER | {"phone": "sister"}, "Enter a phone number like 757-555-0100"),
        (SISTER | {"relation": "x" * 81}, "The relation must be 80 characters or fewer"),
    ],
)
def test_an_emergency_contact_is_whole(
    browser: FlaskClient, alex: Client, answers: dict[str, str], words: str
) -> None:
    seen = _seen(browser, alex)

    with nothing_changes():
        answer = send(browser, f"/clients/{alex.id}/emergency", answers | {"seen": seen})

    assert answer.status_code == 422
    assert text_of(answer).count(words) == 2


def test_an_emergency_contact_can_be_taken_away(browser: FlaskClient, alex: Client) -> None:
    url = f"/clients/{alex.id}/emergency"
    send(browser, url, SISTER | {"seen": _seen(browser, alex)})

    send(browser, url, {"name": "", "relation": "", "phone": "", "seen": _seen(browser, alex)})

    assert "Nobody named yet" in text_of(browser.get(f"/clients/{alex.id}"))


# Papers ----------------------------------------------------------------------------------------


def test_a_paper_is_put_on_file_with_its_own_date_and_holds_a_year(
    browser: FlaskClient, alex: Client
) -> None:
    url = f"/clients/{alex.id}/papers"

    send(browser, f"{url}/consent_ketamine", {"dated_on": "2027-02-20", "valid_until": ""})
    send(
        browser,
        f"{url}/medical_clearance",
        {"dated_on": "2027-02-22", "valid_until": "2027-06-01", "route": "IM"},
    )
    send(browser, f"{url}/preparation_held", {"dated_on": "2026-12-01"})

    assert sorted(papers()) == [
        ("consent_ketamine", "2027-02-20", "2028-02-20", None, False),
        ("consent_treatment", "2027-03-01", "2028-02-29", None, False),
        ("intake_held", "2027-03-01", None, None, False),
        ("medical_clearance", "2027-02-22", "2027-06-01", "IM", False),
        ("preparation_held", "2026-12-01", None, None, False),
        ("preparation_held", "2027-03-01", None, None, False),
    ]
    page = text_of(browser.get(f"/clients/{alex.id}"))
    assert "On file Into a muscle (IM), Feb 22, 2027 valid until Jun 1, 2027 Withdraw" in page
    assert "Screening decision Not on file" in page


@pytest.mark.parametrize(
    ("kind", "answers", "words"),
    [
        ("consent_ketamine", {"dated_on": ""}, "Enter the date that stands on the paper"),
        ("consent_ketamine", {"dated_on": "2027-02-30"}, "Enter a date like 2026-12-01"),
        ("consent_ketamine", {"dated_on": "0000-00-00"}, "Enter a date like 2026-12-01"),
        ("consent_ketamine", {"dated_on": "2027-03-02"}, "cannot be in the future"),
        ("consent_ketamine", {"dated_on": "9999-12-31"}, "cannot be in the future"),
        (
            "consent_ketamine",
            {"dated_on": "2027-03-01", "valid_until": "2027-02-28"},
            "A paper cannot end before its own date",
        ),
        (
            "consent_ketamine",
            {"dated_on": "2027-03-01", "valid_until": "2028-03-02"},
            "It holds for a year at most, until February 29, 2028",
        ),
        ("medical_clearance", {"dated_on": "2027-03-01"}, "Choose the route that the clearance"),
        ("medical_clearance", {"dated_on": "2027-03-01", "route": "sl"}, "Not a valid choice"),
    ],
)
def test_a_paper_that_cannot_be_so_is_refused_beside_its_field(
    browser: FlaskClient, alex: Client, kind: str, answers: dict[str, str], words: str
) -> None:
    url = f"/clients/{alex.id}/papers/{kind}"
    browser.get(url)

    with nothing_changes():
        answer = send(browser, url, answers)

    assert answer.status_code == 422
    assert text_of(answer).count(words) == 2


def test_withdrawing_the_paper_a_dosing_rests_on_is_said_before_and_takes_it_back(
    browser: FlaskClient, alex: Client, therapist: Resource, owner: Actor
) -> None:
    ready(alex, by=owner)
    session("dosing_sl_first", alex, therapist, MONDAY + days(2), 9)
    page = browser.get(f"/clients/{alex.id}")
    (url, *_) = re.findall(r'href="([^"]*withdraw)"', page.text)

    asked = browser.get(url)
    before = states()
    answers = [send(browser, url) for _ in range(2)]

    assert "goes back to “not yet confirmed”" in text_of(asked)
    assert (before, states()) == ([S.CONFIRMED], [S.TENTATIVE])
    assert [answer.status_code for answer in answers] == [302, 409]
    assert "A session that was confirmed no longer is" in text_of(
        browser.get(f"/clients/{alex.id}")
    )


# Nothing of anybody else's ---------------------------------------------------------------------


def test_what_belongs_to_another_practice_looks_like_what_never_was(
    browser: FlaskClient, alex: Client, therapist: Resource
) -> None:
    elsewhere = factories.create_practice(slug="harbor")
    with practice_scope(elsewhere.id):
        with transaction():
            (host,) = factories.furnish()
            stranger = factories.create_client()
        theirs = session("prep_60", stranger, host, MONDAY, 9)
    unknown = uuid4()

    def answers(client_id: object, session_id: object) -> list[tuple[int, str]]:
        pages = [
            *(f"/clients/{client_id}{page}" for page in ("", "/edit", "/care", "/emergency")),
            f"/clients/{client_id}/papers/consent_ketamine",
            f"/clients/{alex.id}/papers/{client_id}/withdraw",
            f"/sessions/new?client={client_id}",
            *(f"/sessions/{session_id}{page}" for page in ("", "/move", "/cancel", "/payment")),
        ]
        return [(browser.get(page).status_code, _words(browser, page)) for page in pages]

    assert answers(stranger.id, theirs.id) == answers(unknown, unknown)
    assert {status for status, _ in answers(unknown, unknown)} == {404}


def _words(browser: FlaskClient, page: str) -> str:
    return re.sub(r"Reference \w+", "", text_of(browser.get(page)))


def test_a_paper_of_another_client_is_not_found(
    browser: FlaskClient, alex: Client, owner: Actor
) -> None:
    with transaction():
        other = factories.create_client()
    put_on_file(other, PaperKind.CONSENT_KETAMINE, by=owner)
    consents = sa.select(Paper.id).where(Paper.kind == PaperKind.CONSENT_KETAMINE)
    paper_id = db.session.scalars(consents).one()

    assert browser.get(f"/clients/{other.id}/papers/{paper_id}/withdraw").status_code == 200
    assert browser.get(f"/clients/{alex.id}/papers/{paper_id}/withdraw").status_code == 404
    assert browser.get(f"/clients/{alex.id}/papers/library_card").status_code == 404


def test_the_page_asks_the_database_as_often_however_long_it_is(
    browser: FlaskClient,
    alex: Client,
    therapist: Resource,
    owner: Actor,
    count_statements: Callable[[Callable[[], object]], int],
) -> None:
    counts = []
    for more in (1, 2):
        for number in range(more):
            ready(alex, by=owner)
            made = session("dosing_sl_first", alex, therapist, MONDAY - days(20 * more + number), 9)
            for deed in ("arrive", "complete"):
                send(browser, f"/sessions/{made.id}/{deed}")
            session("prep_60", alex, therapist, MONDAY + days(3), 9)
        counts.append(count_statements(lambda: browser.get(f"/clients/{alex.id}")))

    assert counts[0] == counts[1]
