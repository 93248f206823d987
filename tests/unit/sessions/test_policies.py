"""What cancelling costs, to the cent and to the second, and how it is said."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from practice.core.errors import Invalid
from practice.core.money import Money
from practice.sessions.rules import policies
from practice.sessions.rules.lifecycle import SessionKind
from practice.sessions.rules.policies import Late, Policy, Tier

NEW_YORK = "America/New_York"
STARTS = datetime(2026, 12, 1, 15, 30, tzinfo=UTC)  # Tue, Dec 1, 10:30 AM in New York
PRICE = Money(45_000, "USD")
MEDICINE = policies.shipped_policy(SessionKind.DOSING)
TALK = policies.shipped_policy(SessionKind.PREP)
SECOND = timedelta(seconds=1)


def usd(minor: int) -> Money:
    return Money(minor, "USD")


def policy(*tiers: tuple[int, int], missed: int = 100) -> Policy:
    return Policy(
        tiers=tuple(Tier(*tier) for tier in tiers),
        no_show_percent=missed,
        late_grace_minutes=15,
        late=Late.IS_SHORTENED,
    )


FREE = policy((0, 0), missed=0)


def test_what_is_shipped_is_what_the_file_says() -> None:
    assert (
        Policy(
            tiers=(Tier(48, 0), Tier(24, 50), Tier(0, 100)),
            no_show_percent=100,
            late_grace_minutes=15,
            late=Late.CANNOT_START,
        )
        == MEDICINE
    )
    assert policy((24, 0), (0, 100)) == TALK
    assert policies.shipped_policy(SessionKind.BOOSTER) == MEDICINE
    assert {policies.shipped_policy(kind) for kind in SessionKind} == {MEDICINE, TALK}


@pytest.mark.parametrize(
    ("notice", "costs"),
    [
        (timedelta(hours=72), 0),
        (timedelta(hours=48), 0),
        (timedelta(hours=48) - SECOND, 22_500),
        (timedelta(hours=24), 22_500),
        (timedelta(hours=24) - SECOND, 45_000),
        (timedelta(), 45_000),
        (-SECOND, 45_000),
    ],
)
def test_exactly_the_notice_of_a_step_is_enough_for_it(notice: timedelta, costs: int) -> None:
    assert policies.fee(MEDICINE, PRICE, notice) == usd(costs)
    assert policies.fee_now(MEDICINE, price=PRICE, starts_at=STARTS, now=STARTS - notice) == usd(
        costs
    )


def test_a_broken_cent_is_the_clients() -> None:
    assert policies.fee(policy((0, 33), missed=50), usd(17_501), timedelta()) == usd(5775)
    assert policies.no_show_fee(policy((0, 33), missed=50), usd(17_501)) == usd(8750)


def test_the_last_free_moment_is_said_as_a_moment() -> None:
    assert policies.free_until(MEDICINE, STARTS) == STARTS - timedelta(hours=48)
    assert policies.free_until(FREE, STARTS) == STARTS
    assert policies.free_until(policy((0, 10)), STARTS) is None


def said(terms: Policy, price: Money = PRICE, now: datetime | None = None) -> str:
    return policies.sentence(terms, price=price, starts_at=STARTS, zone=NEW_YORK, now=now)


def test_a_client_reads_one_sentence_with_absolute_moments() -> None:
    half = policy((48, 0), (0, 20))

    assert said(half) == (
        "Cancel free of charge until Sun, Nov 29, 10:30 AM. After that it costs $90.00."
    )
    assert said(MEDICINE) == (
        "Cancel free of charge until Sun, Nov 29, 10:30 AM. After that it costs $225.00, "
        "after Mon, Nov 30, 10:30 AM $450.00."
    )
    assert said(policy((24, 10), (0, 20))) == (
        "Cancelling costs $45.00 until Mon, Nov 30, 10:30 AM. After that it costs $90.00."
    )
    assert said(policy((0, 20))) == (
        "Cancelling costs $90.00 until Tue, Dec 1, 10:30 AM, when it starts."
    )


def test_what_costs_nothing_says_only_when_it_starts() -> None:
    words = "Cancelling is free of charge until Tue, Dec 1, 10:30 AM, when it starts."

    assert [said(FREE), said(TALK, usd(0)), said(MEDICINE, usd(0))] == [words] * 3


def test_moments_that_have_passed_are_not_spoken_of() -> None:
    assert said(MEDICINE, now=STARTS - timedelta(hours=30)) == (
        "Cancelling costs $225.00 until Mon, Nov 30, 10:30 AM. After that it costs $450.00."
    )
    assert said(MEDICINE, now=STARTS - timedelta(hours=3)) == (
        "Cancelling costs $450.00 until Tue, Dec 1, 10:30 AM, when it starts."
    )
    assert said(MEDICINE, now=STARTS + SECOND) == "Missing it costs $450.00."


def test_notice_is_elapsed_time_so_the_moment_moves_with_the_clocks() -> None:
    after_the_change = datetime(2026, 11, 2, 15, 30, tzinfo=UTC)  # Mon, 10:30 AM, standard time

    assert policies.sentence(TALK, price=PRICE, starts_at=after_the_change, zone=NEW_YORK) == (
        "Cancel free of charge until Sun, Nov 1, 10:30 AM. After that it costs $450.00."
    )
    assert policies.sentence(MEDICINE, price=PRICE, starts_at=after_the_change, zone=NEW_YORK) == (
        "Cancel free of charge until Sat, Oct 31, 11:30 AM. After that it costs $225.00, "
        "after Sun, Nov 1, 10:30 AM $450.00."
    )


def test_the_rest_of_the_terms_is_said_too() -> None:
    assert policies.late_sentence(MEDICINE) == (
        "If you come more than 15 minutes late, the session cannot start, "
        "and counts as cancelled then."
    )
    assert policies.late_sentence(TALK) == (
        "If you come more than 15 minutes late, the session is shorter and ends on time."
    )
    assert policies.missed_sentence(TALK, PRICE) == "Not coming costs $450.00."
    assert policies.in_brief(MEDICINE) == (
        "Free up to 48 hours before, 50% with less than 48 hours, 100% with less than 24 hours"
    )
    assert policies.in_brief(policy((0, 0), missed=50)) == (
        "Free at any time before it starts, 50% when missed"
    )


@pytest.mark.parametrize(
    ("tiers", "missed"),
    [
        ([], 100),
        ([(24, 0)], 100),
        ([(0, 0), (24, 50)], 100),
        ([(24, 0), (24, 50), (0, 100)], 100),
        ([(24, 60), (0, 50)], 100),
        ([(24, 0), (0, 101)], 101),
        ([(24, -1), (0, 50)], 100),
        ([(24, 0), (0, 50)], 40),
        ([(10_000, 0), (0, 50)], 100),
        ([(hours, 0) for hours in range(5, -1, -1)], 100),
    ],
)
def test_terms_that_contradict_themselves_are_refused(
    tiers: list[tuple[int, int]], missed: int
) -> None:
    with pytest.raises(Invalid):
        policy(*tiers, missed=missed)


@st.composite
def terms(draw: st.DrawFn) -> Policy:
    hours = draw(st.sets(st.integers(1, 336), max_size=4))
    percents = sorted(draw(st.lists(st.integers(0, 100), min_size=6, max_size=6)))
    tiers = zip([*sorted(hours, reverse=True), 0], percents, strict=False)
    return policy(*tiers, missed=percents[-1])


@given(terms(), st.integers(0, 100_000), st.integers(0, 400 * 3600))
def test_fee_steps_and_last_free_moment_say_the_same(
    some: Policy, minor: int, seconds: int
) -> None:
    price, now = usd(minor), STARTS - timedelta(seconds=seconds)
    now_costs = policies.fee_now(some, price=price, starts_at=STARTS, now=now)

    slow = next(p for h, p in some.tiers if seconds >= h * 3600)
    assert now_costs.minor == int(minor * slow / 100 + 1e-9)
    ahead = [
        step for step in policies.steps(some, price=price, starts_at=STARTS) if step.until >= now
    ]
    assert ahead[0].fee == now_costs
    until = policies.free_until(some, STARTS)
    if until is not None and now <= until:
        assert now_costs == usd(0)
    assert policies.from_terms(policies.as_terms(some)) == some
