import re
from itertools import product
from pathlib import Path

import pytest

from practice.core.errors import Conflict
from practice.sessions.rules.lifecycle import (
    LIVE,
    MOVES,
    TAKES_PART_IN_CAPS,
    WORDS,
    AppointmentState,
    check_move,
)

S = AppointmentState


def test_every_state_has_its_line_in_the_table_and_its_words() -> None:
    assert MOVES.keys() == WORDS.keys() == set(S)


def test_the_documentation_draws_the_same_table() -> None:
    text = (Path(__file__).parents[3] / "docs" / "architecture.md").read_text()
    rows = re.findall(r"^\| ([a-z ]+) \| ([a-z ,]+)(?: \(.*\))? \|$", text, re.MULTILINE)
    drawn = {source: set(targets.split(", ")) for source, targets in rows if source in SPOKEN}

    assert drawn == {
        state.replace("_", " "): {target.replace("_", " ") for target in targets}
        for state, targets in MOVES.items()
        if targets
    }


SPOKEN = {state.replace("_", " ") for state in S}


def test_every_state_can_be_reached() -> None:
    reached = {target for targets in MOVES.values() for target in targets}

    assert reached == set(S) - {S.REQUESTED}


def test_every_session_comes_to_an_end() -> None:
    ends = {state for state, targets in MOVES.items() if not targets}

    assert ends == {S.COMPLETED, S.CANCELLED, S.NO_SHOW, S.HELD_CLINICAL}
    for state in S:
        ahead = {state}
        while ahead != (further := ahead.union(*(MOVES[each] for each in ahead))):
            ahead = further
        assert ahead & ends


def test_what_is_live_holds_time_and_what_counts_for_caps_includes_it() -> None:
    assert {S.TENTATIVE, S.CONFIRMED, S.ARRIVED, S.IN_SESSION} == LIVE
    assert {S.COMPLETED, S.NO_SHOW} == TAKES_PART_IN_CAPS - LIVE


@pytest.mark.parametrize(("current", "target"), [*product(S, S)])
def test_a_move_is_made_only_if_the_table_has_it(
    current: AppointmentState, target: AppointmentState
) -> None:
    if target in MOVES[current]:
        check_move(current, target)
    else:
        with pytest.raises(Conflict):
            check_move(current, target)
