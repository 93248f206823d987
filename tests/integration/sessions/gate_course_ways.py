"""The ways to write sessions of courses, and those by which many sessions come in at once."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from practice.core import clock
from practice.core.db import db
from practice.core.errors import Conflict
from practice.moving.models import ImportRun
from practice.moving.rules.matching import Becomes, Way
from practice.moving.rules.runs import RunState, What
from practice.moving.service import bookings
from practice.moving.service.blocks import Event
from practice.sessions import queries
from practice.sessions.models import Appointment, Course, CourseTemplateRow
from practice.sessions.queries.course_keeping import seal_of
from practice.sessions.queries.courses import get_course
from practice.sessions.rules.lifecycle import Modality
from practice.sessions.service import (
    booking,
    closing,
    course_decisions,
    courses,
    ripples,
    undoing,
)
from practice.sessions.service.ripples import Change
from tests.integration.sessions.gate_lacks import ON
from tests.integration.sessions.gate_ways import ELEVEN, TEN, Act, World
from tests.integration.sessions.test_free_times import at

NINE, THREE = at(ON, 9), at(ON, 15)
FIRST, SECOND, THIRD = "first", "second", "third"


def document(slug: str) -> dict[str, Any]:
    """The smallest course: a talk, its review, the step that a way writes, another talk."""
    return {
        "slug": "small",
        "version": 1,
        "title": "Small course",
        "route": "SL",
        "review_points": [{"after": FIRST, "by": "prescriber", "may": ["continue", "stop"]}],
        "steps": [
            step(FIRST, "consult", 1),
            step(SECOND, slug, 2 if slug == "consult" else 1),
            step(THIRD, "consult", 3 if slug == "consult" else 2),
        ],
    }


def step(key: str, slug: str, number: int) -> dict[str, Any]:
    kind = queries.get_service(slug).kind.value
    return {
        "key": key,
        "kind": kind,
        "service": slug,
        "number": number,
        "after": [],
        "gates": [],
    }


def offered(world: World) -> CourseTemplateRow:
    shape = document(world.step)
    row = CourseTemplateRow(slug="small", title="Small course", document=shape, position=99)
    db.session.add(row)
    db.session.flush()
    return row


def proposed(world: World) -> UUID:
    world.meet()
    return courses.propose(world.client, offered(world), by=world.owner).id


def confirm(world: World, course_id: UUID, chosen: dict[str, datetime]) -> None:
    seen = get_course(course_id).version
    courses.confirm(course_id, chosen, seen=seen, by=world.owner)


def session(course_id: UUID, key: str = SECOND) -> Appointment:
    db.session.expire_all()
    (row,) = [each for each in get_course(course_id).steps if each.key == key]
    assert row.appointment is not None
    return row.appointment


def booked(world: World) -> UUID:
    """Book the step alone, with nothing missing yet."""
    made = proposed(world)
    confirm(world, made, {SECOND: TEN})
    return made


def change(course_id: UUID, starts_at: datetime) -> Change:
    course: Course = get_course(course_id)
    return Change(times={SECOND: starts_at}, chosen=frozenset({SECOND}), seal=seal_of(course))


def course_confirmed(world: World) -> Act:
    course = proposed(world)

    def act() -> UUID:
        confirm(world, course, {FIRST: NINE, SECOND: TEN})
        return session(course).id

    return act


def open_step_confirmed(world: World) -> Act:
    course = proposed(world)
    confirm(world, course, {FIRST: NINE})

    def act() -> UUID:
        confirm(world, course, {SECOND: TEN})
        return session(course).id

    return act


def step_booked_by_hand(world: World) -> Act:
    course = proposed(world)
    confirm(world, course, {FIRST: NINE})

    def act() -> UUID:
        service = queries.get_service(world.step)
        made = booking.book(
            world.client,
            service,
            starts_at=TEN,
            modality=Modality(service.modalities[0]),
            by=world.owner,
        )
        assert session(course).id == made.id
        return made.id

    return act


def session_taken_over(world: World) -> Act:
    world.step = "prep_60"  # calls come before courses, and are never part of one
    made = booking.book(
        world.client,
        queries.get_service(world.step),
        starts_at=TEN,
        modality=Modality.TELEHEALTH,
        by=world.owner,
    ).id
    template, practice = offered(world).id, world.therapist.practice_id

    def act() -> UUID:
        row = db.session.get_one(CourseTemplateRow, (practice, template))
        course = courses.propose(world.client, row, by=world.owner, adopting=[made])
        assert session(course.id).id == made
        return made

    return act


def moved_with_its_course(world: World) -> Act:
    course = booked(world)

    def act() -> UUID:
        ripples.carry_out(course, change(course, ELEVEN), by=world.owner)
        return session(course).id

    return act


def put_again_with_its_course(world: World) -> Act:
    course = booked(world)
    booking.cancel(session(course), by=world.owner)

    def act() -> UUID:
        ripples.carry_out(course, change(course, ELEVEN), by=world.owner)
        return session(course).id

    return act


def moved_for_a_storm(world: World) -> Act:
    course = booked(world)

    def act() -> UUID:
        right = closing.PutRight(course, change(course, ELEVEN))
        closing.put_right(closing.Storm(courses=(right,)), by=world.owner)
        return session(course).id

    return act


def ripple_undone(world: World) -> Act:
    course = booked(world)
    ripples.carry_out(course, change(course, ELEVEN), by=world.owner)

    def act() -> UUID:
        return undoing.undo(session(course), by=world.owner).id

    return act


def another_step_left_out(world: World) -> Act:
    course = booked(world)

    def act() -> UUID:
        seal = seal_of(get_course(course))
        course_decisions.leave_out(course, THIRD, "Not asked for.", seal=seal, by=world.owner)
        return session(course).id

    return act


def step_moved_alone(world: World) -> Act:
    course = booked(world)

    def act() -> UUID:
        return booking.move(session(course), starts_at=ELEVEN, by=world.owner).id

    return act


class Refused(Conflict):
    """What an import says of a session that it could not bring in."""


def brought_by_a_calendar(world: World) -> Act:
    world.meet()
    run = ImportRun(
        what=What.CALENDAR,
        state=RunState.RUNNING,
        file_name="calendar.ics",
        choices={"person": str(world.therapist.id)},
        notes={},
        total=1,
        done=0,
        added=0,
        created_by=world.therapist.user_id,
        created_at=clock.now(),
    )
    db.session.add(run)
    db.session.flush()
    event, run_id = Event(1, TEN, ELEVEN, "A call", ()), run.id

    def act() -> UUID:
        each = world.service
        way = Way(each.id, each.kind, each.label, each.minutes, Modality.TELEHEALTH)
        plan = bookings.Plan(event, Becomes.SESSION, world.client.id, way)
        brought_over = db.session.get_one(ImportRun, (world.therapist.practice_id, run_id))
        made, problems = bookings.bring(brought_over, [plan], by=world.owner)
        if problems:
            raise Refused(problems[0].words)
        return made[0][1]

    return act


def another_booking_undone(world: World) -> Act:
    made = world.book().id
    other = world.book(starts_at=THREE).id

    def act() -> UUID:
        undoing.undo(queries.get_appointment(other), by=world.owner)
        return made

    return act
