"""Single dosings after a course: when, and what has to come first. Suggested, never booked."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from practice.sessions.rules.courses import Boosters


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A day on which a booster would be usual, and what it would need by then."""

    on: date
    needs_prep: bool
    needs_clearance: bool
    is_recommended: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class BoosterPlan:
    """What the template says of boosters for one client. All are local dates.

    ``first_on`` to ``last_on`` is recommended, ``hard_first_on`` to ``hard_last_on`` the limit.
    From ``prep_from_on`` a preparation comes first, from ``clearance_from_on`` a new clearance.
    """

    last_dosing_on: date
    first_on: date
    last_on: date
    hard_first_on: date
    hard_last_on: date
    prep_from_on: date
    clearance_from_on: date | None
    followup_on: date
    suggestions: tuple[Suggestion, ...]

    def needs_prep(self, on: date) -> bool:
        """Say whether a booster then is so late that a preparation comes first."""
        return on >= self.prep_from_on

    def next_due(self, today: date) -> Suggestion | None:
        """Return the suggestion whose day has come and is the latest such, if there is one."""
        return max((s for s in self.suggestions if s.on <= today), key=_on, default=None)

    @property
    def is_over(self) -> bool:
        """Whether nothing is suggested any more."""
        return not self.suggestions


def booster_plan(
    boosters: Boosters,
    *,
    course_ended_on: date,
    last_dosing_on: date,
    clearance_on: date | None,
    followup_on: date | None,
) -> BoosterPlan:
    """Work out what to suggest.

    Args:
        boosters: of the course.
        course_ended_on: local date of the last dosing of the course: typical days count from it.
        last_dosing_on: local date of the last dosing at all, boosters included: the window does.
        clearance_on: what the clearance that counts is dated, if there is one.
        followup_on: when the prescriber last saw the client, if ever.
    """
    window = boosters.from_last_dosing
    day = timedelta(days=1)
    first_on, last_on = last_dosing_on + window.min * day, last_dosing_on + window.max * day
    hard_first_on = last_dosing_on + window.hard_min * day
    hard_last_on = last_dosing_on + window.hard_max * day
    prep_from_on = last_dosing_on + (boosters.prep_after_days + 1) * day
    clearance_from_on = clearance_on + (boosters.clearance_days + 1) * day if clearance_on else None
    usual = [course_ended_on + each * day for each in boosters.typical_days]
    if not usual:  # the template names no days: then the middle of what is recommended
        usual = [last_dosing_on + (window.min + window.max) // 2 * day]
    return BoosterPlan(
        last_dosing_on=last_dosing_on,
        first_on=first_on,
        last_on=last_on,
        hard_first_on=hard_first_on,
        hard_last_on=hard_last_on,
        prep_from_on=prep_from_on,
        clearance_from_on=clearance_from_on,
        followup_on=(followup_on or last_dosing_on) + boosters.followup_every_days * day,
        suggestions=tuple(
            Suggestion(
                on,
                needs_prep=on >= prep_from_on,
                needs_clearance=clearance_from_on is None or on >= clearance_from_on,
                is_recommended=first_on <= on <= last_on,
            )
            for on in usual
            if hard_first_on <= on <= hard_last_on
        ),
    )


def _on(suggestion: Suggestion) -> date:
    return suggestion.on
