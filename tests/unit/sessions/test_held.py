"""When a session that was held began and ended."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from practice.sessions.rules.held import held_at

START = datetime(2027, 3, 15, 14, tzinfo=UTC)  # 10:00 in New York
END = START + timedelta(hours=3)
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)


@pytest.mark.parametrize(
    ("arrived", "begun", "completed", "held"),
    [
        pytest.param(None, None, None, (START, END), id="nothing was pressed"),
        pytest.param(-10, None, None, (START, END), id="who comes early waits"),
        pytest.param(25, None, None, (START + 25 * MINUTE, END + 25 * MINUTE), id="came late"),
        pytest.param(-10, -5, None, (START - 5 * MINUTE, END - 5 * MINUTE), id="begun early"),
        pytest.param(0, 0, 150, (START, START + 150 * MINUTE), id="over before its time"),
        pytest.param(0, 0, 299, (START, START + 299 * MINUTE), id="ran long"),
        pytest.param(0, 0, 301, (START, END), id="written down in the afternoon"),
        pytest.param(24 * 60, 24 * 60, 24 * 60 + 5, (START, END), id="written down the next day"),
        pytest.param(0, 0, -5, (START, END), id="a clock that was set back"),
    ],
)
def test_a_session_was_held_when_the_buttons_say_unless_they_were_pressed_late(
    arrived: int | None,
    begun: int | None,
    completed: int | None,
    held: tuple[datetime, datetime],
) -> None:
    def at(minutes: int | None) -> datetime | None:
        return None if minutes is None else START + minutes * MINUTE

    assert (
        held_at(
            START,
            END,
            arrived_at=at(arrived),
            begun_at=at(begun),
            completed_at=at(completed),
            zone="America/New_York",
        )
        == held
    )
