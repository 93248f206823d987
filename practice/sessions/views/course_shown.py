"""Plans of a course as pages show them: in words, with what speaks for each and against it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from flask import request, url_for

from practice.calendar.rules import zones
from practice.core.errors import NotFound
from practice.core.money import Money
from practice.sessions.course_plan_forms import written_choice
from practice.sessions.models import Course, CourseStepRow
from practice.sessions.queries.course_drawn import plans_drawn
from practice.sessions.queries.course_plans import chosen_of
from practice.sessions.queries.course_problems import Seen
from practice.sessions.rules.course_drawing import Drawing
from practice.sessions.rules.course_words import STEP_NAMES, step_names
from practice.sessions.rules.for_clients import length_words
from practice.sessions.rules.planner import Character, Plan
from practice.sessions.rules.windows import Unit

CHARACTERS = {
    Character.SOONEST: "Soonest",
    Character.SAME_TIME: "Same weekday and time",
    Character.GENTLEST: "Gentlest",
}
REASONS = {
    Character.SOONEST: "Every session as early as the rules and the calendar allow.",
    Character.SAME_TIME: "As many dosings as can be on one weekday, at one time.",
    Character.GENTLEST: "Most gaps in the comfortable middle of what is recommended.",
}
WEEKDAYS = ("Mondays", "Tuesdays", "Wednesdays", "Thursdays", "Fridays", "Saturdays", "Sundays")


@dataclass(frozen=True, slots=True)
class Line:
    """One session of a plan: what, when, how far behind what, and whether it is new."""

    key: str
    name: str
    when: str
    length: str
    gaps: tuple[str, ...]
    is_external: bool
    is_booked: bool
    is_moved: bool
    adjust: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A plan as a card or a page shows it. ``choice`` is how addresses write it.

    It is empty if nothing of the plan can be booked yet, and ``dates`` if nothing has a time.
    """

    title: str
    reasons: tuple[str, ...]
    dates: str
    days: int
    dosings: str
    lines: tuple[Line, ...]
    warnings: tuple[str, ...]
    waiting: tuple[str, ...]
    price: Money
    drawing: Drawing
    choice: str
    is_best: bool
    address: str


def keys_of(course: Course) -> list[str]:
    """Return the keys of a course's steps in their order: what places in addresses mean."""
    return [each.key for each in course.steps]


def place_of(course: Course, key: str) -> int:
    """Return the place of a step, as addresses name it."""
    return keys_of(course).index(key)


def asked_step(course: Course) -> CourseStepRow:
    """Return the step that an address names by its place: ``?step=``.

    Raises:
        NotFound: if it names none.
    """
    text = request.args.get("step", "")
    if not (
        text.isascii() and text.isdecimal() and len(text) < 4 and int(text) < len(course.steps)
    ):
        raise NotFound("The course has no such step.")
    return course.steps[int(text)]


def names_of(course: Course, names: Mapping[str, str] = STEP_NAMES) -> dict[str, str]:
    """Return what each step of a course is called."""
    return step_names(course.document["steps"], names=names)


@dataclass(frozen=True, slots=True)
class _Said:
    """What is said of a plan from outside: which steps moved, its name, and why it is shown."""

    moved: Sequence[str]
    title: str
    reasons: tuple[str, ...]
    called: Mapping[str, str]


def shown(
    seen: Seen,
    plans: Sequence[Plan],
    *,
    moved: Sequence[str] = (),
    title: str = "",
    reasons: Sequence[str] = (),
    names: Mapping[str, str] = STEP_NAMES,
) -> list[Shown]:
    """Put plans in words. Without a ``title`` each is named by what it is best at."""
    said = _Said(moved, title, tuple(reasons), names_of(seen.course, names))
    return [
        _shown(seen, plan, drawing, said)
        for plan, drawing in zip(plans, plans_drawn(seen, plans), strict=True)
    ]


def _shown(seen: Seen, plan: Plan, drawing: Drawing, said: _Said) -> Shown:
    course = seen.course
    choice = written_choice(chosen_of(plan, seen), keys_of(course))
    titles = [CHARACTERS[each] for each in plan.characters]
    return Shown(
        title=said.title or " and ".join([titles[0], *(each.lower() for each in titles[1:])]),
        reasons=said.reasons or tuple(REASONS[each] for each in plan.characters),
        dates=_dates(plan),
        days=plan.days if plan.steps else 0,
        dosings=_dosings(plan),
        lines=_lines(seen, plan, said, choice),
        warnings=plan.warnings,
        waiting=tuple(
            f"{said.called[each.key]}: {zones.day_words(each.first_on)} to "
            f"{zones.day_words(each.last_on)}"
            for each in plan.tentative
        ),
        price=course.price,
        drawing=drawing,
        choice=choice,
        is_best=plan.is_best,
        address=url_for("sessions.course_review", course_id=course.id, plan=choice),
    )


def _lines(seen: Seen, plan: Plan, said: _Said, choice: str) -> tuple[Line, ...]:
    zone, places = seen.problem.axis.zone, keys_of(seen.course)
    return tuple(
        Line(
            key=each.key,
            name=said.called[each.key],
            when=when_words(each.on if each.is_external else each.starts_at, zone),
            length="" if each.is_external else length_words(seen.problem.step(each.key).minutes),
            gaps=tuple(
                _gap(gap.amount, gap.unit, said.called[gap.earlier])
                for gap in plan.gaps
                if gap.later == each.key
            ),
            is_external=each.is_external,
            is_booked=each.is_fact,
            is_moved=each.key in said.moved,
            adjust=None if each.is_fact else _adjust(seen.course, places.index(each.key), choice),
        )
        for each in sorted(plan.steps, key=lambda placed: (placed.on, placed.starts_at))
    )


def _adjust(course: Course, place: int, choice: str) -> str:
    return url_for("sessions.course_adjust", course_id=course.id, plan=choice, step=place)


def _gap(amount: float, unit: Unit, earlier: str) -> str:
    count = f"{amount:.1f}".removesuffix(".0")
    if count == "0":
        return f"same day as {earlier}"
    words = unit.value if count != "1" else unit.value.removesuffix("s")
    return f"{count} {words} after {earlier}"


def _dates(plan: Plan) -> str:
    if not plan.steps:
        return ""
    first, last = zones.day_words(plan.first_on), zones.day_words(plan.last_on)
    return f"{first} to {last}"


def _dosings(plan: Plan) -> str:
    if plan.dosings_at is None:
        return ""
    weekday, at, count = plan.dosings_at
    return f"{count} dosings on {WEEKDAYS[weekday]} at {zones.clock_words(at)}"


def when_words(when: datetime | date, zone: str) -> str:
    """Say when a step of a choice is."""
    return zones.instant_words(when, zone) if isinstance(when, datetime) else zones.day_words(when)
