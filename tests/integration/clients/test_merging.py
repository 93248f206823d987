"""Two clients who are one person: what moves, what stays, and what an undo puts back."""

import re
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from practice.audit.rules import Actor
from practice.billing import ledger
from practice.billing.rules.invoices import Line
from practice.billing.rules.payments import PaymentMethod
from practice.billing.service import ledger as books
from practice.billing.service import papers, verifying, visit
from practice.calendar.models import Claim, DetailLevel, Resource
from practice.calendar.rules.free import Wanted
from practice.calendar.service import claims, feeds
from practice.calendar.wishes import Wish
from practice.clients import references
from practice.clients.models import ClientMerge
from practice.clients.rules.papers import PaperKind
from practice.clients.rules.treatments import Helped
from practice.clients.service import Care, Tried, merging, write_care, write_treatment
from practice.core.db import db, read_again, transaction
from practice.core.errors import Conflict
from practice.core.money import Money
from practice.guards import FROZEN
from practice.people.models import Client
from practice.people.queries import get_practice
from tests import factories
from tests.browsers import send
from tests.integration.sessions.conftest import Clock
from tests.integration.sessions.pages.conftest import _rows, at, text_of
from tests.integration.sessions.staff.conftest import (
    MONDAY,
    days,
    put_on_file,
    session,
)

KEEP_OUT = {"audit_entries", "client_merges", "tasks", "jobs", "throttles", "sign_ins"}
"""What a merge and its undo add to, by being what was done."""


@pytest.fixture
def double(browser: FlaskClient, alex: Client, owner: Actor, therapist: Resource) -> Client:
    """A second entry of the same person, with one of everything."""
    with transaction():
        double = factories.create_client(first_name="Al", last_name="Bell")
        double.birth_on = "1984-02-29"
    coming = session("prep_60", double, therapist, MONDAY + days(2), 9)
    delivered = session("integration_60", double, therapist, MONDAY, 7)
    for deed in ("arrive", "complete"):
        send(browser, f"/sessions/{delivered.id}/{deed}")
    put_on_file(double, PaperKind.CONSENT_KETAMINE, by=owner)
    with transaction():
        write_care(double, Care("Low mood", None), by=owner)
        write_treatment(double, Tried("Sertraline", "2019", Helped.SOME, None), by=owner)
        place = claims.open_for_client(double.id)
        claims.take(coming.id, [Wanted(place, coming.starts_at, coming.ends_at)])
    return double


def rows() -> dict[str, list[str]]:
    return _rows(KEEP_OUT)


def test_everything_that_points_to_a_client_moves_or_is_frozen() -> None:
    found = {each.key for each in references.to_clients()}

    assert {
        "appointments.client_id",
        "brought_sessions.client_id",
        "card_setups.client_id",
        "cards.client_id",
        "care_profiles.client_id",
        "claims.resource_id",
        "client_merges.kept_id",
        "diagnoses.client_id",
        "feed_subscriptions.resource_id",
        "fees.client_id",
        "messages.client_id",
        "opening_balances.client_id",
        "papers.client_id",
        "payments.client_id",
        "processor_customers.client_id",
        "tasks.about_id",
        "tasks.client_id",
        "treatments_tried.client_id",
    } <= found
    frozen = {each for each in found if each.partition(".")[0] in FROZEN}
    assert frozen == {
        "card_consents.client_id",
        "documents.client_id",
        "invoices.client_id",
        "ledger_entries.client_id",
    }


def test_the_preview_says_what_moves_and_changes_nothing(
    browser: FlaskClient, alex: Client, double: Client
) -> None:
    before = rows()

    page = text_of(browser.get(f"/clients/{alex.id}/merge/{double.id}"))

    assert "Merge Al Bell into Alex Bell?" in page
    moves = "To Alex Bell go: 4 papers, 2 sessions, 1 reason for care, 1 treatment tried before."
    assert moves in page
    assert "Filled in from Al Bell: birth date." in page
    assert "Where they are stay: 2 lines in the books, 1 invoice." in page
    assert rows() == before


def test_one_client_is_left_with_everything_and_the_balance(
    browser: FlaskClient, alex: Client, double: Client
) -> None:
    answer = send(browser, f"/clients/{alex.id}/merge/{double.id}")

    page = text_of(browser.get(answer.location))
    listed = text_of(browser.get("/clients/"))
    assert answer.location == f"/clients/{alex.id}"
    assert "Preparation session, 60 min" in page
    assert "Low mood" in page
    assert "Sertraline 2019 It helped somewhat" in page
    assert "$175.00 open" in page
    assert "Birth date Feb 29, 1984" in page
    assert "Merged with Al Bell" in page
    assert "Al Bell" not in listed
    assert "$175.00" in listed
    gone = text_of(browser.get(f"/clients/{double.id}"))
    assert "Merged into Alex Bell" in gone
    assert "Bring back" not in gone
    assert db.session.scalar(sa.select(Claim.resource_id)) == alex.id


def test_an_undo_restores_exactly(browser: FlaskClient, alex: Client, double: Client) -> None:
    with transaction():
        claims.open_for_client(alex.id)  # the place in the calendar stays, and hurts nobody
    before = rows()
    send(browser, f"/clients/{alex.id}/merge/{double.id}")
    read_again()
    merge = db.session.scalars(sa.select(ClientMerge)).one()
    assert rows() != before

    page = text_of(browser.get(f"/clients/merges/{merge.id}/undo"))
    answer = send(browser, f"/clients/merges/{merge.id}/undo")

    assert "Back to Al Bell go: 4 papers, 2 sessions, 1 reason for care" in page
    assert answer.location == f"/clients/{double.id}"
    assert without_versions(rows()) == without_versions(before)
    assert send(browser, f"/clients/merges/{merge.id}/undo").status_code == 409


def without_versions(found: dict[str, list[str]]) -> dict[str, list[str]]:
    """Leave out what only ever grows: how often a session or a calendar has changed."""
    return {
        table: rows
        for table, rows in found.items()
        if table not in {"appointments", "resources", "calendar_entries"}
    }


def test_what_came_since_stays_with_the_one_that_was_kept(
    browser: FlaskClient, alex: Client, double: Client, owner: Actor
) -> None:
    send(browser, f"/clients/{alex.id}/merge/{double.id}")
    put_on_file(alex, PaperKind.CONSENT_TREATMENT, by=owner)
    read_again()
    merge = db.session.scalars(sa.select(ClientMerge)).one()

    send(browser, f"/clients/merges/{merge.id}/undo")

    assert "Treatment and privacy consents On file" in text_of(browser.get(f"/clients/{alex.id}"))
    assert "Consent to ketamine On file" in text_of(browser.get(f"/clients/{double.id}"))


def test_after_thirty_days_a_merge_stays(
    alex: Client, double: Client, owner: Actor, time: Clock
) -> None:
    with transaction():
        merge = merging.merge(alex.id, double.id, by=owner)

    time.now += timedelta(days=30, seconds=1)
    with pytest.raises(Conflict, match="That time is over"), transaction():
        merging.undo(merge.id, by=owner)


def test_two_sessions_at_the_same_time_cannot_be_one_persons(
    browser: FlaskClient, alex: Client, double: Client, therapist: Resource
) -> None:
    with transaction():
        place = claims.open_for_client(alex.id)
        start = at(MONDAY + days(2), 9, 30)
        claims.take(alex.id, [Wanted(place, start, start + timedelta(hours=1))])

    page = browser.get(f"/clients/{alex.id}/merge/{double.id}")
    answer = send(browser, f"/clients/{alex.id}/merge/{double.id}")

    assert "one person cannot be in two places" in text_of(page)
    assert answer.status_code == 409


def test_nobody_is_merged_with_themselves_or_into_somebody_archived(
    browser: FlaskClient, alex: Client, owner: Actor
) -> None:
    with transaction():
        other = factories.create_client()
    send(browser, f"/clients/{other.id}/archive")

    assert send(browser, f"/clients/{alex.id}/merge/{alex.id}").status_code == 422
    assert send(browser, f"/clients/{other.id}/merge/{alex.id}").status_code == 409


def test_the_task_of_the_same_address_leads_to_the_merge_and_is_done_by_it(
    browser: FlaskClient, alex: Client, therapist: Resource
) -> None:
    new = {"first_name": "Al", "last_name": "B", "email": alex.email, "phone": "757 555 0123"}
    second = send(browser, "/clients/new", new).location
    merge = f"/clients/{alex.id}/merge/{second.rpartition('/')[2]}"

    assert f'href="{merge}"' in browser.get("/tasks").text
    send(browser, merge)

    assert "same email address" not in text_of(browser.get("/tasks"))


def test_both_reasons_for_care_stay_and_the_gaps_are_filled(
    browser: FlaskClient, alex: Client, double: Client, owner: Actor
) -> None:
    with transaction():
        write_care(alex, Care(None, "Talk therapy"), by=owner)

    send(browser, f"/clients/{alex.id}/merge/{double.id}")

    page = text_of(browser.get(f"/clients/{alex.id}"))
    assert "Low mood" in page
    assert "Talk therapy" in page
    read_again()
    merge = db.session.scalars(sa.select(ClientMerge)).one()
    send(browser, f"/clients/merges/{merge.id}/undo")
    assert "Low mood" not in text_of(browser.get(f"/clients/{alex.id}"))


# Calendars ---------------------------------------------------------------------------------------


def link_of(client_id: UUID, owner: Actor) -> str:
    """Make a calendar link of a client's own, and return its address."""
    with transaction():
        own = db.session.get_one(Resource, (get_practice().id, claims.open_for_client(client_id)))
        _, secret = feeds.subscribe(
            own,
            Wish(label="Phone", level=DetailLevel.PLAIN),
            by=owner,
            made_by=client_id,
        )
    return f"/calendar/feeds/{secret}/calendar.ics"


def shown(app: Flask, link: str) -> set[str]:
    """Return the days that a link shows sessions on."""
    answer = app.test_client().get(link)
    assert answer.status_code == 200
    return set(re.findall(r"DTSTART[^:]*:(\d{8})T", answer.text.partition("BEGIN:VEVENT")[2]))


def test_the_link_of_either_shows_the_sessions_of_both_after_a_merge(
    app: Flask, alex: Client, double: Client, therapist: Resource, owner: Actor
) -> None:
    hers = session("prep_60", alex, therapist, MONDAY + days(3), 9)
    with transaction():
        place = claims.open_for_client(alex.id)
        claims.take(hers.id, [Wanted(place, hers.starts_at, hers.ends_at)])
    link = link_of(double.id, owner)
    assert shown(app, link) == {f"{MONDAY + days(2):%Y%m%d}"}
    known = app.test_client().get(link).headers["ETag"]

    with transaction():
        merging.merge(alex.id, double.id, by=owner)

    assert shown(app, link) == {f"{MONDAY + days(each):%Y%m%d}" for each in (2, 3)}
    again = app.test_client().get(link, headers={"If-None-Match": known})
    assert again.status_code == 200


def test_a_merge_that_was_undone_leaves_no_session_in_the_calendar_of_the_other(
    app: Flask, alex: Client, double: Client, owner: Actor
) -> None:
    link = link_of(alex.id, owner)
    with transaction():
        merge = merging.merge(alex.id, double.id, by=owner)
    assert shown(app, link) == {f"{MONDAY + days(2):%Y%m%d}"}
    known = app.test_client().get(link).headers["ETag"]

    with transaction():
        merging.undo(merge.id, by=owner)

    assert shown(app, link) == set()
    again = app.test_client().get(link, headers={"If-None-Match": known})
    assert again.status_code == 200


# Archive -----------------------------------------------------------------------------------------


def test_a_client_is_archived_and_comes_back(browser: FlaskClient, alex: Client) -> None:
    send(browser, f"/clients/{alex.id}/archive")

    assert "Archived Mon, Mar 1. Nothing was deleted." in text_of(
        browser.get(f"/clients/{alex.id}")
    )
    assert "Alex Bell" not in text_of(browser.get("/clients/"))
    assert browser.get(f"/sessions/new?client={alex.id}").status_code == 409

    send(browser, f"/clients/{alex.id}/archive")
    page = text_of(browser.get(f"/clients/{alex.id}"))
    assert "Brought back from the archive" in page
    assert "Alex Bell" in text_of(browser.get("/clients/"))


def test_who_has_a_session_to_come_stays(
    browser: FlaskClient, alex: Client, therapist: Resource
) -> None:
    session("prep_60", alex, therapist, MONDAY + days(2), 9)

    answer = send(browser, f"/clients/{alex.id}/archive")

    assert answer.status_code == 409
    assert "Cancel it first" in text_of(answer)


# Tried before, and history -----------------------------------------------------------------------


def test_treatments_are_written_changed_and_taken_off(browser: FlaskClient, alex: Client) -> None:
    url = f"/clients/{alex.id}/treatments/"
    tried = {"what": "Sertraline 100 mg", "when": "2019", "helped": "some", "effect": "Flat"}
    assert send(browser, f"{url}new", tried | {"helped": "maybe"}).status_code == 422
    send(browser, f"{url}new", tried)

    page = browser.get(f"/clients/{alex.id}")
    one = page.text.partition(f'href="{url}')[2][4:].partition(f'href="{url}')[2].partition('"')[0]
    assert "Sertraline 100 mg 2019 It helped somewhat, or for a while Flat" in text_of(page)

    send(browser, url + one, tried | {"helped": "worse"})
    assert "It made things worse" in text_of(browser.get(f"/clients/{alex.id}"))

    send(browser, f"{url}{one}/remove")
    page = browser.get(f"/clients/{alex.id}")
    assert "Sertraline" not in text_of(page)
    assert "Treatment tried before taken off the list" in text_of(page)


def test_a_history_names_what_changed_and_never_what_it_was(
    browser: FlaskClient, alex: Client
) -> None:
    changed = {
        "first_name": "Alex",
        "last_name": "Bell",
        "email": "new@mail.example",
        "phone": "757 555 0199",
    }

    send(browser, f"/clients/{alex.id}/edit", changed)

    page = text_of(browser.get(f"/clients/{alex.id}"))
    assert "Contact details changed: email, mobile number Mon, Mar 1, 8:00 AM, by Pract" in page


def test_what_was_paid_ahead_follows_to_the_kept_client_and_back(
    alex: Client, owner: Actor
) -> None:
    with transaction():
        double = factories.create_client()
        free, held = uuid4(), uuid4()
        for for_id in (free, held):
            visit.record(double.id, for_id, Money(5_000, "USD"), PaymentMethod.CASH, owner)
        books.set_free(free, by=owner)

    def stand() -> list[tuple[int, int]]:
        read_again()
        found = [
            ledger.balances([each]).get(each, ledger.Balance()) for each in (alex.id, double.id)
        ]
        frees = [ledger.free_credit(each) for each in (alex.id, double.id)]
        return list(zip((each.credit_minor for each in found), frees, strict=True))

    assert stand() == [(0, 0), (10_000, 5_000)]
    with transaction():
        merge = merging.merge(alex.id, double.id, by=owner)
    assert stand() == [(10_000, 5_000), (0, 0)]
    with transaction():
        later = papers.issue_invoice(
            alex,
            for_id=uuid4(),
            source_key="test:later",
            lines=[Line(MONDAY, "Later", 1, Money(2_000, "USD"))],
            by=owner,
        )
    assert ledger.open_minor(later.id) == 0
    with transaction():
        merging.undo(merge.id, by=owner)
    assert stand() == [(0, 0), (8_000, 3_000)]
    assert verifying.problems() == []


def test_a_client_who_is_archived_has_no_calendar_links_any_more(
    app: Flask, browser: FlaskClient, alex: Client, owner: Actor
) -> None:
    link = link_of(alex.id, owner)
    known = {"If-None-Match": app.test_client().get(link).headers["ETag"]}
    assert app.test_client().get(link, headers=known).status_code == 304

    send(browser, f"/clients/{alex.id}/archive")

    assert app.test_client().get(link, headers=known).status_code == 404
