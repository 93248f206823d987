"""Months, ages and plots, as rules."""

from datetime import date, timedelta
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from practice.billing.rules.months import Month, between
from practice.billing.rules.plots import columns, shares
from practice.billing.rules.reports import Age, age, aged, split_open

MONTHS = st.builds(Month, st.integers(2001, 2199), st.integers(1, 12))
DAYS = st.one_of(st.none(), st.dates(date(2026, 1, 1), date(2026, 12, 31)))


@given(MONTHS, st.integers(-12, 12))
def test_a_month_moves_a_day_at_a_time(month: Month, months: int) -> None:
    day, wanted = month.first_on, abs(months)
    while wanted:
        day += timedelta(days=1 if months > 0 else -1)
        wanted -= day.day == 1
    assert month.moved(months) == Month.of(day)
    assert Month.read(str(month)) == month
    assert (month.last_on + timedelta(days=1)).day == 1


@pytest.mark.parametrize(
    "text", ["", "2026", "2026-13", "2026-00", "1899-12", "2026-1", " 2026-11"]
)
def test_what_is_no_month_is_none(text: str) -> None:
    assert Month.read(text) is None


def test_the_months_to_choose_from_are_the_newest_first() -> None:
    assert [str(each) for each in between(Month(2026, 11), Month(2027, 1))] == [
        "2027-01",
        "2026-12",
        "2026-11",
    ]


@pytest.mark.parametrize(
    ("days", "expected"),
    [
        (-1, Age.NOT_DUE),
        (0, Age.MONTH),
        (30, Age.MONTH),
        (31, Age.TWO_MONTHS),
        (61, Age.THREE_MONTHS),
        (90, Age.THREE_MONTHS),
        (91, Age.LONGER),
    ],
)
def test_what_is_due_ages(days: int, expected: Age) -> None:
    on = date(2026, 11, 30)

    assert age(on - timedelta(days=days), on) is expected
    assert age(None, on) is Age.NOT_DUE


@given(st.lists(st.tuples(DAYS, st.integers(0, 900)), max_size=5), st.integers(0, 5_000))
def test_what_is_open_is_shared_out_over_the_last_instalments(
    dues: list[tuple[date | None, int]], open_minor: int
) -> None:
    parts = split_open(open_minor, dues)

    whole = open_minor if dues else 0
    assert sum(minor for _, minor in parts) == whole
    on = date(2026, 11, 30)
    rows = aged([(n, day, minor) for n, (day, minor) in enumerate(parts)], on)
    assert sum(row.minor for row in rows) == whole
    asked = sum(minor for _, minor in dues)
    paid, slow = max(0, asked - open_minor), 0
    for day, minor in dues:  # what was paid fills the first ones
        left = minor - min(paid, minor)
        paid -= min(paid, minor)
        slow += left if age(day, on) is Age.NOT_DUE else 0
    over = max(0, open_minor - asked)
    if not over:
        assert rows[0].minor == slow


@given(st.lists(st.integers(-(10**9), 10**9), min_size=1, max_size=13), st.data())
def test_columns_stand_where_their_values_are(values: list[int], data: st.DataObject) -> None:
    other = data.draw(st.lists(st.integers(0, 10**9), min_size=len(values), max_size=len(values)))
    plot = columns(values, other)

    (low, bottom), (high, top) = plot.lines[0], plot.lines[-1]
    assert (bottom, top) == (100, 0)
    assert 2 <= len(plot.lines) <= 11
    for column in (each for series in plot.series for each in series):
        assert low <= column.value <= high
        ends_at = column.y if column.value > 0 else column.y + column.height
        exact = Fraction((high - column.value) * 100, high - low)
        assert abs(Fraction(ends_at) - exact) < Fraction(1, 20)


def test_bars_are_parts_of_the_longest() -> None:
    assert shares([500, 0, 1000, -20]) == [50.0, 0.0, 100.0, 0.0]
    assert shares([0, 0]) == [0.0, 0.0]
    assert shares([]) == []
