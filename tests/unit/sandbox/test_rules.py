"""The small rules: cards, fees, pages of lists, metadata, signatures, what a payer types."""

from datetime import date
from typing import Any

import pytest
import stripe
from hypothesis import given
from hypothesis import strategies as st

from sandbox import payform
from sandbox.cards import CARDS, NOT_A_TEST_CARD, card_for, passes_luhn
from sandbox.errors import ApiError
from sandbox.metadata import merged
from sandbox.paging import page
from sandbox.resources.balance_transactions import card_fee
from sandbox.resources.payment_methods import Holder
from sandbox.webhooks import RETRY_AFTER_SECONDS, check_loopback, signature

NOON = 1_800_000_000


@pytest.mark.parametrize("card", CARDS, ids=lambda card: card.number)
def test_every_test_card_has_a_number_that_a_form_accepts(card: Any) -> None:
    assert passes_luhn(card.number)
    assert card_for(card.number) is card


@given(st.text("0123456789", min_size=2, max_size=18))
def test_exactly_one_check_digit_fits_a_number(body: str) -> None:
    assert sum(passes_luhn(body + digit) for digit in "0123456789") == 1


def test_a_real_looking_card_is_declined() -> None:
    assert card_for("4012888888881881").decline == NOT_A_TEST_CARD


@pytest.mark.parametrize(("amount", "fee"), [(50, 31), (12000, 378), (10050, 321), (1500, 74)])
def test_card_fee_is_two_point_nine_percent_and_thirty_cents(amount: int, fee: int) -> None:
    assert card_fee(amount) == fee


@given(
    count=st.integers(0, 30),
    limit=st.integers(1, 12),
)
def test_pages_one_after_another_show_everything_once(count: int, limit: int) -> None:
    kept = [{"id": f"x_{n}", "created": NOON + n} for n in range(count)]
    newest_first = list(reversed(kept))

    forward: list[Any] = []
    params: dict[str, Any] = {"limit": limit}
    more = True
    while more:
        answer = page(kept, params, url="/v1/things")
        forward += answer["data"]
        more = answer["has_more"]
        params = {"limit": limit, "starting_after": forward[-1]["id"]} if forward else {}

    assert forward == newest_first


@given(count=st.integers(1, 30), limit=st.integers(1, 12), place=st.integers(0, 29))
def test_a_page_before_a_thing_ends_right_before_it(count: int, limit: int, place: int) -> None:
    kept = [{"id": f"x_{n}", "created": NOON + n} for n in range(count)]
    newest_first = list(reversed(kept))
    place %= count

    answer = page(kept, {"limit": limit, "ending_before": newest_first[place]["id"]}, url="")

    assert answer["data"] == newest_first[max(0, place - limit) : place]
    assert answer["has_more"] is (place > limit)


@pytest.mark.parametrize(
    ("bounds", "expected"),
    [
        (NOON + 1, [1]),
        ({"gt": NOON + 1}, [2]),
        ({"gte": NOON, "lt": NOON + 2}, [1, 0]),
        ({"lte": NOON}, [0]),
    ],
)
def test_page_narrows_by_the_time_of_making(bounds: Any, expected: list[int]) -> None:
    kept = [{"id": f"x_{n}", "created": NOON + n} for n in range(3)]

    answer = page(kept, {"created": bounds}, url="")

    assert answer["data"] == [kept[n] for n in expected]


@pytest.mark.parametrize(
    ("params", "status"),
    [
        ({"limit": 0}, 400),
        ({"limit": 101}, 400),
        ({"starting_after": "a", "ending_before": "b"}, 400),
        ({"starting_after": "unknown"}, 404),
    ],
)
def test_page_refuses_what_makes_no_sense(params: Any, status: int) -> None:
    with pytest.raises(ApiError) as refusal:
        page([], params, url="")

    assert refusal.value.status == status


def test_metadata_changes_key_by_key() -> None:
    kept = {"pay": "1", "kind": "deposit"}

    assert merged(kept, {"kind": "", "client": "2"}) == {"pay": "1", "client": "2"}
    assert merged(kept, None) == kept
    assert merged(kept, "") == {}


@pytest.mark.parametrize(
    "change", [{"k" * 41: "v"}, {"k": "v" * 501}, {str(n): "v" for n in range(51)}]
)
def test_metadata_has_limits(change: dict[str, str]) -> None:
    with pytest.raises(ApiError):
        merged({}, change)


def test_a_signature_satisfies_the_stripe_library() -> None:
    payload = '{"id": "evt_1", "name": "Zoë"}'

    header = signature(payload, "whsec_a", NOON)

    assert stripe.WebhookSignature.verify_header(payload, header, "whsec_a")
    with pytest.raises(stripe.SignatureVerificationError):
        stripe.WebhookSignature.verify_header(payload + " ", header, "whsec_a")


def test_retries_wait_longer_and_longer_for_about_three_days() -> None:
    assert list(RETRY_AFTER_SECONDS) == sorted(RETRY_AFTER_SECONDS)
    assert 2.5 * 86400 < sum(RETRY_AFTER_SECONDS) < 3 * 86400


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:8000/hook", "http://localhost/hook", "http://[::1]:80/x"]
)
def test_webhooks_go_to_this_machine(url: str) -> None:
    check_loopback(url)


@pytest.mark.parametrize(
    "url",
    [
        "https://example.com/hook",
        "http://10.0.0.1/",
        "http://127.0.0.1.example.com/",
        "ftp://127.0.0.1/",
        "http://[::1/",
        "hook",
    ],
)
def test_webhooks_go_nowhere_else(url: str) -> None:
    with pytest.raises(ApiError):
        check_loopback(url)


FILLED = {
    "email": "pat@example.com",
    "number": "4242 4242 4242 4242",
    "expiry": "01 / 30",
    "cvc": "123",
    "name": "Pat Payer",
}
TODAY = date(2030, 1, 31)


@pytest.mark.parametrize("expiry", ["01 / 30", "1/30", "0130", "01-2030", "01 30"])
def test_a_card_is_good_through_its_month(expiry: str) -> None:
    form, card, holder = payform.read(FILLED | {"expiry": expiry}, TODAY)

    assert form.errors == {}
    assert card == card_for("4242424242424242")
    assert holder == Holder(1, 2030, "Pat Payer", "pat@example.com")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("email", ""),
        ("email", "pat@example"),
        ("number", "4242"),
        ("number", "4242 4242 4242 4241"),
        ("number", "4242 4242 4242 424x"),
        ("expiry", "12 / 29"),
        ("expiry", "13 / 30"),
        ("expiry", "soon"),
        ("cvc", "12"),
        ("cvc", "12345"),
        ("name", "  "),
    ],
)
def test_a_wrong_field_is_named_and_the_rest_is_kept(name: str, value: str) -> None:
    form, card, holder = payform.read(FILLED | {name: value}, TODAY)

    assert list(form.errors) == [name]
    assert form.first_wrong == name
    assert (card, holder) == (None, None)
    assert form.typed == FILLED | {name: value.strip()}
