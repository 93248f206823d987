"""Weekly and daily rules across both clock changes, against counting day by day."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from practice.calendar.rules.foreign.busy import Choices, Span, busy
from practice.calendar.rules.foreign.cutting import Between
from practice.people.rules import US_ZONES
from tests.unit.calendar.foreign import calendar, event

DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
ZONES = [name for name, _ in US_ZONES]
DAY = timedelta(days=1)
SEPTEMBER = datetime(2026, 9, 1, tzinfo=UTC)
YEAR = Between(datetime(2026, 10, 1, tzinfo=UTC), datetime(2027, 4, 1, tzinfo=UTC))


class Series(NamedTuple):
    """Something that comes on some days of every so many weeks, but not on some dates."""

    start: datetime
    every: int
    weekdays: set[int]
    left_out: set[date]


@st.composite
def series(draw: st.DrawFn) -> Series:
    on = draw(st.dates(date(2024, 1, 1), date(2027, 3, 31)))
    quarter = draw(st.integers(0, 95))
    gaps = draw(st.lists(st.integers(0, 1_200), max_size=5))
    return Series(
        datetime.combine(on, time(quarter // 4, quarter % 4 * 15)),
        draw(st.integers(1, 5)),
        draw(st.sets(st.integers(0, 6), min_size=1)),
        {on + gap * DAY for gap in gaps},
    )


def by_counting(zone: str, given: Series, length: timedelta) -> Iterator[Span]:
    """Go from day to day: the day is in if its week is, and its name, or if it is the first."""
    on = given.start.date()
    monday = on - on.weekday() * DAY
    while on < date(2027, 4, 3):
        weeks = (on - on.weekday() * DAY - monday).days // 7
        is_named = weeks % given.every == 0 and on.weekday() in given.weekdays
        if (is_named or on == given.start.date()) and on not in given.left_out:
            at = datetime.combine(on, given.start.time(), ZoneInfo(zone)).astimezone(UTC)
            if at + length > YEAR.first_at and at < YEAR.past_at:
                yield at, at + length
        on += DAY


@given(zone=st.sampled_from(ZONES), given=series(), minutes=st.integers(1, 24 * 60))
def test_weekly_rules_are_read_as_somebody_counts_them_on_a_calendar(
    zone: str, given: Series, minutes: int
) -> None:
    days = ",".join(DAYS[n] for n in sorted(given.weekdays))
    text = event(
        f"DTSTART;TZID={zone}:{given.start:%Y%m%dT%H%M%S}",
        f"DURATION:PT{minutes}M",
        f"RRULE:FREQ=WEEKLY;INTERVAL={given.every};BYDAY={days}",
        *(f"EXDATE;TZID={zone}:{on:%Y%m%d}T{given.start:%H%M%S}" for on in given.left_out),
    )

    found = busy(calendar(text), Choices(zone="UTC"), YEAR)

    assert found.spans == sorted(by_counting(zone, given, timedelta(minutes=minutes)))


@given(
    starts=st.lists(st.integers(0, 240 * 1440), min_size=1, max_size=8).map(
        lambda minutes: [SEPTEMBER + timedelta(minutes=each) for each in minutes]
    ),
    days=st.integers(0, 80),
)
def test_pieces_join_to_the_time_that_was_busy_and_none_is_longer_than_a_claim(
    starts: list[datetime], days: int
) -> None:
    events = [
        event(
            f"DTSTART:{start:%Y%m%dT%H%M%SZ}",
            f"DTEND:{start + timedelta(days=days, minutes=1):%Y%m%dT%H%M%SZ}",
            uid=str(n),
        )
        for n, start in enumerate(starts)
    ]

    found = busy(calendar(*events), Choices(zone="UTC"), YEAR)

    assert all(past - first <= timedelta(days=31) for first, past in found.spans)
    hours = [YEAR.first_at + n * timedelta(hours=7) for n in range(620)]
    assert [_holds(found.spans, at) for at in hours] == [
        any(start <= at < start + timedelta(days=days, minutes=1) for start in starts)
        for at in hours
    ]


def _holds(spans: list[Span], at: datetime) -> bool:
    return any(first <= at < past for first, past in spans)
