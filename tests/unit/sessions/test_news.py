"""What a client hears of a session, by what they know and what is so now."""

from datetime import UTC, datetime, timedelta

import pytest

from practice.sessions.rules.lifecycle import AppointmentState
from practice.sessions.rules.news import Known, News, to_tell

S = AppointmentState
TEN = datetime(2026, 12, 1, 15, tzinfo=UTC)
ELEVEN = TEN + timedelta(hours=1)


@pytest.mark.parametrize(
    ("knew", "now", "told"),
    [
        (None, Known(TEN, S.CONFIRMED), [News.BOOKED]),
        (None, Known(TEN, S.TENTATIVE), [News.TENTATIVE]),
        (None, Known(TEN, S.CANCELLED), []),
        (Known(TEN, S.CONFIRMED), Known(TEN, S.CONFIRMED), []),
        (Known(TEN, S.CONFIRMED), Known(ELEVEN, S.CONFIRMED), [News.MOVED]),
        (Known(TEN, S.CONFIRMED), Known(TEN, S.TENTATIVE), [News.TENTATIVE]),
        (Known(TEN, S.TENTATIVE), Known(ELEVEN, S.CONFIRMED), [News.BOOKED, News.MOVED]),
        (None, Known(TEN, S.REQUESTED), [News.REQUESTED]),
        (Known(TEN, S.REQUESTED), Known(TEN, S.CONFIRMED), [News.APPROVED]),
        (Known(TEN, S.CONFIRMED), Known(ELEVEN, S.CANCELLED), [News.CANCELLED]),
        (Known(TEN, S.CANCELLED), Known(TEN, S.CANCELLED), []),
        (Known(TEN, S.CONFIRMED), Known(TEN, S.ARRIVED), []),
    ],
)
def test_only_what_differs_is_told(knew: Known | None, now: Known, told: list[News]) -> None:
    found = to_tell(knew, now)

    assert [each.news for each in found] == told
    assert {each.knew for each in found} <= {knew}
