"""What the mails about money say, written the way they are sent."""

from email.message import EmailMessage
from uuid import uuid4

import pytest
import sqlalchemy as sa

from practice.billing import queries
from practice.billing.rules.payments import PaymentMethod
from practice.billing.service import checkout, refunds, visit
from practice.core.db import db, in_transaction, read_again
from practice.outbox import mail
from practice.outbox.models import Message
from tests import factories, leaks
from tests.integration.billing.conftest import PRICE, Till
from tests.stripe_sandbox import REFUND_FAILS_CARD, Sandbox


def written(name: str) -> EmailMessage:
    read_again()
    return mail.write(db.session.scalars(sa.select(Message).where(Message.name == name)).one())


def text(letter: EmailMessage, kind: str = "plain") -> str:
    body = letter.get_body((kind,))
    assert isinstance(body, EmailMessage)
    return str(body.get_content())


@pytest.fixture
def paid(till: Till, sandbox: Sandbox) -> Till:
    payment_id = till.open()
    sandbox.pay(till.url(payment_id), card=REFUND_FAILS_CARD)
    checkout.sync(payment_id)
    in_transaction(
        lambda: refunds.decide(queries.get_payment(payment_id), PRICE, "cancelled", factories.OWNER)
    )
    till.give_back()
    return till


def test_the_receipt_says_what_came_in_and_where_the_paper_is(paid: Till) -> None:
    letter = written("receipt")

    lines = text(letter).splitlines()
    assert letter["To"] == paid.payer.email
    assert str(letter["Subject"]).startswith("Receipt for $180.00, ")
    assert lines[0] == "We received $180.00. Thank you."
    assert "For: Appointment payment" in lines
    assert f"Your booking and the receipt: {paid.address}/bookings/a-token-of-the-booking/" in lines
    assert f'href="{paid.address}/bookings/a-token-of-the-booking/"' in text(letter, "html")


def test_a_receipt_of_the_visit_has_no_page_to_lead_to(till: Till) -> None:
    in_transaction(
        lambda: visit.record(till.payer.id, uuid4(), PRICE, PaymentMethod.CASH, factories.OWNER)
    )

    letter = written("receipt")

    assert "/bookings/" not in text(letter) + text(letter, "html")


def test_the_refund_says_what_went_back_and_how_long_a_bank_takes(paid: Till) -> None:
    letter = written("refunded")

    assert str(letter["Subject"]).startswith("Refund of $180.00, ")
    assert text(letter).splitlines()[0] == "We gave $180.00 back to you."
    assert "Banks take 5 to 10 days to show it." in text(letter)
    assert "Banks take 5 to 10 days to show it." in text(letter, "html")


def test_the_practice_is_told_what_needs_a_person_and_of_nobody_by_name(
    paid: Till, sandbox: Sandbox
) -> None:
    (refund,) = paid.refunds()
    sandbox.settle_refund(refund.processor_id or "")
    refunds.sync(refund.payment_id)

    letter = written("payment-needs-attention")

    assert letter["To"] == "hello@tidewater.example"
    assert str(letter["Subject"]).startswith("A payment needs you, ")
    assert text(letter).splitlines()[0] == (
        "A refund of $180.00 did not go through: the bank sent the money back. "
        "Give it back another way."
    )
    assert f"{paid.address}/today" in text(letter)
    assert paid.payer.last_name not in str(letter)


def test_no_subject_is_long_or_says_what_was_paid_for(paid: Till) -> None:
    for name in ("receipt", "refunded"):
        subject = str(written(name)["Subject"])
        assert len(subject) < 50
        assert leaks.WORDS.search(subject) is None
