"""Stripe's specification, as we read it."""

from typing import Any

import pytest

from sandbox import contract
from sandbox.resources import HANDLERS


@pytest.mark.parametrize("name", sorted(contract.fixtures()))
def test_every_official_example_keeps_the_contract(name: str) -> None:
    assert contract.problems_of_object(name, contract.fixtures()[name]) == []


@pytest.mark.parametrize("name", sorted(contract.fixtures()))
def test_an_example_without_its_id_or_date_breaks_the_contract(name: str) -> None:
    example = dict(contract.fixtures()[name])
    required = contract.document()["components"]["schemas"][name]["required"]
    del example[required[0]]

    assert contract.problems_of_object(name, example) == [
        f"body: '{required[0]}' is a required property"
    ]


def test_problems_of_answer_reads_errors_by_their_own_schema() -> None:
    found = contract.find("POST", "/v1/refunds")
    assert found is not None

    fine = {"error": {"type": "card_error", "message": "No."}}
    broken = {"error": {"type": "made_up"}}

    assert contract.problems_of_answer(found[0], 402, fine) == []
    assert len(contract.problems_of_answer(found[0], 402, broken)) == 1


@pytest.mark.parametrize(
    ("method", "path", "expected"),
    [
        ("POST", "/v1/checkout/sessions", ("PostCheckoutSessions", {})),
        (
            "POST",
            "/v1/checkout/sessions/cs_1/expire",
            ("PostCheckoutSessionsSessionExpire", {"session": "cs_1"}),
        ),
        ("GET", "/v1/balance_transactions/txn_1", ("GetBalanceTransactionsId", {"id": "txn_1"})),
        ("DELETE", "/v1/refunds", None),
        ("GET", "/v1/invoices", None),
    ],
)
def test_find_tells_operations_apart(method: str, path: str, expected: Any) -> None:
    found = contract.find(method, path)

    assert (found and (found[0].name, found[1])) == expected


def test_only_fields_that_may_hold_an_object_can_be_expanded() -> None:
    fields = ["payment_intent", "customer", "url", "amount_total", "made_up"]

    assert [name for name in fields if contract.is_expandable("checkout.session", name)] == [
        "payment_intent",
        "customer",
    ]


def test_every_handler_serves_an_operation_that_exists() -> None:
    known = {operation.name for _, operation in contract._operations()}

    assert set(HANDLERS) - known == set()


@pytest.mark.parametrize("name", sorted(HANDLERS))
def test_every_parameter_that_a_handler_models_exists(name: str) -> None:
    schema = next(op.request for _, op in contract._operations() if op.name == name)

    assert [path for path in HANDLERS[name].models if not _exists(schema, path.split("."))] == []


def _exists(schema: dict[str, Any], steps: list[str]) -> bool:
    if not steps:
        return True
    options = schema.get("anyOf", [schema])
    return any(
        steps[0] in option.get("properties", {})
        and _exists(option["properties"][steps[0]], steps[1:])
        if option.get("type") != "array"
        else _exists(option["items"], steps)
        for option in options
    )
