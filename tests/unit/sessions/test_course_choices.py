"""Wishes, choices in addresses, and positions of courses: what is written is read again."""

from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from practice.core.errors import Invalid
from practice.sessions.course_plan_forms import read_choice, written_choice
from practice.sessions.rules import course_position, course_wishes
from practice.sessions.rules.course_position import Stand
from practice.sessions.rules.course_states import CourseState
from practice.sessions.rules.course_wishes import PartOfDay, Wishes
from practice.sessions.rules.lifecycle import AppointmentState, SessionKind

S, K, C = AppointmentState, SessionKind, CourseState
KEYS = ["intake", "medical_eval", "prep_1", "dose_1"]
NOW = datetime(2027, 3, 1, 13, tzinfo=UTC)
DAYS = st.dates(date(2027, 1, 1), date(2029, 1, 1))
INSTANTS = st.datetimes(
    datetime(2027, 1, 1),  # noqa: DTZ001  # hypothesis adds the zone
    datetime(2029, 1, 1),  # noqa: DTZ001
    timezones=st.just(UTC),
).map(lambda at: at.replace(second=0, microsecond=0))


@given(st.dictionaries(st.sampled_from(KEYS), st.one_of(DAYS, INSTANTS), min_size=1))
def test_a_choice_in_an_address_is_read_as_it_was_written(
    chosen: dict[str, datetime | date],
) -> None:
    text = written_choice(chosen, KEYS)

    assert read_choice(text, KEYS) == chosen
    assert not any(key in text for key in KEYS)


@pytest.mark.parametrize("text", ["", "0", "9.20270101", "0.20270230", "0.20270101T2500Z", "x" * 9])
def test_what_is_no_choice_is_refused(text: str) -> None:
    with pytest.raises(Invalid):
        read_choice(text, KEYS)


@given(
    st.builds(
        Wishes,
        weekdays=st.frozensets(st.integers(1, 7)),
        parts=st.frozensets(st.sampled_from(PartOfDay)),
        earliest_on=st.none() | DAYS,
        away=st.lists(DAYS.map(lambda on: (on, on + timedelta(days=3))), max_size=3).map(tuple),
        by_video=st.frozensets(st.sampled_from(KEYS)),
        host_id=st.none() | st.just(UUID(int=7)),
    )
)
def test_wishes_are_kept_as_they_are(wishes: Wishes) -> None:
    assert course_wishes.read(course_wishes.as_document(wishes)) == wishes


def test_wishes_are_told_in_a_few_words() -> None:
    wishes = Wishes(
        weekdays=frozenset({1, 4}),
        parts=frozenset({PartOfDay.MORNING}),
        away=((date(2027, 3, 8), date(2027, 3, 9)),),
        by_video=frozenset({"prep_1"}),
    )

    assert course_wishes.in_words(wishes, host="Morgan") == [
        "On Mondays or Thursdays",
        "Beginning before noon",
        "Away Mon, Mar 8 to Tue, Mar 9",
        "1 session by video",
        "With Morgan",
    ]


def words(state: CourseState, *steps: Stand) -> str:
    return course_position.in_words(state, steps, now=NOW, zone="America/New_York")


def test_a_position_says_how_many_dosings_were_held_and_what_is_next() -> None:
    held = Stand(K.DOSING, S.COMPLETED, NOW - timedelta(days=9))
    coming = Stand(K.DOSING, S.TENTATIVE, NOW + timedelta(days=3))
    lost = Stand(K.DOSING, S.CANCELLED, NOW + timedelta(days=1))

    assert words(C.PROPOSED, coming) == "Proposed"
    assert words(C.BOOKED, coming, lost) == "Before dosing 1 of 2, next Thu, Mar 4"
    assert words(C.UNDER_WAY, held, coming) == "Dosing 1 of 2, next Thu, Mar 4"
    assert words(C.UNDER_WAY, held, lost) == "Dosing 1 of 2, nothing booked"
    assert words(C.STOPPED, held, lost) == "Dosing 1 of 2, stopped"
