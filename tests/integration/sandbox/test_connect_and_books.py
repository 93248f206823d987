"""Connected accounts, disputes, payouts, and answers that get lost."""

from collections.abc import Callable
from typing import Any

import pytest
import requests
import stripe

from tests.integration.sandbox.conftest import Ear, session_params
from tests.stripe_sandbox import Sandbox

DISPUTED_CARD = "4000 0000 0000 0259"
CONTROLLER: Any = {
    "fees": {"payer": "account"},
    "losses": {"payments": "stripe"},
    "requirement_collection": "stripe",
    "stripe_dashboard": {"type": "full"},
}


def test_an_account_is_linked_once_and_let_go(
    sandbox: Sandbox, client: stripe.StripeClient, ear: Ear
) -> None:
    sandbox.set_webhook(None, connect_url=ear.url, connect_secret="whsec_of_the_tests")
    account = client.v1.accounts.create({"controller": CONTROLLER, "country": "US"}).id
    here: stripe.RequestOptions = {"stripe_account": account}
    with pytest.raises(stripe.InvalidRequestError, match="cannot currently make live charges"):
        client.v1.checkout.sessions.create(session_params(), here)
    link = client.v1.account_links.create(
        {
            "account": account,
            "type": "account_onboarding",
            "refresh_url": "http://127.0.0.1:1/again",
            "return_url": "http://127.0.0.1:1/back",
        }
    )

    page = requests.get(link.url, timeout=30)
    second = requests.get(link.url, timeout=30, allow_redirects=False)
    unnamed = requests.post(link.url, {"outcome": "complete", "name": " "}, timeout=30)
    later = requests.post(link.url, {"outcome": "later"}, timeout=30, allow_redirects=False)
    before = client.v1.accounts.retrieve_current({}, here).charges_enabled
    done = requests.post(
        link.url, {"outcome": "complete", "name": "Quiet"}, timeout=30, allow_redirects=False
    )

    assert (page.status_code, unnamed.status_code) == (200, 422)
    assert second.headers["Location"] == "http://127.0.0.1:1/again"
    assert later.headers["Location"] == done.headers["Location"] == "http://127.0.0.1:1/back"
    assert (before, client.v1.accounts.retrieve(account).charges_enabled) == (False, True)
    assert client.v1.checkout.sessions.create(session_params(), here).status == "open"

    sandbox.switch_account(account, charges=False)
    sandbox.let_go(account)
    sandbox.wait_for_deliveries()

    with pytest.raises(stripe.PermissionError) as refusal:
        client.v1.accounts.retrieve_current({}, here)
    assert refusal.value.error is not None
    assert refusal.value.error.code == "account_invalid"
    assert sorted((event.type, event.account) for event in ear.events()) == [
        ("account.application.deauthorized", account),
        ("account.updated", account),
        ("account.updated", account),
    ]


def test_a_dispute_takes_the_money_until_it_is_won(
    sandbox: Sandbox, client: stripe.StripeClient, paid_session: Callable[..., Any]
) -> None:
    charge = paid_session(DISPUTED_CARD).payment_intent.latest_charge.id
    (dispute,) = client.v1.disputes.list({"charge": charge}).data

    with pytest.raises(stripe.InvalidRequestError) as refusal:
        client.v1.refunds.create({"charge": charge})
    answered = sandbox.submit_evidence(dispute.id, uncategorized_text="They were here.")
    sandbox.close_dispute(dispute.id, won=True)

    won = client.v1.disputes.retrieve(dispute.id)
    assert refusal.value.code == "charge_disputed"
    assert (dispute.status, dispute.reason, dispute.amount) == (
        "needs_response",
        "fraudulent",
        12000,
    )
    assert (answered["status"], won.status) == ("under_review", "won")
    assert [(one.amount, one.fee, one.reporting_category) for one in won.balance_transactions] == [
        (-12000, 1500, "dispute"),
        (12000, 0, "dispute_reversal"),
    ]
    assert client.v1.refunds.create({"charge": charge}).status == "succeeded"


def test_an_inquiry_takes_nothing(
    sandbox: Sandbox, client: stripe.StripeClient, paid_session: Callable[..., Any]
) -> None:
    charge = paid_session("4242 4242 4242 4242").payment_intent.latest_charge.id

    asked = sandbox.dispute(charge, inquiry=True)
    closed = sandbox.close_dispute(asked["id"], won=False)

    assert (asked["status"], closed["status"]) == ("warning_needs_response", "warning_closed")
    assert [one.type for one in client.v1.balance_transactions.list().data] == ["charge"]


def test_a_payout_names_what_is_in_it_and_may_come_back(
    sandbox: Sandbox, client: stripe.StripeClient, paid_session: Callable[..., Any]
) -> None:
    paid_session("4242 4242 4242 4242")
    sandbox.take_fee(200)

    payout = sandbox.pay_out()
    inside = client.v1.balance_transactions.list({"payout": payout["id"]}).data
    arrived = sandbox.end_payout(payout["id"])
    failed = sandbox.end_payout(payout["id"], well=False)

    assert [(one.type, one.net) for one in inside] == [
        ("payout", -11422),
        ("stripe_fee", -200),
        ("charge", 12000 - 378),
    ]
    assert (arrived["status"], failed["status"]) == ("paid", "failed")
    assert client.v1.balance_transactions.list().data[0].type == "payout_failure"
    assert client.v1.payouts.retrieve(payout["id"]).amount == 11422


@pytest.mark.parametrize(
    ("kind", "made"), [("lost_before", 0), ("lost_after", 1), ("429", 0), ("500", 0)]
)
def test_a_lost_answer_is_made_up_for_under_the_same_key(
    sandbox: Sandbox, client: stripe.StripeClient, kind: str, made: int
) -> None:
    once: stripe.RequestOptions = {"idempotency_key": "customer:1", "max_network_retries": 0}
    sandbox.fault(kind, "/v1/customers", method="POST")

    with pytest.raises(stripe.StripeError):
        client.v1.customers.create({"name": "Pat"}, once)
    before = len(client.v1.customers.list().data)
    client.v1.customers.create({"name": "Pat"}, once)

    assert (before, len(client.v1.customers.list().data)) == (made, 1)


def test_deliveries_get_lost_doubled_and_shuffled_by_a_seed(
    sandbox: Sandbox, client: stripe.StripeClient, ear: Ear
) -> None:
    sandbox.hold_deliveries()
    for number in range(12):
        client.v1.customers.create({"name": f"Payer {number}"})

    sandbox.release_in_disorder(7, duplicated=0.5, dropped=0.3)

    states = [one["state"] for one in sandbox.deliveries()]
    heard = [event.data.object.name for event in ear.events()]
    assert set(states) == {"delivered", "dropped"}
    assert len(heard) == states.count("delivered") > len(set(heard))
    assert heard != sorted(heard, key=lambda name: int(name.split()[1]))
