"""Another time for one session of a plan: those that leave the rest possible, and what is not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from flask import render_template, request, url_for
from flask.typing import ResponseReturnValue

from practice.calendar.rules import hours, timeline, zones
from practice.core.errors import Conflict, Invalid
from practice.people.access import requires
from practice.people.rules import Permission
from practice.sessions.course_plan_forms import read_choice, written_choice
from practice.sessions.forms import SHOWN_DAYS
from practice.sessions.models import Course
from practice.sessions.queries.course_plans import Chosen, StepTimes, times_of
from practice.sessions.queries.course_problems import Seen, see
from practice.sessions.queries.courses import get_course
from practice.sessions.rules.course_states import BOOKABLE
from practice.sessions.views.choosing import DayLink, TimeChoice
from practice.sessions.views.course_shown import keys_of, names_of, when_words
from practice.sessions.views.staff import bp


@dataclass(frozen=True, slots=True)
class Refused:
    """Times of one day that cannot be had for the same reason."""

    why: str
    times: tuple[str, ...]


@bp.get("/courses/<uuid:course_id>/adjust")
@requires(Permission.APPOINTMENT_BOOK)
def course_adjust(course_id: UUID) -> ResponseReturnValue:
    """Show the other times of one session of a plan, illegal ones with the reason."""
    course = get_course(course_id)
    keys = keys_of(course)
    plan = request.args.get("plan", "")
    chosen = read_choice(plan, keys) if plan else {}
    key = step_asked(keys)
    if course.state not in BOOKABLE:
        raise Conflict("Nothing can be booked for this course any more.")
    seen = see(course, course.client)
    check_step(seen, chosen if plan else None, key)
    page = Page(course, plan, key, times_of(seen, key), chosen.get(key))
    return render_template(
        "sessions/courses/adjust.html",
        course=course,
        name=names_of(course)[key],
        now=when_words(chosen[key], seen.problem.axis.zone) if plan else "",
        **page.shown(),
    )


def check_step(seen: Seen, chosen: Chosen | None, key: str) -> None:
    """See that a step is to be booked, and part of what is chosen, if anything is.

    Raises:
        Conflict: if it is not.
    """
    known = {each.key: each for each in seen.problem.steps}
    if (chosen and key not in chosen) or key not in known or known[key].fact is not None:
        raise Conflict("That session is booked already, or not part of this plan any more.")


def step_asked(keys: Sequence[str]) -> str:
    """Return the key of the step that the address names."""
    text = request.args.get("step", "")
    if not text.isdecimal() or len(text) > 3 or int(text) >= len(keys):
        raise Invalid("This address names no session of the course.")
    return keys[int(text)]


class Page:
    """Two weeks of days around the time that the session has now, with one of them open."""

    def __init__(
        self, course: Course, plan: str, key: str, times: StepTimes, now: datetime | date | None
    ) -> None:
        self.course, self.plan, self.key, self.times = course, plan, key, times
        self.keys = keys_of(course)
        axis = times.axis
        self.zone = axis.zone
        self.is_external = times.seen.problem.step(key).is_external
        now = now or self._first_legal()
        here = zones.local_date(now, self.zone) if isinstance(now, datetime) else now
        self.first, self.last = axis.first_on + zones.DAY, axis.last_on - zones.DAY
        self.day = min(max(_day(request.args.get("day", "")) or here, self.first), self.last)
        begin = _day(request.args.get("from", "")) or self.day - timedelta(days=SHOWN_DAYS // 2)
        self.begin = min(max(begin, self.first), self.last)

    def shown(self) -> dict[str, Any]:
        """Return what the chooser of days and times expects."""
        return {
            "is_external": self.is_external,
            "days": self.days(),
            "day_words": f"{self.day:%A, %B} {self.day.day}",
            "times": self.free(),
            "refused": self.refused(),
            "earlier": self.earlier,
            "later": self.later,
            "plan": self.plan,
            "action": url_for(
                ".course_adjusted" if self.plan else ".course_review", course_id=self.course.id
            ),
        }

    def _first_legal(self) -> datetime:
        """Return the first time that leaves the rest possible, for a step without any yet."""
        legal = self.times.legal
        first = timeline.instants(self.times.axis, legal & -legal)
        return first[0] if first else self.times.axis.starts_at + zones.DAY

    def days(self) -> list[DayLink]:
        """Lay out the days, each with how many of its times leave the rest possible."""
        found = []
        for n in range(SHOWN_DAYS):
            on = self.begin + timedelta(days=n)
            if on > self.last:
                break
            starts = self._on(on, self.times.legal)
            count = len(starts)
            if self.is_external:
                url = self._chosen(on) if starts else None
                said = "can be chosen" if starts else "does not fit"
            else:
                url = self._url(self.begin, on)
                said = f"{count} time{'s' * (count != 1)}" if count else "no times"
            found.append(
                DayLink(
                    weekday=f"{on:%a}",
                    number=on.day,
                    month=f"{on:%b}",
                    spoken=f"{on:%A, %B} {on.day}, {said}",
                    count=count,
                    url=url,
                    is_chosen=on == self.day,
                )
            )
        return found

    def free(self) -> list[TimeChoice]:
        """List the times of the open day that leave the rest possible."""
        if self.is_external:
            return []
        return [
            TimeChoice(
                written_choice({self.key: at}, self.keys), _clock(at, self.zone), is_chosen=False
            )
            for at in self._on(self.day, self.times.legal)
        ]

    def refused(self) -> list[Refused]:
        """List the other times of the open day by what speaks against them."""
        if self.is_external:
            return []
        by_reason: dict[str, list[str]] = {}
        for at in self._on(self.day, self._hours() & ~self.times.legal):
            by_reason.setdefault(self.why_not(at), []).append(_clock(at, self.zone))
        return [Refused(why, tuple(times)) for why, times in by_reason.items()]

    def why_not(self, at: datetime) -> str:
        """Say what speaks against a time, to whoever looks at this page."""
        return self.times.why_not(at)

    @property
    def earlier(self) -> str | None:
        if self.begin <= self.first:
            return None
        first = max(self.begin - timedelta(days=SHOWN_DAYS), self.first)
        return self._url(first, first)

    @property
    def later(self) -> str | None:
        first = self.begin + timedelta(days=SHOWN_DAYS)
        return self._url(first, first) if first <= self.last else None

    def _on(self, on: date, bits: int) -> list[datetime]:
        axis = self.times.axis
        return timeline.instants(axis, bits & timeline.on_dates(axis, [on]))

    def _hours(self) -> int:
        """Set the starts that clients' hours would allow, whatever else speaks against them."""
        ask = self.times.seen.looks[self.key].offer.ask
        axis = self.times.axis
        return timeline.fits(ask.client_hours, timeline.cells_for(ask.minutes)) & hours.start_grid(
            axis, ask.step_minutes
        )

    def _url(self, first_on: date, day: date) -> str:
        parts: dict[str, Any] = {"step": self.keys.index(self.key), "from": first_on, "day": day}
        plan = self.plan or None
        return url_for(".course_adjust", course_id=self.course.id, plan=plan, **parts)

    def _chosen(self, on: date) -> str:
        start = written_choice({self.key: on}, self.keys)
        if not self.plan:
            return url_for(".course_review", course_id=self.course.id, plan=start)
        return url_for(".course_adjusted", course_id=self.course.id, plan=self.plan, start=start)


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _clock(at: datetime, zone: str) -> str:
    return zones.clock_words(at.astimezone(zones.zone(zone)))
