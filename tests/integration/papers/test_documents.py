"""Superbills, estimates and statements, from what was held and booked to the PDF."""

import hashlib
import io
from datetime import date
from itertools import count
from types import SimpleNamespace

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from fontTools.misc import timeTools
from pypdf import PdfReader

from practice.audit.models import AuditEntry
from practice.audit.rules import Actor, ActorKind
from practice.billing import documents, pdf
from practice.billing.document_models import Document, DocumentFile
from practice.billing.rules.payments import PaymentMethod
from practice.billing.service import statements, visit
from practice.billing.service.documents import issue
from practice.calendar.models import Resource
from practice.clients.models import Paper
from practice.clients.rules.papers import PaperKind
from practice.clients.service import record_diagnosis, write_member_id
from practice.core.db import db, read_again, transaction
from practice.core.money import Money
from practice.outbox.models import Message, Task
from practice.people import changing
from practice.people.identifiers import Provider
from practice.people.models import Client, Practice, User
from practice.people.providers import describe
from practice.people.rules import Role
from practice.sessions import queries
from practice.sessions.models import Appointment
from practice.sessions.rules.codes import CodeLine, Codes
from practice.sessions.rules.lifecycle import AppointmentState
from practice.sessions.service import codes, estimates, superbills
from tests import factories
from tests.browsers import send, sign_in_client
from tests.integration.sessions.conftest import Clock, practice, therapist, time
from tests.integration.sessions.staff.conftest import (
    MONDAY,
    SignedIn,
    browser,
    days,
    owner,
    session,
    signed_in,
)

__all__ = ["browser", "owner", "practice", "signed_in", "therapist", "time"]

ME = Provider("LPC", "1234567893", "0701-1", "VA")
PERIOD = (date(2027, 1, 1), MONDAY)
LINES = (CodeLine(code="H0004", label="Talk", units=4),)


@pytest.fixture
def alex(practice: Practice, therapist: Resource, owner: Actor) -> Client:
    """A client of whom everything is known that insurers ask for."""
    with transaction():
        alex = factories.create_client(first_name="Alex", last_name="Bell")
        alex.birth_on, alex.address = "1984-02-29", "9 Elm Street\nNorfolk, VA 23505"
        for code in ("F41.1", "F33.1"):
            record_diagnosis(alex, code, dated_on=MONDAY, is_primary=True, today=MONDAY, by=owner)
        write_member_id(alex, "XYZ 77", by=owner)
        describe(owner.id or alex.id, ME, by=owner)
        changing.edit({"tax_id": "12-3456789", "group_npi": ME.npi}, by=owner)
        for slug in ("prep_60", "intake"):
            codes.keep(queries.get_service(slug).id, Codes(lines=LINES), by=owner)
    return alex


def hold(browser: FlaskClient, alex: Client, host: Resource, hour: int = 7) -> Appointment:
    """Let a session be held today, with its invoice."""
    held = session("prep_60", alex, host, MONDAY, hour)
    for deed in ("arrive", "complete"):
        send(browser, f"/sessions/{held.id}/{deed}")
    return held


def prepared(alex: Client, by: Actor) -> superbills.Prepared:
    (found,) = superbills.prepare(alex, *PERIOD, by=by)
    return found


def text_of(body: bytes) -> str:
    pages = PdfReader(io.BytesIO(body)).pages
    return " ".join(" ".join(page.extract_text() for page in pages).split())


def test_a_superbill_has_every_field_and_its_pdf_stays_the_same(
    monkeypatch: pytest.MonkeyPatch, browser: FlaskClient, alex: Client, therapist: Resource
) -> None:
    owner, seconds = Actor(ActorKind.STAFF, therapist.user_id), count(1_800_000_000, 60)
    monkeypatch.setattr(timeTools, "time", SimpleNamespace(time=lambda: next(seconds)))
    held = hold(browser, alex, therapist)
    session("prep_60", alex, therapist, MONDAY - days(2), 9, state=AppointmentState.NO_SHOW)
    with transaction():
        visit.record(alex.id, held.id, Money(100_00, "USD"), PaymentMethod.CASH, owner)
    preview = browser.get(f"/clients/{alex.id}/superbill?from=2027-01-01&to=2027-03-01")
    assert "Issue the superbill of" in preview.text

    sent = send(
        browser,
        f"/clients/{alex.id}/superbill",
        {
            "from": "2027-01-01",
            "to": "2027-03-01",
            "provider": str(owner.id),
            "seen": prepared(alex, owner).finished.mark,  # type: ignore[union-attr]
        },
    )
    read_again()
    (issued,) = documents.documents_of([alex.id])
    first, again, anew = (work(issued.id) for work in (pdf.document, pdf.document, pdf.make))

    assert sent.status_code == 303
    assert first == again == anew
    file = db.session.scalars(sa.select(DocumentFile)).one()
    assert file.sha256 == hashlib.sha256(first or b"").hexdigest()
    assert b"%PDF" not in file.body_sealed
    said = text_of(first or b"")
    for words in (
        *("Practitioner 1, LPC", "License 0701-1, VA", "NPI 1234567893", "12-3456789"),
        *("NPI of the practice 1234567893", "1 Market Street", "(757) 555-0100"),
        *("Alex Bell", "Feb 29, 1984", "9 Elm Street", "XYZ 77", "F33.1", "F41.1"),
        *("Mar 1, 2027", "H0004", "AB", "Talk", "$175.00", "$100.00", "$75.00 is still open"),
        "Signed electronically by Practitioner 1",
    ):
        assert words in said, words
    assert said.index("F33.1") < said.index("F41.1")  # the primary one
    assert said.count("H0004") == 1  # what was missed is not on it
    root = PdfReader(io.BytesIO(first or b"")).trailer["/Root"]
    assert (root["/MarkInfo"]["/Marked"], root["/Lang"]) == (True, "en-US")  # type: ignore[index]
    assert b"pdfuaid" in root["/Metadata"].get_data()  # type: ignore[index]


def test_what_a_superbill_lacks_is_said_in_words_and_refused(
    browser: FlaskClient, alex: Client, therapist: Resource, owner: Actor
) -> None:
    hold(browser, alex, therapist)
    with transaction():
        describe(owner.id or alex.id, Provider("LPC", "", "", ""), by=owner)
        codes.keep(queries.get_service("prep_60").id, Codes(), by=owner)

    page = browser.get(f"/clients/{alex.id}/superbill").text

    for words in (
        "The NPI of the clinician is not in the settings.",
        "The license of the clinician is not in the settings.",
        "Preparation session, 60 min has no codes yet.",
    ):
        assert words in page
    assert "Issue the superbill of" not in page


def test_a_superbill_that_changed_since_its_preview_is_not_issued(
    browser: FlaskClient, alex: Client, therapist: Resource, owner: Actor
) -> None:
    hold(browser, alex, therapist)
    answers = {
        "from": "2027-01-01",
        "to": "2027-03-01",
        "provider": str(owner.id),
        "seen": prepared(alex, owner).finished.mark,  # type: ignore[union-attr]
    }
    hold(browser, alex, therapist, 8)

    sent = send(browser, f"/clients/{alex.id}/superbill", answers)

    assert (sent.status_code, documents.documents_of([alex.id])) == (409, [])


def test_who_sees_no_care_sees_no_superbill_and_a_client_sees_their_own(
    app: Flask, browser: FlaskClient, signed_in: SignedIn, alex: Client, therapist: Resource
) -> None:
    owner = Actor(ActorKind.STAFF, therapist.user_id)
    hold(browser, alex, therapist)
    finished = prepared(alex, owner).finished
    assert finished is not None
    with transaction():
        bill = issue(finished, by=owner)
        noor = factories.create_client(first_name="Noor")
    address, mine = f"/billing/papers/{bill.id}.pdf", f"/me/papers/{bill.id}.pdf"
    browsers = {}
    for client in (alex, noor):
        browsers[client.first_name] = app.test_client()
        sign_in_client(browsers[client.first_name], client)

    assert signed_in(Role.FRONT_DESK).get(address).status_code == 403
    assert signed_in(Role.BOOKKEEPER).get(address).status_code == 403
    assert browser.get(address).status_code == 200
    assert browsers["Noor"].get(mine).status_code == 404
    assert browsers["Alex"].get(mine).mimetype == "application/pdf"
    assert bill.number in browsers["Alex"].get("/me/money").text
    downloads = db.session.execute(
        sa.select(AuditEntry.actor_kind, AuditEntry.actor_id).where(
            AuditEntry.verb == "superbill:download", AuditEntry.subject_id == bill.id
        )
    ).all()
    assert {tuple(row) for row in downloads} == {
        (ActorKind.STAFF.value, owner.id),
        (ActorKind.CLIENT.value, alex.id),
    }


def estimated() -> list[tuple[int, int | None]]:
    """Return the estimates there are, each with its total and how many it replaces."""
    rows = db.session.execute(
        sa.select(Document.total_minor, Document.replaces_id).order_by(Document.number)
    )
    return [(row.total_minor, int(row.replaces_id is not None)) for row in rows]


def test_an_estimate_is_written_by_itself_once_and_again_when_the_price_changes(
    practice: Practice, alex: Client, therapist: Resource
) -> None:
    soon = session("prep_60", alex, therapist, MONDAY + days(2), 9)
    estimates.write_due(practice.id)
    assert estimated() == []  # booked two business days ahead: only on request

    later = session("prep_60", alex, therapist, MONDAY + days(10), 9)
    estimates.write_due(practice.id)
    estimates.write_due(practice.id)
    assert estimated() == [(350_00, 0)]

    with transaction():
        again = queries.get_appointment(later.id)
        again.price = Money(200_00, "USD")
    estimates.write_due(practice.id)
    assert estimated() == [(350_00, 0), (375_00, 1)]

    letters = db.session.scalars(sa.select(Message).where(Message.name == "estimate")).all()
    assert [each.client_id for each in letters] == [alex.id] * 2
    delivered = db.session.scalars(sa.select(Paper).where(Paper.kind == PaperKind.ESTIMATE)).all()
    assert len(delivered) == 2
    assert soon.id != later.id


def test_what_keeps_an_estimate_from_being_written_is_a_task_until_it_is_there(
    practice: Practice, alex: Client, therapist: Resource, owner: Actor
) -> None:
    with transaction():
        describe(owner.id or alex.id, Provider("LPC", "", "1", "VA"), by=owner)
    session("prep_60", alex, therapist, MONDAY + days(10), 9)

    estimates.write_due(practice.id)
    (task,) = db.session.scalars(sa.select(Task)).all()
    assert task.what == (
        "A good faith estimate is due by Tue, Mar 2 and cannot be written. "
        "The NPI of the clinician is not in the settings."
    )

    with transaction():
        describe(owner.id or alex.id, ME, by=owner)
    estimates.write_due(practice.id)
    estimates.write_due(practice.id)
    assert db.session.scalars(sa.select(Task)).all() == []
    assert estimated() == [(175_00, 0)]


def test_an_estimate_says_what_the_law_asks_for_and_no_diagnosis(
    practice: Practice, alex: Client, therapist: Resource, owner: Actor
) -> None:
    for week in range(1, 6):
        session("prep_60", alex, therapist, MONDAY + days(14 * week), 9)
    with transaction():
        (issued,) = estimates.write_for_booked(alex, by=owner)

    said = text_of(pdf.document(issued.id) or b"")

    for words in (
        *("Alex Bell", "Feb 29, 1984", "Preparation session, 60 min", "H0004", "$875.00"),
        *("5 times, about every 2 weeks, Mar 15, 2027 to May 10, 2027", "Mar 14, 2028"),
        *("NPI 1234567893", "12-3456789", "licensed in VA", "Hampton Roads, VA"),
        *("only an estimate", "We may recommend more services", "not a contract"),
        *("$400 or more above", "120 calendar days", "$25 fee", "right to dispute"),
    ):
        assert words in said, words
    assert "F33.1" not in said
    assert "H0004" in said


def test_an_invoice_far_above_its_estimate_has_to_be_confirmed(
    signed_in: SignedIn, alex: Client, therapist: Resource, owner: Actor, time: Clock
) -> None:
    booked = session("prep_60", alex, therapist, MONDAY + days(7), 9)
    with transaction():
        estimates.write_for_booked(alex, by=owner)
        queries.get_appointment(booked.id).price = Money(575_00, "USD")
    time.now = booked.starts_at
    with transaction():
        queries.get_appointment(booked.id).state = AppointmentState.ARRIVED
    browser = signed_in(Role.OWNER, Role.THERAPIST)

    refused = send(browser, f"/sessions/{booked.id}/complete")
    still = queries.get_appointment(booked.id).state
    done = send(browser, f"/sessions/{booked.id}/complete", {"above_estimate": "1"})

    assert (refused.status_code, still) == (409, AppointmentState.ARRIVED)
    assert "$575.00 is billed where estimate GFE-2027-00001 said $175.00" in refused.text
    assert done.status_code == 302


def test_a_statement_ends_with_what_the_client_owes(
    browser: FlaskClient, alex: Client, therapist: Resource, owner: Actor
) -> None:
    held = hold(browser, alex, therapist)
    with transaction():
        visit.record(alex.id, held.id, Money(100_00, "USD"), PaymentMethod.CASH, owner)
        issued = issue(statements.prepare(alex, *PERIOD), by=owner)
        twice = issue(statements.prepare(alex, *PERIOD), by=owner)

    said = text_of(pdf.document(issued.id) or b"")

    assert (issued.id, issued.total) == (twice.id, Money(75_00, "USD"))
    for words in ("Balance before", "$175.00", "$100.00", "To pay"):
        assert words in said


def test_what_is_asked_for_is_shown_before_it_is_issued_and_the_client_can_ask_too(
    app: Flask, browser: FlaskClient, alex: Client
) -> None:
    asked = {"service": str(queries.get_service("prep_60").id), "count": "4"}
    mine = app.test_client()
    sign_in_client(mine, alex)

    look = send(browser, f"/clients/{alex.id}/estimate", asked | {"look": "1"})
    before = documents.documents_of([alex.id])
    issued = send(browser, f"/clients/{alex.id}/estimate", asked)
    again = send(mine, "/me/estimate", asked)
    read_again()
    (estimate,) = documents.documents_of([alex.id])

    assert (look.status_code, before) == (200, [])
    assert "4 still to be scheduled" in look.text
    assert issued.location == f"/billing/papers/{estimate.id}"
    assert again.location == f"/me/papers/{estimate.id}"  # it says the same: it is the same
    assert estimate.total == Money(700_00, "USD")


@pytest.mark.database("sqlite")
@pytest.mark.parametrize(
    ("address", "answers", "words"),
    [
        ("/settings/team/{user}/provider", {"npi": "1234567890"}, "This NPI has a wrong digit"),
        ("/settings/services/{service}/codes", {"code_0": "9083"}, "A code has five characters"),
        (
            "/settings/services/{service}/codes",
            {"place_in_person": "1"},
            "A place of service has two digits",
        ),
        (
            "/settings/services/{service}/codes",
            {"code_0": "H0004", "code_1": "H0005"},
            "Two codes take the rest of the price",
        ),
        (
            "/settings/services/{service}/codes",
            {"code_0": "H0004", "from_minutes_0": "60", "to_minutes_0": "50"},
            "The last minute lies before the first",
        ),
        ("/clients/{client}/diagnoses", {"code": "F33", "dated_on": "2027-03-01"}, "F33 alone"),
        ("/clients/{client}/diagnoses", {"code": "F33.2", "dated_on": "2028-01-01"}, "future"),
        ("/clients/{client}/estimate", {"service": "booked", "count": "0"}, "between 1 and 52"),
    ],
)
def test_bad_input_is_refused_beside_its_field(
    browser: FlaskClient, alex: Client, address: str, answers: dict[str, str], words: str
) -> None:
    service = queries.get_service("prep_60").id
    user = db.session.scalars(sa.select(User.id)).first()
    url = address.format(user=user, service=service, client=alex.id)

    sent = send(browser, url, answers)

    assert sent.status_code == 422
    assert words in sent.text
    assert 'class="problem"' in sent.text
