"""One client's copy of a course, when a step is left out and after a lapse."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from practice.sessions.rules import courses, templates
from practice.sessions.rules.course_copies import after_lapse, goes_with, without
from practice.sessions.rules.lifecycle import SessionKind
from practice.sessions.rules.planner import Fact, Placed, placed_at

LOZENGE = templates.course("sl-psycholytic-6")
ZONE = "America/New_York"
FILE = templates.shipped()
SERVICES = {each["slug"]: SessionKind(each["kind"]) for each in FILE["services"]}
GATES = {each["key"] for each in FILE["gates"]}


def anchors(document: dict[str, Any], key: str) -> dict[str, tuple[int, int]]:
    (step,) = [each for each in document["steps"] if each["key"] == key]
    return {each["step"]: (each["hard_min"], each["hard_max"]) for each in step["after"]}


def test_a_dosing_takes_its_own_integration_along_and_other_steps_take_nothing() -> None:
    assert goes_with(LOZENGE, "dose_3") == ["integration_3"]
    assert goes_with(LOZENGE, "dose_3", {"integration_3"}) == []
    assert goes_with(LOZENGE, "integration_3") == goes_with(LOZENGE, "prep_2") == []


@pytest.mark.parametrize(
    ("gone", "step", "counts_from"),
    [
        (["dose_3", "integration_3"], "dose_4", {"dose_2": (7, 28), "integration_2": (0, 27)}),
        (["integration_3"], "dose_4", {"dose_3": (7, 28), "integration_2": (0, 27)}),
        (["prep_2"], "dose_1", {"prep_1": (1, 30), "medical_eval": (1, 90)}),
        (["dose_1", "integration_1"], "dose_2", {"prep_2": (1, 30), "medical_eval": (1, 90)}),
        (
            ["dose_2", "integration_2", "dose_3", "integration_3"],
            "dose_4",
            {"dose_1": (7, 28), "integration_1": (0, 27)},
        ),
        (["med_followup_1"], "dose_3", {"dose_2": (7, 28), "integration_2": (0, 27)}),
    ],
)
def test_what_counted_from_a_step_that_is_left_out_counts_from_the_one_before_it(
    gone: list[str], step: str, counts_from: dict[str, tuple[int, int]]
) -> None:
    assert anchors(without(LOZENGE, gone), step) == counts_from


@pytest.mark.parametrize("key", [each["key"] for each in LOZENGE["steps"]])
def test_a_copy_without_a_step_is_still_a_course(key: str) -> None:
    gone = [key, *goes_with(LOZENGE, key)]
    left = without(LOZENGE, gone)

    read = courses.only(
        courses.read(left, services=SERVICES, gates=GATES),
        {each["key"] for each in left["steps"]} - {*gone},
    )

    assert len(read.steps) == len(LOZENGE["steps"]) - len(gone)
    assert not {after.step for each in read.steps for after in each.after} & {*gone}


def test_the_limit_of_the_whole_ends_at_the_last_dosing_that_stays() -> None:
    assert without(LOZENGE, ["dose_6", "integration_6"])["span"]["to"] == "dose_5"
    assert without(LOZENGE, ["dose_1", "integration_1"])["span"]["from"] == "dose_2"
    assert without(LOZENGE, ["dose_3"])["span"] == LOZENGE["span"]


def test_after_a_lapse_what_was_late_may_lie_as_far_from_now_as_it_once_did() -> None:
    at = datetime(2027, 3, 1, 15, tzinfo=UTC)
    held: dict[str, Placed] = {
        key: placed_at(key, Fact(at, at + timedelta(hours=3)), ZONE)
        for key in ("dose_1", "integration_1", "prep_2", "medical_eval")
    }
    now = at + timedelta(days=40)

    changed = after_lapse(LOZENGE, held, now=now, zone=ZONE)

    assert anchors(changed, "dose_2") == {"dose_1": (7, 68), "integration_1": (0, 67)}
    assert anchors(changed, "dose_1") == anchors(LOZENGE, "dose_1")
    assert anchors(changed, "dose_3") == anchors(LOZENGE, "dose_3")
    assert changed["span"]["hard_max"] == LOZENGE["span"]["hard_max"] + 40
    courses.read(changed, services=SERVICES, gates=GATES)
