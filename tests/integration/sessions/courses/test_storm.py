"""Days that close for a storm: the courses that break are put right together, by one confirm."""

from __future__ import annotations

import re
from datetime import date, datetime
from html import unescape

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from practice.audit.rules import PROGRAM, Actor
from practice.calendar.models import Closure
from practice.calendar.rules import zones
from practice.core.db import db, read_again, transaction
from practice.outbox.models import Message, Task
from practice.sessions import queries
from practice.sessions.models import Appointment, Course, CourseTemplateRow
from practice.sessions.queries.courses import get_course as read_course
from practice.sessions.rules.lifecycle import LIVE, AppointmentState, Modality
from practice.sessions.service import booking, courses
from tests import factories
from tests.browsers import send
from tests.integration.sessions.courses.conftest import first_choice, get_course, session
from tests.integration.sessions.pages.conftest import at, nothing_changes, text_of
from tests.integration.sessions.staff.conftest import browser, signed_in

__all__ = ["browser", "signed_in"]  # fixtures

S = AppointmentState
STORM = (date(2027, 3, 15), date(2027, 3, 17))
CLOSE = "/settings/hours/closures"
ZONE = "America/New_York"


@pytest.fixture
def three(booked: Course, offered: CourseTemplateRow, owner: Actor) -> list[Course]:
    """Three courses in the book, and a preparation of somebody without one."""
    found = [booked]
    for name in ("Bo", "Cy"):
        with transaction():
            made = courses.propose(
                factories.create_client(first_name=name, last_name="Dean"), offered, by=owner
            )
        course = read_course(made.id)
        with transaction():
            courses.confirm(course.id, first_choice(course), seen=course.version, by=owner)
        found.append(course)
    with transaction():
        booking.book(
            factories.create_client(first_name="Eve", last_name="Fox"),
            queries.get_service("prep_60"),
            starts_at=at(STORM[1], 17),
            modality=Modality.TELEHEALTH,
            by=owner,
        )
    return [get_course(each.id) for each in found]


def fields() -> dict[str, str]:
    first, last = STORM
    return {"closed_from": str(first), "closed_to": str(last), "reason": "Storm"}


def answers(page: TestResponse, **more: str) -> dict[str, str]:
    """What the preview sends back."""
    hidden = re.findall(r'type="hidden" name="([^"]*)" value="([^"]*)"', page.text)
    return {name: unescape(value) for name, value in hidden} | more


def on_closed_days() -> list[Appointment]:
    with transaction():  # reads anew what this session remembers
        live = db.session.scalars(sa.select(Appointment).where(Appointment.state.in_(LIVE))).all()
    return [each for each in live if STORM[0] <= zones.local_date(each.starts_at, ZONE) <= STORM[1]]


def starts() -> dict[object, datetime]:
    with transaction():
        return {row.id: row.starts_at for row in db.session.scalars(sa.select(Appointment))}


def closures() -> int:
    read_again()
    return len(db.session.scalars(sa.select(Closure)).all())


def test_a_storm_moves_every_course_that_breaks_by_one_confirm(
    browser: FlaskClient, three: list[Course]
) -> None:
    before = {each.id: each.starts_at for each in on_closed_days()}
    browser.get("/today")  # the sign-in is noted once a minute
    with nothing_changes():
        page = send(browser, CLOSE, fields())
    said = text_of(page)
    (then,) = re.findall(r'name="(then-[^"]*)"', page.text)

    answer = send(browser, CLOSE, answers(page, how="move", **{then: "cancel"}))

    assert "Nothing is saved yet." in said
    assert {name for name in ("Alex Bell", "Bo Dean", "Eve Fox") if name not in said} == set()
    assert len(before) > 3
    assert answer.status_code == 303
    assert closures() == 1
    assert on_closed_days() == []
    eve = db.session.scalars(sa.select(Appointment).where(Appointment.state == S.CANCELLED)).all()
    assert [each.modality for each in eve] == [Modality.TELEHEALTH]
    names = [each.name for each in db.session.scalars(sa.select(Message))]
    broken = {c.id for c in three if any(r.appointment_id in before for r in c.steps)}
    assert names.count("moved-series") + names.count("moved") == len(broken)


def test_a_storm_confirmed_from_a_stale_page_closes_and_moves_nothing(
    browser: FlaskClient, three: list[Course]
) -> None:
    page = send(browser, CLOSE, fields())
    with transaction():
        booking.cancel(session(three[0], "integration_6"), by=PROGRAM)
    before = starts()

    answer = send(browser, CLOSE, answers(page, how="move"))

    assert answer.status_code in {200, 409}
    assert (closures(), starts()) == (0, before)


def test_what_no_plan_moves_waits_for_a_person_and_all_may_stay_booked(
    browser: FlaskClient, three: list[Course]
) -> None:
    page = send(browser, CLOSE, fields())
    (then,) = re.findall(r'name="(then-[^"]*)"', page.text)
    answer = send(browser, CLOSE, answers(page, how="move", **{then: "keep"}))

    assert answer.status_code == 303
    (left,) = on_closed_days()
    assert left.client_id is not None
    tasks = db.session.scalars(sa.select(Task).where(Task.kind == "session-outside-hours")).all()
    assert [each.about_id for each in tasks] == [left.id]


def test_a_storm_may_leave_everything_booked(browser: FlaskClient, three: list[Course]) -> None:
    before = starts()
    page = send(browser, CLOSE, fields())

    answer = send(browser, CLOSE, answers(page, how="keep"))

    assert answer.status_code == 303
    assert (closures(), starts()) == (1, before)
