"""Sessions of a course that get other times together: all of them, or none.

Looked at first by ``queries.course_keeping.ahead``; what is done here is what was shown, or
nothing. Call inside ``transaction()``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID, uuid4

from practice.audit import service as audit
from practice.audit.rules import Actor
from practice.calendar.rules import zones
from practice.calendar.service import claims
from practice.core.db import db, take_turns
from practice.core.errors import Conflict, Invalid, NotAllowed
from practice.people.queries import get_member, get_practice
from practice.people.rules import Permission, may
from practice.sessions.models import Appointment, Course, CourseStepRow
from practice.sessions.queries.course_keeping import (
    Ahead,
    facts_of,
    free_to_stay,
    seal_of,
)
from practice.sessions.queries.course_problems import Seen, see, stands
from practice.sessions.queries.times import look_at
from practice.sessions.rules import caps, keeping
from practice.sessions.rules.course_deeds import Deed
from practice.sessions.rules.course_states import KEPT
from practice.sessions.rules.keeping import Answer, Way
from practice.sessions.rules.lifecycle import GIVES_MEDICINE, AppointmentState, SessionKind
from practice.sessions.service import (
    calendars,
    courses,
    late,
    passing,
    readiness,
    taking,
    telling,
    undoing,
)

S = AppointmentState
STALE = "Something has changed since this was shown. Nothing was moved. Look at it again."


class Stale(Conflict):
    """The course, or the calendar, has changed since the preview. Nothing was done."""


class LimitsBroken(Conflict):
    """A change that would break limits of the course, without a reason for it."""

    def __init__(self, broken: Sequence[str]) -> None:
        super().__init__(" ".join(broken))
        self.broken = tuple(broken)


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What somebody confirmed: new starts by step, and which of them were asked for.

    ``seal`` is that of the preview. ``reason`` is why limits may be passed, where they are.
    ``wish`` is why those that were asked for move, which may cost something.
    """

    times: Mapping[str, datetime]
    chosen: frozenset[str]
    seal: str
    reason: str | None = None
    wish: late.Wish | None = None


@dataclass(slots=True)
class _Move:
    """One session on its way: the step, where it was and goes."""

    row: CourseStepRow
    appointment: Appointment
    was_at: datetime
    was_state: S
    was_reason: str | None
    starts_at: datetime
    before: tuple[UUID, ...]
    takes: tuple[UUID, ...] = field(default=())


def carry_out(course_id: UUID, change: Change, *, by: Actor, as_staff: bool = True) -> Course:
    """Give several steps of a course other times, or book them, in one step.

    Sessions keep their ids, payments and calendar entries. The client gets one
    mail of all, in some minutes; until then all of it can be undone as one. The same form sent
    twice finds it done.

    Raises:
        Stale: if the course or the calendar is not what it was.
        LimitsBroken, NotAllowed: beyond a limit without a reason, or by somebody who may not.
        Conflict: if the course is over, or a session has begun.
        Invalid: for what is no plan of this course.
    """
    course = courses.lock(course_id)
    if _is_done(course, change):
        return course
    if course.state not in KEPT:
        raise Conflict("This course is not running.")
    if seal_of(course) != change.seal:
        raise Stale(STALE)
    take_turns("courses")
    _take_turns_on_weeks(course, change)
    seen = see(course, course.client, as_staff=as_staff, replanning=True)
    answer = _judged(seen, change, as_staff=as_staff)
    _check_limits(answer, change, by)
    moved, made = _occupy(seen, change, by, as_staff=as_staff, is_override=bool(answer.broken))
    _check_gates(course, change, [*(each.appointment for each in moved), *made.values()], by)
    ripple_id = uuid4()
    _write_down(course, change, moved, made, answer, ripple_id=ripple_id, by=by)
    for each in moved:
        if each.row.key in change.chosen:
            late.charge_move(each.appointment, change.wish, was_at=each.was_at, by=by)
    _tell(moved, made, ripple_id, by=by)
    readiness.reconsider(course.client_id, by)
    return course


def judge(ahead: Ahead, times: Mapping[str, datetime]) -> Answer:
    """Return what a choice of times comes to, as ``carry_out`` will look at it."""
    return keeping.judged(ahead.problem, ahead.seen.old, ahead.chosen, times)


# Looking ------------------------------------------------------------------------------------------


def _is_done(course: Course, change: Change) -> bool:
    """Say whether the same form was sent before: then everything lies where it wants it."""
    rows = {each.key: each for each in course.steps}
    if not change.times or not change.times.keys() <= rows.keys():
        raise Invalid("That is no plan of this course.")
    zone = get_practice().time_zone
    for key, at in change.times.items():
        row = rows[key]
        if row.is_external:
            if row.planned_on != zones.local_date(at, zone):
                return False
        elif not stands(row.appointment) or row.appointment.starts_at != at:  # type: ignore[union-attr]
            return False
    return True


def _take_turns_on_weeks(course: Course, change: Change) -> None:
    zone = get_practice().time_zone
    kinds = {each.key: each.kind for each in course.steps}
    weeks = {
        caps.monday_of(zones.local_date(at, zone)): at
        for key, at in change.times.items()
        if kinds[key] in GIVES_MEDICINE
    }
    for monday_on in sorted(weeks):
        taking.take_turns_on_week(SessionKind.DOSING, weeks[monday_on])


def _judged(seen: Seen, change: Change, *, as_staff: bool) -> Answer:
    """Look at the change once more, as things are now.

    Raises:
        Stale: if it is no longer possible, though no limit that somebody may pass is why.
        Conflict: if nobody can answer for it.
    """
    problem, rows = seen.problem, seen.rows
    for key in change.times:
        row = rows.get(key)
        fact = problem.step(key).fact if row is not None else None
        if row is None or row.dropped_at is not None or fact is not None:
            raise Conflict("Only sessions that are still to come can be moved.")
    problem = free_to_stay(seen, as_staff=as_staff)
    chosen = facts_of(problem, {k: at for k, at in change.times.items() if k in change.chosen})
    others = {k: at for k, at in change.times.items() if k not in change.chosen}
    answer = keeping.judged(problem, seen.old, chosen, others)
    if answer.impossible:
        raise Conflict(" ".join(answer.impossible))
    if not answer.broken and not keeping.is_possible(problem, seen.old, chosen, others):
        raise Stale(STALE)
    return answer


def _check_limits(answer: Answer, change: Change, by: Actor) -> None:
    if not answer.broken:
        return
    if not change.reason:
        raise LimitsBroken(answer.broken)
    if by.id is None or not may(get_member(by.id).role_set, Permission.WINDOW_OVERRIDE):
        raise NotAllowed("Only a practitioner may go beyond the limits of a course.")


# Doing --------------------------------------------------------------------------------------------


def _occupy(
    seen: Seen, change: Change, by: Actor, *, as_staff: bool, is_override: bool
) -> tuple[list[_Move], dict[str, Appointment]]:
    """Give all old times back, and take all new ones.

    Raises:
        Stale: if one of the new ones has gone.
    """
    rows = seen.rows
    sessions = sorted(
        (row.appointment_id for key, row in rows.items() if key in change.times and _lies(row)),
        key=str,
    )
    locked = {each: taking.lock(each) for each in sessions if each is not None}
    moved = [
        _begin(row, locked[row.appointment_id], change.times[key])
        for key, row in rows.items()
        if key in change.times and row.appointment_id in locked
    ]
    claims.release(*locked)
    for each in moved:
        length = each.appointment.ends_at - each.appointment.starts_at
        each.appointment.starts_at = each.starts_at
        each.appointment.ends_at = each.starts_at + length
        if is_override and each.row.key in change.chosen:
            each.appointment.override_reason = change.reason
        calendars.change(each.appointment)
    db.session.flush()  # so that the caps see all of them where they go
    try:
        for each in moved:
            each.takes = _take(each, as_staff=as_staff)
        made = {
            key: _book(seen, row, at, change, by, is_override=is_override, as_staff=as_staff)
            for key, at in sorted(change.times.items(), key=lambda pair: pair[1])
            if not _lies(row := rows[key]) and not row.is_external
        }
    except (taking.SlotTaken, taking.NotOffered) as gone:
        raise Stale(f"{gone.message} Nothing was moved.") from gone
    return moved, made


def _check_gates(
    course: Course, change: Change, sessions: Sequence[Appointment], by: Actor
) -> None:
    """Look, at their new times, at what sessions ask for before they may be booked at all.

    Raises:
        GatesClosed: while something is missing, without a reason of somebody who may pass it.
        NotAllowed: with a reason of somebody who may not.
    """
    for session_id, found in readiness.ahead_together(course.client_id, sessions).items():
        passing.check(found.barred, change.reason, by)
        session = next(each for each in sessions if each.id == session_id)
        passing.keep(session, found.barred, change.reason, by)


def _lies(row: CourseStepRow) -> bool:
    return stands(row.appointment)


def _begin(row: CourseStepRow, appointment: Appointment, starts_at: datetime) -> _Move:
    if appointment.state not in {S.TENTATIVE, S.CONFIRMED} or appointment.hold_ends_at is not None:
        raise Conflict("Only sessions that are still to come can be moved.")
    return _Move(
        row,
        appointment,
        appointment.starts_at,
        appointment.state,
        appointment.override_reason,
        starts_at,
        calendars.serving(appointment.id),
    )


def _take(move: _Move, *, as_staff: bool) -> tuple[UUID, ...]:
    appointment = move.appointment
    look = look_at(
        appointment.service,
        appointment.modality,
        move.starts_at,
        client_id=appointment.client_id,
        as_staff=as_staff,
        moving=appointment,
    )
    place = taking.place_in(look, move.starts_at)
    taking.occupy(appointment.id, look, place)
    return place.takes


def _book(
    seen: Seen,
    row: CourseStepRow,
    starts_at: datetime,
    change: Change,
    by: Actor,
    *,
    is_override: bool,
    as_staff: bool,
) -> Appointment:
    """Book a session for a step that has none any more."""
    service, client = seen.service(row.key), seen.course.client
    claims.open_for_client(client.id)
    look = look_at(service, seen.ways[row.key], starts_at, client_id=client.id, as_staff=as_staff)
    place = taking.place_in(look, starts_at)
    state = S.TENTATIVE if service.kind in GIVES_MEDICINE else S.CONFIRMED
    made = taking.take(
        look,
        place,
        client=client,
        state=state,
        by=by,
        override_reason=change.reason if is_override else None,
    )
    row.appointment_id = made.id
    row.window_from_on = row.window_until_on = row.reachable_at = None
    db.session.flush()
    calendars.show(made, place.takes)
    return made


def _write_down(
    course: Course,
    change: Change,
    moved: Sequence[_Move],
    made: Mapping[str, Appointment],
    answer: Answer,
    *,
    ripple_id: UUID,
    by: Actor,
) -> None:
    zone = get_practice().time_zone
    dates: dict[str, str | None] = {}
    for row in course.steps:
        if row.is_external and row.key in change.times:
            dates[row.key] = row.planned_on.isoformat() if row.planned_on else None
            row.planned_on = zones.local_date(change.times[row.key], zone)
    course.version += 1
    for each in moved:
        audit.record(
            "appointment:move",
            by=by,
            subject_id=each.appointment.id,
            old=each.was_at.isoformat(),
            new=each.starts_at.isoformat(),
        )
        if not made:
            undoing.remember(
                each.appointment,
                undoing.MOVE,
                by=by,
                was_at=each.was_at,
                was_state=each.was_state,
                was_reason=each.was_reason,
                ripple_id=ripple_id,
            )
        if left := tuple(one for one in each.before if one not in each.takes):
            calendars.bury(each.appointment, left, gone_at=each.appointment.changed_at)
        calendars.show(each.appointment, each.takes)
    courses.remember(
        course,
        Deed.MOVED,
        by=by,
        reason=change.reason if answer.broken else None,
        count=len(change.times),
        ripple=str(ripple_id),
        version=course.version,
        dates=dates,
        broken=list(answer.broken),
    )
    if answer.broken:
        for key in change.chosen:
            session = made.get(key) or next(
                (each.appointment for each in moved if each.row.key == key), None
            )
            if session is not None:
                audit.record(
                    "appointment:override", by=by, subject_id=session.id, windows=len(answer.broken)
                )
    audit.record("course:move", by=by, subject_id=course.id, sessions=len(change.times))
    db.session.flush()


def _tell(
    moved: Sequence[_Move], made: Mapping[str, Appointment], ripple_id: UUID, *, by: Actor
) -> None:
    """Tell the client of everything at once: one mail, whatever moved."""
    telling.tell_of_ripple(
        [(each.appointment, each.was_at) for each in moved], list(made.values()), ripple_id, by=by
    )


__all__ = ["Change", "LimitsBroken", "Stale", "Way", "carry_out", "judge"]
