"""Review points: where they stand, what they stop, and who decides."""

from __future__ import annotations

from dataclasses import replace

import pytest

from practice.people.rules import Role
from practice.sessions.rules import courses, reviews

SHIPPED = courses.shipped()
LOZENGE = SHIPPED["sl-psycholytic-6"]
WITHOUT = replace(LOZENGE, review_points=())


@pytest.mark.parametrize("slug", sorted(SHIPPED))
def test_every_shipped_course_is_reviewed_early_and_at_its_end(slug: str) -> None:
    found = reviews.reviews_of(SHIPPED[slug])

    assert [(each.after, each.is_early) for each in found] == [("dose_2", True), ("dose_6", False)]


def test_a_course_without_points_has_an_early_response_review_if_dosings_follow() -> None:
    two = courses.cut_short(WITHOUT, [each.key for each in WITHOUT.steps].index("dose_2") + 1)

    (early,) = reviews.reviews_of(WITHOUT)

    assert (early.after, early.by, early.may) == (
        "dose_2",
        "practitioner",
        ("continue", "change", "stop"),
    )
    assert early.title == "Early response: the review after dosing 2"
    assert reviews.reviews_of(two) == ()


def test_an_open_review_stands_before_every_dosing_behind_it_and_before_nothing_else() -> None:
    stopped = {
        step.key: [each.still_open for each in reviews.open_before(LOZENGE, step.key, ())]
        for step in LOZENGE.steps
    }

    assert {key for key, words in stopped.items() if words} == {
        "dose_3",
        "dose_4",
        "dose_5",
        "dose_6",
    }
    assert stopped["dose_3"] == ["The review after dosing 2 is not decided"]
    assert reviews.open_before(LOZENGE, "dose_3", {"dose_2"}) == []


def test_a_review_is_due_once_its_dosing_was_held() -> None:
    def due(held: set[str], decided: set[str]) -> list[str]:
        return [each.after for each in reviews.due(LOZENGE, held, decided)]

    assert due({"dose_1"}, set()) == []
    assert due({"dose_1", "dose_2"}, set()) == ["dose_2"]
    assert due({"dose_2", "dose_6"}, {"dose_2"}) == ["dose_6"]


@pytest.mark.parametrize("role", [*Role])
def test_only_the_role_that_the_point_names_decides(role: Role) -> None:
    by_prescriber, by_practitioner = reviews.reviews_of(LOZENGE)
    practitioner = role in {Role.OWNER, Role.THERAPIST}

    assert reviews.may_decide(by_practitioner, [role], is_outside=False) == practitioner
    assert reviews.may_decide(by_prescriber, [role], is_outside=False) == (role is Role.PRESCRIBER)
    assert reviews.may_decide(by_prescriber, [role], is_outside=True) == (
        practitioner or role is Role.PRESCRIBER
    )


def test_some_decisions_end_a_course_and_some_change_it() -> None:
    words = {each for course in SHIPPED.values() for p in course.review_points for each in p.may}

    assert {each for each in words if reviews.stops(each)} == {"stop"}
    assert {each for each in words if reviews.changes(each)} == {"change dose"}
