"""A practice with an account of its own at the processor: linked, used, restricted, lost."""

import json
from datetime import UTC, datetime
from uuid import uuid4

import pytest
import requests
import sqlalchemy as sa

from practice.audit.rules import PROGRAM
from practice.billing import linked
from practice.billing.gateway import CardsOff, NoAccess
from practice.billing.linked_models import ParkedEvent, ProcessorAccount
from practice.billing.models import ProcessorEvent
from practice.billing.rules.linked import Standing
from practice.billing.rules.payments import PaymentState, RefundState
from practice.billing.service import checkout, linking, reconcile, refunds
from practice.core.db import db, in_transaction, read_again, transaction
from practice.people import changing
from tests import factories
from tests.integration.billing.conftest import (
    CONNECT_SECRET,
    PRICE,
    SECRET,
    Later,
    Shelf,
    Till,
    tasks,
)
from tests.integration.billing.killing import steps_until_killed
from tests.integration.billing.test_webhooks import sign
from tests.stripe_sandbox import Sandbox

pytestmark = pytest.mark.usefixtures("on_a_platform")


@pytest.fixture
def account(till: Till, sandbox: Sandbox, served: str) -> ProcessorAccount:
    """An account that the practice has begun to link; its owner has told Stripe nothing."""
    begun = in_transaction(lambda: linking.begin(by=factories.OWNER))
    url = linking.address(
        begun.id,
        return_url=f"{served}/billing/account/back",
        refresh_url=f"{served}/billing/account/again",
    )
    assert url.startswith(sandbox.base_url)
    return see(begun)


def see(account: ProcessorAccount) -> ProcessorAccount:
    read_again()
    return linked.get(account.id)


def name_of(account: ProcessorAccount) -> str:
    assert account.processor_id is not None
    return account.processor_id


def test_cards_are_on_while_the_account_may_charge(
    account: ProcessorAccount, till: Till, sandbox: Sandbox
) -> None:
    with pytest.raises(CardsOff):
        till.ask()
    since = len(sandbox.requests())

    sandbox.onboard(name_of(account), "Quiet Practice")
    sandbox.wait_for_deliveries()
    payment_id = till.open()
    sandbox.pay(till.url(payment_id))
    sandbox.wait_for_deliveries()
    refund = in_transaction(
        lambda: refunds.decide(till.see(payment_id), PRICE, "cancelled", factories.OWNER)
    )
    refunds.carry_out(refund.id)

    payment = till.see(payment_id)
    assert (payment.state, payment.account) == (PaymentState.PAID, name_of(account))
    assert till.seen() == [(PRICE, RefundState.SUCCEEDED)]
    assert {one["account"] for one in sandbox.requests(since)} == {name_of(account)}
    assert (see(account).standing, see(account).name) == (Standing.OPEN, "Quiet Practice")

    sandbox.switch_account(name_of(account), charges=False)
    sandbox.wait_for_deliveries()

    assert see(account).standing is Standing.RESTRICTED
    assert [kind for kind, _ in tasks()] == ["cards-off"]
    with pytest.raises(CardsOff):
        till.ask()


def test_an_account_that_is_let_go_keeps_what_is_open_to_its_end(
    account: ProcessorAccount, till: Till, sandbox: Sandbox, shelf: Shelf, later: Later
) -> None:
    sandbox.onboard(name_of(account))
    sandbox.wait_for_deliveries()
    payment_id = till.open()

    sandbox.let_go(name_of(account))
    sandbox.wait_for_deliveries()

    assert (see(account).standing, linked.takes_cards()) == (Standing.GONE, False)
    with pytest.raises(NoAccess):
        checkout.sync(payment_id)
    assert (till.see(payment_id).state, shelf.let_go) == (PaymentState.OPEN, set())

    later(minutes=33)
    checkout.settle(payment_id)

    payment = till.see(payment_id)
    assert (payment.state, shelf.let_go) == (PaymentState.FAILED, {payment.for_id})
    assert [kind for kind, _ in tasks()] == ["cards-off", "payment-out-of-sight"]
    assert in_transaction(lambda: linking.begin(by=factories.OWNER)).id != account.id


@pytest.mark.parametrize("together", [False, True])
def test_news_of_an_account_in_any_order_and_four_times_over_says_what_is_so_now(
    account: ProcessorAccount, sandbox: Sandbox, together: bool
) -> None:
    sandbox.hold_deliveries()
    sandbox.onboard(name_of(account))
    sandbox.switch_account(name_of(account), charges=False)
    sandbox.switch_account(name_of(account), charges=True)
    _release_all(sandbox, together=together)
    assert (see(account).standing, linked.takes_cards()) == (Standing.OPEN, True)
    assert tasks() == []

    sandbox.hold_deliveries()
    sandbox.switch_account(name_of(account), charges=False)
    sandbox.let_go(name_of(account))
    _release_all(sandbox, together=together)

    assert (see(account).standing, linked.takes_cards()) == (Standing.GONE, False)
    assert [kind for kind, _ in tasks()] == ["cards-off"]
    assert {each["last_status"] for each in sandbox.deliveries()} == {204}


def _release_all(sandbox: Sandbox, *, together: bool) -> None:
    """Send what is held backwards and forwards, twice each, one by one or all at once."""
    held = [each["id"] for each in sandbox.deliveries("held")]
    sandbox.release_deliveries([*reversed(held), *held] * 2, together=together)
    sandbox.release_deliveries()
    sandbox.wait_for_deliveries()


@pytest.mark.parametrize("is_paid", [True, False])
def test_what_was_open_when_charging_was_forbidden_is_settled_at_its_end(
    account: ProcessorAccount,
    till: Till,
    sandbox: Sandbox,
    shelf: Shelf,
    later: Later,
    *,
    is_paid: bool,
) -> None:
    sandbox.onboard(name_of(account))
    sandbox.wait_for_deliveries()
    payment_id = till.open()
    if is_paid:
        sandbox.hold_deliveries()
        sandbox.pay(till.url(payment_id))

    sandbox.switch_account(name_of(account), charges=False)
    sandbox.release_deliveries()
    sandbox.wait_for_deliveries()
    refused = sandbox.pay(till.url(payment_id)).status_code if not is_paid else None
    later(minutes=33)
    checkout.settle(payment_id)

    payment = till.see(payment_id)
    assert payment.state is (PaymentState.PAID if is_paid else PaymentState.EXPIRED)
    assert shelf.let_go == (set() if is_paid else {payment.for_id})
    assert refused is None or refused >= 400
    assert "cards-off" in [kind for kind, _ in tasks()]


def test_a_deauthorisation_of_which_no_news_came_is_found(
    account: ProcessorAccount, till: Till, sandbox: Sandbox
) -> None:
    sandbox.onboard(name_of(account))
    sandbox.wait_for_deliveries()
    sandbox.hold_deliveries()
    sandbox.let_go(name_of(account))
    sandbox.drop_deliveries()

    read_again()
    reconcile.run_here(till.payer.practice_id)

    assert see(account).standing is Standing.GONE


def test_a_lost_answer_makes_no_second_account(till: Till, sandbox: Sandbox) -> None:
    begun = in_transaction(lambda: linking.begin(by=factories.OWNER))
    pages = {
        "return_url": "http://127.0.0.1:1/billing/account/back",
        "refresh_url": "http://127.0.0.1:1/billing/account/again",
    }
    since = len(sandbox.requests())
    sandbox.fault("lost_after", "/v1/accounts", times=1)
    sandbox.fault("lost_before", "/v1/account_links", times=1)

    first, second = (linking.address(begun.id, **pages) for _ in range(2))

    made = [one for one in sandbox.requests(since) if one["path"] == "/v1/accounts"]
    assert first != second
    assert len({one["answer"].get("id") for one in made if one["status"] == 200}) == 1


def test_killed_while_it_links_an_account_it_makes_one(till: Till, sandbox: Sandbox) -> None:
    begun = in_transaction(lambda: linking.begin(by=factories.OWNER))
    account_id = begun.id
    pages = {
        "return_url": "http://127.0.0.1:1/billing/account/back",
        "refresh_url": "http://127.0.0.1:1/billing/account/again",
    }
    since = len(sandbox.requests())

    deaths, is_alive = 0, False
    while not is_alive:
        _, is_alive = steps_until_killed(lambda: linking.address(account_id, **pages), deaths)
        deaths += 1

    made = [one for one in sandbox.requests(since) if one["path"] == "/v1/accounts"]
    assert len(made) > 2
    assert {one["answer"]["id"] for one in made} == {name_of(see(begun))}


def test_news_is_believed_by_its_own_secret_and_account_alone(
    account: ProcessorAccount, till: Till, sandbox: Sandbox, served: str
) -> None:
    stranger = uuid4().hex[:16]
    body = {
        "id": "evt_of_a_stranger",
        "type": "account.updated",
        "livemode": False,
        "created": int(datetime.now(UTC).timestamp()),
        "account": f"acct_{stranger}",
        "data": {"object": {"id": f"acct_{stranger}"}},
    }

    def post(path: str, secret: str) -> int:
        raw = json.dumps(body).encode()
        return requests.post(
            f"{served}/billing/webhooks/{path}",
            data=raw,
            headers={"Stripe-Signature": sign(raw, secret)},
            timeout=30,
        ).status_code

    answers = [
        post("stripe", CONNECT_SECRET),
        post("stripe/connect", SECRET),
        post("stripe", SECRET),  # the installation's own door has no linked accounts
        post("stripe/connect", CONNECT_SECRET),
        post("stripe/connect", CONNECT_SECRET),
    ]

    read_again()
    assert answers == [400, 400, 400, 204, 204]
    assert db.session.scalars(sa.select(ParkedEvent.processor_id)).all() == ["evt_of_a_stranger"]
    assert db.session.scalars(sa.select(ProcessorEvent)).all() == []


def test_a_practice_that_wants_no_cards_for_now_asks_for_none(
    account: ProcessorAccount, till: Till, sandbox: Sandbox
) -> None:
    sandbox.onboard(name_of(account))
    sandbox.wait_for_deliveries()
    assert see(account).standing is Standing.OPEN

    with transaction():
        changing.switch_cards(are_on=False, by=PROGRAM)
    assert (linked.can_take_cards(), linked.takes_cards()) == (True, False)
    with pytest.raises(CardsOff):
        till.ask()
    with transaction():
        changing.switch_cards(are_on=True, by=PROGRAM)
    assert linked.takes_cards()
