from datetime import UTC, datetime
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from practice.billing.rules.payments import (
    LIVE,
    MOVES,
    REFUND_MOVES,
    CheckoutStatus,
    Label,
    PaymentState,
    RefundState,
    SeenCheckout,
    advance,
    advance_refund,
    differences,
    left_to_refund,
    told,
)
from practice.core.money import Money

PRICE = Money(18_000, "USD")
OURS = "0b0f6d3e-8f5c-4f1e-9d6c-1c2f4f7b9a10"


def seen(
    status: CheckoutStatus = CheckoutStatus.OPEN,
    *,
    is_paid: bool = False,
    intent_status: str | None = None,
    amount: Money = PRICE,
    is_live: bool = False,
    payment_id: str | None = OURS,
) -> SeenCheckout:
    return SeenCheckout(
        id="cs_1",
        status=status,
        is_paid=is_paid,
        amount=amount,
        is_live=is_live,
        payment_id=payment_id,
        intent_status=intent_status,
        paid_at=datetime(2030, 1, 1, tzinfo=UTC) if is_paid else None,
    )


def test_every_state_of_a_payment_has_its_line() -> None:
    assert MOVES.keys() == set(PaymentState)


def test_every_state_of_a_refund_has_its_line() -> None:
    assert REFUND_MOVES.keys() == set(RefundState)


def test_there_are_five_labels_and_none_says_what_for() -> None:
    assert sorted(Label) == [
        "Appointment deposit",
        "Appointment payment",
        "Balance payment",
        "Cancellation fee",
        "Package payment",
    ]


@pytest.mark.parametrize(
    ("checkout", "state"),
    [
        (seen(CheckoutStatus.OPEN), PaymentState.OPEN),
        (seen(CheckoutStatus.OPEN, intent_status="requires_payment_method"), PaymentState.OPEN),
        (seen(CheckoutStatus.EXPIRED), PaymentState.EXPIRED),
        (seen(CheckoutStatus.COMPLETE, is_paid=True), PaymentState.PAID),
        (seen(CheckoutStatus.COMPLETE, intent_status="processing"), PaymentState.PROCESSING),
        (seen(CheckoutStatus.COMPLETE, intent_status=None), PaymentState.PROCESSING),
        (seen(CheckoutStatus.COMPLETE, intent_status="canceled"), PaymentState.FAILED),
        (
            seen(CheckoutStatus.COMPLETE, intent_status="requires_payment_method"),
            PaymentState.FAILED,
        ),
    ],
)
def test_the_word_of_the_processor_becomes_a_state(
    checkout: SeenCheckout, state: PaymentState
) -> None:
    assert told(checkout) is state


@given(st.lists(st.sampled_from(PaymentState)))
def test_a_payment_never_goes_back_whatever_is_said_in_whatever_order(
    words: list[PaymentState],
) -> None:
    state, been = PaymentState.CREATING, [PaymentState.CREATING]

    for word in words:
        state = advance(state, word)
        if state is not been[-1]:
            been.append(state)

    assert len(been) == len(set(been))
    if PaymentState.PAID in words:
        assert state is PaymentState.PAID


@pytest.mark.parametrize(
    ("current", "word"), list(product(PaymentState, [PaymentState.CREATING, PaymentState.OPEN]))
)
def test_only_a_payment_that_is_being_made_becomes_open(
    current: PaymentState, word: PaymentState
) -> None:
    moved = advance(current, word)

    assert moved is (
        PaymentState.OPEN
        if (current, word) == (PaymentState.CREATING, PaymentState.OPEN)
        else current
    )


def test_a_payment_that_has_ended_is_not_live() -> None:
    assert sorted(set(PaymentState) - LIVE) == [
        PaymentState.EXPIRED,
        PaymentState.FAILED,
        PaymentState.PAID,
    ]


@given(st.lists(st.sampled_from(RefundState)))
def test_a_refund_never_goes_back(words: list[RefundState]) -> None:
    ranks = [RefundState.PENDING, RefundState.SUCCEEDED, RefundState.FAILED]
    state = RefundState.PENDING

    for word in words:
        moved = advance_refund(state, word)
        assert ranks.index(moved) >= ranks.index(state)
        state = moved

    if words:
        assert state is max(words, key=ranks.index)


def test_a_checkout_that_is_the_one_asked_for_has_no_differences() -> None:
    assert differences(seen(), payment_id=OURS, amount=PRICE, is_live=False) == []


def test_a_checkout_that_is_another_one_says_in_what() -> None:
    other = seen(amount=Money(17_999, "USD"), is_live=True, payment_id=None)

    assert differences(other, payment_id=OURS, amount=PRICE, is_live=False) == [
        "it names another payment",
        "it is over $179.99 instead of $180.00",
        "it is real money, and this is a test",
    ]


def test_the_same_figure_in_another_currency_is_a_difference() -> None:
    other = seen(amount=Money(18_000, "EUR"))

    assert differences(other, payment_id=OURS, amount=PRICE, is_live=False) == [
        "it is over EUR 180.00 instead of $180.00"
    ]


refunds = st.lists(st.tuples(st.sampled_from(RefundState), st.integers(1, 10_000)), max_size=8)


@given(refunds)
def test_what_is_left_is_what_came_less_what_goes_back(
    given_back: list[tuple[RefundState, int]],
) -> None:
    left = left_to_refund(PRICE, [(state, Money(cents, "USD")) for state, cents in given_back])

    gone = sum(cents for state, cents in given_back if state is not RefundState.FAILED)
    assert left == Money(18_000 - gone, "USD")
