"""Services, prices and terms of cancelling, as the owner of the practice changes them."""

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient
from werkzeug.datastructures import MultiDict
from werkzeug.test import TestResponse

from practice.calendar.models import Resource
from practice.core.db import db, read_again, transaction
from practice.core.money import Money
from practice.people.models import Client
from practice.people.rules import Role
from practice.sessions import queries
from practice.sessions.models import Service, ServiceVersion
from practice.sessions.rules.policies import Late, Policy, Tier
from practice.sessions.service import catalog
from tests.browsers import form_token
from tests.factories import OWNER
from tests.integration.sessions.pages.conftest import nothing_changes, text_of
from tests.integration.sessions.staff.conftest import MONDAY, SignedIn, days, session

PREP = {
    "label": "Preparation session, 60 min",
    "about": "Time to get ready together.",
    "price": "175.00",
    "paid": "online",
    "billed_by_practice": "y",
    "minutes": "60",
    "buffer_before": "5",
    "buffer_after": "15",
    "notice_hours": "24",
    "modalities": ["in_person", "telehealth"],
    "roles": ["therapist"],
    "needs_room": "y",
    "code": "P",
    "position": "7",
    "version": "1",
}
NEW = {**PREP, "kind": "prep", "route": "", "label": "Long preparation", "minutes": "120"}
TERMS = {
    "hours_0": "72",
    "percent_0": "0",
    "hours_1": "0",
    "percent_1": "60",
    "no_show": "100",
    "grace": "10",
    "late": "cannot_start",
}


def post(browser: FlaskClient, url: str, answers: dict[str, Any]) -> TestResponse:
    return browser.post(url, data=MultiDict({**answers, "csrf_token": form_token(browser)}))


def service(slug: str) -> Service:
    read_again()
    return db.session.scalars(sa.select(Service).where(Service.slug == slug)).one()


def page_of(slug: str) -> str:
    return f"/settings/services/{service(slug).id}"


def test_the_list_shows_every_service_and_leads_to_its_form(browser: FlaskClient) -> None:
    page = browser.get("/settings/services")

    assert page.text.count('href="/settings/services/') == 16 + 1  # those shipped, and a new one
    assert "Preparation session, 60 min 1 hour 5 + 15 min In person, Video 24 h $175.00" in (
        text_of(page)
    )


def test_a_form_shows_what_the_service_is_beside_the_clients_card(browser: FlaskClient) -> None:
    page = browser.get(page_of("prep_60"))

    assert 'value="175.00"' in page.text
    assert (
        "What clients see Preparation session, 60 min 1 hour In person Video Time to get ready "
        "together: intentions, worries and what the day will be like. $175.00 "
        "We book this with you after your medical evaluation."
    ) in text_of(page)


def test_a_change_holds_for_new_bookings_and_is_remembered(
    browser: FlaskClient, alex: Client, therapist: Resource
) -> None:
    booked = session("prep_60", alex, therapist, MONDAY + days(1), 10)

    answer = post(browser, page_of("prep_60"), PREP | {"price": "190", "minutes": "75"})

    assert (answer.status_code, answer.location) == (303, "/settings/services")
    changed = service("prep_60")
    assert (changed.price, changed.minutes, changed.version) == (Money(19_000, "USD"), 75, 2)
    kept = queries.get_appointment(booked.id)
    assert (kept.price, kept.ends_at - kept.starts_at) == (Money(17_500, "USD"), timedelta(hours=1))
    page = text_of(browser.get(page_of("prep_60")))
    assert "This is version 2." in page
    assert "Length 1 hour 1 hour 15 minutes Practitioner 1" in page
    assert "Price $175.00 $190.00 Practitioner 1" in page


def test_saving_what_is_there_already_makes_no_version(browser: FlaskClient) -> None:
    about = service("prep_60").about

    post(browser, page_of("prep_60"), PREP | {"about": about})

    assert service("prep_60").version == 1
    assert db.session.scalars(sa.select(ServiceVersion)).all() == []


def test_somebody_elses_change_is_not_written_over(browser: FlaskClient) -> None:
    post(browser, page_of("prep_60"), PREP | {"price": "190"})

    late = post(browser, page_of("prep_60"), PREP | {"price": "200"})

    assert late.status_code == 409
    assert "Somebody else has just changed this." in text_of(late)
    assert 'value="200"' in late.text
    assert service("prep_60").price == Money(19_000, "USD")


def test_looking_at_the_card_saves_nothing(browser: FlaskClient) -> None:
    url = page_of("prep_60")
    with nothing_changes():
        page = post(browser, url, PREP | {"label": "Getting ready", "price": "0", "look": "1"})

    assert page.status_code == 200
    assert "What clients see Getting ready 1 hour In person Video" in text_of(page)
    assert "Time to get ready together. Free" in text_of(page)


def test_a_new_service_is_offered_at_once_under_the_shipped_terms(browser: FlaskClient) -> None:
    assert post(browser, "/settings/services/new", NEW).location == "/settings/services"

    made = service("long-preparation")
    assert (made.minutes, made.kind.value, made.version) == (120, "prep", 1)
    assert made.policy == service("prep_60").policy
    assert "Long preparation" in browser.get("/p/tidewater/book/").text


def test_what_is_retired_is_gone_for_clients_and_can_come_back(browser: FlaskClient) -> None:
    url = page_of("intake")

    post(browser, f"{url}/retire", {})
    assert browser.get("/p/tidewater/book/intake/").status_code == 404
    assert "No longer offered" in text_of(browser.get("/settings/services"))

    post(browser, f"{url}/bring-back", {})
    assert browser.get("/p/tidewater/book/intake/").status_code == 200


@pytest.mark.parametrize(
    ("field", "typed", "words"),
    [
        ("minutes", "0", "Length in minutes must be between 5 and 720"),
        ("minutes", "-60", "Length in minutes must be between 5 and 720"),
        ("minutes", "1", "Length in minutes must be between 5 and 720"),
        ("minutes", "100000", "Length in minutes must be between 5 and 720"),
        ("minutes", "NaN", "Length in minutes must be between 5 and 720"),
        ("minutes", "1.5", "Length in minutes must be between 5 and 720"),
        ("minutes", "62", "Length in minutes must be in steps of 5"),
        ("minutes", "", "Enter a number for length in minutes"),
        ("buffer_after", "６０", "Turnover after, in minutes must be between 0 and 240"),
        ("price", "-1", "Enter a price like 175.00, or 0 for a free session"),
        ("price", "0.001", "Enter a price like 175.00, or 0 for a free session"),
        ("price", "1e400", "Enter a price like 175.00, or 0 for a free session"),
        ("price", "1,000.00", "Enter a price like 175.00, or 0 for a free session"),
        ("price", "$10", "Enter a price like 175.00, or 0 for a free session"),
        ("price", "10 EUR", "Enter a price like 175.00, or 0 for a free session"),
        ("label", " ", "Enter a name, like Preparation session, 60 min"),
        ("label", "x" * 10_000, "Use at most 120 characters"),
        ("label", "a\u202eb", "Leave out characters that cannot be seen"),
        ("modalities", "on the moon", "Choose from what is listed"),
        ("modalities", [], "Choose in person, video, or both"),
        ("roles", [], "Choose who holds the session"),
        ("code", "P!", "Enter one to three letters or digits, like P"),
        ("position", "0", "Place in the list must be between 1 and 999"),
        ("paid", "with shells", "Not a valid choice."),
    ],
)
@pytest.mark.database("sqlite")
def test_a_form_that_makes_no_sense_is_refused_beside_its_field(
    browser: FlaskClient, field: str, typed: Any, words: str
) -> None:
    with nothing_changes():
        page = post(browser, page_of("prep_60"), PREP | {field: typed})

    assert page.status_code == 422
    assert page.text.count(words) == 2  # above the form, and beside the field
    assert "Error: " in page.text


def test_only_who_runs_the_practice_gets_in(signed_in: SignedIn) -> None:
    for role in (Role.THERAPIST, Role.FRONT_DESK, Role.BOOKKEEPER):
        browser = signed_in(role)
        assert browser.get("/settings/services").status_code == 403
        assert browser.get("/settings/policies").status_code == 403


# Terms of cancelling -----------------------------------------------------------------------------


def test_the_terms_are_shown_with_the_sentence_that_a_client_reads(browser: FlaskClient) -> None:
    page = text_of(browser.get("/settings/policies"))

    assert "Free up to 48 hours before, 50% with less than 48 hours" in page
    assert (
        "For Intramuscular session, 3 h on Mon, Mar 15, 10:30 AM, clients read: "
        "Cancel free of charge until Sat, Mar 13, 9:30 AM. After that it costs $300.00, "
        "after Sun, Mar 14, 10:30 AM $600.00."
    ) in page  # notice is elapsed time, and the clocks change between


def test_a_sentence_is_written_from_what_is_typed_before_it_is_saved(
    browser: FlaskClient,
) -> None:
    prep = service("prep_60")
    url = f"/settings/policies/{prep.id}"
    with nothing_changes():
        page = post(browser, url, TERMS | {"services": [str(prep.id)], "look": "1"})

    assert (
        "What clients read Preparation session, 60 min, Mon, Mar 15, 10:30 AM "
        "Cancel free of charge until Fri, Mar 12, 9:30 AM. After that it costs $105.00. "
        "If you come more than 10 minutes late, the session cannot start, and counts as "
        "cancelled then. Not coming costs $175.00."
    ) in text_of(page)


def test_terms_are_kept_for_the_chosen_services_with_their_date(
    browser: FlaskClient, alex: Client, therapist: Resource
) -> None:
    booked = session("prep_60", alex, therapist, MONDAY + days(1), 10)
    chosen = [service("prep_60"), service("prep_90")]
    answers = TERMS | {"services": [str(each.id) for each in chosen]}

    answer = post(browser, f"/settings/policies/{chosen[0].id}", answers)

    assert (answer.status_code, answer.location) == (303, "/settings/policies")
    new = Policy(
        tiers=(Tier(72, 0), Tier(0, 60)),
        no_show_percent=100,
        late_grace_minutes=10,
        late=Late.CANNOT_START,
    )
    assert [service(slug).policy == new for slug in ("prep_60", "prep_90", "intake")] == [
        True,
        True,
        False,
    ]
    assert queries.get_appointment(booked.id).policy == service("intake").policy
    page = text_of(browser.get("/settings/policies"))
    assert "Mon, Mar 1, 8:00 AM Preparation session, 60 min, version 2 Cancelling" in page


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"hours_1": "24"}, "The last step says what it costs right up to the start: 0 hours."),
        ({"percent_0": "80"}, "Less notice never costs less, and missing it costs the most."),
        ({"hours_0": "0"}, "Each step asks for fewer hours of notice than the one before."),
        ({"percent_1": "101"}, "Step 2, percent of the price must be between 0 and 100"),
        ({"hours_0": "-1"}, "Step 1, hours of notice must be between 0 and 336"),
        ({"percent_1": ""}, "Fill in both, or leave both empty"),
        ({"services": []}, "Choose at least one kind of session"),
        ({"services": [str(UUID(int=1))]}, "Choose from what is listed"),
        ({"late": ""}, "Choose what happens to somebody who comes late"),
        ({"grace": "NaN"}, "How many minutes late is still in time must be between 0 and 120"),
    ],
)
@pytest.mark.database("sqlite")
def test_terms_that_make_no_sense_are_refused(
    browser: FlaskClient, wrong: dict[str, Any], words: str
) -> None:
    prep = service("prep_60")
    with nothing_changes():
        page = post(
            browser,
            f"/settings/policies/{prep.id}",
            TERMS | {"services": [str(prep.id)]} | wrong,
        )

    assert page.status_code == 422
    assert page.text.count(words) >= 2


def test_two_changes_of_a_service_are_two_versions(therapist: Resource) -> None:
    for minor in (18_000, 19_000):
        offered = queries.offered_by(service("prep_60"))
        with transaction():
            catalog.change(
                service("prep_60").id,
                replace(offered, price=Money(minor, "USD")),
                seen=service("prep_60").version,
                by=OWNER,
            )

    read_again()
    kept = db.session.scalars(sa.select(ServiceVersion).order_by(ServiceVersion.number)).all()
    assert [(each.number, each.terms["price_minor"]) for each in kept] == [(1, 17_500), (2, 18_000)]
