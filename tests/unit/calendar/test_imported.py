"""When calendars from elsewhere are read again, what lies under them, and how they are named."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from practice.calendar.rules.foreign.busy import Choices
from practice.calendar.rules.imported import (
    Taken,
    address_of,
    between_of,
    next_read_at,
    over,
    shown_address,
    span_words,
    status_words,
    wait_of,
    way_of_reading,
)
from practice.core.errors import Invalid

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def test_a_calendar_that_fails_is_read_ever_more_seldom() -> None:
    waits = [
        (next_read_at(NOW, failures=failures, spread=0.5) - NOW) / MINUTE for failures in range(6)
    ]

    assert waits == [15, 30, 60, 120, 240, 358.5]


@given(failures=st.integers(0, 1000), spread=st.floats(0, 1))
def test_it_is_never_read_more_often_than_every_12_minutes_nor_seldomer_than_every_6_hours(
    failures: int, spread: float
) -> None:
    wait = next_read_at(NOW, failures=failures, spread=spread) - NOW

    assert 12 * MINUTE <= wait <= 360 * MINUTE


@pytest.mark.parametrize(
    ("said", "minutes"),
    [
        ("7200", 120),
        ("Sat, 28 Nov 2026 14:00:00 GMT", 120),
        ("1", 15),
        ("9" * 40, 24 * 60),
        ("later", 15),
        ("", 15),
        ("Sat, 28 Nov 2026 10:00:00 GMT", 15),
        ("Sat, 28 Nov 2026 14:00:00 -0000", 15),
        ("Sat, 28 Nov 99999999999 14:00:00 GMT", 15),
        ("Sat, 28 Nov 2026 14:00:00 +99999999999999", 15),
    ],
)
def test_the_other_side_is_left_alone_as_long_as_it_asks_up_to_a_day(
    said: str, minutes: int
) -> None:
    at = next_read_at(NOW, failures=0, spread=0.5, wait=wait_of(said, NOW))

    assert at == NOW + minutes * MINUTE


def spans_of(rows: list[tuple[int, int]]) -> list[tuple[datetime, datetime]]:
    return [(NOW + start * MINUTE, NOW + (start + length) * MINUTE) for start, length in rows]


ROWS = st.lists(st.tuples(st.integers(0, 90_000), st.integers(1, 44_640)), max_size=12)


@given(busy=ROWS, sessions=ROWS)
def test_what_lies_over_a_session_is_what_comparing_all_pairs_finds(
    busy: list[tuple[int, int]], sessions: list[tuple[int, int]]
) -> None:
    spans = spans_of(busy)
    taken = [Taken(UUID(int=n), *span) for n, span in enumerate(spans_of(sessions))]

    found = {
        each.session_id: min(
            first for first, past in spans if first < each.ends_at and each.starts_at < past
        )
        for each in taken
        if any(first < each.ends_at and each.starts_at < past for first, past in spans)
    }

    assert {each.session_id: each.busy_at for each in over(spans, taken)} == found


def test_a_calendar_is_read_for_the_same_time_all_week_and_for_400_days_at_least() -> None:
    days = [between_of(NOW + timedelta(days=n), "America/New_York") for n in range(-5, 2)]

    assert len(set(days)) == 1
    assert days[0].past_at - NOW > timedelta(days=401)


def test_whatever_decides_what_is_busy_is_part_of_the_way_of_reading() -> None:
    between, plain = between_of(NOW, "UTC"), Choices(zone="UTC")
    ways = [
        way_of_reading("https://a.example", plain, between),
        way_of_reading("https://b.example", plain, between),
        way_of_reading("https://a.example", plain, between_of(NOW + timedelta(days=7), "UTC")),
        *(
            way_of_reading("https://a.example", Choices(**{"zone": "UTC"} | other), between)
            for other in (
                {"zone": "America/New_York"},
                {"floating": "America/Denver"},
                {"all_day_blocks": False},
                {"free_blocks": True},
                {"tentative_blocks": False},
                {"own_addresses": frozenset({"me@example.com"})},
                {"own_hosts": ("appointments.invalid",)},
            )
        ),
    ]

    assert len(set(ways)) == len(ways)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("webcal://p.example/a.ics", "https://p.example/a.ics"),
        ("WEBCALS://p.example/a.ics ", "https://p.example/a.ics"),
        ("https://p.example/a.ics?token=b%20c", "https://p.example/a.ics?token=b%20c"),
        ("https://käse.example/straße.ics", "https://xn--kse-qla.example/stra%C3%9Fe.ics"),
    ],
)
def test_an_address_is_read_as_it_is_meant(typed: str, meant: str) -> None:
    assert address_of(typed) == meant


@pytest.mark.parametrize("typed", ["https://[::1/", "https://" + "x" * 70 + "ä.example/"])
def test_what_cannot_be_an_address_is_refused(typed: str) -> None:
    with pytest.raises(Invalid):
        address_of(typed)


def test_of_a_secret_address_its_host_and_last_four_characters_are_shown() -> None:
    assert shown_address("https://p.example/private-1a2b3c/9d8e") == "p.example … 9d8e"


def test_every_status_has_words() -> None:
    said = {status_words(status) for status in (401, 403, 404, 410, 418, 429, 500, 503)}

    assert len(said) == 5


@pytest.mark.parametrize(
    ("first", "past", "said"),
    [
        ("2026-11-30T17:30", "2026-11-30T18:30", "Mon, Nov 30, 12:30 PM to 1:30 PM"),
        ("2026-12-02T05:00", "2026-12-03T05:00", "Wed, Dec 2, all day"),
        ("2026-10-31T04:00", "2026-11-02T05:00", "Sat, Oct 31 to Sun, Nov 1, all day"),
        ("2026-12-01T04:00", "2026-12-01T06:00", "Mon, Nov 30, 11:00 PM to Tue, Dec 1, 1:00 AM"),
        (
            "2026-11-01T05:30",
            "2026-11-01T06:30",
            "Sun, Nov 1, 1:30 AM EDT to Sun, Nov 1, 1:30 AM EST",
        ),
    ],
)
def test_when_something_is_busy_is_said_shortly(first: str, past: str, said: str) -> None:
    begins, ends = (datetime.fromisoformat(each).replace(tzinfo=UTC) for each in (first, past))

    assert span_words(begins, ends, "America/New_York") == said
