"""Papers on both databases: issued once, numbered without gaps, never changed, and tied out."""

import csv
import hashlib
import io
from contextlib import suppress
from datetime import UTC, date, datetime
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa
from flask import Flask
from pypdf import PageObject, PdfReader

from practice.billing import archive, exports, invoice_rows, pdf
from practice.billing.archive import Filter, Totals
from practice.billing.models import Invoice, PaperKind, Payment, Refund, StoredPaper
from practice.billing.rules.invoices import InvoiceState, Line
from practice.billing.rules.payments import PaymentMethod, PaymentState, RefundState
from practice.billing.service import ledger as books
from practice.billing.service import papers
from practice.core.db import db, practice_scope, transaction
from practice.core.errors import Conflict
from practice.core.money import Money
from practice.people.models import Client, Practice
from tests import factories

NOON = datetime(2026, 11, 24, 17, tzinfo=UTC)
PREPARATION = Line(date(2026, 11, 23), "Preparation session, 60 min", 1, Money(17_500, "USD"))


@pytest.fixture
def practice(app: Flask) -> Practice:
    with app.app_context():
        return factories.create_practice()


def pay(client: Client, minor: int, *, for_id: UUID, fee_minor: int = 0) -> Payment:
    payment = Payment(
        client_id=client.id,
        for_id=for_id,
        amount=Money(minor, "USD"),
        label="Appointment payment",
        method=PaymentMethod.CASH,
        state=PaymentState.PAID,
        fee_minor=fee_minor,
        created_at=NOON,
        paid_at=NOON,
    )
    db.session.add(payment)
    db.session.flush()
    papers.issue_receipt(payment)
    return payment


def refund(payment: Payment, minor: int) -> None:
    refund = Refund(
        payment_id=payment.id,
        amount=Money(minor, "USD"),
        state=RefundState.SUCCEEDED,
        reason="cancelled",
        created_at=NOON,
    )
    db.session.add(refund)
    db.session.flush()
    books.give_back(refund, payment)


def issue(client: Client, *lines: Line, for_id: UUID | None = None) -> Invoice:
    return papers.issue_invoice(
        client,
        for_id=for_id or uuid4(),
        source_key=f"test:{uuid4()}",
        lines=lines or (PREPARATION,),
        by=factories.OWNER,
    )


def state_and_amounts(invoice: Invoice) -> tuple[InvoiceState, int, int]:
    listed = archive.get_listed(invoice.id)
    return listed.state, listed.paid.minor, listed.open.minor


def test_an_invoice_takes_what_was_paid_ahead_for_it(app: Flask, practice: Practice) -> None:
    with app.app_context(), factories.made(practice):
        client, session = factories.create_client(), uuid4()
        pay(client, 10_000, for_id=session)
        pay(client, 99_900, for_id=uuid4())

        invoice = issue(client, for_id=session)

        assert invoice.parties["paid_ahead_minor"] == 10_000
        assert state_and_amounts(invoice) == (InvoiceState.PART_PAID, 10_000, 7_500)


def test_a_payment_after_the_invoice_settles_it(app: Flask, practice: Practice) -> None:
    with app.app_context(), factories.made(practice):
        client, session = factories.create_client(), uuid4()
        invoice = issue(client, for_id=session)

        pay(client, 20_000, for_id=session)

        assert state_and_amounts(invoice) == (InvoiceState.PAID, 17_500, 0)


def test_an_invoice_is_issued_once_for_its_source(app: Flask, practice: Practice) -> None:
    with app.app_context(), factories.made(practice):
        client = factories.create_client()
        ask = {"for_id": uuid4(), "source_key": "session:1", "lines": [PREPARATION]}

        first = papers.issue_invoice(client, by=factories.OWNER, **ask)  # type: ignore[arg-type]
        again = papers.issue_invoice(client, by=factories.OWNER, **ask)  # type: ignore[arg-type]

        assert again.id == first.id


def test_a_credit_note_takes_a_whole_invoice_back(app: Flask, practice: Practice) -> None:
    with app.app_context(), factories.made(practice):
        client, session = factories.create_client(), uuid4()
        pay(client, 17_500, for_id=session)
        invoice = issue(client, for_id=session)

        note = papers.credit(invoice, reason="Booked twice", by=factories.OWNER)

        assert (note.number[:3], note.total.minor, note.corrects_id) == ("CN-", -17_500, invoice.id)
        assert state_and_amounts(invoice) == (InvoiceState.CREDITED, 0, 0)
        assert state_and_amounts(note) == (InvoiceState.CREDIT_NOTE, 0, 0)
        with pytest.raises(Conflict):
            papers.credit(invoice, reason="Again", by=factories.OWNER)
        with pytest.raises(Conflict):
            papers.credit(note, reason="Of a note", by=factories.OWNER)


def test_a_refund_of_what_settled_an_invoice_opens_it_again(app: Flask, practice: Practice) -> None:
    with app.app_context(), factories.made(practice):
        client, session = factories.create_client(), uuid4()
        payment = pay(client, 20_000, for_id=session)
        invoice = issue(client, for_id=session)

        refund(payment, 2_500)
        assert state_and_amounts(invoice) == (InvoiceState.PAID, 17_500, 0)

        refund(payment, 500)
        assert state_and_amounts(invoice) == (InvoiceState.PART_PAID, 17_000, 500)


def test_a_number_given_back_is_given_again(app: Flask, practice: Practice) -> None:
    with app.app_context(), practice_scope(practice.id):
        with transaction():
            client = factories.create_client()
            first = issue(client).number
        with suppress(ZeroDivisionError), transaction():
            issue(client)
            raise ZeroDivisionError
        with transaction():
            second = issue(client).number

        assert [first[-5:], second[-5:]] == ["00001", "00002"]


def test_numbers_belong_to_their_practice(app: Flask, practice: Practice) -> None:
    with app.app_context():
        other = factories.create_practice(slug="harbor")
        numbers = []
        for one in (practice, other):
            with factories.made(one):
                numbers.append(issue(factories.create_client()).number)

        assert numbers[0] == numbers[1]


@pytest.mark.parametrize("table", ["invoices", "invoice_lines", "allocations", "receipts"])
@pytest.mark.parametrize("change", ["UPDATE {} SET practice_id = practice_id", "DELETE FROM {}"])
def test_what_is_issued_is_never_changed(
    app: Flask, practice: Practice, table: str, change: str
) -> None:
    with app.app_context():
        with factories.made(practice):
            client, session = factories.create_client(), uuid4()
            pay(client, 17_500, for_id=session)
            issue(client, for_id=session)

        with pytest.raises(sa.exc.DBAPIError), factories.made(practice):
            db.session.execute(sa.text(change.format(table)))


def test_the_list_the_totals_and_the_export_tie_out(app: Flask, practice: Practice) -> None:
    with app.app_context(), factories.made(practice):
        client = factories.create_client(first_name="=Ada", last_name="Ortiz")
        both, half = uuid4(), uuid4()
        pay(client, 10_000, for_id=both, fee_minor=320)
        pay(client, 25_000, for_id=both, fee_minor=755)
        part = pay(client, 9_000, for_id=half, fee_minor=291)
        issue(client, PREPARATION, PREPARATION, for_id=both)
        issue(client, for_id=half)
        refund(part, 1_000)
        papers.credit(issue(client), reason="Booked twice", by=factories.OWNER)

        rows = list(
            csv.DictReader(
                io.StringIO(
                    "".join(exports.csv_lines(invoice_rows.export_rows(Filter()))).lstrip("\ufeff")
                )
            )
        )
        totals = archive.totals(Filter(), "USD")
        listed = archive.invoices(Filter())

        def total(column: str) -> int:
            return sum(round(float(row[column]) * 100) for row in rows)

        assert totals == Totals(4, Money(52_500, "USD"), Money(43_000, "USD"), Money(9_500, "USD"))
        assert (total("amount"), total("paid")) == (52_500, 43_000)
        assert (total("fee"), total("refunded")) == (320 + 755 + 291, 1_000)
        assert sum(row.total.minor for row in listed) == 52_500
        assert sum(row.open.minor for row in listed) == 9_500
        assert {row["client"] for row in rows} == {"'=Ada Ortiz"}
        assert [row["quantity"] for row in rows] == ["1"] * 5


@pytest.mark.parametrize(
    ("which", "count"),
    [
        (Filter(), 3),
        (Filter(state=InvoiceState.OPEN), 0),
        (Filter(state=InvoiceState.PAID), 1),
        (Filter(state=InvoiceState.CREDITED), 1),
        (Filter(state=InvoiceState.CREDIT_NOTE), 1),
        (Filter(search="bell"), 3),
        (Filter(search="%"), 0),
        (Filter(search="CN-"), 1),
        (Filter(first_on=date(2099, 1, 1)), 0),
        (Filter(last_on=date(2020, 1, 1)), 0),
    ],
)
def test_a_filter_narrows_list_and_totals_alike(
    app: Flask, practice: Practice, which: Filter, count: int
) -> None:
    with app.app_context(), factories.made(practice):
        client, session = factories.create_client(), uuid4()
        pay(client, 17_500, for_id=session)
        issue(client, for_id=session)
        papers.credit(issue(client), reason="Booked twice", by=factories.OWNER)

        assert len(archive.invoices(which)) == count
        assert archive.totals(which, "USD").count == count


def fonts_of(page: PageObject) -> list[str]:
    resources = page["/Resources"].get_object()
    return [str(font.get_object()["/BaseFont"]) for font in resources["/Font"].values()]  # type: ignore[index]


def test_a_pdf_is_made_once_and_kept_with_its_hash(app: Flask, practice: Practice) -> None:
    assert pdf.missing() is None, "this machine cannot make PDF files"
    with app.app_context(), practice_scope(practice.id):
        with transaction():
            invoice = issue(factories.create_client(first_name="Ada", last_name="Ortiz"))

        first = pdf.paper(PaperKind.INVOICE, invoice.id)
        again = pdf.paper(PaperKind.INVOICE, invoice.id)

        assert first is not None
        assert again == first
        stored = db.session.scalars(sa.select(StoredPaper)).one()
        assert stored.sha256 == hashlib.sha256(first).hexdigest()
        pages = PdfReader(io.BytesIO(first)).pages
        text = "".join(page.extract_text() for page in pages)
        assert any("Atkinson" in font for font in fonts_of(pages[0]))
        for words in (invoice.number, "Ada Ortiz", "$175.00", "1 Market Street"):
            assert words in text
