"""Every way to write a session, with every fact that may be missing: always the same refusal.

A new way to write sessions is one line in ``WRITE_PATHS``: a function that first makes what must
be there before, and returns what then writes. That is tried with every line of ``LACKS``; ways of
courses, where the step is a dosing, with every line of ``OF_A_COURSE`` too.
"""

from collections.abc import Callable, Generator, Iterable
from contextlib import contextmanager, suppress
from typing import NamedTuple

import pytest
from flask import Flask

from practice.calendar.models import Resource
from practice.clients.rules.papers import Route
from practice.core.db import db, transaction
from practice.core.money import Money
from practice.core.settings import KEY
from practice.sessions import queries
from practice.sessions.queries import facts
from practice.sessions.rules.gates import Gate, Stage
from practice.sessions.rules.lifecycle import AppointmentState
from practice.sessions.service import readiness, series
from tests.integration.sessions import gate_course_ways as c
from tests.integration.sessions import gate_ways as w
from tests.integration.sessions.conftest import Clock
from tests.integration.sessions.gate_lacks import LACKS, OF_A_COURSE, Lack
from tests.integration.sessions.gate_ways import Act, Path, World

S, G = AppointmentState, Gate
PRICE = 17_500


class Comes(NamedTuple):
    """To which stage a way comes, and up to which it refuses outright.

    What is missing of the stages between the two lets the session wait, as tentative.
    """

    to: Stage
    refuses: Stage | None


BOOKS = Comes(Stage.CONFIRM, refuses=Stage.BOOKING)
LOOKS_AGAIN = Comes(Stage.CONFIRM, refuses=None)

WRITE_PATHS: dict[Path, Comes] = {
    w.public_page_in_one_step: BOOKS,
    w.public_page_by_a_hold: LOOKS_AGAIN,
    w.paid_at_the_checkout: LOOKS_AGAIN,
    w.paid_too_late: LOOKS_AGAIN,
    w.staff_booking: BOOKS,
    w.api_booking: BOOKS,
    w.step_of_a_course: BOOKS,
    w.series_of_sessions: BOOKS,
    w.request_asked_for: Comes(Stage.BOOKING, refuses=Stage.BOOKING),
    w.request_approved: BOOKS,
    w.moved_by_staff: BOOKS,
    w.moved_by_the_client: BOOKS,
    w.cancelling_undone: BOOKS,
    w.move_undone: BOOKS,
    w.facts_imported: LOOKS_AGAIN,
    w.another_record_on_file: LOOKS_AGAIN,
    w.looked_at_once_a_day: LOOKS_AGAIN,
    w.part_paid_at_the_visit: LOOKS_AGAIN,
    w.arriving: Comes(Stage.ARRIVAL, refuses=Stage.ARRIVAL),
    w.starting: Comes(Stage.ADMINISTER, refuses=Stage.ADMINISTER),
    w.completing: Comes(Stage.DISCHARGE, refuses=Stage.DISCHARGE),
    w.completing_what_never_began: Comes(Stage.DISCHARGE, refuses=Stage.DISCHARGE),
    w.completing_a_talk_that_never_began: Comes(Stage.ADMINISTER, refuses=Stage.ADMINISTER),
    c.course_confirmed: BOOKS,
    c.open_step_confirmed: BOOKS,
    c.step_booked_by_hand: BOOKS,
    c.session_taken_over: LOOKS_AGAIN,
    c.moved_with_its_course: BOOKS,
    c.step_moved_alone: BOOKS,
    c.put_again_with_its_course: BOOKS,
    c.moved_for_a_storm: BOOKS,
    c.ripple_undone: BOOKS,
    c.another_step_left_out: LOOKS_AGAIN,
    c.brought_by_a_calendar: BOOKS,
    c.another_booking_undone: LOOKS_AGAIN,
}
"""Every way to write a session: one line for each."""

HAS_NOTHING_YET: set[Path] = {
    w.public_page_in_one_step
}  # a stranger: nothing that ran out can be on file
BRINGS: dict[Path, Gate] = {
    w.paid_at_the_checkout: G.PAYMENT_READY,
    w.paid_too_late: G.PAYMENT_READY,
}
"""What a way brings along by itself."""

BOOKS_A_STEP: set[Path] = {c.course_confirmed, c.open_step_confirmed, c.step_booked_by_hand}
"""Ways that nothing goes by once a course has lapsed."""
OF_COURSES: set[Path] = BOOKS_A_STEP | {
    c.moved_with_its_course,
    c.step_moved_alone,
    c.put_again_with_its_course,
    c.moved_for_a_storm,
    c.ripple_undone,
    c.another_step_left_out,
}
"""Ways by which a dosing goes as the step of a course: its reviews are looked at."""


class TakeBack(Exception):
    """Raised to have a transaction forget everything."""


@pytest.fixture
def world(app: Flask, therapist: Resource, time: Clock, monkeypatch: pytest.MonkeyPatch) -> World:
    """One kind of session for all ways: by video, for money, with a route."""
    made = World(app, therapist, time)
    with transaction():
        for slug in ("consult", "prep_60", "dosing_sl"):
            service = queries.get_service(slug)
            service.price, service.route = Money(PRICE, "USD"), Route.SL
    monkeypatch.setattr(facts, "gates_asked", lambda *_: made.asked)
    return made


@contextmanager
def forgotten() -> Generator[None, None, None]:
    with suppress(TakeBack), transaction():
        yield
        raise TakeBack


@contextmanager
def forgotten_again() -> Generator[None, None, None]:
    """Forget what one try has written; what was there before stays."""
    inner = db.session.begin_nested()
    yield
    inner.rollback()


def refusal(world: World, act: Act, lack: Lack) -> tuple[str, str]:
    """Write a session while one fact is missing; return what came of it, and what was said.

    A session that is not confirmed says by itself what it waits for.
    """
    if lack.rows is not None:
        db.session.add_all(lack.rows(world.client))
        db.session.flush()
    world.asked = (lack.gate,)
    try:
        session = queries.get_appointment(act())
    except (readiness.GatesClosed, series.SeriesBroken, c.Refused) as refused:
        return "refused", refused.message.removeprefix("Not ready yet: ").removesuffix(".")
    if session.state is not S.TENTATIVE:
        return "", ""
    return "waits", "; ".join(each.reason for each in readiness.closed(session))


def cases(path: Path) -> Iterable[Lack]:
    knows_reviews = path in OF_COURSES or path is c.session_taken_over
    return (
        each
        for each in LACKS
        if BRINGS.get(path) is not each.gate
        and (each.rows is None or path not in HAS_NOTHING_YET)
        and not (knows_reviews and each.gate is G.REVIEW_DECIDED)
    )


def of_a_course(path: Path) -> Iterable[Lack]:
    return (each for each in OF_A_COURSE if each.rows is None or path not in BOOKS_A_STEP)


def one_of_each_stage(path: Path) -> Iterable[Lack]:
    return {each.at: each for each in cases(path) if each.rows is None}.values()


Cases = Callable[[Path], Iterable[Lack]]


def test_the_tables_lack_no_gate() -> None:
    assert {each.gate for each in (*LACKS, *OF_A_COURSE)} == set(Gate)


def went(world: World, path: Path, cases: Cases = cases) -> list[tuple[str, ...]]:
    """Go one way with every lack in turn; return what was said each time."""
    found: list[tuple[str, ...]] = []
    config = world.app.extensions[KEY]
    with forgotten():
        act = path(world)
        for lack in cases(path):
            with forgotten_again():
                found.append((lack.gate.value, *refusal(world, act, lack)))
            world.asked = ()
    world.app.extensions[KEY] = config
    return found


def expected(path: Path, cases: Cases = cases) -> list[tuple[str, ...]]:
    to, refuses = WRITE_PATHS[path]

    def comes_of(lack: Lack) -> tuple[str, ...]:
        if lack.at.rank > to.rank:
            return "", ""
        is_refused = refuses is not None and lack.at.rank <= refuses.rank
        return "refused" if is_refused else "waits", lack.words

    return [(each.gate.value, *comes_of(each)) for each in cases(path)]


@pytest.mark.parametrize("path", WRITE_PATHS, ids=lambda path: path.__name__)
def test_every_way_finds_the_same_refusal_with_the_same_words(world: World, path: Path) -> None:
    assert went(world, path) == expected(path)


@pytest.mark.parametrize(
    "path", [each for each in WRITE_PATHS if each in OF_COURSES], ids=lambda path: path.__name__
)
def test_every_way_of_a_dosing_finds_what_its_course_lacks(world: World, path: Path) -> None:
    world.step = "dosing_sl"

    assert went(world, path, of_a_course) == expected(path, of_a_course)


@pytest.mark.database("sqlite")
@pytest.mark.parametrize(
    ("path", "call"),
    [
        (w.public_page_in_one_step, "ahead_of"),
        (w.staff_booking, "ahead_of"),
        (w.moved_by_staff, "ahead_at"),
        (w.public_page_by_a_hold, "closed"),
        (w.arriving, "require"),
        (c.course_confirmed, "ahead_together"),
        (c.open_step_confirmed, "ahead_together"),
        (c.step_booked_by_hand, "ahead_of"),
        (c.session_taken_over, "reconsider"),
        (c.moved_with_its_course, "ahead_together"),
        (c.step_moved_alone, "ahead_at"),
        (c.put_again_with_its_course, "ahead_together"),
        (c.moved_for_a_storm, "ahead_together"),
        (c.ripple_undone, "ahead_together"),
        (c.another_step_left_out, "reconsider"),
        (c.brought_by_a_calendar, "ahead_of"),
        (c.another_booking_undone, "reconsider"),
    ],
    ids=lambda each: getattr(each, "__name__", each),
)
def test_a_way_that_forgot_to_ask_would_be_found(
    world: World, monkeypatch: pytest.MonkeyPatch, path: Path, call: str
) -> None:
    asks_nothing: dict[str, Callable[..., object]] = {
        "ahead_of": lambda *_, **__: readiness.Ahead(),
        "ahead_at": lambda *_: readiness.Ahead(),
        "ahead_together": lambda *_: {},
        "reconsider": lambda *_, **__: None,
        "closed": lambda *_: [],
        "require": lambda *_: None,
    }
    monkeypatch.setattr(readiness, call, asks_nothing[call])

    assert went(world, path, one_of_each_stage) != expected(path, one_of_each_stage)
