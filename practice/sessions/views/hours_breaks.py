"""What a change of hours, or closed days, leaves outside: courses are put right together.

Nothing is saved before somebody has seen it all: what moves, what cannot, and who has no course.
Then everything is done in one step, or nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from practice.audit.rules import Actor
from practice.core import tokens
from practice.core.db import in_transaction, rehearse
from practice.core.errors import Conflict, Invalid
from practice.people.access import current_staff
from practice.people.forms import PlainForm
from practice.people.queries import get_practice
from practice.people.seen import ChangedMeanwhile
from practice.sessions.models import Course
from practice.sessions.queries.course_keeping import free_to_stay, seal_of
from practice.sessions.queries.course_problems import for_a_page, see
from practice.sessions.queries.courses import courses_with
from practice.sessions.queries.opening import Outside, outside
from practice.sessions.rules import keeping, storms
from practice.sessions.rules.course_states import KEPT
from practice.sessions.rules.course_words import step_names
from practice.sessions.service import catalog, closing
from practice.sessions.service.closing import PutRight, Storm
from practice.sessions.service.ripples import Change, LimitsBroken, Stale
from practice.sessions.views.catalog import settings_crumb
from practice.sessions.views.ripple_shown import WayShown, way_of

NOT_SENT_AGAIN = frozenset({"csrf_token", "accepted", "how"})
OURS = ("plan-", "seal-", "then-")


@dataclass(frozen=True, slots=True)
class CourseOutside:
    """A course that a change breaks: what moves to put it right, or that nothing does."""

    course_id: UUID
    who: str
    title: str
    sessions: tuple[Outside, ...]
    way: WayShown | None
    seal: str


@dataclass(frozen=True, slots=True)
class Breaks:
    """All that a change leaves outside. ``alone`` are sessions that no plan moves."""

    courses: tuple[CourseOutside, ...] = ()
    others: tuple[Outside, ...] = ()

    @property
    def alone(self) -> list[Outside]:
        stuck = [each for course in self.courses if course.way is None for each in course.sessions]
        return [*stuck, *self.others]

    @property
    def all_ids(self) -> list[UUID]:
        of_courses = [each for course in self.courses for each in course.sessions]
        return sorted(each.appointment_id for each in (*of_courses, *self.others))

    @property
    def seal(self) -> str:
        """What this very list is: a form that answers another one is shown anew."""
        plans = [f"{c.course_id}:{c.seal}" for c in self.courses]
        return tokens.digest(",".join([*map(str, self.all_ids), *plans]))

    @property
    def moves(self) -> int:
        """How many sessions move in all."""
        return sum(len(each.way.lines) for each in self.courses if each.way)


def carry_out(work: Callable[[], Any], done: str, back: str) -> ResponseReturnValue:
    """Make a change of hours, once somebody has seen what it leaves outside.

    The list is answered with ``accepted``, which is good for that very list alone, and with
    ``how``: courses move as was shown, or all stay booked.
    """
    by = current_staff()
    try:
        found = rehearse(lambda: _breaks(work))
        if found.all_ids and request.form.get("accepted") != found.seal:
            return _page(found, back)
        moves = request.form.get("how") == "move"
        storm = _chosen() if found.all_ids and moves else Storm()
        in_transaction(lambda: _do(work, storm, by))
    except (Stale, LimitsBroken) as changed:
        return _page(rehearse(lambda: _breaks(work)), back, words=changed.message, status=409)
    except (ChangedMeanwhile, catalog.ChangedMeanwhile):
        raise  # the form comes back, with what was typed
    except Conflict as refused:
        flash(refused.message, "wait")
        return redirect(back, 303)
    flash(done)
    return redirect(back, 303)


def _do(work: Callable[[], Any], storm: Storm, by: Actor) -> None:
    work()
    closing.put_right(storm, by=by)


def _chosen() -> Storm:
    """Read what the page showed, and what was chosen for the sessions that no plan moves."""
    plans: list[PutRight] = []
    cancelled: list[UUID] = []
    kept: list[UUID] = []
    for name, value in request.form.items():
        if name.startswith("plan-"):
            course_id = _id(name)
            times = keeping.read(value)
            seal = request.form.get(f"seal-{course_id}", "")
            plans.append(PutRight(course_id, Change(times=times, chosen=frozenset(), seal=seal)))
        elif name.startswith("then-"):
            (cancelled if value == "cancel" else kept).append(_id(name))
    return Storm(tuple(plans), tuple(cancelled), tuple(kept))


def _id(name: str) -> UUID:
    try:
        return UUID(name.partition("-")[2])
    except ValueError:
        raise Invalid("This page is out of order. Open it again.") from None


# Looking ------------------------------------------------------------------------------------------


def _breaks(work: Callable[[], Any]) -> Breaks:
    """Make a change, and look at what only it leaves outside: plain values."""
    before = outside()
    work()
    broken = {
        each.appointment_id: each
        for each in outside().values()
        if each.appointment_id not in before or before[each.appointment_id].why != each.why
    }
    running = [each for each in courses_with(broken.keys()) if each.state in KEPT]
    in_courses = {row.appointment_id for course in running for row in course.steps}
    return Breaks(
        tuple(_put_right(running, broken)),
        tuple(each for key, each in broken.items() if key not in in_courses),
    )


def _put_right(courses: Sequence[Course], broken: Mapping[UUID, Outside]) -> list[CourseOutside]:
    """Re-plan courses together: whoever loses a session soonest chooses first."""
    in_order = sorted(courses, key=lambda each: (_first(each, broken), each.id))
    seen = [see(each, each.client, replanning=True) for each in in_order]
    gone = {
        row.appointment.starts_at
        for each in courses
        for row in each.steps
        if row.appointment is not None and row.appointment_id in broken
    }
    problems = [
        storms.Broken(free_to_stay(each, may_stay=lambda at: at not in gone), each.old)
        for each in seen
    ]
    answers = storms.put_right(problems, clocks=for_a_page)
    zone = get_practice().time_zone
    return [
        CourseOutside(
            course.id,
            course.client.name,
            course.title,
            tuple(_of(course, broken)),
            way_of(answer, step_names(course.document["steps"]), zone) if answer else None,
            seal_of(course),
        )
        for course, answer in zip(in_order, answers, strict=True)
    ]


def _first(course: Course, broken: Mapping[UUID, Outside]) -> str:
    starts = [
        row.appointment.starts_at.isoformat()
        for row in course.steps
        if row.appointment is not None and row.appointment_id in broken
    ]
    return min(starts, default="")


def _of(course: Course, broken: Mapping[UUID, Outside]) -> list[Outside]:
    return [
        broken[row.appointment_id]
        for row in course.steps
        if row.appointment_id is not None and row.appointment_id in broken
    ]


def _page(found: Breaks, back: str, *, words: str = "", status: int = 200) -> ResponseReturnValue:
    return render_template(
        "sessions/settings/breaks.html",
        found=found,
        back=back,
        words=words,
        answers=[pair for pair in request.form.items(multi=True) if not _is_ours(pair[0])],
        button_form=PlainForm(formdata=None),
        crumb=[*settings_crumb(), ("Hours", url_for(".hours"))],
    ), status


def _is_ours(name: str) -> bool:
    return name in NOT_SENT_AGAIN or name.startswith(OURS)
