"""How a mail stands, in words."""

from datetime import UTC, datetime, timedelta
from itertools import product

import pytest

from practice.messages.rules.standing import (
    NO_SERVER,
    NOT_NEEDED,
    OF_CODE,
    REFUSED,
    TITLES,
    TONES,
    UNKNOWN,
    Handling,
    Standing,
    may_go_again,
    reason,
    standing_of,
)
from practice.messages.sending import STATES
from practice.outbox.rules import JobState, MessageState

M = MessageState
NOW = datetime(2026, 12, 1, 17, tzinfo=UTC)
FRESH = Handling(JobState.WAITING, NOW, 0, None, in_hand=False)
FAILING = Handling(
    JobState.WAITING, NOW + timedelta(minutes=9), 7, "ConnectionRefusedError", in_hand=False
)
TO_COME = Handling(JobState.WAITING, NOW + timedelta(minutes=3), 0, None, in_hand=False)
IN_HAND = Handling(JobState.WAITING, NOW, 1, None, in_hand=True)
GIVEN_UP = Handling(JobState.PARKED, NOW, 36, "gaierror", in_hand=False)


@pytest.mark.parametrize(
    ("state", "handling", "standing", "again"),
    [
        (M.WAITING, FRESH, Standing.WAITING, False),
        (M.WAITING, TO_COME, Standing.WAITING, False),
        (M.WAITING, IN_HAND, Standing.WAITING, False),
        (M.WAITING, None, Standing.WAITING, False),
        (M.WAITING, FAILING, Standing.WAITING, True),
        (M.WAITING, GIVEN_UP, Standing.FAILED, True),
        (M.FAILED, FRESH, Standing.FAILED, True),
        (M.SENT, None, Standing.SENT, True),
        (M.STALE, None, Standing.NOT_SENT, False),
    ],
)
def test_how_a_mail_stands_and_whether_it_may_go_again(
    state: M, handling: Handling | None, standing: Standing, *, again: bool
) -> None:
    assert standing_of(state, handling) is standing
    assert may_go_again(state, handling, now=NOW) is again


@pytest.mark.parametrize(
    ("state", "code", "handling", "words"),
    [
        (M.FAILED, "550", FRESH, OF_CODE["550"]),
        (M.FAILED, "599", FRESH, REFUSED),
        (M.STALE, None, FRESH, NOT_NEEDED),
        (M.WAITING, None, FAILING, "The mail server does not answer."),
        (M.WAITING, None, GIVEN_UP, "The mail server cannot be found."),
        (M.WAITING, None, FRESH, ""),
        (M.SENT, None, FRESH, ""),
    ],
)
def test_why_a_mail_did_not_go_out_is_said_in_words(
    state: M, code: str | None, handling: Handling, words: str
) -> None:
    assert reason(state, code, handling, has_server=True) == words


def test_what_nobody_foresaw_and_a_missing_server_have_words_too() -> None:
    odd = Handling(JobState.WAITING, NOW, 1, "UndefinedError", in_hand=False)

    assert reason(M.WAITING, None, odd, has_server=True) == UNKNOWN
    assert reason(M.WAITING, None, FRESH, has_server=False) == NO_SERVER


def test_every_standing_has_its_title_its_tone_and_its_states() -> None:
    assert TITLES.keys() == TONES.keys() == STATES.keys() - {None} == set(Standing)
    assert {state for each in Standing for state in STATES[each][0]} == set(MessageState)
    assert len({standing_of(*pair) for pair in product(M, (FRESH, GIVEN_UP))}) == len(Standing)
