from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from flask import Flask

from config import Config
from practice.core import clock
from practice.core.settings import KEY

NOON = datetime(2027, 3, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
def program(tmp_path: Path) -> Iterator[Flask]:
    program = Flask(__name__)
    program.extensions[KEY] = Config(
        database_url="", secret_key="", field_keys={}, base_url="", clock_file=tmp_path / "clock"
    )
    with program.app_context():
        yield program


def test_pretend_lets_the_clock_stand_and_then_run_again() -> None:
    before = clock.now()
    with clock.pretend(NOON):
        first, second = clock.now(), clock.now()

    assert (first, second) == (NOON, NOON)
    assert before <= clock.now() < before + HOUR


def test_pretend_inside_another_goes_back_to_it() -> None:
    with clock.pretend(NOON):
        with clock.pretend(NOON + HOUR):
            inner = clock.now()

        assert (inner, clock.now()) == (NOON + HOUR, NOON)


def test_pretend_ends_with_an_error() -> None:
    with pytest.raises(KeyError), clock.pretend(NOON):
        raise KeyError

    assert clock.now() != NOON


def test_pretend_speaks_utc_whatever_it_is_given() -> None:
    with clock.pretend(NOON.astimezone(ZoneInfo("Asia/Tokyo"))):
        assert clock.now().utcoffset() == timedelta()
        assert clock.now() == NOON


def test_pretend_refuses_an_hour_that_nobody_can_name() -> None:
    with pytest.raises(ValueError, match="time zone"), clock.pretend(datetime(2027, 3, 1, 12)):  # noqa: DTZ001  that is the point
        pass


def test_nobody_else_shares_what_is_pretended(program: Flask) -> None:
    with clock.pretend(NOON), program.app_context():
        assert clock.now() != NOON


def test_the_file_moves_the_clock_by_its_seconds(program: Flask, tmp_path: Path) -> None:
    before = clock.now()
    (tmp_path / "clock").write_text("7200.000\n")

    assert before + 2 * HOUR <= clock.now() < before + 3 * HOUR


@pytest.mark.parametrize("text", ["", " \n", "0"])
def test_a_file_that_says_nothing_moves_nothing(tmp_path: Path, text: str) -> None:
    (tmp_path / "clock").write_text(text)
    before = datetime.now(UTC)

    assert before <= clock.now() <= datetime.now(UTC)


def test_a_file_that_is_not_there_moves_nothing(tmp_path: Path) -> None:
    before = datetime.now(UTC)

    assert before <= clock.now() <= datetime.now(UTC)


def test_the_clock_can_be_moved_while_the_program_runs(tmp_path: Path) -> None:
    (tmp_path / "clock").write_text("3600")
    earlier = clock.now()
    (tmp_path / "clock").write_text("-86400")

    assert clock.now() < earlier - timedelta(days=1)
