"""The door of the API: keys, versions, unknown things, idempotency, lists, accounts."""

import threading
from collections.abc import Callable
from typing import Any

import pytest
import requests
import stripe

from tests.integration.sandbox.conftest import VERSION, library, session_params
from tests.stripe_sandbox import GOOD_CARD, Sandbox

Open = Callable[..., stripe.checkout.Session]
Paid = Callable[..., Any]


def raw(
    sandbox: Sandbox, method: str, path: str, *, key: str | None = "sk_test_x", **more: Any
) -> requests.Response:
    """Make a request without the library's help."""
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    return requests.request(
        method,
        f"{sandbox.base_url}/v1/{path}",
        headers=headers | more.pop("headers", {}),
        timeout=30,
        **more,
    )


@pytest.mark.parametrize("key", [None, "sk_live_abc", "rk_live_abc", "pk_test_abc", "nonsense"])
def test_only_test_keys_are_taken(sandbox: Sandbox, key: str | None) -> None:
    answer = raw(sandbox, "GET", "customers", key=key)

    assert answer.status_code == 401
    assert answer.json()["error"]["type"] == "invalid_request_error"


def test_another_api_version_is_refused(sandbox: Sandbox) -> None:
    answer = raw(sandbox, "GET", "customers", headers={"Stripe-Version": "2026-10-28.endive"})

    assert answer.status_code == 400
    assert VERSION in answer.json()["error"]["message"]


def test_an_unknown_address_is_not_found(sandbox: Sandbox) -> None:
    assert raw(sandbox, "GET", "weather").status_code == 404


@pytest.mark.parametrize(
    ("method", "path", "name"),
    [
        ("POST", "accounts/acct_1", "PostAccountsAccount"),
        ("GET", "balance", "GetBalance"),
        ("POST", "charges/ch_1", "PostChargesCharge"),
    ],
)
def test_an_operation_that_is_not_modelled_is_refused_by_name(
    sandbox: Sandbox, method: str, path: str, name: str
) -> None:
    answer = raw(sandbox, method, path)

    assert answer.status_code == 501
    assert name in answer.json()["error"]["message"]


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"mode": "subscription"}, "mode=subscription"),
        ({"ui_mode": "elements"}, "ui_mode=elements"),
        ({"payment_method_types": ["card", "klarna"]}, "payment_method_types[1]=klarna"),
        ({"allow_promotion_codes": True}, "allow_promotion_codes"),
        (
            {"payment_intent_data": {"capture_method": "manual"}},
            "payment_intent_data[capture_method]",
        ),
    ],
)
def test_a_parameter_that_is_not_modelled_is_refused_by_name(
    client: stripe.StripeClient, changes: dict[str, Any], name: str
) -> None:
    with pytest.raises(stripe.StripeError) as refusal:
        client.v1.checkout.sessions.create(session_params(**changes))

    assert refusal.value.http_status == 501
    assert name in str(refusal.value)


def test_a_body_that_is_no_form_is_refused(sandbox: Sandbox) -> None:
    answer = raw(sandbox, "POST", "customers", json={"email": "pat@example.com"})

    assert answer.status_code == 400


def test_the_same_key_gives_the_same_answer(sandbox: Sandbox, client: stripe.StripeClient) -> None:
    params = session_params()
    options: stripe.RequestOptions = {"idempotency_key": "checkout:1"}

    first = client.v1.checkout.sessions.create(params, options)
    sandbox.pay(first.id)
    again = client.v1.checkout.sessions.create(params, options)

    assert (again.id, again.status) == (first.id, "open")
    assert again.last_response is not None
    assert again.last_response.headers["Idempotent-Replayed"] == "true"
    assert len(client.v1.checkout.sessions.list().data) == 1


def test_a_key_is_not_for_other_parameters(client: stripe.StripeClient) -> None:
    options: stripe.RequestOptions = {"idempotency_key": "customer:1"}
    client.v1.customers.create({"name": "Pat"}, options)

    with pytest.raises(stripe.IdempotencyError):
        client.v1.customers.create({"name": "Kim"}, options)


def test_a_refusal_of_the_request_itself_is_not_remembered(client: stripe.StripeClient) -> None:
    options: stripe.RequestOptions = {"idempotency_key": "checkout:1"}
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.checkout.sessions.create(session_params(expires_at=1), options)

    session = client.v1.checkout.sessions.create(session_params(), options)

    assert session.status == "open"


def test_a_decline_is_remembered(client: stripe.StripeClient) -> None:
    params: Any = {
        "amount": 5000,
        "currency": "usd",
        "payment_method": "pm_card_visa_chargeDeclined",
        "payment_method_types": ["card"],
        "confirm": True,
    }
    refusals = []
    for _ in range(2):
        with pytest.raises(stripe.CardError) as refusal:
            client.v1.payment_intents.create(params, {"idempotency_key": "fee:1:1"})
        refusals.append(refusal.value.json_body)

    assert refusals[0] == refusals[1]
    assert len(client.v1.payment_intents.list().data) == 1


def test_four_refunds_at_once_under_one_key_are_one_refund(
    sandbox: Sandbox, paid_session: Paid
) -> None:
    intent = paid_session(GOOD_CARD).payment_intent.id
    answers: list[str] = []

    def refund() -> None:
        # The library waits and tries again where the first request is still under way.
        refunds = library(sandbox.base_url).v1.refunds
        answers.append(
            refunds.create({"payment_intent": intent}, {"idempotency_key": "refund:1"}).id
        )

    threads = [threading.Thread(target=refund) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(answers) == 4
    assert len(set(answers)) == 1


def test_connected_accounts_are_kept_apart(client: stripe.StripeClient) -> None:
    one, two = (client.v1.accounts.create({"type": "standard"}).id for _ in range(2))
    here: stripe.RequestOptions = {"stripe_account": one}
    there: stripe.RequestOptions = {"stripe_account": two}
    customer = client.v1.customers.create({"name": "Pat"}, here)

    assert client.v1.customers.retrieve(customer.id, options=here).id == customer.id
    for options in (there, stripe.RequestOptions()):
        assert client.v1.customers.list(options=options).data == []
        with pytest.raises(stripe.InvalidRequestError) as refusal:
            client.v1.customers.retrieve(customer.id, options=options)
        assert refusal.value.code == "resource_missing"


def test_lists_are_paged_by_the_library(client: stripe.StripeClient) -> None:
    made = [client.v1.customers.create({"name": f"Payer {n}"}).id for n in range(7)]

    found = [customer.id for customer in client.v1.customers.list({"limit": 3}).auto_paging_iter()]

    assert found == made[::-1]


def test_a_customer_can_be_changed(client: stripe.StripeClient) -> None:
    customer = client.v1.customers.create(
        {"name": "Pat", "email": "pat@example.com", "metadata": {"client": "1"}}
    )

    changed = client.v1.customers.update(customer.id, {"name": "Kim", "metadata": {"client": "2"}})

    assert (changed.name, changed.email) == ("Kim", "pat@example.com")
    assert changed.metadata is not None
    assert changed.metadata.to_dict() == {"client": "2"}
    assert client.v1.customers.list({"email": "pat@example.com"}).data[0].id == customer.id


@pytest.mark.parametrize("path", ["url", "amount_total", "payment_intent.amount", "made_up"])
def test_what_holds_no_object_cannot_be_expanded(
    client: stripe.StripeClient, paid_session: Paid, path: str
) -> None:
    session = paid_session(GOOD_CARD)

    with pytest.raises(stripe.InvalidRequestError, match="cannot be expanded"):
        client.v1.checkout.sessions.retrieve(session.id, {"expand": [path]})


def test_lists_can_be_expanded(client: stripe.StripeClient, paid_session: Paid) -> None:
    session = paid_session(GOOD_CARD)

    found: Any = client.v1.checkout.sessions.list({"expand": ["data.payment_intent.latest_charge"]})

    assert found.data[0].payment_intent.latest_charge.id == session.payment_intent.latest_charge.id


def test_every_request_is_on_record_with_its_answer(
    sandbox: Sandbox, client: stripe.StripeClient
) -> None:
    before = sandbox.reset()

    customer = client.v1.customers.create(
        {"name": "Pat", "metadata": {"client": "1"}}, {"idempotency_key": "customer:1"}
    )
    sandbox.reset()

    [noted] = sandbox.requests(since=before)
    assert (noted["method"], noted["path"], noted["status"]) == ("POST", "/v1/customers", 200)
    assert noted["params"] == {"name": "Pat", "metadata": {"client": "1"}}
    assert noted["idempotency_key"] == "customer:1"
    assert noted["answer"]["id"] == customer.id


def test_fifty_sessions_keep_the_contract(sandbox: Sandbox, open_session: Open) -> None:
    for _ in range(50):
        open_session()

    assert sandbox.violations() == []
