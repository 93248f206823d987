"""Lives that go on side by side, each at its own moments."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st

from practice.core import clock
from practice.demo.lives import Life, play

NINE = datetime(2027, 3, 1, 9, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
Heard = list[tuple[datetime, str]]


@pytest.fixture(autouse=True)
def _program() -> Iterator[None]:
    with Flask(__name__).app_context():
        yield


def life(name: str, minutes: list[int], heard: Heard) -> Life:
    for each in minutes:
        yield NINE + each * MINUTE
        heard.append((clock.now(), name))


def test_play_lets_lives_go_on_in_the_order_of_their_moments() -> None:
    heard: Heard = []

    play([life("a", [0, 20, 30], heard), life("b", [10, 25], heard)], until=NINE + 60 * MINUTE)

    assert "".join(name for _, name in heard) == "ababa"


def test_play_stops_before_what_has_not_happened_yet() -> None:
    heard: Heard = []

    play([life("a", [0, 20, 30], heard)], until=NINE + 20 * MINUTE)

    assert heard == [(NINE, "a")]


@given(
    st.lists(st.lists(st.integers(0, 60), max_size=5), max_size=4),
    st.integers(0, 61),
)
def test_play_never_turns_time_back(lives: list[list[int]], until: int) -> None:
    heard: Heard = []

    play(
        [life(str(n), [0, *minutes], heard) for n, minutes in enumerate(lives)],
        until=NINE + until * MINUTE,
    )

    moments = [at for at, _ in heard]
    assert moments == sorted(moments)
    for n, minutes in enumerate(lives):
        reached = [max([0, *minutes][: k + 1]) for k in range(len(minutes) + 1)]
        lived = [at for at, name in heard if name == str(n)]
        assert lived == [NINE + each * MINUTE for each in reached if each < until]
