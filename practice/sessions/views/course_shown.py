"""Plans of a course as pages show them: in words, with what speaks for each and against it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from flask import request, url_for

from practice.calendar.rules import zones
from practice.core.errors import Conflict, NotFound
from practice.core.money import Money
from practice.sessions.course_plan_forms import written_choice
from practice.sessions.models import Course, CourseStepRow
from practice.sessions.queries.course_drawn import plans_drawn
from practice.sessions.queries.course_plans import Chosen, chosen_of, mended
from practice.sessions.queries.course_problems import Seen
from practice.sessions.rules.course_drawing import Drawing, in_plain
from practice.sessions.rules.course_words import CLIENT_NAMES, STEP_NAMES, step_names
from practice.sessions.rules.for_clients import length_words
from practice.sessions.rules.planner import Character, Gap, Plan
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
REASONS_FOR_CLIENTS = {
    Character.SOONEST: "Every session as early as our calendar allows.",
    Character.SAME_TIME: "As many medicine sessions as can be on one weekday, at one time.",
    Character.GENTLEST: "The most even gaps between your sessions.",
}
HOURS_A_DAY = 24
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Voice:
    """To whom plans are shown: what sessions are called, and what each plan is good for."""

    names: Mapping[str, str]
    reasons: Mapping[Character, str]
    dosings: str
    is_plain: bool


FOR_STAFF = Voice(names=STEP_NAMES, reasons=REASONS, dosings="dosings", is_plain=False)
FOR_CLIENTS = Voice(
    names=CLIENT_NAMES, reasons=REASONS_FOR_CLIENTS, dosings="medicine sessions", is_plain=True
)


@dataclass(frozen=True, slots=True)
class _Said:
    """What is said of a plan from outside: which steps moved, its name, and why it is shown."""

    moved: Sequence[str]
    title: str
    reasons: tuple[str, ...]
    called: Mapping[str, str]
    voice: Voice


def shown(
    seen: Seen,
    plans: Sequence[Plan],
    *,
    moved: Sequence[str] = (),
    title: str = "",
    reasons: Sequence[str] = (),
    voice: Voice = FOR_STAFF,
) -> list[Shown]:
    """Put plans in words. Without a ``title`` each is named by what it is best at.

    The ways on that they name are those of the side, staff's or client's, that asks.
    """
    said = _Said(moved, title, tuple(reasons), names_of(seen.course, voice.names), voice)
    drawings = plans_drawn(seen, plans, names=voice.names)
    return [
        _shown(seen, plan, in_plain(drawing) if voice.is_plain else drawing, said)
        for plan, drawing in zip(plans, drawings, strict=True)
    ]


def kept_plan(seen: Seen, kept: Chosen, *, voice: Voice = FOR_STAFF) -> list[Shown]:
    """Return the plan that keeps as much as can be of what was chosen before it was lost."""
    still_open = {each.key for each in seen.problem.steps if each.fact is None}
    known = {key: when for key, when in kept.items() if key in still_open}
    again = mended(seen, known) if known else None
    if again is None or again.plan is None or len(again.moved) >= len(known):
        return []  # nothing of it is left
    count = len(again.moved)
    words = f"What was chosen is kept; {count} session{'s' * (count != 1)} at another time."
    return shown(
        seen, [again.plan], moved=again.moved, title="As chosen", reasons=[words], voice=voice
    )


def check_keys(seen: Seen, chosen: Chosen) -> None:
    """See that what is chosen is still to be booked.

    Raises:
        Conflict: if it is booked already.
    """
    open_steps = {each.key: each for each in seen.problem.steps if each.fact is None}
    if any(
        key not in open_steps or isinstance(when, datetime) is open_steps[key].is_external
        for key, when in chosen.items()
    ):
        raise Conflict("Some of these sessions are booked already. Plan what is left.")


def _shown(seen: Seen, plan: Plan, drawing: Drawing, said: _Said) -> Shown:
    course = seen.course
    choice = written_choice(chosen_of(plan, seen), keys_of(course))
    titles = [CHARACTERS[each] for each in plan.characters]
    return Shown(
        title=said.title or " and ".join([titles[0], *(each.lower() for each in titles[1:])]),
        reasons=said.reasons or tuple(said.voice.reasons[each] for each in plan.characters),
        dates=_dates(plan),
        days=plan.days if plan.steps else 0,
        dosings=_dosings(plan, said.voice.dosings),
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
        address=url_for(".course_review", course_id=course.id, plan=choice),
    )


def _lines(seen: Seen, plan: Plan, said: _Said, choice: str) -> tuple[Line, ...]:
    zone, places = seen.problem.axis.zone, keys_of(seen.course)
    return tuple(
        Line(
            key=each.key,
            name=said.called[each.key],
            when=when_words(each.on if each.is_external else each.starts_at, zone),
            length="" if each.is_external else length_words(seen.problem.step(each.key).minutes),
            gaps=_gaps([gap for gap in plan.gaps if gap.later == each.key], said),
            is_external=each.is_external,
            is_booked=each.is_fact,
            is_moved=each.key in said.moved,
            adjust=None if each.is_fact else _adjust(seen.course, places.index(each.key), choice),
        )
        for each in sorted(plan.steps, key=lambda placed: (placed.on, placed.starts_at))
    )


def _adjust(course: Course, place: int, choice: str) -> str:
    return url_for(".course_adjust", course_id=course.id, plan=choice, step=place)


def _gaps(gaps: Sequence[Gap], said: _Said) -> tuple[str, ...]:
    """Say how far a session lies behind others; in plain words only behind the nearest, in days."""
    if not said.voice.is_plain:
        return tuple(_gap(each.amount, each.unit, said.called[each.earlier]) for each in gaps)
    in_days = [
        (each.amount / HOURS_A_DAY if each.unit is Unit.HOURS else each.amount, each.earlier)
        for each in gaps
    ]
    days, earlier = min(in_days, default=(0.0, ""))
    return (_gap(float(round(days)), Unit.DAYS, said.called[earlier]),) if earlier else ()


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


def _dosings(plan: Plan, called: str) -> str:
    if plan.dosings_at is None:
        return ""
    weekday, at, count = plan.dosings_at
    return f"{count} {called} on {WEEKDAYS[weekday]} at {zones.clock_words(at)}"


def when_words(when: datetime | date, zone: str) -> str:
    """Say when a step of a choice is."""
    return zones.instant_words(when, zone) if isinstance(when, datetime) else zones.day_words(when)
