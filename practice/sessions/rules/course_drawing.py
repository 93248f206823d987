"""A course as a picture: its steps along the days, each between the windows that it has to keep.

One drawing serves everywhere. In the editor nothing has a date: steps lie on the earliest days
that are recommended, counted from the first one. A client's course has dates, and its windows lie
where the steps before them really are. What is drawn may still be faulty, because it is drawn
while it is being written: what cannot be read is left out.

Positions are percents of the width, so that one picture fits every screen.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from enum import StrEnum
from math import ceil
from typing import Any

from practice.calendar.rules import zones
from practice.sessions.rules.course_faults import BOUNDS
from practice.sessions.rules.course_words import STEP_NAMES, step_names, window_words
from practice.sessions.rules.lifecycle import GIVES_MEDICINE
from practice.sessions.rules.windows import Anchor, Unit

LEFT, RIGHT = 5.5, 94.5  # so that a mark on the first or the last day is whole
MIDDAY = 0.5  # a mark stands in the middle of its day
THINNEST = 0.8
MOST_TICKS = 3
TICK_DAYS = (1, 2, 7, 14, 28, 42, 56, 84, 112, 168, 364)


class Look(StrEnum):
    """How a step is drawn: by how much about it is settled."""

    PLANNED = "planned"  # no date, or one that nothing is booked on
    TENTATIVE = "tentative"
    BOOKED = "booked"
    HELD = "held"


@dataclass(frozen=True, slots=True)
class Stands:
    """Where a step of a client's course stands, in local dates.

    ``window`` are the first and last date between which it is still to be booked. ``when`` is
    what the page says of its time, where it knows more than the date.
    """

    on: date | None
    look: Look = Look.PLANNED
    window: tuple[date, date] | None = None
    when: str = ""


@dataclass(frozen=True, slots=True)
class Bar:
    """A stretch of days: where it begins, and how wide it is."""

    x: float
    width: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """One step: its place, the days that are recommended for it, and its limits.

    ``tone`` is a class of the style sheet. ``is_off`` and ``is_unsafe``: it lies outside what is
    recommended, or outside the limits. ``rules`` are its windows in words.
    """

    key: str
    name: str
    service: str
    tone: str
    is_external: bool
    look: Look
    on: date | None
    when: str
    x: float
    recommended: Bar | None
    limits: Bar | None
    window: Bar | None
    rules: tuple[str, ...]
    is_off: bool = False
    is_unsafe: bool = False


@dataclass(frozen=True, slots=True)
class Tick:
    """A day that the axis names. ``anchor`` is where its words are held: ``text-anchor``."""

    x: float
    words: str
    anchor: str


@dataclass(frozen=True, slots=True)
class Drawing:
    """A whole course. ``today`` is where today is, if it is in the picture.

    ``is_dated``: its days are dates, not days counted from the first step.
    """

    marks: tuple[Mark, ...]
    ticks: tuple[Tick, ...]
    today: float | None
    words: str
    is_dated: bool


@dataclass(frozen=True, slots=True)
class _Placed:
    """A step on the axis, in days from its beginning; windows as pairs of such days.

    ``is_firm``: it really lies there. ``is_measured``: its windows begin at steps that do.
    """

    step: Mapping[str, Any]
    day: int
    recommended: tuple[float, float] | None
    limits: tuple[float, float] | None
    window: tuple[float, float] | None
    is_firm: bool
    is_measured: bool


def draw(
    document: Mapping[str, Any],
    *,
    stands: Mapping[str, Stands] | None = None,
    labels: Mapping[str, str] | None = None,
    names: Mapping[str, str] = STEP_NAMES,
    today: date | None = None,
    shared: tuple[date, date] | None = None,
) -> Drawing:
    """Draw a course.

    Args:
        document: a template, or a client's copy of one; it may be faulty.
        stands: what is known of the steps of a client's course, by key. Without it the days are
            counted from the first step.
        labels: what each service is called, by its slug.
        names: what each kind of session is called: ``CLIENT_NAMES`` where a client reads it.
        today: the local date, for the line that marks it.
        shared: the first and last date of an axis that several drawings have in common.
    """
    steps = readable_steps(document)
    known = stands or {}
    first_on = _first_date(known, today, shared) if known else None
    placed = _place(steps, known, first_on)
    axis = _Axis.of(placed, first_on, shared)
    called = step_names(steps, names=names)
    return Drawing(
        marks=tuple(_mark(each, known, called, labels or {}, axis) for each in placed),
        ticks=axis.ticks(),
        today=axis.today(today),
        words=_in_words(placed, document.get("span"), called),
        is_dated=bool(known),
    )


def in_plain(drawing: Drawing) -> Drawing:
    """Leave out windows, limits and what is said of them: what a client sees."""
    marks = tuple(
        replace(each, recommended=None, limits=None, rules=(), is_off=False, is_unsafe=False)
        for each in drawing.marks
    )
    return replace(drawing, marks=marks, words="")


def span_of(stands: Iterable[Mapping[str, Stands]]) -> tuple[date, date] | None:
    """Return the first and last date of several courses, for an axis that they share."""
    dates = [each.on for course in stands for each in course.values() if each.on]
    return (min(dates), max(dates)) if dates else None


def readable_steps(document: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the steps of a document that have at least a key and a kind, in order."""
    steps = document.get("steps")
    return [
        each
        for each in (steps if isinstance(steps, list) else ())
        if isinstance(each, Mapping)
        and all(isinstance(each.get(name), str) for name in ("key", "kind"))
    ]


def readable_windows(step: Mapping[str, Any], earlier: Iterable[str]) -> list[Mapping[str, Any]]:
    """Return those windows of a step that can be drawn: whole, and after a step before it."""
    before, windows = set(earlier), step.get("after")
    return [
        each
        for each in (windows if isinstance(windows, list) else ())
        if isinstance(each, Mapping)
        and isinstance(each.get("step"), str)
        and each["step"] in before
        and each.get("unit") in [*Unit]
        and each.get("anchor") in [*Anchor]
        and all(isinstance(each.get(name), int) and each[name] >= 0 for name in BOUNDS)
    ]


# Where each step lies ----------------------------------------------------------------------------


def _first_date(
    known: Mapping[str, Stands], today: date | None, shared: tuple[date, date] | None
) -> date | None:
    if shared:
        return shared[0]
    dates = [each.on for each in known.values() if each.on]
    dates += [each.window[0] for each in known.values() if each.window]
    return min(dates, default=today)


def _place(
    steps: Sequence[Mapping[str, Any]], known: Mapping[str, Stands], first_on: date | None
) -> list[_Placed]:
    placed: dict[str, _Placed] = {}
    previous = 0
    for step in steps:
        stand = known.get(step["key"])
        windows = readable_windows(step, placed)
        firm = [each for each in windows if placed[each["step"]].is_firm]
        ranges = [_days(each, placed[each["step"]].day) for each in firm or windows]
        recommended = _all_of([(low, high) for _, low, high, _ in ranges])
        window = _days_between(stand.window, first_on) if stand else None
        if stand and first_on and stand.on:
            day = (stand.on - first_on).days
        elif window:
            day = int(window[0])
        else:
            day = ceil(recommended[0]) if recommended else previous
        placed[step["key"]] = _Placed(
            step,
            day,
            recommended,
            _all_of([(low, high) for low, _, _, high in ranges]),
            window,
            is_firm=not known or bool(stand and stand.on),
            is_measured=bool(firm),
        )
        previous = day
    return list(placed.values())


def _days_between(
    dates: tuple[date, date] | None, first_on: date | None
) -> tuple[float, float] | None:
    if dates is None or first_on is None:
        return None
    return float((dates[0] - first_on).days), float((dates[1] - first_on).days)


def _days(window: Mapping[str, Any], anchor: int) -> tuple[float, float, float, float]:
    """Return lower limit, recommended range and upper limit, in days of the axis."""
    in_one_day = 1 if window["unit"] == Unit.DAYS else 24
    hard_min, least, most, hard_max = (anchor + window[name] / in_one_day for name in BOUNDS)
    return hard_min, least, most, hard_max


def _all_of(ranges: Sequence[tuple[float, float]]) -> tuple[float, float] | None:
    """Return the days that lie in every range; a single day where they leave none."""
    if not ranges:
        return None
    low = max(low for low, _ in ranges)
    return low, max(low, min(high for _, high in ranges))


# Onto the paper ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Axis:
    """The days of a drawing: so many, of which the first may be a date."""

    days: int
    first_on: date | None

    @classmethod
    def of(
        cls, placed: Sequence[_Placed], first_on: date | None, shared: tuple[date, date] | None
    ) -> _Axis:
        last = max((each.day for each in placed), default=0)
        ends = [each.recommended[1] for each in placed if each.recommended]
        ends += [each.window[1] for each in placed if each.window]
        days = (shared[1] - shared[0]).days if shared else max([last, *ends, 1])
        return cls(max(ceil(days), 1) + 1, first_on)

    def x(self, day: float) -> float:
        share = min(max(day / self.days, 0.0), 1.0)
        return round(LEFT + share * (RIGHT - LEFT), 2)

    def bar(self, days: tuple[float, float] | None) -> Bar | None:
        """Draw a stretch from the middle of its first day to the middle of its last one."""
        if days is None:
            return None
        low, high = (self.x(day + MIDDAY) for day in days)
        return Bar(low, round(max(high - low, THINNEST), 2))

    def today(self, today: date | None) -> float | None:
        if today is None or self.first_on is None:
            return None
        day = (today - self.first_on).days
        return self.x(day + MIDDAY) if 0 <= day < self.days else None

    def ticks(self) -> tuple[Tick, ...]:
        step = next(
            (each for each in TICK_DAYS if (self.days - 1) // each < MOST_TICKS), TICK_DAYS[-1]
        )
        days = range(0, self.days, step)
        return tuple(
            Tick(
                self.x(day + MIDDAY),
                self._words(day),
                "start" if day == 0 else "end" if day > self.days * 0.9 else "middle",
            )
            for day in days
        )

    def _words(self, day: int) -> str:
        if self.first_on is None:
            return f"Day {day + 1}"
        on = self.first_on + timedelta(days=day)
        return f"{on:%b} {on.day}"


def _mark(
    placed: _Placed,
    known: Mapping[str, Stands],
    called: Mapping[str, str],
    labels: Mapping[str, str],
    axis: _Axis,
) -> Mark:
    step, stand = placed.step, known.get(placed.step["key"]) or Stands(None)
    is_external = bool(step.get("external"))
    gives_medicine = step.get("kind") in GIVES_MEDICINE
    slug = str(step.get("service", ""))
    windows = readable_windows(step, called)
    can_be_judged = placed.is_firm and placed.is_measured
    return Mark(
        key=step["key"],
        name=called[step["key"]],
        service=labels.get(slug, slug),
        tone="done" if is_external else "dusk" if gives_medicine else "good",
        is_external=is_external,
        look=stand.look,
        on=stand.on,
        when=_when(placed, stand, is_dated=bool(known)),
        x=axis.x(placed.day + MIDDAY),
        recommended=axis.bar(placed.recommended),
        limits=axis.bar(placed.limits),
        window=axis.bar(placed.window),
        rules=tuple(window_words(each, called) for each in windows),
        is_off=can_be_judged and _is_outside(placed.day, placed.recommended),
        is_unsafe=can_be_judged and _is_outside(placed.day, placed.limits),
    )


def _is_outside(day: int, days: tuple[float, float] | None) -> bool:
    """Say whether a date lies wholly outside a stretch: hours begin and end within a day."""
    return days is not None and not (int(days[0]) <= day <= ceil(days[1]))


def _when(placed: _Placed, stand: Stands, *, is_dated: bool) -> str:
    if stand.when:
        return stand.when
    if not is_dated:
        return f"Day {placed.day + 1}"
    if stand.on:
        return zones.day_words(stand.on)
    if stand.window:
        first, last = (f"{each:%b} {each.day}" for each in stand.window)
        return f"{first} to {last}, not booked yet"
    return "No date yet"


def _in_words(placed: Sequence[_Placed], span: object, called: Mapping[str, str]) -> str:
    """Sum up a course for those who do not see the picture, and those who do."""
    if not placed:
        return "No steps yet."
    days = max(each.day for each in placed) - min(each.day for each in placed) + 1
    count = len(placed)
    said = f"{count} step{'s' * (count != 1)} over {days} day{'s' * (days != 1)}."
    on = {each.step["key"]: each.day for each in placed}
    if isinstance(span, Mapping) and {str(span.get("from")), str(span.get("to"))} <= on.keys():
        first, last = (called[span[end]] for end in ("from", "to"))
        said += (
            f" From {first.lower()} to {last.lower()}: {on[span['to']] - on[span['from']]} days; "
            f"at most {span.get('max')} are recommended, {span.get('hard_max')} is the limit."
        )
    return said
