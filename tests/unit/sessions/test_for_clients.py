from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from practice.billing.rules.payments import PaymentState
from practice.core.money import Money
from practice.sessions.rules.for_clients import (
    COMES_FIRST,
    KIND_WORDS,
    MISSING_WORDS,
    STATE_WORDS,
    Balance,
    Step,
    is_address_released,
    is_coming,
    length_words,
    set_aside,
    step_of,
    to_do_before,
)
from practice.sessions.rules.gates import Gate
from practice.sessions.rules.lifecycle import (
    FIRST_VISIT,
    GIVES_MEDICINE,
    AppointmentState,
    Modality,
    SessionKind,
)

S = AppointmentState
NOON = datetime(2027, 3, 2, 17, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
CLINICAL = ("ketamine", "lozenge", "medicine", "dos", "diagnos", "clearance")


def test_every_kind_state_and_gate_has_words() -> None:
    assert KIND_WORDS.keys() == COMES_FIRST.keys() == set(SessionKind)
    assert STATE_WORDS.keys() == set(AppointmentState)
    assert MISSING_WORDS.keys() == set(Gate)


def test_something_comes_first_for_everything_but_a_first_visit() -> None:
    assert {kind for kind, words in COMES_FIRST.items() if not words} == FIRST_VISIT


@pytest.mark.parametrize("words", MISSING_WORDS.values())
def test_what_is_missing_is_said_without_a_clinical_word(words: str) -> None:
    assert not any(word in words.lower() for word in CLINICAL)


@pytest.mark.parametrize("kind", SessionKind)
@pytest.mark.parametrize("modality", Modality)
def test_everybody_is_told_what_to_do_before(kind: SessionKind, modality: Modality) -> None:
    told = to_do_before(kind, modality)

    assert told
    assert any("takes you home" in each for each in told) is (kind in GIVES_MEDICINE)


@pytest.mark.parametrize(
    ("minutes", "words"),
    [
        (20, "20 minutes"),
        (1, "1 minute"),
        (60, "1 hour"),
        (75, "1 hour 15 minutes"),
        (121, "2 hours 1 minute"),
        (180, "3 hours"),
    ],
)
def test_a_length_is_written_in_hours_and_minutes(minutes: int, words: str) -> None:
    assert length_words(minutes) == words


def test_a_medicine_session_takes_the_rest_of_the_day() -> None:
    assert set_aside(SessionKind.DOSING, 180) == (
        "3 hours with us, and the rest of the day to rest: no work, no plans"
    )
    assert set_aside(SessionKind.INTAKE, 75) == "1 hour 15 minutes"


@pytest.mark.parametrize(
    ("state", "ends_in", "has_client", "paying", "step"),
    [
        (S.TENTATIVE, 5, False, None, Step.DETAILS),
        (S.TENTATIVE, 5, True, None, Step.CHECK),
        (S.TENTATIVE, 5, True, PaymentState.OPEN, Step.CHECK),
        (S.TENTATIVE, 5, True, PaymentState.CREATING, Step.CHECK),
        (S.TENTATIVE, 5, True, PaymentState.PROCESSING, Step.WAITING),
        (S.TENTATIVE, 0, True, None, Step.CHECK),
        (S.TENTATIVE, -1, True, None, Step.ENDED),
        (S.TENTATIVE, -1, False, None, Step.ENDED),
        (S.TENTATIVE, -1, True, PaymentState.OPEN, Step.WAITING),
        (S.TENTATIVE, None, True, None, Step.BOOKED),
        (S.TENTATIVE, None, True, PaymentState.PROCESSING, Step.BOOKED),
        (S.RELEASED, None, True, None, Step.ENDED),
        (S.CONFIRMED, None, True, None, Step.BOOKED),
        (S.CANCELLED, None, True, PaymentState.OPEN, Step.BOOKED),
    ],
)
def test_a_booking_stands_at_one_step(
    state: AppointmentState,
    ends_in: int | None,
    has_client: bool,
    paying: PaymentState | None,
    step: Step,
) -> None:
    found = step_of(
        state,
        hold_ends_at=None if ends_in is None else NOON + ends_in * MINUTE,
        has_client=has_client,
        paying=paying,
        now=NOON,
    )

    assert found is step


@given(
    state=st.sampled_from(AppointmentState),
    modality=st.sampled_from(Modality),
    minutes=st.integers(-10_000, 10_000),
    hours=st.integers(0, 200),
)
def test_the_street_is_told_only_for_a_visit_that_is_booked_and_near(
    state: AppointmentState, modality: Modality, minutes: int, hours: int
) -> None:
    told = is_address_released(
        state=state,
        modality=modality,
        starts_at=NOON + minutes * MINUTE,
        now=NOON,
        hours=hours,
    )

    assert told is (
        state in {S.CONFIRMED, S.ARRIVED, S.IN_SESSION}
        and modality is Modality.IN_PERSON
        and minutes <= hours * 60
    )


@pytest.mark.parametrize(
    ("state", "starts_in", "is_ahead"),
    [
        (S.CONFIRMED, 1, True),
        (S.TENTATIVE, 1, True),
        (S.CONFIRMED, 0, False),
        (S.CANCELLED, 1, False),
        (S.COMPLETED, 1, False),
    ],
)
def test_a_session_is_ahead_until_it_begins_or_is_called_off(
    state: AppointmentState, *, starts_in: int, is_ahead: bool
) -> None:
    assert is_coming(state, starts_at=NOON + starts_in * MINUTE, now=NOON) is is_ahead


@given(price=st.integers(0, 10**6), paid=st.integers(0, 10**6), back=st.integers(0, 10**6))
def test_nobody_owes_less_than_nothing(price: int, paid: int, back: int) -> None:
    balance = Balance(
        price=Money(price, "USD"), paid=Money(paid, "USD"), given_back=Money(back, "USD")
    )

    assert balance.owed == Money(max(price - paid + back, 0), "USD")
    assert balance.kept == Money(paid - back, "USD")
