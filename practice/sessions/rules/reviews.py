"""Review points: after some dosings somebody decides whether, and how, a course goes on.

A point stands before every dosing behind it from the beginning, as other gates do: what nobody has
decided yet does not let a dosing be confirmed.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from practice.people.rules import Role
from practice.sessions.rules.courses import CourseTemplate, ReviewPoint, only, read_known
from practice.sessions.rules.planner.setting import name_of

PRESCRIBER, PRACTITIONER = "prescriber", "practitioner"
DECIDES = {
    PRESCRIBER: frozenset({Role.PRESCRIBER}),
    PRACTITIONER: frozenset({Role.OWNER, Role.THERAPIST}),
}
"""Whom a rule means by the words that templates use."""

EARLY = range(2, 4)
"""Relief is expected within one to three sessions: after one of these dosings somebody looks."""

CONTINUE, CHANGE, STOP = "continue", "change", "stop"


@dataclass(frozen=True, slots=True)
class Review:
    """A review point of one course, in words."""

    after: str
    by: str
    may: tuple[str, ...]
    is_early: bool
    name: str

    @property
    def title(self) -> str:
        return f"{'Early response: the' if self.is_early else 'The'} review after {self.name}"

    @property
    def still_open(self) -> str:
        """Why a dosing behind it cannot be confirmed, as gates say it."""
        return f"The review after {self.name} is not decided"


def reviews_of(course: CourseTemplate) -> tuple[Review, ...]:
    """Return the review points of a course in its order, that of the early response among them.

    Where the template has none after dosing 2 or 3, though more dosings follow, there is one of
    the practitioner's after dosing 2.
    """
    points = list(course.review_points)
    dosings = course.dosings
    early = [each.key for each in dosings if each.number in EARLY and each is not dosings[-1]]
    if early and not any(point.after in early for point in points):
        points.append(ReviewPoint(early[0], PRACTITIONER, (CONTINUE, CHANGE, STOP)))
    at = {each.key: n for n, each in enumerate(course.steps)}
    return tuple(
        Review(
            after=point.after,
            by=point.by,
            may=point.may,
            is_early=point.after in early,
            name=name_of(course.step(point.after)),
        )
        for point in sorted(points, key=lambda each: at[each.after])
    )


def open_before(course: CourseTemplate, key: str, decided: Collection[str]) -> list[Review]:
    """Return the reviews that stand before a dosing: those behind which it lies, not decided."""
    at = {each.key: n for n, each in enumerate(course.steps)}
    if key not in {each.key for each in course.dosings}:
        return []
    return [
        each
        for each in reviews_of(course)
        if at[each.after] < at[key] and each.after not in decided
    ]


def still_open(
    document: Mapping[str, Any], key: str, decided: Collection[str], dropped: Collection[str]
) -> tuple[str, ...]:
    """Say why a dosing of a client's copy cannot be confirmed yet, as gates say it."""
    keys = {each["key"] for each in document["steps"]} - {*dropped}
    course = only(read_known(document), keys)
    return tuple(each.still_open for each in open_before(course, key, decided))


def due(course: CourseTemplate, held: Collection[str], decided: Collection[str]) -> list[Review]:
    """Return the reviews whose step was held and on which nobody has decided."""
    return [each for each in reviews_of(course) if each.after in held and each.after not in decided]


def may_decide(review: Review, roles: Collection[Role], *, is_outside: bool) -> bool:
    """Say whether somebody may decide.

    Where the prescriber is outside (``is_outside``), nobody here is one: the practitioner writes
    down what the prescriber decided.
    """
    allowed = DECIDES.get(review.by, frozenset())
    if is_outside and review.by == PRESCRIBER:
        allowed |= DECIDES[PRACTITIONER]
    return not allowed.isdisjoint(roles)


def stops(decision: str) -> bool:
    """Say whether a decision ends the course."""
    return decision.split(maxsplit=1)[0] == STOP


def changes(decision: str) -> bool:
    """Say whether a decision asks for the course to be changed."""
    return decision.split(maxsplit=1)[0] == CHANGE
