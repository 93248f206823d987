"""The gateway against the sandbox and, where ``STRIPE_TEST_KEY`` is set, Stripe's own test mode."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
import stripe
from flask import Flask

from practice.billing import gateway as house
from practice.billing.gateway import KeyReused, Refused, StripeGateway
from practice.billing.models import Payment, Refund
from practice.billing.rules.payments import (
    CheckoutStatus,
    Label,
    PaymentMethod,
    PaymentState,
    RefundState,
    SeenCheckout,
)
from practice.core.db import in_transaction, transaction
from practice.core.errors import Unavailable
from practice.core.money import Money
from practice.people.models import Client
from tests.stripe_sandbox import GOOD_CARD, Sandbox

pytestmark = pytest.mark.database("sqlite")  # it speaks to Stripe, not to a database

PRICE = Money(18_000, "USD")
STRIPE_TEST_KEY = os.environ.get("STRIPE_TEST_KEY", "")


@dataclass
class Processor:
    """The sandbox, which can be paid on its page, or Stripe's test mode, which cannot."""

    library: stripe.StripeClient
    sandbox: Sandbox | None = None

    def charge(self, gateway: StripeGateway, card: str = GOOD_CARD) -> Payment:
        """Let a payment be paid; return it as the gateway needs it for a refund."""
        payment = create_payment()
        if self.sandbox:
            checkout_id = opened(gateway, payment)
            self.sandbox.pay(checkout_id, card=card)
            seen = gateway.get_checkout(checkout_id)
            payment.intent_id, payment.charge_id = seen.intent_id, seen.charge_id
        else:
            intent = self.library.v1.payment_intents.create(
                {
                    "amount": PRICE.minor,
                    "currency": "usd",
                    "payment_method": "pm_card_visa",
                    "payment_method_types": ["card"],
                    "confirm": True,
                }
            )
            payment.intent_id = intent.id
        return payment

    def refund_elsewhere(self, payment: Payment, amount: int) -> str:
        """Give money back as the dashboard does; return the refund's id."""
        if self.sandbox and payment.charge_id:
            return str(self.sandbox.refund_in_dashboard(payment.charge_id, amount)["id"])
        intent_id = payment.intent_id or ""
        return self.library.v1.refunds.create({"payment_intent": intent_id, "amount": amount}).id


@pytest.fixture(params=["sandbox", "stripe"] if STRIPE_TEST_KEY else ["sandbox"])
def processor(request: pytest.FixtureRequest) -> Processor:
    if request.param == "stripe":
        return Processor(stripe.StripeClient(STRIPE_TEST_KEY, stripe_version=house.API_VERSION))
    sandbox: Sandbox = request.getfixturevalue("sandbox")
    base = {"api": sandbox.base_url}
    return Processor(
        stripe.StripeClient("sk_test_sandbox", base_addresses=base),  # type: ignore[arg-type]
        sandbox,
    )


@pytest.fixture
def gateway(processor: Processor, app: Flask) -> Iterator[StripeGateway]:
    with app.app_context():
        yield StripeGateway(processor.library, is_live=False)


def create_client(**changes: str) -> Client:
    names = {"first_name": "Alex", "last_name": "Bell", "email": "alex@example.com"}
    return Client(practice_id=uuid4(), **names | changes)


def create_payment(*, minutes: int = 31, intent_id: str | None = None) -> Payment:
    return Payment(
        practice_id=uuid4(),
        client_id=uuid4(),
        for_id=uuid4(),
        amount=PRICE,
        label=Label.APPOINTMENT,
        method=PaymentMethod.CARD_ONLINE,
        state=PaymentState.CREATING,
        intent_id=intent_id,
        checkout_ends_at=datetime.now(UTC).replace(microsecond=0) + timedelta(minutes=minutes),
        success_url="https://book.example.com/bookings/a-token/paid",
        cancel_url="https://book.example.com/bookings/a-token/",
    )


def create_refund(payment: Payment, amount: Money = PRICE) -> Refund:
    return Refund(
        practice_id=payment.practice_id,
        payment_id=payment.id,
        amount=amount,
        state=RefundState.PENDING,
    )


def opened(gateway: StripeGateway, payment: Payment) -> str:
    return gateway.create_checkout(payment, gateway.create_customer(create_client()))


def test_a_customer_is_made_once(gateway: StripeGateway) -> None:
    client = create_client()

    assert gateway.create_customer(client) == gateway.create_customer(client)


def test_a_customer_whose_name_was_put_right_in_between_is_made_all_the_same(
    gateway: StripeGateway,
) -> None:
    client = create_client(first_name="Alx")
    lost = gateway.create_customer(client)
    client.first_name = "Alex"

    again = gateway.create_customer(client)

    assert again != lost
    assert again == gateway.create_customer(client)


def test_a_checkout_is_made_once_and_read_as_it_is(gateway: StripeGateway) -> None:
    payment = create_payment()
    customer = gateway.create_customer(create_client())

    checkout_id = gateway.create_checkout(payment, customer)
    again = gateway.create_checkout(payment, customer)

    seen = gateway.get_checkout(checkout_id)
    assert again == checkout_id
    assert seen.url is not None
    assert seen == SeenCheckout(
        id=checkout_id,
        status=CheckoutStatus.OPEN,
        is_paid=False,
        amount=PRICE,
        is_live=False,
        payment_id=str(payment.id),
        url=seen.url,
    )


def test_a_checkout_asked_for_again_with_other_facts_is_not_made(gateway: StripeGateway) -> None:
    payment = create_payment()
    customer = gateway.create_customer(create_client())
    gateway.create_checkout(payment, customer)
    payment.amount = Money(1_000, "USD")

    with pytest.raises(KeyReused):
        gateway.create_checkout(payment, customer)


def test_a_checkout_that_would_end_too_soon_is_refused_by_name(gateway: StripeGateway) -> None:
    with pytest.raises(Refused) as refused:
        opened(gateway, create_payment(minutes=20))

    assert refused.value.param == "expires_at"


def test_a_checkout_is_found_among_those_of_its_payer(gateway: StripeGateway) -> None:
    customer = gateway.create_customer(create_client())
    payments = [create_payment() for _ in range(3)]
    made = [gateway.create_checkout(payment, customer) for payment in payments]

    found = [gateway.find_checkout(payment.id, customer) for payment in payments]

    assert found == made
    assert gateway.find_checkout(uuid4(), customer) is None


def test_an_expired_checkout_stays_expired(gateway: StripeGateway) -> None:
    checkout_id = opened(gateway, create_payment())

    gateway.expire_checkout(checkout_id)

    assert gateway.get_checkout(checkout_id).status is CheckoutStatus.EXPIRED
    with pytest.raises(Refused):
        gateway.expire_checkout(checkout_id)


def test_a_checkout_that_nobody_made_is_refused(gateway: StripeGateway) -> None:
    with pytest.raises(Refused) as refused:
        gateway.get_checkout("cs_test_" + "0" * 58)

    assert refused.value.code == "resource_missing"


def test_a_refund_is_made_once_and_listed_with_our_id(
    gateway: StripeGateway, processor: Processor
) -> None:
    payment = processor.charge(gateway)
    refund = create_refund(payment, Money(5_000, "USD"))
    assert payment.intent_id is not None

    seen = gateway.create_refund(refund, payment)
    again = gateway.create_refund(refund, payment)

    assert (seen.refund_id, seen.amount, seen.state) == (
        refund.id,
        Money(5_000, "USD"),
        RefundState.SUCCEEDED,
    )
    assert again == seen
    assert gateway.list_refunds(payment.intent_id) == [seen]


def test_refunds_are_listed_oldest_first_whoever_made_them(
    gateway: StripeGateway, processor: Processor
) -> None:
    payment = processor.charge(gateway)
    assert payment.intent_id is not None
    elsewhere = processor.refund_elsewhere(payment, 100)
    ours = gateway.create_refund(create_refund(payment, Money(200, "USD")), payment)

    listed = gateway.list_refunds(payment.intent_id)

    assert [refund.id for refund in listed] == [elsewhere, ours.id]
    assert [refund.refund_id for refund in listed] == [None, ours.refund_id]


def test_more_than_was_paid_is_not_given_back(gateway: StripeGateway, processor: Processor) -> None:
    payment = processor.charge(gateway)

    with pytest.raises(Refused):
        gateway.create_refund(create_refund(payment, PRICE + Money(1, "USD")), payment)


def test_what_was_given_back_is_not_given_back_again(
    gateway: StripeGateway, processor: Processor
) -> None:
    payment = processor.charge(gateway)
    gateway.create_refund(create_refund(payment), payment)

    with pytest.raises(Refused) as refused:
        gateway.create_refund(create_refund(payment), payment)

    assert refused.value.code == "charge_already_refunded"


def test_events_name_our_payment(gateway: StripeGateway) -> None:
    began = datetime.now(UTC) - timedelta(minutes=1)
    payment = create_payment()
    checkout_id = opened(gateway, payment)
    gateway.expire_checkout(checkout_id)

    events = [event for event in gateway.list_events(began) if event.payment == str(payment.id)]

    assert [(event.kind, event.objects, event.is_live) for event in events] == [
        ("checkout.session.expired", (checkout_id,), False)
    ]


def test_a_paid_checkout_tells_its_charge_and_the_fee(
    gateway: StripeGateway, sandbox: Sandbox
) -> None:
    payment = create_payment()
    checkout_id = opened(gateway, payment)
    sandbox.pay(checkout_id)

    seen = gateway.get_checkout(checkout_id)

    assert (seen.status, seen.is_paid, seen.intent_status) == (
        CheckoutStatus.COMPLETE,
        True,
        "succeeded",
    )
    assert seen.intent_id is not None
    assert seen.charge_id is not None
    assert seen.paid_at is not None
    assert seen.fee_minor is not None
    assert 0 < seen.fee_minor < PRICE.minor


# Without Stripe ----------------------------------------------------------------------------------


def test_stripe_is_never_asked_inside_a_transaction(gateway: StripeGateway) -> None:
    with transaction(), pytest.raises(RuntimeError, match="inside a transaction"):
        gateway.create_customer(create_client())


def test_every_call_is_guarded(gateway: StripeGateway) -> None:
    payment, refund = create_payment(intent_id="pi_1"), create_refund(create_payment())
    calls = {
        "create_customer": lambda: gateway.create_customer(create_client()),
        "create_checkout": lambda: gateway.create_checkout(payment, "cus_1"),
        "find_checkout": lambda: gateway.find_checkout(payment.id, "cus_1"),
        "get_checkout": lambda: gateway.get_checkout("cs_1"),
        "expire_checkout": lambda: gateway.expire_checkout("cs_1"),
        "create_refund": lambda: gateway.create_refund(refund, payment),
        "list_refunds": lambda: gateway.list_refunds("pi_1"),
        "ask": lambda: gateway.ask(lambda v1: v1.customers.list()),
        "list_events": lambda: gateway.list_events(datetime.now(UTC)),
    }
    public = {name for name, value in vars(StripeGateway).items() if callable(value)}

    assert calls.keys() == {name for name in public if not name.startswith("_")}
    for call in calls.values():
        with pytest.raises(RuntimeError, match="inside a transaction"):
            in_transaction(call)


def test_a_processor_that_cannot_be_reached_is_unavailable(app: Flask) -> None:
    client = stripe.StripeClient(
        "sk_test_sandbox",
        base_addresses={"api": "http://127.0.0.1:1"},
        max_network_retries=0,
    )
    with app.app_context(), pytest.raises(Unavailable):
        StripeGateway(client, is_live=False).get_checkout("cs_1")


def test_a_wrong_key_is_unavailable_and_not_the_clients_fault(app: Flask, sandbox: Sandbox) -> None:
    client = stripe.StripeClient("sk_live_x", base_addresses={"api": sandbox.base_url})
    with app.app_context(), pytest.raises(Unavailable):
        StripeGateway(client, is_live=True).get_checkout("cs_1")


def test_a_label_of_ones_own_is_not_sent(gateway: StripeGateway) -> None:
    payment = create_payment()
    payment.label = "Ketamine session"

    with pytest.raises(ValueError, match="Ketamine session"):
        gateway.create_checkout(payment, "cus_1")


def test_the_applications_gateway_speaks_the_version_of_the_contract(app: Flask) -> None:
    with app.app_context():
        made = house.gateway()

        assert made is house.gateway()
        assert made.is_live is False
