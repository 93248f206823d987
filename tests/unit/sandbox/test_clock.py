"""Moving the clock of the demo."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox import clock
from sandbox.clockpage import DEMO_ZONE, tomorrow_morning


@given(st.datetimes(datetime(2026, 1, 1), datetime(2028, 1, 1)))  # noqa: DTZ001  made aware below
def test_tomorrow_morning_is_nine_on_the_next_local_day(naive: datetime) -> None:
    now = naive.replace(tzinfo=UTC)

    there = tomorrow_morning(now).astimezone(DEMO_ZONE)

    assert (there.hour, there.minute, there.second) == (9, 0, 0)
    assert there.date() == now.astimezone(DEMO_ZONE).date() + timedelta(days=1)


def test_set_ahead_leaves_one_whole_number_and_nothing_else(tmp_path: Path) -> None:
    file = tmp_path / "clock"
    clock.set_ahead(file, 3600)
    clock.set_ahead(file, 90_061.25)

    assert clock.seconds_ahead(file) == 90_061.25
    assert list(tmp_path.iterdir()) == [file]


@pytest.mark.parametrize("make", [lambda _: None, lambda file: file, lambda file: file.touch()])
def test_no_file_and_an_empty_one_are_real_time(
    tmp_path: Path, make: Callable[[Path], Path | None]
) -> None:
    file = tmp_path / "clock"
    make(file)

    assert clock.seconds_ahead(file) == 0
    assert clock.seconds_ahead(None) == 0
