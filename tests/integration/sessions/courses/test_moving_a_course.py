"""Sessions of a course that move together: shown first, done as one, and taken back as one."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa

from practice.audit.rules import Actor
from practice.calendar.models import Claim
from practice.core.db import db, transaction
from practice.core.errors import Conflict, Invalid, NotAllowed
from practice.outbox.models import Message
from practice.people.rules import Role
from practice.sessions import queries
from practice.sessions.models import Course
from practice.sessions.queries.course_keeping import Ahead, ahead
from practice.sessions.queries.courses import changes_of
from practice.sessions.rules import keeping
from practice.sessions.rules.keeping import Answer
from practice.sessions.rules.planner import Keeps, replan
from practice.sessions.service import booking, ripples, undoing
from practice.sessions.service.ripples import Change, LimitsBroken, Stale
from tests import factories
from tests.integration.sessions.conftest import Clock
from tests.integration.sessions.courses.conftest import DAY, MINUTE, get_course, session


def look(course: Course, key: str, days: int, hours: int = 0) -> Ahead:
    at = session(course, key).starts_at + days * DAY + timedelta(hours=hours)
    return ahead(course, {key: at})


def confirmed(found: Ahead, answer: Answer, reason: str | None = None) -> Change:
    return Change(
        times=keeping.read(answer.code),
        chosen=frozenset(found.chosen),
        seal=found.seal,
        reason=reason,
    )


def carry_out(course: Course, change: Change, by: Actor) -> Course:
    with transaction():
        ripples.carry_out(course.id, change, by=by)
    return get_course(course.id)


def times(course: Course) -> dict[str, datetime]:
    found = {
        row.key: row.appointment.starts_at for row in course.steps if row.appointment is not None
    }
    dates = {row.key: row.planned_on for row in course.steps if row.is_external}
    return found | dates  # type: ignore[return-value]


def news() -> list[str]:
    return [each.name for each in db.session.scalars(sa.select(Message))]


def live_claims() -> set[tuple[object, ...]]:
    rows = db.session.execute(
        sa.select(Claim.holder_id, Claim.resource_id, Claim.starts_at, Claim.ends_at).where(
            Claim.released_at.is_(None)
        )
    )
    return {tuple(row) for row in rows}


def test_a_dosing_moved_by_four_days_takes_along_what_the_planner_says(
    booked: Course, owner: Actor
) -> None:
    found = look(booked, "dose_2", 4)
    restored = found.answers[0]
    best = replan(
        keeping.with_facts(found.problem, found.chosen), found.seen.old, Keeps.RECOMMENDED
    )
    before = times(booked)

    moved = carry_out(booked, confirmed(found, restored), owner)

    assert best is not None
    assert {each.key for each in restored.others} == set(best.moved)
    after = times(moved)
    assert {key for key in after if after[key] != before[key]} == {"dose_2", *best.moved}
    assert after["dose_2"] == found.chosen["dose_2"].starts_at
    assert len(live_claims()) == 15 * 4


def test_who_moves_stays_who_they_are_and_the_client_hears_of_it_once(
    booked: Course, owner: Actor
) -> None:
    def identity(course: Course) -> dict[str, tuple[object, ...]]:
        rows = ((row.key, row.appointment) for row in course.steps)
        return {key: (a.id, a.uid, a.price, a.link_version) for key, a in rows if a}

    before = identity(booked)
    found = look(booked, "dose_2", 4)
    change = confirmed(found, found.answers[0])
    keys = {each.key for each in found.answers[0].shifts if not each.is_external}

    moved = carry_out(booked, change, owner)
    again = carry_out(moved, change, owner)  # a second click finds it done

    assert identity(moved) == before
    sequences = {row.key: row.appointment.sequence for row in again.steps if row.appointment}
    assert {key for key, count in sequences.items() if count} == keys
    assert news() == ["booked-series", "moved-series"]
    newest, *_ = changes_of(moved.id)
    assert (newest.deed, newest.facts["count"]) == ("moved", len(found.answers[0].shifts))


def test_a_stale_page_moves_nothing(booked: Course, owner: Actor) -> None:
    found = look(booked, "dose_2", 4)
    other = look(booked, "integration_6", 1)
    carry_out(booked, confirmed(other, other.answers[0]), owner)
    before, claims = times(get_course(booked.id)), live_claims()

    with pytest.raises(Stale):
        carry_out(booked, confirmed(found, found.answers[0]), owner)

    assert times(get_course(booked.id)) == before
    assert live_claims() == claims


@pytest.mark.parametrize("at_the_last_moment", [False, True])
def test_a_time_that_somebody_took_meanwhile_moves_nothing(
    booked: Course, owner: Actor, monkeypatch: pytest.MonkeyPatch, at_the_last_moment: bool
) -> None:
    found = look(booked, "dose_2", 4)
    (wanted,) = [each for each in found.answers[0].others if each.key == "integration_2"]
    with transaction():
        quicker = factories.create_client(first_name="Quick")
        booking.book(
            quicker,
            queries.get_service("prep_60"),
            starts_at=wanted.now.starts_at,
            modality=session(booked, "prep_1").modality,
            by=owner,
        )
    before, claims = times(booked), live_claims()

    with monkeypatch.context() as patched:
        if at_the_last_moment:  # behind the last look, so that only the claims refuse it
            patched.setattr(keeping, "is_possible", lambda *_: True)
        with pytest.raises(Stale):
            carry_out(booked, confirmed(found, found.answers[0]), owner)

    assert times(get_course(booked.id)) == before
    assert live_claims() == claims
    fresh = look(get_course(booked.id), "dose_2", 4)
    (elsewhere,) = [each for each in fresh.answers[0].others if each.key == "integration_2"]
    assert elsewhere.now.starts_at != wanted.now.starts_at


def test_beyond_a_limit_only_a_practitioner_goes_and_says_why(booked: Course, owner: Actor) -> None:
    found = look(booked, "integration_6", 8)
    (alone,) = [each for each in found.answers if each.broken]
    with transaction():
        desk = factories.create_user(Role.FRONT_DESK)
    at_the_desk = Actor(owner.kind, desk.id)

    with pytest.raises(LimitsBroken) as refused:
        carry_out(booked, confirmed(found, alone), owner)
    with pytest.raises(NotAllowed):
        carry_out(booked, confirmed(found, alone, "She travels."), at_the_desk)
    moved = carry_out(booked, confirmed(found, alone, "She travels."), owner)

    assert refused.value.broken == alone.broken
    assert session(moved, "integration_6").override_reason == "She travels."
    assert changes_of(moved.id)[0].reason == "She travels."


@pytest.mark.parametrize("times", [{}, {"dose_9": 0}])
def test_what_is_no_plan_of_the_course_is_refused(
    booked: Course, owner: Actor, times: dict[str, int]
) -> None:
    found = look(booked, "dose_2", 4)
    wrong = {key: session(booked, "dose_2").starts_at for key in times}

    with pytest.raises(Invalid):
        carry_out(booked, Change(times=wrong, chosen=frozenset(), seal=found.seal), owner)


def test_all_that_moved_goes_back_as_one_and_nobody_hears_of_it(
    booked: Course, owner: Actor
) -> None:
    before, claims = times(booked), live_claims()
    found = look(booked, "dose_2", 4)
    moved = carry_out(booked, confirmed(found, found.answers[0]), owner)

    with transaction():
        undoing.undo(session(moved, "integration_2"), by=owner)

    back = get_course(booked.id)
    assert times(back) == before
    assert live_claims() == claims
    assert news() == ["booked-series"]
    with pytest.raises(Conflict), transaction():
        undoing.undo(session(back, "dose_2"), by=owner)


def test_what_moved_cannot_go_back_once_the_course_changed_or_the_news_is_out(
    booked: Course, owner: Actor, time: Clock
) -> None:
    found = look(booked, "dose_2", 4)
    moved = carry_out(booked, confirmed(found, found.answers[0]), owner)
    again = look(moved, "integration_6", 0, hours=1)
    after = times(carry_out(moved, confirmed(again, again.answers[0]), owner))

    dosing, last = session(moved, "dose_2"), session(moved, "integration_6")
    with pytest.raises(Conflict), transaction():
        undoing.undo(dosing, by=owner)
    time.now += 4 * MINUTE
    with pytest.raises(Conflict), transaction():
        undoing.undo(last, by=owner)

    assert times(get_course(booked.id)) == after


def test_a_session_that_was_cancelled_is_put_again_where_the_course_allows_it(
    booked: Course, owner: Actor
) -> None:
    cancelled = session(booked, "integration_3")
    with transaction():
        booking.cancel(cancelled, by=owner)
    lost = get_course(booked.id)
    found = ahead(lost, {}, placing=["integration_3"])

    put = carry_out(lost, confirmed(found, found.answers[0]), owner)

    assert found.answers[0].others == ()
    assert session(put, "integration_3").state.value == "confirmed"
    assert session(put, "integration_3").id != cancelled.id
    assert news()[-2:] == ["cancelled", "moved-series"]
