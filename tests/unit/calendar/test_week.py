from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from practice.calendar.rules.week import (
    ROWS,
    Free,
    Quiet,
    WeekBlock,
    WeekEvent,
    first_row_at,
    free_parts,
    place,
    quiet_parts,
    row_of,
    span_words,
)

ZONE = "America/New_York"
MONDAY = date(2027, 3, 1)
CHANGES = (date(2027, 3, 14), date(2027, 11, 7))
NINE, FIVE = 9 * 60, 17 * 60


def at(on: date, hour: int, minute: int = 0) -> datetime:
    return datetime.combine(on, time(hour, minute), ZoneInfo(ZONE)).astimezone(UTC)


def event(n: int, starts_at: datetime, minutes: int, pads: tuple[int, int] = (0, 0)) -> WeekEvent:
    return WeekEvent(
        id=UUID(int=n),
        starts_at=starts_at,
        ends_at=starts_at + timedelta(minutes=minutes),
        before_minutes=pads[0],
        after_minutes=pads[1],
        who="Alex Bell",
        what="Session",
        state="confirmed",
        state_words="Booked",
        address="/sessions/1",
    )


def block(n: int, starts_at: datetime, ends_at: datetime) -> WeekBlock:
    return WeekBlock(id=UUID(int=n), starts_at=starts_at, ends_at=ends_at, whose="M", reason="")


def shape(
    events: list[WeekEvent], on: date = MONDAY, blocks: tuple[WeekBlock, ...] = ()
) -> list[tuple[str, int, int, int]]:
    return [(p.kind, p.row, p.rows, p.half) for p in place(events, on, ZONE, blocks)]


@given(
    st.dates(date(2026, 1, 1), date(2030, 12, 31)),
    st.integers(0, ROWS - 1),
    st.sampled_from(["America/New_York", "America/Phoenix", "Pacific/Honolulu", "America/Adak"]),
)
def test_a_row_is_as_many_quarters_from_the_first_as_the_clock_says(
    on: date, row: int, zone: str
) -> None:
    instant = first_row_at(on, zone) + row * timedelta(minutes=15)

    assert row_of(instant, on, zone) == row
    assert instant.astimezone(ZoneInfo(zone)).time() == time(7 + row // 4, row % 4 * 15)


def test_buffers_stand_around_their_session_in_order_of_time() -> None:
    assert shape([event(1, at(MONDAY, 9), 60, (15, 30))]) == [
        ("before", 7, 1, 0),
        ("event", 8, 4, 0),
        ("after", 12, 2, 0),
    ]


@pytest.mark.parametrize(
    ("starts_at", "ends_at", "words"),
    [
        (at(MONDAY, 9), at(MONDAY, 17, 30), "9:00 AM to 5:30 PM"),
        (at(MONDAY, 0), at(MONDAY + timedelta(days=1), 0), "all day"),
        (at(MONDAY - timedelta(days=2), 9), at(MONDAY + timedelta(days=2), 9), "all day"),
        (at(MONDAY - timedelta(days=1), 22), at(MONDAY, 8), "until 8:00 AM"),
        (at(MONDAY, 22), at(MONDAY + timedelta(days=1), 8), "from 10:00 PM"),
        (at(MONDAY, 22), at(MONDAY + timedelta(days=1), 0), "from 10:00 PM"),
    ],
)
def test_a_block_says_how_much_of_the_day_it_takes(
    starts_at: datetime, ends_at: datetime, words: str
) -> None:
    assert span_words(block(1, starts_at, ends_at), MONDAY, ZONE) == words


def test_a_session_and_a_block_at_once_take_half_the_width_each() -> None:
    blocked = block(2, at(MONDAY, 9, 30), at(MONDAY, 11))

    assert shape([event(1, at(MONDAY, 9), 60)], blocks=(blocked,)) == [
        ("event", 8, 4, 1),
        ("block", 10, 6, 2),
    ]


def test_a_block_over_midnight_is_shown_on_both_days_as_far_as_it_goes() -> None:
    blocked = (block(1, at(MONDAY, 20), at(MONDAY + timedelta(days=1), 8)),)

    assert shape([], MONDAY, blocked) == [("block", 52, 4, 0)]
    assert shape([], MONDAY + timedelta(days=1), blocked) == [("block", 0, 4, 0)]
    assert shape([], MONDAY + timedelta(days=2), blocked) == []


def test_what_is_empty_is_cut_at_full_hours_and_carries_its_beginning() -> None:
    placed = place([event(1, at(MONDAY, 10), 75)], MONDAY, ZONE)

    assert free_parts(placed, MONDAY, ZONE, opens_minute=NINE, closes_minute=12 * 60 + 15) == [
        Free(8, 4, at(MONDAY, 9)),
        Free(17, 3, at(MONDAY, 11, 15)),
    ]


rows = st.integers(0, ROWS - 1)


@given(spans=st.lists(st.tuples(rows, st.integers(1, 8)), max_size=6))
def test_empty_parts_are_exactly_the_quarter_hours_that_nothing_covers(
    spans: list[tuple[int, int]],
) -> None:
    dawn = at(MONDAY, 7)
    quarter = timedelta(minutes=15)
    blocks = tuple(
        block(n, dawn + row * quarter, dawn + (row + length) * quarter)
        for n, (row, length) in enumerate(spans, start=1)
    )
    placed = place([], MONDAY, ZONE, blocks)
    parts = free_parts(placed, MONDAY, ZONE, opens_minute=NINE, closes_minute=FIVE)

    covered = {row for first, length in spans for row in range(first, first + length)}
    shown = [row for part in parts for row in range(part.row, part.row + part.rows)]
    assert len(shown) == len(set(shown))
    assert not covered & set(shown)
    for row in set(range(8, 40)) - covered - set(shown):  # too short to be worth a link
        beside = {other for other in (row - 1, row + 1) if other // 4 == row // 4}
        assert all(other in covered or not 8 <= other < 40 for other in beside)
    assert all(part.starts_at == dawn + part.row * quarter for part in parts)


@pytest.mark.parametrize(
    ("quiet", "parts"),
    [
        ((20 * 60, 8 * 60), [(0, 4, "Quiet until 8:00 AM"), (52, 4, "Quiet from 8:00 PM")]),
        ((12 * 60 + 5, 13 * 60 + 20), [(20, 6, "Quiet from 12:05 PM until 1:20 PM")]),
        ((19 * 60, 0), [(48, 8, "Quiet from 7:00 PM")]),
        ((21 * 60, 7 * 60), []),
        ((9 * 60, 9 * 60), []),
        ((6 * 60, 22 * 60), [(0, 56, "Quiet from 6:00 AM until 10:00 PM")]),
    ],
)
def test_quiet_hours_are_drawn_as_far_as_the_grid_goes(
    quiet: tuple[int, int], parts: list[tuple[int, int, str]]
) -> None:
    assert quiet_parts(*quiet) == [Quiet(*part) for part in parts]


@given(
    st.dates(date(2026, 1, 1), date(2030, 12, 31)) | st.sampled_from(CHANGES),
    st.integers(0, 287).map(lambda n: 5 * n),
    st.integers(0, 287).map(lambda n: 5 * n),
)
def test_a_row_is_quiet_if_the_clock_on_the_wall_shows_quiet_hours_in_it(
    on: date, first: int, past: int
) -> None:
    def is_quiet(instant: datetime) -> bool:
        wall = instant.astimezone(ZoneInfo(ZONE))
        minute = wall.hour * 60 + wall.minute
        return first <= minute < past if first <= past else minute >= first or minute < past

    begins_at = first_row_at(on, ZONE)
    wanted = {
        row
        for row in range(ROWS)
        if any(is_quiet(begins_at + timedelta(minutes=15 * row + n)) for n in (0, 5, 10))
    }

    drawn = [
        row for part in quiet_parts(first, past) for row in range(part.row, part.row + part.rows)
    ]

    assert set(drawn) == wanted
    assert first == past or len(drawn) - len(wanted) <= 1  # both ends may share a quarter
