"""Random small courses around a clock change, for the planner and for the slow answer."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from practice.calendar.rules import timeline
from practice.sessions.rules.lifecycle import SessionKind
from practice.sessions.rules.planner.problem import Cap, Fact, Problem, Span, Step, Tie
from practice.sessions.rules.windows import Anchor, StepWindow, Unit
from tests.unit.sessions.course_oracle import Slow

K = SessionKind
ZONE = "America/New_York"
CHANGES = [date(2027, 3, 14), date(2026, 11, 1)]
DAYS = 14

HOURS_OF_DAY = st.sampled_from([0, 1, 2, 3, 7, 8, 9, 10, 11, 13, 14, 16, 20])
KINDS = st.sampled_from([K.PREP, K.DOSING, K.INTEGRATION, K.DOSING, K.MEDICAL_EVAL])


@st.composite
def windows(draw: st.DrawFn, *, in_days: bool) -> StepWindow:
    """A window of any width, most of them wide enough for something to fit."""
    if in_days or draw(st.booleans()):
        bounds = sorted(draw(st.lists(st.integers(0, 9), min_size=4, max_size=4)))
        unit = Unit.DAYS
    else:
        bounds = sorted(draw(st.lists(st.integers(0, 120), min_size=4, max_size=4)))
        unit = Unit.HOURS
    hard_min, least, most, hard_max = bounds
    anchor = draw(st.sampled_from([*Anchor]))
    return StepWindow(anchor, unit, least, most, hard_min, hard_max)


@st.composite
def courses(draw: st.DrawFn, *, most_steps: int = 5, with_facts: bool = True) -> Slow:
    """A course of some steps and what may link them, with few starts for each."""
    change = draw(st.sampled_from(CHANGES))
    first_on = change - timedelta(days=draw(st.integers(1, DAYS - 1)))
    axis = timeline.axis_of(ZONE, first_on, first_on + timedelta(days=DAYS - 1))
    count = draw(st.integers(2, most_steps))
    steps, choices = [], {}
    for n in range(count):
        step, starts = draw(_steps(n, axis, with_facts=with_facts))
        steps.append(step)
        choices[step.key] = starts
    keys = [each.key for each in steps]
    outside = {each.key for each in steps if each.is_external}
    ties = []
    for n in range(1, count):
        for earlier in draw(st.sets(st.sampled_from(keys[:n]), max_size=3)) or (
            {keys[n - 1]} if draw(st.booleans()) else set()
        ):
            in_days = bool({earlier, keys[n]} & outside)
            ties.append(Tie(earlier, keys[n], draw(windows(in_days=in_days))))
    spans = []
    if draw(st.booleans()):
        most = draw(st.integers(0, 8))
        spans = [Span(keys[0], keys[-1], most, most + draw(st.integers(0, 5)))]
    orders = [(keys[0], keys[1])] if draw(st.integers(0, 4)) == 0 else []
    dosings = frozenset(each.key for each in steps if each.rest_hours is not None)
    caps = []
    for weekly in (False, True):
        if draw(st.booleans()):
            on = first_on + timedelta(days=draw(st.integers(0, DAYS - 1)))
            on -= timedelta(days=on.weekday() if weekly else 0)
            caps.append(
                Cap(dosings, draw(st.integers(1, 2)), {on: draw(st.integers(0, 1))}, weekly)
            )
    problem = Problem(
        axis=axis,
        steps=tuple(steps),
        ties=tuple(ties),
        spans=tuple(spans),
        orders=tuple(orders),
        caps=tuple(caps),
        gap_minutes=draw(st.sampled_from([0, 20, 45])),
    )
    return Slow(problem, choices)


@st.composite
def _steps(
    draw: st.DrawFn, n: int, axis: timeline.Axis, *, with_facts: bool
) -> tuple[Step, list[datetime]]:
    kind = draw(KINDS)
    is_external = kind is K.MEDICAL_EVAL and draw(st.booleans())
    gives = kind is K.DOSING
    place = ZoneInfo(ZONE)
    starts: set[datetime] = set()
    for _ in range(draw(st.integers(1, 6))):
        # Crowded on few days, so that sessions meet.
        on = axis.first_on + timedelta(days=draw(st.integers(0, DAYS - 1)))
        hour, minute = draw(HOURS_OF_DAY), draw(st.sampled_from([0, 0, 5, 30]))
        if is_external:
            hour, minute = 12, 0
        at = datetime(on.year, on.month, on.day, hour, minute, tzinfo=place)
        starts.add(at.replace(fold=draw(st.integers(0, 1))).astimezone(UTC))
    fact = None
    if with_facts and draw(st.integers(0, 5)) == 0:
        odd = timedelta(minutes=draw(st.integers(0, 14)))
        at = min(starts) - odd - timedelta(days=draw(st.sampled_from([0, 0, 5])))
        fact = Fact(at, at + timedelta(minutes=draw(st.integers(10, 200))))
        starts = {at}
    step = Step(
        key=f"{kind.value}_{n}",
        name=f"{kind.value} {n}",
        kind=kind,
        minutes=draw(st.sampled_from([52, 60, 180])) if gives else draw(st.sampled_from([20, 60])),
        starts=0 if fact else timeline.busy(axis, ((a, a + timeline.CELL) for a in starts)),
        before_minutes=draw(st.sampled_from([0, 5, 30])),
        after_minutes=draw(st.sampled_from([0, 15, 45])),
        is_external=is_external,
        travels=not is_external and draw(st.booleans()),
        rest_hours=draw(st.sampled_from([12, 24])) if gives else None,
        fact=fact,
    )
    return step, sorted(starts)
