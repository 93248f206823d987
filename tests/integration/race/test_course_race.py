"""Twenty people confirm courses over the same times at the same moment."""

from collections import Counter

import sqlalchemy as sa

from practice.audit.rules import PROGRAM
from practice.calendar.models import Claim, Resource
from practice.core.db import db, in_transaction, practice_scope, transaction
from practice.people.models import Practice
from practice.sessions.models import Appointment, Course, CourseStepRow
from practice.sessions.queries.courses import get_course
from practice.sessions.rules.course_states import CourseState
from practice.sessions.service import courses
from tests import factories
from tests.integration.race.crowd import FORK, crowd
from tests.integration.race.test_booking_race import half_booked, overlaps
from tests.integration.sessions.conftest import practice, therapist, time
from tests.integration.sessions.courses.conftest import first_choice

__all__ = ["practice", "therapist", "time"]  # fixtures

CROWD = 20


def test_overlapping_plans_leave_one_winner_and_nothing_half_booked(
    practice: Practice, therapist: Resource
) -> None:
    here = practice.id
    with transaction():
        template = factories.offer_course()
        made = [
            courses.propose(factories.create_client(), template, by=PROGRAM).id
            for _ in range(CROWD)
        ]
    chosen = first_choice(get_course(made[0]))
    turn = FORK.Value("i", 0)

    def attempt(_random: object) -> str:
        with turn.get_lock():
            course_id = made[turn.value]
            turn.value += 1
        with practice_scope(here):
            in_transaction(lambda: courses.confirm(course_id, chosen, seen=1, by=PROGRAM))
        return "booked"

    found = Counter(each.words for each in crowd(attempt, processes=CROWD, attempts=1))

    with practice_scope(here):
        assert found["booked"] == 1
        assert found.keys() <= {"booked", "PlanLost", "Busy"}
        assert (overlaps(), half_booked()) == ([], [])
        states = Counter(db.session.scalars(sa.select(Course.state)))
        assert states == {CourseState.BOOKED: 1, CourseState.PROPOSED: CROWD - 1}
        booked = set(db.session.scalars(sa.select(Appointment.id)))
        of_steps = set(
            db.session.scalars(
                sa.select(CourseStepRow.appointment_id).where(
                    CourseStepRow.appointment_id.is_not(None)
                )
            )
        )
        held = set(db.session.scalars(sa.select(Claim.holder_id)))
        assert booked == of_steps == held
        assert len(booked) == 15
