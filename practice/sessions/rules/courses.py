"""Course templates as data: the steps of a course, and how far apart they lie.

``semantics`` in ``practice/sessions/data/course-templates.json`` says what the words mean. What is
read here has been looked through by ``course_faults``, so that whoever plans with it need not doubt
it. A course is a copy of a template for one client; the same types hold both.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from functools import cache
from itertools import pairwise
from typing import Any

from practice.core.errors import Invalid
from practice.sessions.rules import templates
from practice.sessions.rules.course_faults import Fault, faults
from practice.sessions.rules.lifecycle import GIVES_MEDICINE, SessionKind
from practice.sessions.rules.windows import Anchor, StepWindow, Unit

K = SessionKind


@dataclass(frozen=True, slots=True)
class After:
    """One window of a step: how long after which earlier step it starts."""

    step: str
    window: StepWindow


@dataclass(frozen=True, slots=True, kw_only=True)
class CourseStep:
    """One session of a course. ``number`` counts the steps of its kind.

    ``is_external`` marks a visit to somebody outside: a date that is written down, for which
    nothing of ours is claimed.
    """

    key: str
    kind: SessionKind
    service: str
    number: int
    after: tuple[After, ...]
    gates: tuple[str, ...]
    is_external: bool = False


@dataclass(frozen=True, slots=True)
class SpanLimit:
    """How many local dates may lie between two steps: recommended, and at most."""

    first: str
    last: str
    max: int
    hard_max: int


@dataclass(frozen=True, slots=True)
class ReviewPoint:
    """Somebody decides after a step whether and how the course goes on."""

    after: str
    by: str
    may: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Boosters:
    """Single dosings after the course. Suggested, never booked of themselves."""

    service: str
    integration_service: str
    from_last_dosing: StepWindow
    integration_window: StepWindow
    prep_after_days: int
    followup_every_days: int
    clearance_days: int
    gates: tuple[str, ...]
    typical_days: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Installment:
    """A part of the price, due at a step, or already when that step is booked."""

    step: str
    at_booking: bool
    percent: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CourseTemplate:
    """A course as the practice offers it, or as one client has it."""

    slug: str
    version: int
    title: str
    route: str
    steps: tuple[CourseStep, ...]
    span: SpanLimit | None
    review_points: tuple[ReviewPoint, ...]
    boosters: Boosters | None
    package_cents: int | None = None
    installments: tuple[Installment, ...] = ()

    def step(self, key: str) -> CourseStep:
        """Return one step.

        Raises:
            KeyError: if there is none of this key.
        """
        for each in self.steps:
            if each.key == key:
                return each
        raise KeyError(key)

    @property
    def dosings(self) -> tuple[CourseStep, ...]:
        """The steps that give medicine, in order."""
        return tuple(each for each in self.steps if each.kind in GIVES_MEDICINE)


def read(
    raw: Mapping[str, Any], *, services: Mapping[str, SessionKind], gates: Collection[str]
) -> CourseTemplate:
    """Read a template as it stands in the file.

    Args:
        raw: one entry of ``templates``.
        services: the kind of each service that the practice has, by its slug.
        gates: the keys of the gates that there are.

    Raises:
        Invalid: if something is wrong with it. The message names every place.
    """
    found = faults(raw, services=services, gates=gates)
    if found:
        raise Invalid(" ".join(str(each) for each in found))
    return _read(raw)


def read_known(raw: Mapping[str, Any]) -> CourseTemplate:
    """Read a document that was looked through when it was kept, as every client's copy is."""
    return _read(raw)


def review(
    raw: Mapping[str, Any], *, services: Mapping[str, SessionKind], gates: Collection[str]
) -> list[Fault]:
    """List what is wrong with a template, each with its place: for the page that edits it."""
    return faults(raw, services=services, gates=gates)


@cache
def shipped() -> Mapping[str, CourseTemplate]:
    """Return the templates that the program comes with, by slug."""
    file = templates.shipped()
    services = {each["slug"]: SessionKind(each["kind"]) for each in file["services"]}
    gates = {each["key"] for each in file["gates"]}
    return {each["slug"]: read(each, services=services, gates=gates) for each in file["templates"]}


def order_rules(course: CourseTemplate) -> tuple[tuple[str, str], ...]:
    """Return pairs of steps whose order no window says: an integration, and the next dosing.

    "An integration comes before the next dosing" holds where the course has one between them.
    """
    dosings = [each.key for each in course.dosings]
    pairs = []
    for step in course.steps:
        if step.kind is not K.INTEGRATION:
            continue
        behind = {after.step for after in step.after}
        for dosing, following in pairwise(dosings):
            said = {after.step for after in course.step(following).after}
            if dosing in behind and step.key not in said:
                pairs.append((step.key, following))
    return tuple(pairs)


def cut_short(course: CourseTemplate, steps: int) -> CourseTemplate:
    """Return the course up to some step, and without the limit whose end is gone."""
    kept = course.steps[:steps]
    keys = {each.key for each in kept}
    span = course.span if course.span and {course.span.first, course.span.last} <= keys else None
    points = tuple(each for each in course.review_points if each.after in keys)
    due = tuple(each for each in course.installments if each.step in keys)
    return replace(course, steps=kept, span=span, review_points=points, installments=due)


def only(course: CourseTemplate, keys: Collection[str]) -> CourseTemplate:
    """Return the course with some steps alone, and the rules between those."""
    kept = tuple(
        replace(each, after=tuple(after for after in each.after if after.step in keys))
        for each in course.steps
        if each.key in keys
    )
    span = course.span if course.span and {course.span.first, course.span.last} <= {*keys} else None
    points = tuple(each for each in course.review_points if each.after in keys)
    return replace(course, steps=kept, span=span, review_points=points)


def with_more_dosings(course: CourseTemplate, more: int) -> CourseTemplate:
    """Return the course with dosings added behind its last one, each as that one is.

    Where the last dosing has an integration, so has each new one, and comes after the one before.
    Whatever else followed the last dosing now follows the new last one. The limit of the whole
    ends at the new last dosing, and grows by that dosing's own windows: ``span`` of the semantics.
    """
    for _ in range(more):
        course = _with_one_more(course)
    return course


def _with_one_more(course: CourseTemplate) -> CourseTemplate:
    last = course.dosings[-1]
    before = course.dosings[-2] if len(course.dosings) > 1 else None
    follows = [each for each in course.steps if any(a.step == last.key for a in each.after)]
    integration = next((each for each in follows if each.kind is K.INTEGRATION), None)
    number = last.number + 1
    key = _free_key(course, "dose", number)

    spacing = [a for a in last.after if before and a.step == before.key]
    after = [replace(each, step=last.key) for each in spacing] or [
        After(last.key, StepWindow(Anchor.START, Unit.DAYS, 1, 28, 1, 28))
    ]
    if integration is not None:
        after += [
            replace(each, step=integration.key)
            for each in last.after
            if course.step(each.step).kind is K.INTEGRATION
        ]
    dosing = replace(last, key=key, number=number, after=tuple(after))
    added = [dosing]
    if integration is not None:
        windows = tuple(
            replace(each, step=key) for each in integration.after if each.step == last.key
        )
        nth = integration.number + 1
        added.append(
            replace(
                integration, key=_free_key(course, "integration", nth), number=nth, after=windows
            )
        )

    stays = [each for each in course.steps if each not in follows or each is integration]
    moved = [
        replace(
            each,
            after=tuple(replace(a, step=key) if a.step == last.key else a for a in each.after),
        )
        for each in follows
        if each is not integration
    ]
    return replace(
        course,
        steps=(*stays, *added, *moved),
        span=_grown(course.span, last, key, after[0].window),
        review_points=tuple(
            replace(each, after=key) if each.after == last.key else each
            for each in course.review_points
        ),
    )


def _grown(
    span: SpanLimit | None, last: CourseStep, key: str, spacing: StepWindow
) -> SpanLimit | None:
    if span is None or span.last != last.key:
        return span
    return replace(
        span, last=key, max=span.max + spacing.max, hard_max=span.hard_max + spacing.hard_max
    )


def _free_key(course: CourseTemplate, stem: str, number: int) -> str:
    taken = {each.key for each in course.steps}
    while f"{stem}_{number}" in taken:
        number += 1
    return f"{stem}_{number}"


def _read(raw: Mapping[str, Any]) -> CourseTemplate:
    span, boosters, pricing = raw.get("span"), raw.get("boosters"), raw.get("pricing") or {}
    return CourseTemplate(
        slug=raw["slug"],
        version=raw["version"],
        title=raw["title"],
        route=raw["route"],
        steps=tuple(_step(each) for each in raw["steps"]),
        span=SpanLimit(span["from"], span["to"], span["max"], span["hard_max"]) if span else None,
        review_points=tuple(
            ReviewPoint(each["after"], each["by"], tuple(each["may"]))
            for each in raw.get("review_points", ())
        ),
        boosters=_boosters(boosters) if boosters else None,
        package_cents=pricing.get("package_cents"),
        installments=tuple(
            Installment(
                step=each["due"].rpartition(" ")[2],
                at_booking=each["due"].startswith("at booking of "),
                percent=each["pct"],
            )
            for each in pricing.get("installments", ())
        ),
    )


def _step(raw: Mapping[str, Any]) -> CourseStep:
    return CourseStep(
        key=raw["key"],
        kind=SessionKind(raw["kind"]),
        service=raw["service"],
        number=raw["number"],
        after=tuple(
            After(each["step"], StepWindow.read(each, anchor=Anchor(each["anchor"])))
            for each in raw["after"]
        ),
        gates=tuple(raw["gates"]),
        is_external=raw.get("external", False),
    )


def _boosters(raw: Mapping[str, Any]) -> Boosters:
    return Boosters(
        service=raw["service"],
        integration_service=raw["integration_service"],
        from_last_dosing=StepWindow.read(raw["from_last_dosing"], anchor=Anchor.START),
        integration_window=StepWindow.read(raw["integration_window"], anchor=Anchor.END),
        prep_after_days=raw["prep_refresh_if_days_since_last_dosing_over"],
        followup_every_days=raw["prescriber_followup_every_days"],
        clearance_days=raw["clearance_renewal_days"],
        gates=tuple(raw["gates"]),
        typical_days=tuple(raw.get("typical_plan_days_after_dose_6", ())),
    )
