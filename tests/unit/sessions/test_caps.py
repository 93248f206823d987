from collections import Counter
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from practice.sessions.rules import caps
from practice.sessions.rules.caps import Full

NEW_YORK = "America/New_York"
MONDAY = datetime(2027, 3, 8, 5, tzinfo=UTC)  # midnight in New York
hours_of_three_weeks = st.integers(0, 21 * 24).map(lambda n: MONDAY + timedelta(hours=n))


@given(
    dosings=st.lists(hours_of_three_weeks, max_size=20),
    per_day=st.integers(1, 3),
    per_week=st.integers(1, 7),
)
def test_a_day_or_week_is_full_when_it_holds_as_many_as_it_may(
    dosings: list[datetime], per_day: int, per_week: int
) -> None:
    found = caps.full(dosings, NEW_YORK, max_per_day=per_day, max_per_week=per_week)

    dates = [start.astimezone(ZoneInfo(NEW_YORK)).date() for start in dosings]
    days = Counter(dates)
    weeks = Counter(on.isocalendar()[:2] for on in dates)
    assert found == Full(
        frozenset(on for on in days if days[on] >= per_day),
        frozenset(week for week in weeks if weeks[week] >= per_week),
    )


def test_a_late_evening_belongs_to_its_local_day() -> None:
    late_on_monday = datetime(2027, 3, 9, 3, 30, tzinfo=UTC)

    found = caps.full([late_on_monday], NEW_YORK, max_per_day=1, max_per_week=9)

    assert found == Full(frozenset({date(2027, 3, 8)}), frozenset())


@given(on=st.dates(date(2000, 1, 1), date(2100, 1, 1)))
def test_a_week_begins_on_its_monday(on: date) -> None:
    monday = caps.monday_of(on)

    assert (monday.isoweekday(), monday.isocalendar()[:2]) == (1, on.isocalendar()[:2])
    assert timedelta() <= on - monday < timedelta(days=7)
