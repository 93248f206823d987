"""What the planner is asked: steps with the starts that the calendar allows, and the rules."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime

from practice.calendar.rules.timeline import Axis
from practice.sessions.rules.lifecycle import SessionKind
from practice.sessions.rules.windows import StepWindow


@dataclass(frozen=True, slots=True)
class Relaxed:
    """The starts of a step if one thing were otherwise.

    ``words`` complete "This would be possible if …": "the notice of 72 hours did not count".
    """

    words: str
    starts: int


@dataclass(frozen=True, slots=True)
class Fact:
    """When a step was held, or to which time it is moved: nothing is left to choose.

    Of a visit outside only the local date counts.
    """

    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One session to be placed.

    Args:
        key: of the course step.
        name: as in a sentence, "dosing 2".
        kind: of the session.
        minutes: what the client sees.
        before_minutes: set-up, in which the client has no other session.
        after_minutes: turnover.
        starts: bitmap of the starts that the calendar allows: hours, claims, notice, full days,
            the client's other appointments, wishes. The course's own claims are not in the way.
        later: bitmap of starts that cannot be booked yet: past the horizon, or the clearance.
        is_external: a visit to somebody outside, which is a date. One start stands for a date.
        travels: the client comes in person.
        rest_hours: after a dosing, how many hours the client may not travel, besides not before
            the next morning; ``None`` for sessions that give no medicine.
        fact: its time, if that is not to be chosen.
        relaxed: what the starts would be without single rules, to say what would help.
        resources: who and what it takes up, to keep courses that are planned together apart.
    """

    key: str
    name: str
    kind: SessionKind
    minutes: int
    starts: int
    later: int = 0
    before_minutes: int = 0
    after_minutes: int = 0
    is_external: bool = False
    travels: bool = False
    rest_hours: int | None = None
    fact: Fact | None = None
    relaxed: tuple[Relaxed, ...] = ()
    resources: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Tie:
    """A window between two steps, the earlier named first."""

    earlier: str
    later: str
    window: StepWindow


@dataclass(frozen=True, slots=True)
class Span:
    """At most so many local dates between two steps, recommended and as a limit."""

    first: str
    last: str
    max: int
    hard_max: int


@dataclass(frozen=True, slots=True)
class Cap:
    """How many of some steps may still lie on a local date, or in a week.

    ``room`` holds what is left where others have taken some; ``most`` is left elsewhere. Weeks are
    named by their Mondays.
    """

    steps: frozenset[str]
    most: int
    room: Mapping[date, int]
    weekly: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """A course to be planned.

    ``steps`` stand in the order of the course, and no tie leads back. ``orders`` are pairs of which
    the second starts after the first has ended. Between two sessions on site lie at least
    ``gap_minutes``, for so long is the home taken after each.
    """

    axis: Axis
    steps: tuple[Step, ...]
    ties: tuple[Tie, ...]
    spans: tuple[Span, ...] = ()
    orders: tuple[tuple[str, str], ...] = ()
    caps: tuple[Cap, ...] = ()
    gap_minutes: int = 0

    def step(self, key: str) -> Step:
        """Return one step.

        Raises:
            KeyError: if there is none of this key.
        """
        for each in self.steps:
            if each.key == key:
                return each
        raise KeyError(key)

    def first_steps(self, count: int) -> Problem:
        """Return the problem of the first steps alone."""
        return self.only({each.key for each in self.steps[:count]})

    def only(self, keys: set[str]) -> Problem:
        """Return the problem of some steps alone, and the rules between those."""
        return replace(
            self,
            steps=tuple(each for each in self.steps if each.key in keys),
            ties=tuple(each for each in self.ties if {each.earlier, each.later} <= keys),
            spans=tuple(each for each in self.spans if {each.first, each.last} <= keys),
            orders=tuple(each for each in self.orders if set(each) <= keys),
        )

    def with_step(self, step: Step) -> Problem:
        """Return the problem with one step in place of that of the same key."""
        steps = tuple(step if each.key == step.key else each for each in self.steps)
        return replace(self, steps=steps)
