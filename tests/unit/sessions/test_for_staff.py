from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from practice.billing.forms import METHODS
from practice.billing.rules.payments import TAKEN_AT_VISIT
from practice.core.money import Money
from practice.sessions.rules.for_staff import (
    ASKS,
    BUTTONS,
    DONE,
    LEADS_TO,
    WAYS,
    Deed,
    day_title,
    next_deeds,
    owed,
)
from practice.sessions.rules.lifecycle import AppointmentState, Modality, check_move

S = AppointmentState
ZONE = "America/New_York"
NOON = datetime(2027, 3, 14, 16, tzinfo=UTC)  # on the day on which the clocks change
moments = st.integers(-3 * 24 * 60, 3 * 24 * 60).map(lambda m: NOON + timedelta(minutes=m))


def test_every_deed_and_gate_and_way_has_its_words() -> None:
    assert set(LEADS_TO) == set(BUTTONS) == set(DONE) == set(Deed)
    assert set(ASKS) == set(Deed) - {Deed.MISS}
    assert set(WAYS) == set(Modality)
    assert set(METHODS) == TAKEN_AT_VISIT


@given(state=st.sampled_from(S), starts_at=moments, now=moments)
def test_the_buttons_are_the_moves_that_the_table_and_the_clock_allow(
    state: S, starts_at: datetime, now: datetime
) -> None:
    def is_allowed(deed: Deed) -> bool:
        try:
            check_move(state, LEADS_TO[deed])
        except Exception:  # noqa: BLE001  whatever it says, it says no
            return False
        today, its_day = (at.astimezone(ZoneInfo(ZONE)).date() for at in (now, starts_at))
        return its_day <= today and not (deed is Deed.MISS and now < starts_at)

    found = next_deeds(state, starts_at=starts_at, now=now, zone=ZONE)

    assert found == tuple(deed for deed in Deed if is_allowed(deed))


@given(price=st.integers(0, 100_000), kept=st.integers(-100, 200_000), state=st.sampled_from(S))
def test_what_is_owed_is_never_negative_and_nothing_for_what_was_not_held(
    price: int, kept: int, state: S
) -> None:
    left = owed(state, Money(price, "USD"), kept).minor

    assert left == (max(price - kept, 0) if state in STILL_OWED else 0)


STILL_OWED = {S.TENTATIVE, S.CONFIRMED, S.ARRIVED, S.IN_SESSION, S.COMPLETED}


@pytest.mark.parametrize(
    ("on", "title"),
    [
        (date(2027, 3, 13), "Yesterday"),
        (date(2027, 3, 14), "Today"),
        (date(2027, 3, 15), "Tomorrow"),
        (date(2027, 3, 16), "Tuesday"),
    ],
)
def test_near_days_are_called_by_their_distance(on: date, title: str) -> None:
    assert day_title(on, date(2027, 3, 14)) == title
