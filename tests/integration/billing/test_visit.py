from uuid import uuid4

import pytest

from practice.billing import queries
from practice.billing.models import Payment
from practice.billing.rules.payments import Label, PaymentMethod, PaymentState
from practice.billing.service import visit
from practice.core import clock
from practice.core.db import in_transaction
from practice.core.errors import Invalid
from practice.core.money import Money
from tests import factories
from tests.integration.billing.conftest import PRICE, Till, mails, receipts


@pytest.fixture
def stripe_address() -> str:
    return "http://127.0.0.1:1"  # nobody is asked


@pytest.mark.parametrize(
    "method", [one for one in PaymentMethod if one is not PaymentMethod.CARD_ONLINE]
)
def test_what_is_paid_at_the_visit_is_paid_with_a_receipt(
    till: Till, method: PaymentMethod
) -> None:
    for_id, before = uuid4(), clock.now()

    payment = in_transaction(
        lambda: visit.record(till.payer.id, for_id, PRICE, method, factories.OWNER)
    )

    assert (payment.state, payment.method, payment.amount) == (PaymentState.PAID, method, PRICE)
    assert payment.paid_at is not None
    assert before <= payment.paid_at <= clock.now()
    assert queries.paid_minor(for_id) == PRICE.minor
    assert (mails(), receipts()) == (["receipt"], 1)


def test_the_same_form_sent_twice_is_one_payment(till: Till) -> None:
    payment_id, for_id = uuid4(), uuid4()

    def send() -> Payment:
        return visit.record(
            till.payer.id,
            for_id,
            PRICE,
            PaymentMethod.CASH,
            factories.OWNER,
            payment_id=payment_id,
        )

    assert in_transaction(send).id == in_transaction(send).id == payment_id
    assert queries.paid_minor(for_id) == PRICE.minor
    assert (mails(), receipts()) == (["receipt"], 1)


@pytest.mark.parametrize(
    ("amount", "method"),
    [
        (Money(0, "USD"), PaymentMethod.CASH),
        (Money(-100, "USD"), PaymentMethod.CASH),
        (PRICE, PaymentMethod.CARD_ONLINE),
    ],
)
def test_what_cannot_be_paid_at_a_visit_is_refused(
    till: Till, amount: Money, method: PaymentMethod
) -> None:
    with pytest.raises(Invalid):
        in_transaction(
            lambda: visit.record(till.payer.id, uuid4(), amount, method, factories.OWNER)
        )
    assert (mails(), receipts()) == ([], 0)


def test_a_health_savings_account_pays_no_fee_for_a_missed_visit(till: Till) -> None:
    def pay(label: Label) -> None:
        method = PaymentMethod.HSA_CARD
        visit.record(till.payer.id, uuid4(), PRICE, method, factories.OWNER, label=label)

    with pytest.raises(Invalid):
        in_transaction(lambda: pay(Label.CANCELLATION))
    in_transaction(lambda: pay(Label.APPOINTMENT))

    assert (mails(), receipts()) == (["receipt"], 1)
