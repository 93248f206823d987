"""Giving a payment back on its page: asked, looked at, done once, to the cent that was shown."""

import re
from datetime import date
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from practice.billing import accounts, archive, ledger
from practice.billing.models import Invoice, InvoiceKind, InvoiceLine, Payment, Refund
from practice.billing.rules.invoices import Line
from practice.billing.rules.payments import PaymentMethod, RefundState
from practice.billing.service import papers, verifying, visit
from practice.core.db import db, read_again, transaction
from practice.core.money import Money
from practice.people.models import Client
from tests import factories
from tests.browsers import send
from tests.integration.sessions.pages.conftest import _rows, text_of

ON = date(2027, 3, 1)
LOG = {"audit_entries", "jobs", "messages", "throttles", "sign_ins"}


def paid(client: Client, *minors: int, ahead: int = 0) -> tuple[Payment, Invoice]:
    """Let a client pay in cash for an invoice of such lines, and so much ahead of the next."""
    with transaction():
        session = uuid4()
        lines = [
            Line(ON, f"Line {number}", 1, Money(minor, "USD"))
            for number, minor in enumerate(minors, start=1)
        ]
        invoice = papers.issue_invoice(
            client, for_id=session, source_key=f"test:{session}", lines=lines, by=factories.OWNER
        )
        amount = Money(sum(minors) + ahead, "USD")
        payment = visit.record(client.id, session, amount, PaymentMethod.CASH, factories.OWNER)
    return payment, invoice


def lines_of(invoice: Invoice) -> list[UUID]:
    asked = sa.select(InvoiceLine.id).where(InvoiceLine.invoice_id == invoice.id)
    return list(db.session.scalars(asked.order_by(InvoiceLine.position)))


def hidden(page: str) -> dict[str, str]:
    """Return what the last look would send along."""
    found = re.findall(r'<input[^>]*type="hidden"[^>]*>', page)
    pairs = {}
    for each in found:
        name = re.search(r'name="([^"]*)"', each)
        value = re.search(r'value="([^"]*)"', each)
        if name and name[1] != "csrf_token":
            pairs[name[1]] = value[1] if value else ""
    return pairs


def look(browser: FlaskClient, payment: Payment, **answers: str) -> tuple[str, dict[str, str]]:
    given = {"how": "all", "way": "back", "reason": "Paid twice", "give_back_id": str(uuid4())}
    answer = send(browser, f"/billing/payments/{payment.id}/give-back", given | answers)
    assert answer.status_code == 200
    return text_of(answer), hidden(answer.text)


def test_lines_go_back_with_a_credit_note_and_a_second_click_does_nothing(
    browser: FlaskClient, alex: Client
) -> None:
    payment, invoice = paid(alex, 17_500, 4_000, ahead=1_000)
    one, _ = lines_of(invoice)

    page, answers = look(browser, payment, how="lines", lines=str(one))
    assert "Give back $175.00? Of the payment of $225.00 by Alex Bell." in page
    assert f"Had paid lines of {invoice.number} $175.00 Paid back in cash $175.00" in page
    assert f"A credit note over $175.00 for {invoice.number} is issued." in page
    address = f"/billing/payments/{payment.id}/give-back"
    for _ in range(2):
        assert send(browser, address, answers | {"confirm": "1"}).status_code == 303

    read_again()
    note = db.session.scalars(sa.select(Invoice).where(Invoice.corrects_id == invoice.id)).one()
    assert (note.total.minor, note.parties["reason"]) == (-17_500, "Paid twice")
    assert [(each.amount.minor, each.state) for each in db.session.scalars(sa.select(Refund))] == [
        (17_500, RefundState.SUCCEEDED)
    ]
    listed = archive.get_listed(invoice.id)
    assert (listed.paid.minor, listed.open.minor) == (4_000, 0)
    # What was taken back is not to be paid again; what was paid ahead waits as before.
    assert accounts.kept_minor([payment.for_id]) == {payment.for_id: 17_500 + 4_000 + 1_000}
    assert ledger.credit_for(payment.for_id) == 1_000
    assert verifying.problems() == []
    shown = text_of(browser.get(f"/billing/payments/{payment.id}"))
    assert f"{note.number}" in shown
    assert "Left of it $50.00" in shown


def test_a_part_is_taken_from_what_is_unused_first_and_the_rest_is_owed_anew(
    browser: FlaskClient, alex: Client
) -> None:
    payment, invoice = paid(alex, 17_500, ahead=1_000)

    page, answers = look(browser, payment, how="part", amount="60")
    assert f"From what was paid ahead $10.00 Taken out of {invoice.number} $50.00" in page
    assert f"$50.00 of {invoice.number} is to pay again." in page
    send(browser, f"/billing/payments/{payment.id}/give-back", answers | {"confirm": "1"})

    read_again()
    assert archive.get_listed(invoice.id).open.minor == 5_000
    assert accounts.kept_minor([payment.for_id]) == {payment.for_id: 12_500}


def test_lines_turn_into_credit_that_settles_what_comes_next(
    browser: FlaskClient, alex: Client
) -> None:
    payment, invoice = paid(alex, 17_500)

    _, answers = look(browser, payment, how="lines", lines=str(lines_of(invoice)[0]), way="credit")
    send(browser, f"/billing/payments/{payment.id}/give-back", answers | {"confirm": "1"})
    read_again()
    assert ledger.free_credit(alex.id) == 17_500
    with transaction():
        later = papers.issue_invoice(
            alex,
            for_id=uuid4(),
            source_key="test:later",
            lines=[Line(ON, "Later", 1, Money(20_000, "USD"))],
            by=factories.OWNER,
        )

    assert archive.get_listed(later.id).open.minor == 2_500
    assert accounts.kept_minor([later.for_id or uuid4(), payment.for_id]) == {
        later.for_id: 17_500,
        payment.for_id: 17_500,
    }
    assert db.session.scalars(sa.select(Refund)).all() == []
    kinds = db.session.scalars(sa.select(Invoice.kind).order_by(Invoice.issued_at)).all()
    assert kinds.count(InvoiceKind.CREDIT_NOTE) == 1
    assert verifying.problems() == []


@pytest.mark.parametrize(
    ("answers", "words"),
    [
        ({"how": "part", "amount": "185.01"}, "Only $185.00 is left of this payment"),
        ({"how": "part", "amount": "-5"}, "Enter an amount in US dollars"),
        ({"how": "part", "amount": "5.005"}, "Enter an amount in US dollars"),
        ({"how": "part", "amount": "€5.00"}, "Enter an amount in US dollars"),
        ({"how": "part", "amount": "0.00"}, "Enter an amount of more than zero"),
        ({"how": "part", "amount": "11", "way": "credit"}, "Only $10.00 of this payment is unused"),
        ({"how": "lines"}, "Choose at least one line"),
        ({"how": "lines", "lines": str(uuid4())}, "A line that was chosen was taken back already"),
        ({"way": "gold"}, "Not a valid choice"),
        ({"reason": ""}, "Write down why"),
    ],
)
def test_what_makes_no_sense_is_said_beside_the_field_and_changes_nothing(
    browser: FlaskClient, alex: Client, answers: dict[str, str], words: str
) -> None:
    payment, _ = paid(alex, 17_500, ahead=1_000)
    before = _rows(LOG)

    given = {"how": "all", "way": "back", "reason": "A test", "give_back_id": str(uuid4())}
    answer = send(
        browser,
        f"/billing/payments/{payment.id}/give-back",
        given | answers | {"confirm": "1"},
    )

    assert answer.status_code == 422
    assert text_of(answer).count(words) == 2  # above, and beside the field
    assert _rows(LOG) == before


def test_what_changed_since_the_last_look_is_looked_at_again(
    browser: FlaskClient, alex: Client
) -> None:
    payment, _ = paid(alex, 17_500)
    address = f"/billing/payments/{payment.id}/give-back"
    _, mine = look(browser, payment)
    _, theirs = look(browser, payment, how="part", amount="25.00")
    send(browser, address, theirs | {"confirm": "1"})
    before = _rows(LOG)

    answer = send(browser, address, mine | {"confirm": "1"})

    assert answer.status_code == 409
    assert "Something changed since you looked." in text_of(answer)
    assert _rows(LOG) == before
