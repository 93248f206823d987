"""From a course and a calendar to a problem for the planner."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import and_, or_

from practice.calendar.rules import timeline, zones
from practice.calendar.rules.free import Offer
from practice.calendar.rules.timeline import Axis
from practice.sessions.rules import templates
from practice.sessions.rules.courses import CourseStep, CourseTemplate, order_rules
from practice.sessions.rules.lifecycle import GIVES_MEDICINE, Modality, SessionKind
from practice.sessions.rules.needs import Shape
from practice.sessions.rules.planner.plan import Gap, Placed, gaps_between
from practice.sessions.rules.planner.problem import Cap, Fact, Problem, Relaxed, Span, Step, Tie

NAMES = {
    SessionKind.CONSULT: "the call",
    SessionKind.INTAKE: "the intake",
    SessionKind.MEDICAL_EVAL: "the medical evaluation",
    SessionKind.MED_FOLLOWUP: "prescriber follow-up",
    SessionKind.PREP: "preparation",
    SessionKind.DOSING: "dosing",
    SessionKind.INTEGRATION: "integration",
    SessionKind.BOOSTER: "booster",
}
COUNTED = GIVES_MEDICINE | {SessionKind.PREP, SessionKind.INTEGRATION, SessionKind.MED_FOLLOWUP}


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """What the calendar says of one step: see ``Step`` of the problem.

    Of a step with a ``fact`` nothing else is asked but its shape and modality.
    """

    shape: Shape
    modality: Modality
    starts: int = 0
    later: int = 0
    fact: Fact | None = None
    relaxed: tuple[Relaxed, ...] = ()
    resources: frozenset[str] = frozenset()


def problem_of(
    course: CourseTemplate,
    axis: Axis,
    given: Mapping[str, Given],
    *,
    caps: Sequence[Cap] = (),
    gap_minutes: int = 0,
) -> Problem:
    """Ask for a plan of a course.

    Args:
        course: a template, or one client's copy.
        axis: the dates looked at. Facts may lie before them.
        given: what the calendar says, by the key of each step.
        caps: what is left for dosings of days and weeks.
        gap_minutes: how long the home is taken after each client.
    """
    after = templates.shipped()["policies"]["after"]["driving_ok_after"]
    rest = after["min_hours_IV" if course.route == "IV" else "min_hours_since_administration"]
    span = course.span
    return Problem(
        axis=axis,
        steps=tuple(_step(each, given[each.key], rest) for each in course.steps),
        ties=tuple(
            Tie(after.step, each.key, after.window) for each in course.steps for after in each.after
        ),
        spans=(Span(span.first, span.last, span.max, span.hard_max),) if span else (),
        orders=order_rules(course),
        caps=tuple(caps),
        gap_minutes=gap_minutes,
    )


def name_of(step: CourseStep) -> str:
    """Name a step in a sentence: "dosing 2", "the intake"."""
    name = NAMES[step.kind]
    return f"{name} {step.number}" if step.kind in COUNTED else name


def relaxed_by(offer: Offer) -> tuple[Relaxed, ...]:
    """Return what the starts of an offer would be without each of its limits, and with free hands.

    The words complete "It would be possible if …".
    """
    some_team = reduce(or_, (free for _, free in offer.teams), 0)
    allowed = [each.allowed for each in offer.limits]
    found = []
    for n, limit in enumerate(offer.limits):
        others = reduce(and_, allowed[:n] + allowed[n + 1 :], some_team)
        words = limit.refusal.words.removesuffix(".")
        found.append(Relaxed(f"this rule did not hold: “{words}”", others))
    found.append(
        Relaxed(
            "those who are needed, and the room, were free",
            reduce(and_, allowed, offer.axis.full),
        )
    )
    return tuple(each for each in found if each.starts != offer.starts)


def fact_of(placed: Placed) -> Fact:
    """Make a fact of a time that was chosen."""
    return Fact(placed.starts_at, placed.ends_at)


def placed_at(key: str, fact: Fact, zone: str, *, is_external: bool = False) -> Placed:
    """Return a session that is booked or was held as the place of a step."""
    on = zones.local_date(fact.starts_at, zone)
    return Placed(key, fact.starts_at, fact.ends_at, on, is_external=is_external)


def gaps_of(course: CourseTemplate, placed: Mapping[str, Placed], zone: str) -> tuple[Gap, ...]:
    """Measure the windows and the span of a course between the steps that have a time.

    Nothing is looked at but how far apart they lie.
    """
    day = next((each.on for each in placed.values()), None)
    if day is None:
        return ()
    span = course.span
    problem = Problem(
        axis=timeline.axis_of(zone, day, day),
        steps=tuple(
            Step(key=each.key, name=name_of(each), kind=each.kind, minutes=0, starts=0)
            for each in course.steps
        ),
        ties=tuple(
            Tie(after.step, each.key, after.window) for each in course.steps for after in each.after
        ),
        spans=(Span(span.first, span.last, span.max, span.hard_max),) if span else (),
    )
    return gaps_between(problem, placed)


def _step(step: CourseStep, given: Given, rest_hours: int) -> Step:
    shape = given.shape
    return Step(
        key=step.key,
        name=name_of(step),
        kind=step.kind,
        minutes=shape.minutes,
        before_minutes=shape.buffer_before_minutes,
        after_minutes=shape.buffer_after_minutes,
        starts=given.starts,
        later=given.later,
        is_external=step.is_external,
        travels=given.modality is Modality.IN_PERSON and not step.is_external,
        rest_hours=rest_hours if step.kind in GIVES_MEDICINE else None,
        fact=given.fact,
        relaxed=given.relaxed,
        resources=given.resources,
    )
