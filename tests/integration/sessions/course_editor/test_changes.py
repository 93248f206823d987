"""One client's own course, changed for that client alone, and with a reason."""

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from practice.audit.models import AuditEntry
from practice.calendar.models import Resource
from practice.core.db import db, read_again, transaction
from practice.core.errors import Conflict, Invalid
from practice.core.money import Money
from practice.people.models import Client
from practice.sessions import queries
from practice.sessions.models import Course, CourseChange, CourseStepRow
from practice.sessions.queries.course_changes import changes_of_course, course_with_steps
from practice.sessions.rules import templates
from practice.sessions.rules.course_states import CourseState
from practice.sessions.rules.lifecycle import AppointmentState
from practice.sessions.rules.offered import Difference
from practice.sessions.service.course_changes import change_course
from tests import factories
from tests.factories import OWNER
from tests.integration.sessions.course_editor.conftest import fields, post, problems, template
from tests.integration.sessions.pages.conftest import at, nothing_changes, text_of
from tests.integration.sessions.staff.conftest import MONDAY

REASON = {"reason": ["Feels well; six were not enough"]}


def page_of(course: Course) -> str:
    return f"/courses/{course.id}/change"


def steps_of(course: Course) -> dict[str, tuple[int, bool]]:
    """Return the place of each step's row, and whether it is left out."""
    read_again()
    return {
        step.key: (step.position, step.dropped_at is not None)
        for step in course_with_steps(course.id).steps
    }


def book(course: Course, key: str, slug: str, host: Resource, state: AppointmentState) -> None:
    """Let a step of the course have a session, whatever the calendar says."""
    with transaction():
        session = factories.create_appointment(
            queries.get_service(slug),
            host=host,
            client=db.session.get_one(Client, (course.practice_id, course.client_id)),
            starts_at=at(MONDAY, 10),
            state=state,
        )
        db.session.scalars(
            sa.select(CourseStepRow).where(
                CourseStepRow.course_id == course.id, CourseStepRow.key == key
            )
        ).one().appointment_id = session.id


def test_more_dosings_for_one_client_alone(browser: FlaskClient, course: Course) -> None:
    answers = fields(browser.get(page_of(course)))
    longer = fields(post(browser, page_of(course), answers | {"do": ["more-dosings"]}))

    answer = post(browser, page_of(course), longer | REASON | {"package": ["4450.00"]})

    assert answer.status_code == 303
    read_again()
    changed = course_with_steps(course.id)
    assert (changed.version, changed.price) == (2, Money(445_000, "USD"))
    assert [step.key for step in changed.steps][-3:] == ["integration_6", "dose_7", "integration_7"]
    assert [step.position for step in changed.steps] == list(range(1, 20))
    assert template().document == templates.course("sl-psycholytic-6")
    (told,) = changes_of_course(course.id)
    assert told.reason == "Feels well; six were not enough"
    assert told.differences[1:] == (
        Difference(
            "From first to last",
            "Dosing 1 to Dosing 6: 90 days recommended, 140 at most",
            "Dosing 1 to Dosing 7: 108 days recommended, 168 at most",
        ),
        Difference(
            "Reviews",
            "after Dosing 2 by the prescriber: continue, change dose, stop; "
            "after Dosing 6 by the practitioner: finish, boosters, another course",
            "after Dosing 2 by the prescriber: continue, change dose, stop; "
            "after Dosing 7 by the practitioner: finish, boosters, another course",
        ),
        Difference("Price", "$3,875.00", "$4,450.00"),
        Difference("Dosing 7", "nothing", "Lozenge session, 2.5 h"),
        *told.differences[-5:],
    )
    entry = db.session.scalars(
        sa.select(AuditEntry).where(AuditEntry.verb == "course:change")
    ).one()
    assert (entry.subject_id, entry.detail) == (course.id, {"version": 2})
    assert "Feels well; six were not enough" in text_of(browser.get(page_of(course)))


def test_a_change_needs_a_reason(browser: FlaskClient, course: Course) -> None:
    answers = fields(browser.get(page_of(course))) | {"steps-6-after-0-max": ["21"]}

    with nothing_changes():
        answer = post(browser, page_of(course), answers | {"reason": [" "]})

    assert answer.status_code == 422
    assert problems(answer) == {"reason": "Say why, in a few words"}
    assert fields(answer)["steps-6-after-0-max"] == ["21"]
    with pytest.raises(Invalid), transaction():
        change_course(course.id, course.document, seen=1, reason=" ", by=OWNER)


def test_a_step_that_is_left_out_keeps_its_row_and_comes_back(
    browser: FlaskClient, course: Course
) -> None:
    whole = course.document
    shorter = whole | {"steps": [s for s in whole["steps"] if s["key"] != "integration_6"]}
    with transaction():
        change_course(course.id, shorter, seen=1, reason="Away", by=OWNER)
    assert steps_of(course)["integration_6"] == (17, True)

    with transaction():
        change_course(course.id, whole, seen=2, reason="Back", by=OWNER)

    assert steps_of(course)["integration_6"] == (17, False)
    assert [each.reason for each in changes_of_course(course.id)] == ["Back", "Away"]


@pytest.mark.parametrize("state", [AppointmentState.TENTATIVE, AppointmentState.COMPLETED])
def test_what_is_booked_or_held_neither_goes_nor_becomes_another(
    browser: FlaskClient, course: Course, therapist: Resource, state: AppointmentState
) -> None:
    book(course, "prep_1", "prep_60", therapist, state)
    answers = fields(browser.get(page_of(course))) | REASON
    gone = fields(post(browser, page_of(course), answers | {"do": ["steps-2-remove"]}))

    with nothing_changes():
        removed = post(browser, page_of(course), gone | {"steps-2-after-0-step": ["intake"]})
        other = post(browser, page_of(course), answers | {"steps-2-service": ["prep_90"]})

    assert (removed.status_code, other.status_code) == (422, 422)
    assert "Preparation 1 is booked or held, so it stays in the course" in text_of(removed)
    assert problems(other)["steps-2-service"] == (
        "Preparation 1: this session is booked or held, so it stays what it is"
    )
    page = browser.get(page_of(course)).text
    assert 'value="steps-2-remove"' not in page
    assert 'value="steps-3-remove"' in page


def test_the_route_changes_for_dosings_that_are_still_to_come(
    browser: FlaskClient, course: Course, therapist: Resource
) -> None:
    book(course, "dose_1", "dosing_sl_first", therapist, AppointmentState.COMPLETED)
    answers = fields(browser.get(page_of(course))) | REASON | {"route": ["IM"]}
    answers["boosters-service"] = ["booster_im"]
    half = post(browser, page_of(course), answers)
    dosings = [6, 9, 11, 13, 15]

    answer = post(
        browser, page_of(course), answers | {f"steps-{n}-service": ["dosing_im"] for n in dosings}
    )

    assert sorted(problems(half)) == sorted(f"steps-{n}-service" for n in dosings)
    assert answer.status_code == 303
    read_again()
    document = course_with_steps(course.id).document
    assert [s["service"] for s in document["steps"] if s["kind"] == "dosing"] == [
        "dosing_sl_first",
        *["dosing_im"] * 5,
    ]


def test_a_course_that_ended_or_was_changed_meanwhile_stays(
    browser: FlaskClient, course: Course
) -> None:
    wider = course.document | {"title": "Wider"}
    answers = fields(browser.get(page_of(course))) | REASON | {"title": ["Mine"]}
    with transaction():
        change_course(course.id, wider, seen=1, reason="A first change", by=OWNER)

    stale = post(browser, page_of(course), answers)
    assert (stale.status_code, fields(stale)["version"]) == (409, ["2"])

    with transaction():
        course_with_steps(course.id).state = CourseState.STOPPED
    with nothing_changes():
        assert post(browser, page_of(course), fields(stale)).status_code == 409
    with pytest.raises(Conflict), transaction():
        change_course(course.id, wider, seen=2, reason="Too late", by=OWNER)


def test_a_change_that_changes_nothing_is_none(browser: FlaskClient, course: Course) -> None:
    answers = fields(browser.get(page_of(course))) | REASON

    with nothing_changes():
        assert post(browser, page_of(course), answers).status_code == 303

    assert db.session.scalars(sa.select(CourseChange)).all() == []


def test_a_course_without_a_package_keeps_the_prices_of_its_day(
    browser: FlaskClient, course: Course
) -> None:
    agreed = course.document["pricing"] | {"installments": []}
    del agreed["package_cents"], agreed["discount_cents"]
    with transaction():
        course.document = course.document | {"pricing": agreed}
        course.price = Money(407_500, "USD")
        queries.get_service("integration_60").price = Money(99_900, "USD")
    answers = fields(browser.get(page_of(course))) | REASON | {"title": ["Another name"]}

    post(browser, page_of(course), answers)

    read_again()
    changed = course_with_steps(course.id)
    assert (changed.title, changed.price) == ("Another name", Money(407_500, "USD"))
