"""What is sold ahead breaks down without losing a cent, and comes back by the rule agreed."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from practice.billing.rules.selling import (
    Due,
    Fee,
    Had,
    Item,
    Part,
    RefundRule,
    amounts,
    check_parts,
    due_minor,
    ending,
    missing_minor,
    next_try_on,
    poured,
    shared,
)
from practice.core.errors import Invalid

AT_LIST, PRO_RATA = RefundRule.AT_LIST, RefundRule.PRO_RATA
TODAY = date(2026, 11, 30)

ITEMS = st.lists(
    st.builds(
        Item,
        what=st.uuids().map(str),
        label=st.just("Session"),
        count=st.integers(1, 9),
        list_minor=st.integers(0, 90_000),
    ),
    min_size=1,
    max_size=8,
)


@given(price=st.integers(0, 900_000), items=ITEMS)
def test_the_parts_of_a_price_are_always_the_whole(price: int, items: list[Item]) -> None:
    parts = shared(price, items)
    values = [each.total_minor for each in parts]

    assert sum(values) == price
    assert min(values) >= 0


def test_a_course_of_six_breaks_down_by_its_single_prices() -> None:
    sold = shared(
        387_500,
        [
            Item("intake", "Intake", 1, 22_500),
            Item("prep_60", "Preparation", 2, 17_500),
            Item("dosing_sl_first", "First", 1, 45_000),
            Item("integration_60", "Integration", 6, 17_500),
            Item("dosing_sl", "Lozenge", 5, 40_000),
        ],
    )

    assert [each.total_minor for each in sold] == [21_395, 33_282, 42_791, 99_846, 190_186]


@pytest.mark.parametrize(
    ("price", "items", "words"),
    [
        (1, [], "at least one session"),
        (1, [Item("a", "A", 0, 100)], "at least one session"),
        (-1, [Item("a", "A", 1, 100)], "nothing or more"),
    ],
)
def test_what_is_no_package_is_refused(price: int, items: list[Item], words: str) -> None:
    with pytest.raises(Invalid, match=words):
        shared(price, items)


@given(
    price=st.integers(0, 900_000),
    percents=st.lists(st.integers(1, 50), min_size=1, max_size=5),
)
def test_instalments_are_always_the_whole_price(price: int, percents: list[int]) -> None:
    parts = [*(Part(each) for each in percents if each), Part(1)]
    rest = 100 - sum(each.percent for each in parts)
    if rest < 0:
        return
    parts[-1] = Part(rest + 1)

    assert sum(amounts(price, parts)) == price


@pytest.mark.parametrize(
    ("parts", "words"),
    [
        ([], "1 to 12 parts"),
        ([Part(101)], "between 1 and 100"),
        ([Part(-50), Part(150)], "between 1 and 100"),
        ([Part(50), Part(49)], "make 100 percent"),
        ([Part(50), Part(50, days=-1)], "today or later"),
    ],
)
def test_parts_that_make_no_whole_are_refused(parts: list[Part], words: str) -> None:
    with pytest.raises(Invalid, match=words):
        check_parts(parts)


# Ending early ------------------------------------------------------------------------------------

HAD = [Had("Preparation", 17_500, 16_640), Had("First lozenge session", 45_000, 42_791)]


@pytest.mark.parametrize(
    ("rule", "paid", "back", "still"),
    [
        (AT_LIST, 193_750, 131_250, 0),
        (PRO_RATA, 193_750, 134_319, 0),
        (AT_LIST, 0, 0, 62_500),
        (PRO_RATA, 50_000, 0, 9_431),
        (AT_LIST, 62_500, 0, 0),
    ],
)
def test_what_was_used_is_kept_by_the_rule_agreed(
    rule: RefundRule, paid: int, back: int, still: int
) -> None:
    found = ending(387_500, paid, HAD, rule)

    assert (found.refund_minor, found.open_minor) == (back, still)
    assert found.undone_minor == 387_500 - found.charged_minor


def test_cancelling_late_is_charged_beside_what_was_had() -> None:
    found = ending(387_500, 193_750, HAD, AT_LIST, [Fee("Thursday", 20_000), Fee("Free", 0)])

    assert found.lines == (
        ("Preparation", 17_500),
        ("First lozenge session", 45_000),
        ("Thursday", 20_000),
    )
    assert (found.charged_minor, found.fees_minor, found.refund_minor) == (82_500, 20_000, 111_250)


@given(
    price=st.integers(0, 500_000),
    paid=st.integers(0, 500_000),
    had=st.lists(st.tuples(st.integers(0, 90_000), st.integers(0, 90_000)), max_size=9),
    rule=st.sampled_from(RefundRule),
    fees=st.lists(st.integers(0, 90_000), max_size=4),
)
def test_nobody_pays_more_than_the_price_and_nothing_goes_missing(
    price: int, paid: int, had: list[tuple[int, int]], rule: RefundRule, fees: list[int]
) -> None:
    found = ending(
        price, paid, [Had("S", *each) for each in had], rule, [Fee("F", each) for each in fees]
    )

    assert 0 <= found.charged_minor <= price
    assert found.paid_minor - found.refund_minor + found.open_minor == found.charged_minor
    assert not (found.refund_minor and found.open_minor)


# Instalments -------------------------------------------------------------------------------------


def plan(*days: int | None) -> list[Due]:
    return [
        Due(n, 100, 100, None if each is None else TODAY + timedelta(days=each))
        for n, each in enumerate(days, start=1)
    ]


def test_what_was_paid_fills_the_instalments_in_order() -> None:
    assert [each.open_minor for each in poured(plan(0, 5, None), 150, 300)] == [0, 50, 100]


def test_a_sale_that_ended_asks_for_no_more_than_it_came_to() -> None:
    assert [each.open_minor for each in poured(plan(0, 5, None), 100, 120)] == [0, 20, 0]


def test_only_what_has_a_day_that_came_is_due() -> None:
    dues = plan(-1, 0, 1, None)

    assert (due_minor(dues, TODAY), missing_minor(dues, TODAY)) == (200, 100)


def test_what_is_due_at_booking_stands_in_the_way_at_once() -> None:
    first = Due(1, 100, 100, TODAY, "dose_1", at_booking=True)

    assert missing_minor([first], TODAY) == 100


@pytest.mark.parametrize(
    ("tries", "last", "on"), [(0, None, 0), (1, 0, 3), (2, 3, 7), (3, 7, None)]
)
def test_collecting_is_tried_three_times(tries: int, last: int | None, on: int | None) -> None:
    last_on = None if last is None else TODAY + timedelta(days=last)
    wanted = None if on is None else TODAY + timedelta(days=on)

    assert next_try_on(tries, last_on, TODAY) == wanted
