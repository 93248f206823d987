"""A course as a picture: where its steps lie, what is said of them, and that anything is drawn."""

from __future__ import annotations

from copy import deepcopy
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from practice.sessions.rules import templates
from practice.sessions.rules.course_drawing import Bar, Look, Mark, Stands, draw, span_of
from practice.sessions.rules.course_words import CLIENT_NAMES

SLUGS = ["sl-psycholytic-6", "im-induction-6", "iv-induction-6"]
INTAKE = date(2026, 11, 2)


def inside(inner: Bar, outer: Bar) -> bool:
    return outer.x <= inner.x and inner.x + inner.width <= outer.x + outer.width + 0.01


def mark(marks: tuple[Mark, ...], key: str) -> Mark:
    return next(each for each in marks if each.key == key)


def test_steps_of_a_template_lie_on_the_earliest_recommended_days() -> None:
    drawing = draw(templates.course("sl-psycholytic-6"))

    assert [(each.name, each.when) for each in drawing.marks][:9] == [
        ("Intake", "Day 1"),
        ("Evaluation", "Day 1"),
        ("Preparation 1", "Day 2"),
        ("Preparation 2", "Day 3"),
        ("Dosing 1", "Day 4"),
        ("Integration 1", "Day 5"),
        ("Dosing 2", "Day 14"),
        ("Integration 2", "Day 15"),
        ("Follow-up", "Day 15"),
    ]
    assert drawing.words == (
        "17 steps over 55 days. From dosing 1 to dosing 6: 50 days; at most 90 are recommended, "
        "140 is the limit."
    )


def test_a_step_says_its_windows_and_what_kind_of_session_it_is() -> None:
    marks = draw(
        templates.course("sl-psycholytic-6"), labels={"dosing_sl": "Lozenge session"}
    ).marks

    found = {key: mark(marks, key) for key in ("dose_2", "integration_2", "med_followup_1")}
    assert {key: (each.tone, each.is_external) for key, each in found.items()} == {
        "dose_2": ("dusk", False),
        "integration_2": ("good", False),
        "med_followup_1": ("done", True),
    }
    assert found["dose_2"].service == "Lozenge session"
    assert found["dose_2"].rules == (
        "10 to 18 days after dosing 1 (at least 7, at most 28)",
        "1 to 17 days after integration 1 (at least 0, at most 27)",
    )
    assert found["integration_2"].rules == (
        "24 to 72 hours after the end of dosing 2 (at least 12, at most 168)",
    )


@pytest.mark.parametrize("slug", SLUGS)
def test_what_is_recommended_lies_inside_the_limits_and_all_of_it_on_the_paper(slug: str) -> None:
    drawing = draw(templates.course(slug))

    assert [each.key for each in drawing.marks if each.is_off or each.is_unsafe] == []
    for each in drawing.marks:
        if each.recommended and each.limits:
            assert inside(each.recommended, each.limits)
            assert inside(each.limits, Bar(0, 100))
        assert 0 < each.x < 100
    assert 2 <= len(drawing.ticks) <= 4


def test_windows_of_a_clients_course_lie_where_the_sessions_before_them_really_are() -> None:
    course = templates.course("sl-psycholytic-6")
    dosing = INTAKE + timedelta(days=20)
    stands = {
        "intake": Stands(INTAKE, Look.HELD),
        "dose_1": Stands(dosing, Look.BOOKED, when="Sun, Nov 22, 10:00 AM"),
        "integration_1": Stands(dosing + timedelta(days=5), Look.BOOKED),
        "dose_2": Stands(dosing + timedelta(days=40), Look.TENTATIVE),
        "dose_3": Stands(None, window=(date(2027, 1, 11), date(2027, 1, 19))),
    }

    marks = draw(course, stands=stands, today=INTAKE + timedelta(days=3)).marks

    keys = ("dose_1", "integration_1", "dose_2", "dose_3", "dose_4")
    assert [
        (each.when, each.is_off, each.is_unsafe) for each in (mark(marks, key) for key in keys)
    ] == [
        ("Sun, Nov 22, 10:00 AM", False, False),
        ("Fri, Nov 27", True, False),
        ("Fri, Jan 1", True, True),
        ("Jan 11 to Jan 19, not booked yet", False, False),
        ("No date yet", False, False),
    ]


def test_today_is_drawn_where_it_lies_and_only_there() -> None:
    course = templates.course("sl-psycholytic-6")
    stands = {"intake": Stands(INTAKE, Look.HELD)}

    first, before, undated = (
        draw(course, stands=stands, today=INTAKE),
        draw(course, stands=stands, today=INTAKE - timedelta(days=1)),
        draw(course, today=INTAKE),
    )

    assert (first.today, before.today, undated.today) == (mark(first.marks, "intake").x, None, None)


def test_several_plans_share_one_axis() -> None:
    course = templates.course("sl-psycholytic-6")
    early = {"intake": Stands(INTAKE), "integration_6": Stands(INTAKE + timedelta(days=60))}
    late = {"intake": Stands(INTAKE + timedelta(days=7)), "integration_6": Stands(INTAKE)}

    shared = span_of([early, late])

    assert shared == (INTAKE, INTAKE + timedelta(days=60))
    first, second = (draw(course, stands=each, shared=shared) for each in (early, late))
    assert first.ticks == second.ticks
    assert mark(first.marks, "intake").x < mark(second.marks, "intake").x


def test_a_client_reads_of_no_dosing() -> None:
    drawing = draw(templates.course("sl-psycholytic-6"), names=CLIENT_NAMES)

    said = " ".join([drawing.words, *(f"{m.name} {' '.join(m.rules)}" for m in drawing.marks)])
    assert "osing" not in said
    assert "Medicine session 6" in said


# Whatever it is, it is drawn ----------------------------------------------------------------------

JUNK: list[Any] = [None, "", "x", -1, 2, 10**9, [], {}, "dose_6", True]


@st.composite
def faulty(draw_: st.DrawFn) -> dict[str, Any]:
    """A shipped template in which some things were replaced by others, or are gone."""
    document = deepcopy(templates.course(draw_(st.sampled_from(SLUGS))))
    for _ in range(draw_(st.integers(1, 6))):
        step = document["steps"][draw_(st.integers(0, len(document["steps"]) - 1))]
        spots: list[Any] = [step, document]
        if isinstance(step, dict) and isinstance(step.get("after"), list):
            spots += [each for each in step["after"] if isinstance(each, dict)]
        spot = draw_(st.sampled_from([each for each in spots if isinstance(each, dict)]))
        if not spot:
            continue
        name = draw_(st.sampled_from(sorted(spot)))
        if name == "steps":
            continue
        if draw_(st.booleans()):
            del spot[name]
        else:
            spot[name] = draw_(st.sampled_from(JUNK))
    return document


@given(document=faulty())
def test_a_course_that_is_still_being_written_is_drawn_as_far_as_it_can_be_read(
    document: dict[str, Any],
) -> None:
    drawing = draw(document)

    assert all(0 <= each.x <= 100 for each in drawing.marks)
    assert drawing.words


@pytest.mark.parametrize("steps", [None, [], "x", [None], [{}], [{"key": "a", "kind": "b"}]])
def test_a_course_of_next_to_nothing_is_drawn(steps: object) -> None:
    drawing = draw({"steps": steps})

    assert [each.name for each in drawing.marks] == ["Session"] * (
        steps == [{"key": "a", "kind": "b"}]
    )
