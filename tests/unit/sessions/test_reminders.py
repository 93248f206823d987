"""When reminders go out, over the zones of the country and both changes of the clock."""

from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from practice.calendar.rules import zones
from practice.calendar.rules.hours import Window, windows_over_midnight
from practice.sessions.rules.reminders import (
    BEFORE_QUIET,
    EARLIEST,
    Reminder,
    due_at,
    wakes_at,
    which_now,
)

NEW_YORK = "America/New_York"
ZONES = [
    NEW_YORK,
    "America/Chicago",
    "America/Denver",
    "America/Phoenix",
    "America/Los_Angeles",
    "America/Anchorage",
    "Pacific/Honolulu",
]
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
QUIET = windows_over_midnight(time(20), time(8))
CHANGES = [datetime(2027, 3, 14, 7, tzinfo=UTC), datetime(2027, 11, 7, 6, tzinfo=UTC)]
"""When the clocks of New York change."""


def local(day: int, hour: int, minute: int = 0) -> datetime:
    """Return a time of December 2026 on a clock in New York."""
    return zones.instant_of(NEW_YORK, date(2026, 12, day), time(hour, minute))


def is_quiet(instant: datetime, zone: str, quiet: tuple[Window, ...]) -> bool:
    wall = instant.astimezone(zones.zone(zone))
    minute = wall.hour * 60 + wall.minute
    return any(each.opens_minute <= minute < each.closes_minute for each in quiet)


def by_looking(
    reminder: Reminder, starts_at: datetime, zone: str, quiet: tuple[Window, ...]
) -> datetime:
    """Find a reminder's time by looking at the clock minute by minute."""
    wanted = starts_at - reminder.lead
    after = wanted
    while is_quiet(after, zone, quiet) and after - wanted <= reminder.lead / 2:
        after += MINUTE
    if after - wanted <= reminder.lead / 2:
        return after
    before = wanted
    while is_quiet(before - MINUTE, zone, quiet):
        before -= MINUTE
    began = before
    while before - began < BEFORE_QUIET and not is_quiet(began - MINUTE, zone, quiet):
        began -= MINUTE
    return began


@pytest.mark.parametrize(
    ("starts_at", "reminder", "due"),
    [
        (local(4, 10), Reminder.EARLY, local(1, 10)),
        (local(4, 10), Reminder.LATE, local(3, 10)),
        (local(4, 7, 30), Reminder.LATE, local(3, 8)),
        (local(4, 20), Reminder.LATE, local(4, 8)),
        (local(4, 19, 55), Reminder.LATE, local(3, 19, 55)),
    ],
)
def test_reminders_keep_out_of_the_night(
    starts_at: datetime, reminder: Reminder, due: datetime
) -> None:
    assert due_at(reminder, starts_at, zone=NEW_YORK, quiet=QUIET) == due


def test_what_cannot_wait_for_the_end_of_long_quiet_hours_goes_before_them() -> None:
    quiet = windows_over_midnight(time(17), time(12))

    assert due_at(Reminder.LATE, local(4, 18), zone=NEW_YORK, quiet=quiet) == local(3, 16, 30)


def test_the_hours_are_those_of_the_client() -> None:
    due = due_at(Reminder.LATE, local(4, 10), zone="America/Los_Angeles", quiet=QUIET)

    assert due == local(3, 11)  # 8:00 there


wide = st.integers(0, 95).map(lambda n: time(n // 4, n % 4 * 15))
instants = st.one_of(
    st.integers(0, 365 * 96).map(lambda n: datetime(2027, 1, 1, tzinfo=UTC) + n * 15 * MINUTE),
    st.tuples(st.sampled_from(CHANGES), st.integers(-96, 400)).map(
        lambda pair: pair[0] + pair[1] * 15 * MINUTE
    ),
)


@given(
    starts_at=instants,
    zone=st.sampled_from(ZONES),
    quiet=st.one_of(st.just(QUIET), st.builds(windows_over_midnight, wide, wide)),
    reminder=st.sampled_from(Reminder),
)
@example(CHANGES[0] + 24 * HOUR, NEW_YORK, windows_over_midnight(time(2), time(3)), Reminder.LATE)
@example(CHANGES[1] + 24 * HOUR, NEW_YORK, windows_over_midnight(time(1), time(2)), Reminder.LATE)
def test_the_time_is_what_looking_at_the_clock_finds(
    starts_at: datetime, zone: str, quiet: tuple[Window, ...], reminder: Reminder
) -> None:
    due = due_at(reminder, starts_at, zone=zone, quiet=quiet)

    assert due == by_looking(reminder, starts_at, zone, quiet)
    assert not is_quiet(due, zone, quiet)
    assert starts_at - EARLIEST <= due <= starts_at - reminder.lead / 2
    assert wakes_at(due, zone=zone, quiet=quiet) == due


# Which one ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("now", "told", "which"),
    [
        (local(1, 9, 59), local(1, 9) - 72 * HOUR, None),
        (local(1, 10), local(1, 9) - 72 * HOUR, Reminder.EARLY),
        (local(3, 9, 59), local(1, 9) - 72 * HOUR, Reminder.EARLY),
        (local(3, 10), local(1, 9) - 72 * HOUR, Reminder.LATE),
        (local(4, 9), local(1, 9) - 72 * HOUR, Reminder.LATE),
        (local(4, 9, 1), local(1, 9) - 72 * HOUR, None),
        (local(2, 10), local(1, 9), None),
        (local(3, 10), local(1, 9), Reminder.LATE),
        (local(3, 10), local(3, 9), None),
    ],
    ids=[
        "not yet",
        "72 hours before",
        "until the next one",
        "24 hours before",
        "to the last hour",
        "too late",
        "booked since",
        "booked before the second",
        "booked an hour ago",
    ],
)
def test_the_one_that_is_due_goes_unless_its_news_is_fresh(
    now: datetime, told: datetime, which: Reminder | None
) -> None:
    found = which_now(local(4, 10), told_at=told, now=now, zone=NEW_YORK, quiet=QUIET)

    assert found is which
