from datetime import UTC, date, datetime, timedelta
from math import ceil, floor

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from practice.calendar.rules import free, timeline
from practice.core.errors import Invalid
from tests.unit.calendar.wall import (
    CHANGES,
    ZONES,
    as_bits,
    dates_around_a_change,
    minutes_of,
)

AXIS = timeline.axis_of("America/New_York", date(2026, 10, 31), date(2026, 11, 2))
CELLS = [AXIS.starts_at + cell * timedelta(minutes=5) for cell in range(288 + 300 + 288)]
bitmaps = st.integers(0, 2**90 - 1)


@st.composite
def spans(draw: st.DrawFn) -> timeline.Span:
    """A stretch of time, to the microsecond, on the axis or reaching off it."""
    nudge = st.sampled_from([0, 0, 0, 1, -1, 137_000_001])
    cells = st.integers(-400, 1200)
    first, last = (
        AXIS.starts_at + draw(cells) * timedelta(minutes=5) + timedelta(microseconds=draw(nudge))
        for _ in range(2)
    )
    return first, last


def bits_of(number: int) -> set[int]:
    return {bit for bit in range(number.bit_length()) if number >> bit & 1}


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("change", CHANGES)
def test_an_axis_has_a_cell_for_every_five_minutes_of_its_dates(zone: str, change: date) -> None:
    dates = [change + timedelta(days=n) for n in range(-1, 2)]
    walk = minutes_of(zone, dates[0], dates[-1])

    axis = timeline.axis_of(zone, dates[0], dates[-1])

    assert axis == timeline.Axis(
        zone=zone,
        first_on=dates[0],
        last_on=dates[-1],
        starts_at=walk[0].at,
        ends_at=walk[-1].at + timedelta(minutes=1),
        day_cells=tuple(sum(minute.on < on for minute in walk) // 5 for on in [*dates, date.max]),
    )
    assert axis.dates == dates
    assert bits_of(axis.full) == set(range(axis.cells))


def test_the_days_of_a_change_have_23_and_25_hours() -> None:
    spring = timeline.axis_of("America/New_York", date(2027, 3, 13), date(2027, 3, 15))
    autumn = timeline.axis_of("America/New_York", date(2027, 11, 6), date(2027, 11, 8))
    never = timeline.axis_of("America/Phoenix", date(2027, 3, 13), date(2027, 3, 15))

    assert spring.day_cells == (0, 288, 564, 852)
    assert autumn.day_cells == (0, 288, 588, 876)
    assert never.day_cells == (0, 288, 576, 864)


@pytest.mark.parametrize(
    ("first_on", "last_on"),
    [
        (date(2026, 11, 2), date(2026, 11, 1)),
        (date(1999, 12, 31), date(2000, 1, 1)),
        (date(2199, 12, 31), date(2200, 1, 1)),
        (date(9999, 12, 31), date(9999, 12, 31)),
        (date(1, 1, 1), date(1, 1, 1)),
        (date(2026, 1, 1), date(2028, 3, 12)),
    ],
)
def test_an_axis_refuses_dates_that_make_no_sense(first_on: date, last_on: date) -> None:
    with pytest.raises(Invalid):
        timeline.axis_of("America/New_York", first_on, last_on)
    with pytest.raises(Invalid):
        free.axis_around("America/New_York", first_on, last_on)


@given(claims=st.lists(spans(), max_size=6))
def test_a_cell_is_busy_if_a_claim_touches_it_at_all(claims: list[timeline.Span]) -> None:
    bits = timeline.busy(AXIS, claims)

    assert bits == as_bits(
        [
            any(start < cell + timeline.CELL and cell < end for start, end in claims if start < end)
            for cell in CELLS
        ]
    )


@given(claims=st.lists(spans(), max_size=6))
def test_claims_in_whole_seconds_keep_the_same_cells_busy(claims: list[timeline.Span]) -> None:
    seconds = [(floor(start.timestamp()), ceil(end.timestamp())) for start, end in claims]
    whole = [(datetime.fromtimestamp(a, UTC), datetime.fromtimestamp(z, UTC)) for a, z in seconds]

    assert timeline.busy_seconds(AXIS, seconds) == timeline.busy(AXIS, whole)


@given(instant=spans().map(lambda span: span[0]))
def test_before_sets_the_cells_that_begin_earlier(instant: datetime) -> None:
    assert timeline.before(AXIS, instant) == as_bits([cell < instant for cell in CELLS])


@given(instant=spans().map(lambda span: span[0]))
def test_only_the_beginning_of_a_cell_has_a_number(instant: datetime) -> None:
    expected = CELLS.index(instant) if instant in CELLS else None

    assert timeline.cell_at(AXIS, instant) == expected


@settings(deadline=None)
@given(dates=dates_around_a_change(), zone=st.sampled_from(ZONES))
def test_a_date_is_set_from_its_midnight_to_the_next(dates: tuple[date, date], zone: str) -> None:
    around = [dates[0] - timedelta(days=1), dates[1] + timedelta(days=1)]
    axis = timeline.axis_of(zone, around[0], around[1])

    bits = timeline.on_dates(axis, [*dates, date(2026, 1, 1), date(2028, 1, 1)])

    walk = minutes_of(zone, around[0], around[1])[::5]
    assert bits == as_bits([minute.on in dates for minute in walk])


@given(bits=bitmaps, cells=st.integers(1, 100))
def test_fits_finds_each_run_that_is_long_enough(bits: int, cells: int) -> None:
    found = bits_of(timeline.fits(bits, cells))

    taken = bits_of(bits)
    assert found == {bit for bit in taken if set(range(bit, bit + cells)) <= taken}


@given(bits=bitmaps, cells=st.integers(0, 100))
def test_dilate_reaches_so_many_cells_after_each(bits: int, cells: int) -> None:
    found = bits_of(timeline.dilate(bits, cells))

    assert found == {bit + n for bit in bits_of(bits) for n in range(cells + 1)}


def test_a_length_of_nothing_neither_fits_nor_dilates() -> None:
    with pytest.raises(ValueError, match="at least one cell"):
        timeline.fits(AXIS.full, 0)
    with pytest.raises(ValueError, match="less than nothing"):
        timeline.dilate(AXIS.full, -1)


@pytest.mark.parametrize(("minutes", "cells"), [(0, 0), (1, 1), (5, 1), (6, 2), (75, 15)])
def test_a_length_takes_every_cell_that_it_begins(minutes: int, cells: int) -> None:
    assert timeline.cells_for(minutes) == cells


@given(chosen=st.sets(st.integers(0, len(CELLS) - 1), max_size=40))
def test_instants_are_where_the_set_cells_begin(chosen: set[int]) -> None:
    bits = sum(1 << cell for cell in chosen)

    found = timeline.instants(AXIS, bits)

    assert found == [CELLS[cell] for cell in sorted(chosen)]
    assert {instant.tzinfo for instant in found} <= {UTC}
