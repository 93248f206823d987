"""The evidence on a disputed payment: all that a bank may see, and no word of the treatment."""

import re
from datetime import timedelta

import pytest
from flask.testing import FlaskClient

from practice.billing import pdf
from practice.billing.book_models import Dispute
from practice.billing.models import Payment
from practice.billing.rules.books import DisputeState
from practice.billing.rules.cards import USES
from practice.billing.rules.evidence import is_clean
from practice.billing.rules.payments import Label, PaymentMethod, PaymentState
from practice.billing.service import card_keeping
from practice.calendar.models import Resource
from practice.core import clock
from practice.core.db import db, transaction
from practice.outbox.models import Message
from practice.outbox.rules import MessageState
from practice.people.models import Client
from practice.sessions.rules.lifecycle import AppointmentState
from tests import factories
from tests.integration.sessions.staff.conftest import MONDAY, session


@pytest.fixture
def dispute(alex: Client, therapist: Resource) -> Dispute:
    """A dispute over a dosing session that took place."""
    held = session("dosing_sl_first", alex, therapist, MONDAY, 6, state=AppointmentState.COMPLETED)
    now = clock.now()
    with transaction():
        payment = Payment(
            client_id=alex.id,
            for_id=held.id,
            amount=held.price,
            label=Label.APPOINTMENT,
            method=PaymentMethod.CARD_ONLINE,
            state=PaymentState.PAID,
            account="",
            created_at=now,
            paid_at=now,
        )
        db.session.add(payment)
        db.session.flush()
        card_keeping.agree(
            alex.id, uses=USES, address="192.0.2.7", by=factories.OWNER, payment_id=payment.id
        )
        dispute = Dispute(
            payment_id=payment.id,
            account="",
            processor_id="du_1",
            state=DisputeState.NEEDS_ANSWER,
            reason="product_not_received",
            amount=held.price,
            opened_at=now,
            due_at=now + timedelta(days=9),
        )
        told = [("booked", MessageState.SENT), ("choose-times", MessageState.SENT)]
        mails = [
            Message(
                name=name,
                key=name,
                to=alex.email,
                about_id=held.id,
                client_id=alex.id,
                facts={},
                state=state,
                created_at=now,
                sent_at=now,
            )
            for name, state in [*told, ("reminder", MessageState.WAITING)]
        ]
        db.session.add_all([dispute, *mails])
    return dispute


def test_a_bank_sees_what_was_agreed_and_done_and_nothing_clinical(
    browser: FlaskClient, dispute: Dispute
) -> None:
    page = browser.get(f"/billing/disputes/{dispute.id}").text
    words = re.sub(r"<[^>]+>|\s+", " ", page[page.index("The payment</h2>") :])

    assert is_clean(words[: words.index("Turn off")] if "Turn off" in words else words)
    for told in (
        "Appointment payment",
        "Took place",
        "Cancel free of charge until",
        "may charge this card without asking again",
        "from 192.0.2.7",
        "Booking confirmed",
    ):
        assert told in words
    assert "Reminder" not in words


def test_the_evidence_is_one_pdf(browser: FlaskClient, dispute: Dispute) -> None:
    answer = browser.get(f"/billing/disputes/{dispute.id}/evidence")

    if pdf.missing():
        assert answer.location == f"/billing/disputes/{dispute.id}"
    else:
        assert (answer.status_code, answer.data[:5]) == (200, b"%PDF-")
