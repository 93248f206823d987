"""What is held over the API is paid on the processor's page, and then stands."""

import pytest

from practice.billing.rules.payments import PaymentState
from practice.sessions.rules.lifecycle import AppointmentState
from tests.integration.api.conftest import Program, problem
from tests.integration.api.test_bookings import DETAILS, OPENLY
from tests.integration.billing.line import Line
from tests.integration.sessions.pages.cards.conftest import path_of
from tests.integration.sessions.pages.conftest import appointments
from tests.stripe_sandbox import Sandbox


@pytest.fixture
def held(visitor: Program) -> str:
    """Hold the first free time of an intake, and say who comes; return its address."""
    times = visitor.get(f"{OPENLY}/services/intake/times", days=30, modality="in_person")
    asked = {
        "service": "intake",
        "starts_at": times.get_json()["starts_at"][0],
        "modality": "in_person",
    }
    token = visitor.post(f"{OPENLY}/holds", asked).get_json()["token"]
    visitor.ask("PUT", f"{OPENLY}/bookings/{token}/details", DETAILS)
    return f"{OPENLY}/bookings/{token}"


def test_a_hold_is_paid_for_once_and_stands(
    visitor: Program, program: Program, held: str, sandbox: Sandbox
) -> None:
    assert problem(visitor.post(f"{held}/confirm")) == (409, "StillToPay")

    checkout = visitor.post(f"{held}/checkout").get_json()
    again = visitor.post(f"{held}/checkout").get_json()
    back = sandbox.pay(checkout["url"]).headers["Location"]
    visitor.client.get(path_of(back))

    assert checkout == again
    assert checkout["amount"] == visitor.get(held).get_json()["price"]
    assert visitor.get(held).get_json()["state"] == "confirmed"
    assert problem(visitor.post(f"{held}/checkout")) == (409, "Conflict")
    (payment,) = program.get("/payments", state="paid").get_json()["items"]
    assert payment["amount"] == checkout["amount"]
    assert payment["booking_id"] == str(appointments()[0].id)
    assert program.get(f"/payments/{payment['id']}").get_json() == payment


def test_a_processor_that_is_silent_is_no_answer_and_costs_nothing(
    visitor: Program, program: Program, held: str, line: Line
) -> None:
    line.is_cut = True

    answer = visitor.post(f"{held}/checkout")

    assert problem(answer)[0] == 503
    assert answer.headers["Retry-After"] == "30"
    assert [each.state for each in appointments()] == [AppointmentState.TENTATIVE]
    listed = program.get("/payments").get_json()["items"]
    assert [each["state"] for each in listed] == [PaymentState.CREATING]
