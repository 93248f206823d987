"""Courses of clients: proposed as plans, then booked all or nothing.

Call what writes inside ``transaction()``.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date, datetime
from uuid import UUID

import sqlalchemy as sa

from practice.audit import service as audit
from practice.audit.rules import Actor, ActorKind
from practice.calendar.rules import zones
from practice.calendar.service import claims
from practice.core import clock
from practice.core.db import db, take_turns
from practice.core.errors import Conflict, Invalid
from practice.core.money import Money
from practice.outbox import service as outbox
from practice.people.models import Client
from practice.people.queries import get_practice
from practice.sessions.models import (
    Appointment,
    Course,
    CourseChange,
    CourseStepRow,
    CourseTemplateRow,
)
from practice.sessions.queries.course_plans import Chosen, checked, lost, plans, proof
from practice.sessions.queries.course_problems import Seen, see, stands
from practice.sessions.queries.courses import adoptable, get_course
from practice.sessions.rules import caps, course_wishes
from practice.sessions.rules.course_deeds import Deed
from practice.sessions.rules.course_states import BOOKABLE, CourseState, may_become
from practice.sessions.rules.course_wishes import Wishes
from practice.sessions.rules.course_writing import price_cents
from practice.sessions.rules.lifecycle import GIVES_MEDICINE, AppointmentState, SessionKind
from practice.sessions.rules.planner import NoPlan, Tentative
from practice.sessions.rules.planner.setting import name_of
from practice.sessions.service import covering, readiness, taking, telling
from practice.sessions.service.readiness import GatesClosed, take_turns_on_client

__all__ = [
    "CourseChanged",
    "GatesClosed",
    "PlanLost",
    "become",
    "confirm",
    "lock",
    "plans",
    "propose",
    "reach_key",
    "remember",
    "wish",
]

S = AppointmentState


class CourseChanged(Conflict):
    """Somebody else changed the course since it was shown."""


class PlanLost(Conflict):
    """Some sessions of a plan cannot be had, so that none was booked.

    ``lost`` says which, by the keys of their steps, and why; nothing if each could be had but not
    all of them together.
    """

    def __init__(self, words: str, lost: Mapping[str, str]) -> None:
        super().__init__(words)
        self.lost = dict(lost)


def propose(
    client: Client,
    template: CourseTemplateRow,
    wishes: Wishes = course_wishes.NONE,
    *,
    by: Actor,
    adopting: Collection[UUID] = (),
) -> Course:
    """Make a client's own copy of a course, with its price and terms as they are today.

    Nothing is booked by it. Sessions that the client has already, ``adopting``, become its first
    steps where they fit; then it is no longer only proposed.
    """
    document = template.document
    had = {
        key: each
        for key, each in (adoptable(client.id, document) if adopting else {}).items()
        if each.id in adopting
    }
    course = Course(
        client_id=client.id,
        template_id=template.id,
        template_version=template.version,
        title=template.title,
        document=document,
        state=CourseState.PROPOSED,
        price=Money(price_cents(document), get_practice().currency),
        terms=dict(document.get("pricing") or {}),
        wishes=course_wishes.as_document(wishes),
        version=1,
        created_at=clock.now(),
        created_by=by.id,
        link_version=1,
    )
    db.session.add(course)
    db.session.flush()
    db.session.add_all(
        CourseStepRow(
            course_id=course.id,
            key=step["key"],
            position=position,
            kind=SessionKind(step["kind"]),
            is_external=step.get("external", False),
            appointment_id=had[step["key"]].id if step["key"] in had else None,
        )
        for position, step in enumerate(document["steps"])
    )
    remember(course, Deed.PROPOSED, by=by)
    if had:
        become(course, CourseState.BOOKED)
        course.booked_at = clock.now()
        if any(each.is_held for each in had.values()):
            become(course, CourseState.UNDER_WAY)
        db.session.flush()
        readiness.reconsider(client.id, by)
    audit.record("course:propose", by=by, subject_id=course.id)
    return course


def wish(course: Course, wishes: Wishes, *, by: Actor) -> None:
    """Keep other wishes with a course that is locked."""
    document = course_wishes.as_document(wishes)
    if document == course.wishes:
        return
    course.wishes = document
    course.version += 1
    remember(course, Deed.WISHED, by=by)
    audit.record("course:wish", by=by, subject_id=course.id)


def confirm(
    course_id: UUID, chosen: Chosen, *, seen: int, by: Actor, as_staff: bool = True
) -> list[Appointment]:
    """Book every session of a choice, or none; what is left out keeps a range of dates.

    The same choice sent twice finds what it made. Sessions whose gates are open are
    tentative. The client gets one mail of all.

    Args:
        course_id: of the course.
        chosen: starts, and dates of visits outside, by the keys of their steps.
        seen: the version of the course that the page showed.
        by: who confirms.
        as_staff: staff need no notice.

    Raises:
        CourseChanged: if somebody changed the course since the page showed it.
        PlanLost: if not all of it can be had. Nothing is booked.
        GatesClosed: while something is missing that has to be there before one may be booked.
        Conflict: if the course is over.
        Invalid: for steps that the course does not have.
    """
    course = lock(course_id)
    before = _made_already(course, chosen)
    if before is not None:
        return before
    _check(course, chosen, seen)
    _take_turns(course, chosen)
    client = course.client
    claims.open_for_client(client.id)
    view = see(course, client, as_staff=as_staff)
    tentative = _judge(view, chosen)

    made = _take(view, chosen, by)
    _write_down(course, view, chosen, made, tentative)
    course = _sell(course_id, by)
    _settle(view, made, by)
    remember(course, Deed.BOOKED, by=by, count=len(made))
    audit.record("course:book", by=by, subject_id=course.id, sessions=len(made))
    readiness.reconsider(client.id, by)
    telling.tell_of_course(course.client, list(made.values()), by=by)
    covering.bill_course(course, by=by)
    return list(made.values())


def _sell(course_id: UUID, by: Actor) -> Course:
    """Let a course that has one price be paid as one; its sessions cost nothing by themselves."""
    course = get_course(course_id)
    if (sale := covering.sell_course(course, by=by)) is not None:
        covering.cover_course(course, sale, by=by)
    return course


def lock(course_id: UUID) -> Course:
    """Read a course with its steps, and keep it and its client still until the transaction ends.

    Raises:
        NotFound: if there is none.
    """
    take_turns_on_client(get_course(course_id).client_id)
    db.session.execute(sa.select(Course.id).where(Course.id == course_id).with_for_update())
    return get_course(course_id)


def become(course: Course, state: CourseState) -> None:
    """Move a course that is locked to another state, if the table of its life allows it.

    Raises:
        Conflict: if it does not.
    """
    if not may_become(course.state, state):
        raise Conflict("That cannot become of this course any more.")
    course.state = state


def reach_key(course_id: UUID) -> str:
    """Return the key of the task that asks somebody to book what has come into reach."""
    return f"course-in-reach:{course_id}"


def remember(
    course: Course, deed: str, *, by: Actor, reason: str | None = None, **facts: object
) -> None:
    """Write into the history of a course what was decided, and why."""
    db.session.add(
        CourseChange(
            course_id=course.id,
            made_at=clock.now(),
            made_by=by.id if by.kind is ActorKind.STAFF else None,
            deed=str(deed),
            reason=reason,
            facts=facts,
        )
    )


# Confirming ---------------------------------------------------------------------------------------


def _made_already(course: Course, chosen: Chosen) -> list[Appointment] | None:
    """Return what the same choice made before: a second click. ``None`` if it made nothing yet."""
    if not chosen.keys() & {each.key for each in course.steps}:
        return None
    found = []
    for row in course.steps:
        if row.key not in chosen:
            continue
        when = chosen[row.key]
        if row.is_external:
            is_there = when in {row.planned_on, row.held_on}
        else:
            is_there = stands(row.appointment) and row.appointment.starts_at == when  # type: ignore[union-attr]
        if not is_there:
            return None
        if row.appointment is not None:
            found.append(row.appointment)
    return found


def _check(course: Course, chosen: Chosen, seen: int) -> None:
    if course.version != seen:
        raise CourseChanged("Somebody else has just changed this course. Look at it again.")
    if course.state not in BOOKABLE:
        raise Conflict("Nothing can be booked for this course any more.")
    rows = {each.key: each for each in course.steps if each.dropped_at is None}
    if not chosen or not set(chosen) <= set(rows):
        raise Invalid("That is no plan of this course.")
    for key, when in chosen.items():
        if isinstance(when, datetime) is rows[key].is_external:
            raise Invalid("That is no plan of this course.")
        if stands(rows[key].appointment):
            raise CourseChanged("Some of these sessions are booked already. Look at it again.")


def _take_turns(course: Course, chosen: Chosen) -> None:
    """Wait for others who book courses or dosings: many claims at once are taken in one order."""
    take_turns("courses")
    zone = get_practice().time_zone
    kinds = {each.key: each.kind for each in course.steps}
    dosings = {
        caps.monday_of(zones.local_date(when, zone)): when
        for key, when in chosen.items()
        if isinstance(when, datetime) and kinds[key] in GIVES_MEDICINE
    }
    for monday_on in sorted(dosings):
        taking.take_turns_on_week(SessionKind.DOSING, dosings[monday_on])


def _judge(view: Seen, chosen: Chosen) -> tuple[Tentative, ...]:
    """Return the ranges of the steps that are left open.

    Raises:
        PlanLost: if a start has gone, or not all of them make a course together.
    """
    if gone := lost(view, chosen):
        raise _lost(view, chosen, gone)
    judged = checked(view, chosen)
    if isinstance(judged, NoPlan):
        raise PlanLost(proof(view, judged), {})
    return judged.tentative


def _take(view: Seen, chosen: Chosen, by: Actor) -> dict[str, Appointment]:
    """Claim the time of every session and write it down.

    Raises:
        PlanLost: naming all that somebody else was quicker to take.
    """
    made: dict[str, Appointment] = {}
    gone: dict[str, str] = {}
    for step in view.problem.steps:
        when = chosen.get(step.key)
        if not isinstance(when, datetime):
            continue
        look = view.looks[step.key]
        try:
            place = taking.place_in(look, when)
            made[step.key] = taking.take(
                look, place, client=view.course.client, state=S.TENTATIVE, by=by
            )
        except (taking.SlotTaken, taking.NotOffered) as refused:
            gone[step.key] = refused.message
    if gone:
        raise _lost(view, chosen, gone)
    return made


def _lost(view: Seen, chosen: Chosen, gone: Mapping[str, str]) -> PlanLost:
    zone = view.problem.axis.zone
    words = [
        f"{_capital(name_of(view.template.step(key)))}, {_words(chosen[key], zone)}: {why}"
        for key, why in gone.items()
    ]
    return PlanLost(" ".join(words), gone)


def _settle(view: Seen, made: Mapping[str, Appointment], by: Actor) -> None:
    """Confirm the sessions for which nothing is missing; the others wait with their time.

    What a gate of booking asks for may be written in the same confirm, at an earlier time.

    Raises:
        GatesClosed: while something is missing that has to be there before one may be booked.
    """
    ahead = readiness.ahead_together(view.course.client_id, made.values())
    if barred := [each for found in ahead.values() for each in found.barred]:
        raise GatesClosed(list(dict.fromkeys(barred)))
    for each in made.values():
        if each.id in ahead and ahead[each.id].waits:
            continue
        taking.become(each, S.CONFIRMED)
        audit.record("appointment:confirm", by=by, subject_id=each.id)
    db.session.flush()


def _write_down(
    course: Course,
    view: Seen,
    chosen: Chosen,
    made: Mapping[str, Appointment],
    tentative: tuple[Tentative, ...],
) -> None:
    ranges = {each.key: each for each in tentative}
    for key, row in view.rows.items():
        when = chosen.get(key)
        if key in made:
            row.appointment_id = made[key].id
        elif when is not None and not isinstance(when, datetime):
            row.planned_on = when
        if when is not None:
            row.window_from_on = row.window_until_on = row.reachable_at = None
        elif (waits := ranges.get(key)) is not None:
            row.window_from_on, row.window_until_on = waits.first_on, waits.last_on
    if course.state is CourseState.PROPOSED:
        become(course, CourseState.BOOKED)
        course.booked_at = clock.now()
    course.version += 1
    db.session.flush()
    if not any(each.reachable_at for each in course.steps):
        outbox.withdraw(reach_key(course.id))


def _words(when: datetime | date, zone: str) -> str:
    return zones.instant_words(when, zone) if isinstance(when, datetime) else zones.day_words(when)


def _capital(words: str) -> str:
    return words[:1].upper() + words[1:]
