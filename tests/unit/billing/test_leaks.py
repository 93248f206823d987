"""The search for leaks finds what it looks for. It looks through the real requests of each run."""

from copy import deepcopy
from typing import Any

import pytest

from tests import leaks

PAY = "0b0f6d3e-8f5c-4f1e-9d6c-1c2f4f7b9a10"
CLIENT = "7d1c5a22-2b1e-4a57-8e7c-9f0a1b2c3d4e"


def create_request(**changes: Any) -> leaks.Json:
    """Return a checkout as it is recorded when all is well, with some parameters changed."""
    along = {"pay": PAY, "client": CLIENT, "kind": "payment"}
    params = {
        "mode": "payment",
        "ui_mode": "hosted_page",
        "payment_method_types": {"0": "card"},
        "customer": "cus_N7tq2mS1x3kQzA",
        "line_items": {
            "0": {
                "quantity": "1",
                "price_data": {
                    "currency": "usd",
                    "unit_amount": "99215",
                    "product_data": {"name": "Appointment payment"},
                },
            }
        },
        "expires_at": "1893456000",
        "success_url": "https://book.example.com/bookings/k3-Zdose_Gq7/paid",
        "cancel_url": "https://book.example.com/bookings/k3-Zdose_Gq7/",
        "metadata": deepcopy(along),
        "payment_intent_data": {"metadata": deepcopy(along)},
    }
    return {
        "number": 7,
        "method": "POST",
        "path": "/v1/checkout/sessions",
        "params": params | changes,
    }


def customer(**changes: Any) -> leaks.Json:
    params = {"name": "Alex Bell", "email": "alex@mail.example", "metadata": {"client": CLIENT}}
    return {"number": 8, "method": "POST", "path": "/v1/customers", "params": params | changes}


def test_what_the_gateway_sends_holds_no_leak() -> None:
    assert leaks.found_in([create_request(), customer()]) == []


@pytest.mark.parametrize(
    "request_",
    [
        create_request(description="Thank you"),
        create_request(metadata={"pay": PAY, "note": "called twice"}),
        create_request(payment_intent_data={"statement_descriptor_suffix": "SANCTUARY"}),
        create_request(metadata={"pay": "42"}),
        create_request(success_url="https://book.example.com/p/tidewater/book/first-visit/"),
        customer(phone="+17575550101"),
        customer(address={"line1": "1 Market Street"}),
        {"number": 9, "method": "POST", "path": "/v1/products", "params": {}},
        {"number": 9, "method": "POST", "path": "/v1/customers", "params": "not even a form"},
    ],
)
def test_what_may_not_be_sent_at_all_is_found(request_: leaks.Json) -> None:
    assert len(leaks.found_in([request_])) == 1


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("Ketamine session", "the words 'Ketamine'"),
        ("your dose", "the words 'dose'"),
        ("Depression", "the words 'Depressi'"),
        ("F33.2", "the code 'F33.2'"),
        ("90837", "the code '90837'"),
        ("J3490", "the code 'J3490'"),
        ("born 1984-03-17", "the words '1984-03-17'"),
        ("3/17/1984", "the words '3/17/1984'"),
        ("lives at 12 Harbor Lane, Norfolk", "'12 harbor lane, norfolk' of a client or service"),
        ("Free meet-and-greet call", "'free meet-and-greet call' of a client or service"),
    ],
)
def test_a_clinical_text_is_found_wherever_it_stands(text: str, problem: str) -> None:
    assert any(found.endswith(problem) for found in leaks.found_in([customer(name=text)]))
    assert any(found.endswith(problem) for found in leaks.found_in([customer(anywhere=[text])]))


def test_every_service_of_the_demo_is_looked_for() -> None:
    names = leaks.service_names()

    assert len(names) > 10
    for name in names:
        assert leaks.found_in([customer(name=name)]) != []
