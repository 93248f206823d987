from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from practice.sessions.rules.requests import answer_by

ZONE = "America/New_York"


@given(minutes=st.integers(0, 366 * 24 * 60))
def test_we_answer_at_five_on_the_next_weekday(minutes: int) -> None:
    asked_at = datetime(2027, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)

    by = answer_by(asked_at, ZONE).astimezone(ZoneInfo(ZONE))

    asked_on = asked_at.astimezone(ZoneInfo(ZONE)).date()
    between = [asked_on + timedelta(days=n) for n in range(1, (by.date() - asked_on).days)]
    assert (by.hour, by.minute, by.isoweekday() <= 5) == (17, 0, True)
    assert asked_on < by.date()
    assert all(on.isoweekday() > 5 for on in between)
