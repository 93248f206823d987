"""Course templates as data, and what is refused, with its place."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest

from practice.core.errors import Invalid
from practice.sessions.rules import courses, templates
from practice.sessions.rules.courses import After, SpanLimit
from practice.sessions.rules.lifecycle import SessionKind
from practice.sessions.rules.windows import Anchor, StepWindow, Unit

SERVICES = {s["slug"]: SessionKind(s["kind"]) for s in templates.shipped()["services"]}
GATES = {gate["key"] for gate in templates.shipped()["gates"]}
SLUGS = ["sl-psycholytic-6", "im-induction-6", "iv-induction-6"]


def lozenges() -> dict[str, Any]:
    return deepcopy(templates.course("sl-psycholytic-6"))


def step(raw: dict[str, Any], key: str) -> dict[str, Any]:
    found: dict[str, Any] = next(each for each in raw["steps"] if each["key"] == key)
    return found


def test_all_shipped_templates_are_read_without_fault() -> None:
    shipped = courses.shipped()

    assert {slug: len(course.steps) for slug, course in shipped.items()} == dict(
        zip(SLUGS, [17, 15, 15], strict=True)
    )


def test_a_step_has_several_windows_and_keeps_their_words() -> None:
    dosing = courses.shipped()["sl-psycholytic-6"].step("dose_1")

    assert dosing.after == (
        After("prep_2", StepWindow(Anchor.END, Unit.DAYS, 1, 14, 1, 30)),
        After("medical_eval", StepWindow(Anchor.END, Unit.DAYS, 3, 60, 1, 90)),
    )


def test_only_the_outside_prescriber_is_external() -> None:
    course = courses.shipped()["sl-psycholytic-6"]

    assert [s.key for s in course.steps if s.is_external] == ["medical_eval", "med_followup_1"]


@pytest.mark.parametrize("slug", SLUGS)
def test_the_order_of_integrations_is_said_by_windows_in_the_shipped_templates(slug: str) -> None:
    assert courses.order_rules(courses.shipped()[slug]) == ()


def test_an_integration_without_a_window_to_the_next_dosing_is_put_before_it() -> None:
    raw = lozenges()
    dosing = step(raw, "dose_2")
    dosing["after"] = [each for each in dosing["after"] if each["step"] != "integration_1"]

    course = courses.read(raw, services=SERVICES, gates=GATES)

    assert courses.order_rules(course) == (("integration_1", "dose_2"),)


def test_an_added_dosing_brings_its_integration_and_widens_the_span() -> None:
    course = courses.with_more_dosings(courses.shipped()["sl-psycholytic-6"], 1)

    assert [each.key for each in course.steps[-3:]] == [
        "integration_6",
        "dose_7",
        "integration_7",
    ]
    assert [each.step for each in course.step("dose_7").after] == ["dose_6", "integration_6"]
    assert course.span == SpanLimit("dose_1", "dose_7", 90 + 18, 140 + 28)


def test_what_followed_the_last_dosing_follows_the_added_one() -> None:
    course = courses.with_more_dosings(courses.shipped()["im-induction-6"], 1)

    assert [each.step for each in course.step("med_followup_1").after] == ["dose_7"]
    assert course.steps[-1].key == "med_followup_1"


def test_a_course_cut_short_has_no_span_without_its_end() -> None:
    course = courses.cut_short(courses.shipped()["im-induction-6"], 7)

    assert (len(course.steps), course.span) == (7, None)


def change(*path: object, to: object) -> Callable[[dict[str, Any]], None]:
    """Return what puts one value in the place of another, deep in a template."""

    def apply(raw: Any) -> None:
        for part in path[:-1]:
            raw = step(raw, part[1:]) if isinstance(part, str) and part[0] == "@" else raw[part]
        raw[path[-1]] = to

    return apply


FAULTS = {
    "a circle": (
        change("@prep_1", "after", 0, "step", to="dose_1"),
        "prep_1, after dose_1: this goes round in a circle: prep_1 → dose_1 → prep_2 → prep_1.",
    ),
    "itself": (
        change("@prep_1", "after", 0, "step", to="prep_1"),
        "prep_1, after prep_1: this goes round in a circle: prep_1 → prep_1.",
    ),
    "a later step": (
        change("@medical_eval", "after", 0, "step", to="prep_2"),
        "medical_eval, after prep_2: that step comes later in the course.",
    ),
    "an unknown step": (
        change("@prep_1", "after", 0, "step", to="call"),
        "prep_1, after call: there is no such step.",
    ),
    "min above max": (
        change("@prep_1", "after", 0, "min", to=22),
        "prep_1, after intake: the recommended minimum, 22, is above the maximum, 21.",
    ),
    "limits crossed": (
        change("@prep_1", "after", 0, "hard_min", to=99),
        "prep_1, after intake: the lower limit, 99, is above the upper limit, 45.",
    ),
    "limits inside what is recommended": (
        change("@prep_1", "after", 0, "hard_max", to=20),
        "prep_1, after intake: the limits, 0 to 20, lie inside what is recommended, 1 to 21.",
    ),
    "an unknown unit": (
        change("@prep_1", "after", 0, "unit", to="weeks"),
        "prep_1, after intake: a window is counted in days or in hours.",
    ),
    "an unknown anchor": (
        change("@prep_1", "after", 0, "anchor", to="middle"),
        "prep_1, after intake: a window counts from the start or the end of the earlier step.",
    ),
    "a number that is none": (
        change("@prep_1", "after", 0, "max", to="21"),
        "prep_1, after intake: the recommended maximum is a whole number from 0.",
    ),
    "hours to a date": (
        change("@medical_eval", "after", 0, "unit", to="hours"),
        (
            "medical_eval, after intake: a visit outside is a date, "
            "so its windows are counted in days."
        ),
    ),
    "an unknown service": (
        change("@prep_1", "service", to="prep_300"),
        "prep_1: there is no service called prep_300.",
    ),
    "a service of another kind": (
        change("@prep_1", "service", to="intake"),
        "prep_1: intake is a service for intake, not for prep.",
    ),
    "an unknown kind": (
        change("@prep_1", "kind", to="party"),
        (
            "prep_1: there is no kind of session called party. "
            "prep_1: prep_60 is a service for prep, not for party."
        ),
    ),
    "an unknown gate": (
        change("@prep_1", "gates", to=["moon_is_full"]),
        "prep_1: there is no gate called moon_is_full.",
    ),
    "a span to nowhere": (
        change("span", "to", to="dose_9"),
        "the span: there is no step called dose_9.",
    ),
    "a span backwards": (
        change("span", "from", to="integration_6"),
        "the span: dose_6 does not come after integration_6.",
    ),
    "a span that is too narrow": (
        change("span", "hard_max", to=80),
        "the span: the limit, 80, lies inside what is recommended, 90.",
    ),
    "installments": (
        change("pricing", "installments", 0, "pct", to=40),
        "the installments: they do not add up to 100 percent.",
    ),
    "steps": (change("steps", to=[]), "the course: it has 1 to 120 steps."),
    "a shapeless step": (change("steps", 2, to="prep"), "step 3: it has no key, kind or service."),
    "a booster window": (
        change("boosters", "from_last_dosing", "min", to=300),
        "the boosters, from_last_dosing: the recommended minimum, 300, is above the maximum, 60.",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_refused_with_its_place(fault: str) -> None:
    apply, words = FAULTS[fault]
    raw = lozenges()
    apply(raw)

    with pytest.raises(Invalid) as refused:
        courses.read(raw, services=SERVICES, gates=GATES)

    assert refused.value.message == words
