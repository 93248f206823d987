"""When a course lapses, and what brings it back."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from practice.sessions.rules import courses
from practice.sessions.rules.lapse import lapse_of, way_back
from practice.sessions.rules.planner import Fact, Placed, placed_at

ZONE = "America/New_York"
MARCH = date(2027, 3, 1)
LOZENGE = courses.shipped()["sl-psycholytic-6"]
INJECTED = courses.shipped()["im-induction-6"]


def held(**on: date) -> dict[str, Placed]:
    found = {}
    for key, each in on.items():
        at = datetime.combine(each, time(10), ZoneInfo(ZONE))
        found[key] = placed_at(key, Fact(at, at + timedelta(hours=3)), ZONE)
    return found


def days(count: int) -> date:
    return MARCH + timedelta(days=count)


@pytest.mark.parametrize(
    ("course", "done", "today", "lapsed"),
    [
        (LOZENGE, {}, 300, None),
        (LOZENGE, {"prep_1": 0}, 300, None),
        (LOZENGE, {"dose_1": 0}, 28, None),
        (LOZENGE, {"dose_1": 0}, 29, ("dose_2", 28)),
        (LOZENGE, {"dose_1": 0, "dose_2": 28}, 56, None),
        (LOZENGE, {"dose_1": 0, "dose_2": 28}, 57, ("dose_3", 56)),
        (INJECTED, {"dose_1": 13}, 20, None),  # over the change of the clocks
        (INJECTED, {"dose_1": 13}, 21, ("dose_2", 20)),
        (LOZENGE, {f"dose_{n}": 14 * n for n in range(1, 7)}, 300, None),
    ],
)
def test_a_course_lapses_on_the_day_after_the_longest_gap_between_two_dosings(
    course: courses.CourseTemplate,
    done: dict[str, int],
    today: int,
    lapsed: tuple[str, int] | None,
) -> None:
    sessions = held(**{key: days(count) for key, count in done.items()})

    found = lapse_of(course, sessions, today=days(today), zone=ZONE)

    assert (found and (found.step, found.last_on)) == (lapsed and (lapsed[0], days(lapsed[1])))


def test_a_dosing_booked_beyond_its_limit_with_a_reason_keeps_the_course_until_its_day() -> None:
    sessions = held(dose_1=MARCH)

    def lapsed(today: int) -> bool:
        return (
            lapse_of(LOZENGE, sessions, today=days(today), zone=ZONE, excused={"dose_2": days(33)})
            is not None
        )

    assert [lapsed(29), lapsed(33), lapsed(34)] == [False, False, True]


def test_a_lapse_says_which_dosing_had_to_come_by_when() -> None:
    found = lapse_of(LOZENGE, held(dose_1=MARCH), today=days(29), zone=ZONE)

    assert found is not None
    assert found.words == "Dosing 2 had to follow dosing 1 by Mon, Mar 29, and did not."


@pytest.mark.parametrize(
    ("reviews", "preps", "missing"),
    [
        ([], [], ("a medical review", "one preparation session")),
        ([-1], [-1], ("a medical review", "one preparation session")),
        ([0], [-5], ("one preparation session",)),
        ([-3], [2], ("a medical review",)),
        ([-3, 4], [0], ()),
    ],
)
def test_only_what_happened_after_the_lapse_brings_a_course_back(
    reviews: list[int], preps: list[int], missing: tuple[str, ...]
) -> None:
    found = way_back(lapsed_on=MARCH, reviews_on=map(days, reviews), preps_on=map(days, preps))

    assert (found.missing, found.is_open) == (missing, not missing)
