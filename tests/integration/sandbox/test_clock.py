"""The clock's page, as somebody in front of the demo presses its buttons."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from sandbox.clock import seconds_ahead
from tests.stripe_sandbox import Sandbox, start_sandbox

HOUR, DAY, WEEK = 3600, 86_400, 604_800


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("clock") / "seconds"


@pytest.fixture(scope="module")
def moving(file: Path) -> Iterator[Sandbox]:
    process = start_sandbox(environment=os.environ | {"CLOCK_FILE": str(file)})
    yield process
    process.stop()


@pytest.fixture
def url(moving: Sandbox, file: Path) -> str:
    file.unlink(missing_ok=True)
    return f"{moving.base_url}/clock"


def press(url: str, button: str) -> requests.Response:
    return requests.post(url, data={"move": button}, timeout=30)


def test_the_page_says_that_time_is_real(url: str) -> None:
    page = requests.get(url, timeout=30).text

    assert "It is real time." in page
    assert "Back to real time" not in page


def test_buttons_add_up(url: str, file: Path) -> None:
    page = [press(url, button) for button in ("hour", "day", "week")][-1]

    assert seconds_ahead(file) == pytest.approx(HOUR + DAY + WEEK, abs=0.01)
    assert "It is 8 days, 1 hour ahead of real time." in page.text
    assert "Back to real time" in page.text


def test_to_tomorrow_stops_at_nine_over_there(url: str, file: Path) -> None:
    page = press(url, "morning").text

    assert ", 9:00 AM</time>" in page or ", 9:01 AM</time>" in page  # a minute may have passed
    assert 0 < seconds_ahead(file) <= 33 * HOUR + HOUR  # the longest day has 25 hours


def test_back_to_real_time_goes_all_the_way(url: str, file: Path) -> None:
    press(url, "week")

    page = press(url, "real")

    assert seconds_ahead(file) == 0
    assert "It is real time." in page.text


@pytest.mark.parametrize("button", ["", "year", "+1 hour"])
def test_no_other_move_is_known(url: str, file: Path, button: str) -> None:
    answer = press(url, button)

    assert (answer.status_code, file.exists()) == (404, False)


def test_without_a_file_the_clock_cannot_be_moved() -> None:
    environment = {name: text for name, text in os.environ.items() if name != "CLOCK_FILE"}
    fixed = start_sandbox(environment=environment)
    page = requests.get(f"{fixed.base_url}/clock", timeout=30)
    answer = press(f"{fixed.base_url}/clock", "hour")
    fixed.stop()

    assert "cannot be moved" in page.text
    assert "<form" not in page.text
    assert answer.status_code == 404


def test_the_page_needs_no_script_and_is_found_from_the_first_page(moving: Sandbox) -> None:
    home = requests.get(moving.base_url, timeout=30)
    page = requests.get(f"{moving.base_url}/clock", timeout=30)

    assert 'href="/clock"' in home.text
    assert "<script" not in page.text
    assert page.headers["Content-Security-Policy"].startswith("default-src 'none'")
