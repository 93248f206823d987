"""Comparing the processor's lines with our rows, against a slow way of saying the same."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from practice.billing.rules import books
from practice.billing.rules.books import DisputeState, Move, Ours, PayoutState, Source
from practice.core.money import Money

NOON = datetime(2026, 12, 1, 12, tzinfo=UTC)
EARLY, LATE = NOON - timedelta(days=1), NOON + timedelta(days=1)
SOURCES = {
    "charge": Source.PAYMENT,
    "refund": Source.REFUND,
    "payout": Source.PAYOUT,
    "stripe_fee": None,
}


def move(kind: str, source: str | None, minor: int, name: str = "txn_1") -> Move:
    return Move(name, kind, kind, minor, 0, "USD", source, NOON)


def ours(source: Source, minor: int, *, at: datetime = NOON, settled: bool = True) -> Ours:
    return Ours(source, minor, is_settled=settled, since=at)


def found(moves: list[Move], here: dict[str, Ours]) -> list[str]:
    told = books.differences(moves, here, first_at=EARLY, last_at=LATE, currency="USD")
    return [one.key for one in told]


def test_what_both_say_is_no_difference() -> None:
    lines = [
        move("charge", "ch_1", 18_000),
        move("refund", "re_1", -5_000),
        move("payout", "po_1", -13_000),
        move("stripe_fee", None, -200),
    ]
    here = {
        "ch_1": ours(Source.PAYMENT, 18_000),
        "re_1": ours(Source.REFUND, 5_000),
        "po_1": ours(Source.PAYOUT, 13_000),
    }

    assert found(lines, here) == []


@given(
    theirs=st.dictionaries(
        st.sampled_from("abcdef"), st.tuples(st.sampled_from(sorted(SOURCES)), st.integers(1, 3))
    ),
    here=st.dictionaries(
        st.sampled_from("abcdef"), st.tuples(st.sampled_from(Source), st.integers(1, 3))
    ),
)
def test_each_thing_that_only_one_side_has_or_has_otherwise_is_named_once(
    theirs: dict[str, tuple[str, int]], here: dict[str, tuple[Source, int]]
) -> None:
    sign = {"charge": 1, "refund": -1, "payout": -1, "stripe_fee": -1}
    lines = [move(kind, one, sign[kind] * minor, one) for one, (kind, minor) in theirs.items()]

    slow = []
    for one, (kind, minor) in theirs.items():
        known = here.get(one)
        if SOURCES[kind] is None:
            continue
        if known is None or known[0] is not SOURCES[kind]:
            slow.append(f"books:{one}:unknown")
        elif known[1] != minor:
            slow.append(f"books:{one}:amount")
    shown = {one for one, (kind, _) in theirs.items() if SOURCES[kind] is not None}
    slow += [f"books:{one}:missing" for one in sorted(here) if one not in shown]

    assert found(lines, {one: ours(*it) for one, it in here.items()}) == slow


@pytest.mark.parametrize(
    "one",
    [
        ours(Source.PAYMENT, 1, at=EARLY - timedelta(seconds=1)),
        ours(Source.PAYMENT, 1, at=LATE + timedelta(seconds=1)),
        ours(Source.REFUND, 1, settled=False),
    ],
)
def test_what_the_lines_at_hand_cannot_show_is_not_missed(one: Ours) -> None:
    assert found([], {"x_1": one}) == []


def test_a_payout_comes_to_what_is_in_it() -> None:
    inside = [move("charge", "ch_1", 18_000), move("payout", "po_1", -18_000)]

    def of(minor: int) -> list[books.Difference]:
        return books.payout_differences({"po_1": Money(minor, "USD")}, {"po_1": inside})

    assert of(18_000) == []
    assert [one.key for one in of(17_999)] == ["books:po_1:sum"]
    assert books.payout_differences({"po_2": Money(1, "USD")}, {}) == []


def test_the_ledger_agrees_with_the_balance_payment_by_payment() -> None:
    a, b, c = (UUID(int=number) for number in range(3))

    told = books.ledger_differences({a: 100, b: 50, c: 0}, {a: 100, b: 49}, "USD")

    assert [one.key for one in told] == [f"books:{b}:ledger"]


@given(st.lists(st.sampled_from(DisputeState)))
def test_a_dispute_never_goes_back(seen: list[DisputeState]) -> None:
    ends = {DisputeState.WON, DisputeState.LOST, DisputeState.ASKED_CLOSED}
    state, was = DisputeState.ASKED, DisputeState.ASKED

    for one in seen:
        was, state = state, books.advance_dispute(state, one)
        assert was not in ends or state is was

    assert state in {DisputeState.ASKED, *seen}


def test_a_payout_that_arrived_may_still_come_back() -> None:
    way, paid, failed = PayoutState.ON_ITS_WAY, PayoutState.PAID, PayoutState.FAILED

    assert [books.advance_payout(paid, one) for one in (way, paid, failed)] == [paid, paid, failed]
    assert books.advance_payout(failed, paid) is failed
