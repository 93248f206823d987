"""A client's course put into the calendar by hand: windows, gates, moving and cancelling."""

from collections.abc import Callable, Collection
from datetime import date, datetime, timedelta
from uuid import uuid4

import pytest
import sqlalchemy as sa

from practice.audit.models import AuditEntry
from practice.audit.rules import PROGRAM, VISITOR, Actor, ActorKind
from practice.calendar.models import CalendarEntry, DetailLevel, FeedSubscription, Resource
from practice.clients.models import Paper
from practice.clients.rules.papers import PaperKind, Route
from practice.clients.service import record_paper, withdraw_paper
from practice.core.db import db, transaction
from practice.core.errors import Conflict, Invalid, NotAllowed
from practice.outbox.models import Message, Task
from practice.outbox.rules import UNDO_FOR
from practice.people.models import Client
from practice.people.rules import Role
from practice.sessions import queries
from practice.sessions.models import Appointment
from practice.sessions.rules.gates import Gate
from practice.sessions.rules.lifecycle import AppointmentState, Modality
from practice.sessions.service import booking, day, readiness, setup
from practice.sessions.service.booking import (
    CapReached,
    ChangedMeanwhile,
    GatesClosed,
    NotOffered,
    SlotTaken,
    WindowBroken,
)
from tests import factories
from tests.integration.sessions.conftest import MONDAY_EIGHT, Clock
from tests.integration.sessions.test_booking import claimed
from tests.integration.sessions.test_free_times import at
from tests.ready import ready_to_confirm, ready_to_run

S = AppointmentState
DAY = timedelta(days=1)
TODAY = date(2027, 3, 1)  # a Monday
PREP, DOSING = TODAY + 7 * DAY, TODAY + 14 * DAY


@pytest.fixture
def owner(therapist: Resource) -> Actor:
    assert therapist.user_id is not None
    return Actor(ActorKind.STAFF, therapist.user_id)


@pytest.fixture
def alex(therapist: Resource) -> Client:
    with transaction():
        return factories.create_client()


def book(
    client: Client,
    slug: str,
    start: datetime,
    by: Actor,
    *,
    modality: Modality = Modality.IN_PERSON,
    reason: str | None = None,
) -> Appointment:
    with transaction():
        return booking.book(
            client,
            queries.get_service(slug),
            starts_at=start,
            modality=modality,
            by=by,
            override_reason=reason,
        )


def put_on_file(client: Client, kind: PaperKind, by: Actor, dated_on: date = TODAY) -> Paper:
    route = Route.SL if kind is PaperKind.MEDICAL_CLEARANCE else None
    with transaction():
        return record_paper(client, kind, dated_on=dated_on, today=dated_on, by=by, route=route)


def hold_session(appointment: Appointment, by: Actor, time: Clock) -> None:
    """Let a session take place, on its own day, and come back."""
    before = time.now
    time.now = appointment.ends_at
    with transaction():
        day.arrive(appointment, by=by)
    with transaction():
        day.complete(appointment, by=by)
    time.now = before


def ready(client: Client, by: Actor, *, but: Collection[PaperKind] = ()) -> None:
    """Put everything on file that a dosing asks for before it is confirmed, ``but`` some."""
    ready_to_confirm(client, by, but=but, dated_on=TODAY)


def mails() -> list[str]:
    return list(db.session.scalars(sa.select(Message.name).order_by(Message.name)))


def missing(appointment: Appointment) -> list[Gate]:
    return [each.gate for each in readiness.closed(appointment)]


# Booking -----------------------------------------------------------------------------------------


def test_staff_book_a_session_for_a_client_who_is_told(alex: Client, owner: Actor) -> None:
    appointment = book(alex, "prep_60", at(PREP, 10), owner)

    assert appointment.state is S.CONFIRMED
    assert set(claimed(appointment)) == {"Practitioner 1", "Sanctuary room", "Home", "Client"}
    assert mails() == ["booked"]


def test_a_client_is_in_one_place_at_a_time(alex: Client, owner: Actor) -> None:
    with transaction():  # somebody else has time, so it is the client who does not
        setup.employ(factories.create_user(name="Practitioner 2"), PROGRAM)
    book(alex, "prep_60", at(PREP, 10), owner, modality=Modality.TELEHEALTH)
    times = queries.free_times(
        queries.get_service("consult"), Modality.TELEHEALTH, PREP, 1, client=alex, as_staff=True
    )

    assert at(PREP, 10) not in [each.starts_at for each in times]
    with pytest.raises(SlotTaken):
        book(alex, "consult", at(PREP, 10, 30), owner, modality=Modality.TELEHEALTH)


def test_outside_a_recommended_window_is_allowed_and_outside_its_limits_is_not(
    alex: Client, owner: Actor, time: Clock
) -> None:
    prep = book(alex, "prep_60", at(PREP, 10), owner)

    late = book(alex, "dosing_sl_first", at(PREP + 16 * DAY, 10), owner)
    with pytest.raises(WindowBroken) as refused:
        book(alex, "dosing_sl", at(PREP + 20 * DAY, 10), owner)

    assert (prep.state, late.state) == (S.CONFIRMED, S.TENTATIVE)
    assert [each.words for each in refused.value.findings] == [
        "The dosing would be 4 days after the dosing on Wed, Mar 24; the limits are 7 to 28 days."
    ]


def test_a_practitioner_goes_beyond_a_limit_with_a_reason_that_is_kept(
    alex: Client, owner: Actor
) -> None:
    book(alex, "dosing_sl_first", at(DOSING, 10), owner)

    with pytest.raises(WindowBroken):
        book(alex, "dosing_sl", at(DOSING + 4 * DAY, 10), owner, reason="   ")
    with pytest.raises(Invalid):
        book(alex, "dosing_sl", at(DOSING + 4 * DAY, 10), owner, reason="x" * 301)
    appointment = book(alex, "dosing_sl", at(DOSING + 4 * DAY, 10), owner, reason=" Travels. ")

    assert appointment.override_reason == "Travels."
    verbs = db.session.scalars(
        sa.select(AuditEntry.verb).where(AuditEntry.subject_id == appointment.id)
    ).all()
    assert sorted(verbs) == ["appointment:book", "appointment:override"]


def test_the_desk_does_not_go_beyond_a_limit(alex: Client, owner: Actor) -> None:
    with transaction():
        desk = factories.create_user(Role.FRONT_DESK)
    by = Actor(ActorKind.STAFF, desk.id)
    book(alex, "dosing_sl_first", at(DOSING, 10), by)

    with pytest.raises(NotAllowed):
        book(alex, "dosing_sl", at(DOSING + 4 * DAY, 10), by, reason="Wants it.")


def test_free_times_for_a_client_say_what_the_windows_say(alex: Client, owner: Actor) -> None:
    book(alex, "dosing_sl_first", at(DOSING, 10), owner)

    starts = queries.free_times(
        queries.get_service("integration_60"),
        Modality.TELEHEALTH,
        DOSING,
        9,
        client=alex,
        as_staff=True,
    )

    def verdict(start: datetime) -> tuple[int, int]:
        (found,) = [each for each in starts if each.starts_at == start]
        return len(found.warnings), len(found.refusals)

    assert verdict(at(DOSING, 17)) == (0, 1)
    assert verdict(at(DOSING + DAY, 9)) == (1, 0)
    assert verdict(at(DOSING + 2 * DAY, 9)) == (0, 0)
    assert verdict(at(DOSING + 7 * DAY, 9)) == (1, 0)
    assert verdict(at(DOSING + 8 * DAY, 9)) == (0, 1)


def test_a_full_day_takes_no_more_dosings_even_by_staff(alex: Client, owner: Actor) -> None:
    with transaction():
        others = [factories.create_client() for _ in range(2)]
    book(others[0], "dosing_sl", at(DOSING, 9), owner)
    book(others[1], "dosing_sl", at(DOSING, 13), owner)

    with pytest.raises(CapReached):
        book(alex, "dosing_sl", at(DOSING, 11), owner)


# Gates -------------------------------------------------------------------------------------------


def test_a_dosing_with_nothing_on_file_waits_and_says_for_what(alex: Client, owner: Actor) -> None:
    dosing = book(alex, "dosing_sl_first", at(DOSING, 10), owner)

    assert (dosing.state, dosing.hold_ends_at) == (S.TENTATIVE, None)
    assert len(claimed(dosing)) == 4
    assert missing(dosing) == [
        Gate.CONSENT_KETAMINE,
        Gate.EMERGENCY_CONTACT,
        Gate.MEDICAL_CLEARANCE,
        Gate.NO_OPEN_RISK_FLAG,
        Gate.ESTIMATE_DELIVERED,
        Gate.PAYMENT_READY,
        Gate.SCREENING_DECIDED,
        Gate.LABS_CURRENT,
        Gate.PMP_CHECKED,
    ]
    assert mails() == ["tentative"]


def test_a_dosing_with_everything_on_file_is_confirmed(
    alex: Client, owner: Actor, time: Clock
) -> None:
    ready(alex, owner)

    assert book(alex, "dosing_sl_first", at(DOSING, 10), owner).state is S.CONFIRMED


@pytest.mark.parametrize("last", ["consent", "clearance", "preparation"])
def test_a_dosing_confirms_itself_when_the_last_thing_comes(
    alex: Client, owner: Actor, time: Clock, last: str
) -> None:
    prep = book(alex, "prep_60", at(PREP, 10), owner)
    dosing = book(alex, "dosing_sl_first", at(DOSING, 10), owner)
    ready(alex, owner, but=(PaperKind.CONSENT_KETAMINE, PaperKind.MEDICAL_CLEARANCE))
    steps: dict[str, Callable[[], object]] = {
        "consent": lambda: put_on_file(alex, PaperKind.CONSENT_KETAMINE, owner),
        "clearance": lambda: put_on_file(alex, PaperKind.MEDICAL_CLEARANCE, owner),
        "preparation": lambda: hold_session(prep, owner, time),
    }
    final = steps.pop(last)
    time.now += UNDO_FOR
    for step in steps.values():
        step()
    before = queries.get_appointment(dosing.id).state
    final()

    dosing = queries.get_appointment(dosing.id)
    assert (before, dosing.state, missing(dosing)) == (S.TENTATIVE, S.CONFIRMED, [])
    assert [name for name in mails() if name != "receipt"] == ["booked", "booked", "tentative"]


def test_a_dosing_falls_back_when_a_paper_is_withdrawn_and_people_are_told(
    alex: Client, owner: Actor, time: Clock
) -> None:
    ready(alex, owner)
    dosing = book(alex, "dosing_sl_first", at(DOSING, 10), owner)
    clearance = db.session.scalars(
        sa.select(Paper).where(Paper.kind == PaperKind.MEDICAL_CLEARANCE)
    ).one()
    time.now += UNDO_FOR

    with transaction():
        withdraw_paper(clearance, by=owner)

    dosing = queries.get_appointment(dosing.id)
    assert (dosing.state, dosing.sequence) == (S.TENTATIVE, 1)
    assert len(claimed(dosing)) == 4
    assert missing(dosing) == [Gate.MEDICAL_CLEARANCE, Gate.LABS_CURRENT]
    assert mails() == ["booked", "staff-alert", "tentative"]
    assert db.session.scalars(sa.select(Task.kind)).all() == ["session-not-ready"]


def test_a_dosing_that_is_not_ready_can_neither_arrive_nor_be_started(
    alex: Client, owner: Actor, time: Clock
) -> None:
    ready(alex, owner)
    dosing = book(alex, "dosing_sl_first", at(DOSING, 10), owner)
    consent = db.session.scalars(
        sa.select(Paper).where(Paper.kind == PaperKind.CONSENT_KETAMINE)
    ).one()
    time.now = at(DOSING, 10)
    ready_to_run(dosing, owner)
    with transaction():
        day.arrive(dosing, by=owner)
    with transaction():
        withdraw_paper(consent, by=owner)

    for deed in (day.start, day.complete):
        with pytest.raises(GatesClosed) as refused, transaction():
            deed(dosing, by=owner)
        assert refused.value.message == "Not ready yet: Consent to ketamine is missing."


def test_moving_a_dosing_past_its_clearance_takes_its_confirmation(
    alex: Client, owner: Actor, time: Clock
) -> None:
    ready(alex, owner)
    dosing = book(alex, "dosing_sl_first", at(DOSING, 10), owner)

    with transaction():
        booking.move(dosing, starts_at=at(TODAY + 91 * DAY, 10), by=owner)

    assert dosing.state is S.TENTATIVE
    assert missing(dosing) == [
        Gate.MEDICAL_CLEARANCE,
        Gate.NO_OPEN_RISK_FLAG,
        Gate.PMP_CHECKED,
    ]


# Moving ------------------------------------------------------------------------------------------


def test_moving_keeps_what_a_session_is_and_gives_back_its_old_time(
    alex: Client, owner: Actor, time: Clock
) -> None:
    prep = book(alex, "prep_60", at(PREP, 10), owner)
    identity = (prep.id, prep.uid, prep.host_id, prep.link_version, prep.created_at)
    time.now += timedelta(minutes=5)

    with transaction():
        booking.move(prep, starts_at=at(PREP, 10, 30), by=owner)

    assert (prep.id, prep.uid, prep.host_id, prep.link_version, prep.created_at) == identity
    assert (prep.starts_at, prep.ends_at) == (at(PREP, 10, 30), at(PREP, 11, 30))
    assert (prep.sequence, prep.changed_at) == (1, time.now)
    assert claimed(prep)["Client"] == (at(PREP, 10, 30), at(PREP, 11, 30))
    moved = db.session.scalars(sa.select(Message).where(Message.name == "moved")).one()
    assert moved.facts == {"was_at": at(PREP, 10).isoformat(), "was": "confirmed"}


def test_moving_to_a_taken_time_changes_nothing(alex: Client, owner: Actor) -> None:
    prep = book(alex, "prep_60", at(PREP, 10), owner)
    with transaction():
        other = factories.create_client()
    book(other, "prep_60", at(PREP, 13), owner)
    before = claimed(prep)

    with pytest.raises(SlotTaken), transaction():
        booking.move(prep, starts_at=at(PREP, 13, 30), by=owner)

    prep = queries.get_appointment(prep.id)
    assert (prep.starts_at, prep.sequence, claimed(prep)) == (at(PREP, 10), 0, before)


def test_moving_to_the_same_time_is_nothing(alex: Client, owner: Actor) -> None:
    prep = book(alex, "prep_60", at(PREP, 10), owner)

    with transaction():
        booking.move(prep, starts_at=at(PREP, 10), by=owner)

    assert (prep.sequence, mails()) == (0, ["booked"])


def test_a_dosing_does_not_leave_its_integration_behind(alex: Client, owner: Actor) -> None:
    dosing = book(alex, "dosing_sl_first", at(DOSING, 10), owner)
    book(alex, "integration_60", at(DOSING + 2 * DAY, 10), owner)

    with pytest.raises(WindowBroken), transaction():
        booking.move(dosing, starts_at=at(DOSING + 3 * DAY, 10), by=owner)
    with transaction():
        booking.move(dosing, starts_at=at(DOSING + DAY, 10), by=owner)

    assert dosing.starts_at == at(DOSING + DAY, 10)


def test_whoever_saw_an_older_session_does_not_overwrite_it(alex: Client, owner: Actor) -> None:
    prep = book(alex, "prep_60", at(PREP, 10), owner)
    with transaction():
        booking.move(prep, starts_at=at(PREP, 11), by=owner)

    with pytest.raises(ChangedMeanwhile), transaction():
        booking.move(prep, starts_at=at(PREP, 12), by=owner, sequence=0)
    with pytest.raises(ChangedMeanwhile), transaction():
        booking.cancel(prep, by=owner, sequence=0)

    prep = queries.get_appointment(prep.id)
    assert (prep.starts_at, prep.state) == (at(PREP, 11), S.CONFIRMED)


@pytest.mark.parametrize("start", [at(PREP, 10, 10), at(PREP, 18), at(TODAY - DAY, 10)])
def test_a_session_moves_only_to_times_on_offer(
    alex: Client, owner: Actor, start: datetime
) -> None:
    prep = book(alex, "prep_60", at(PREP, 10), owner)

    with pytest.raises(NotOffered), transaction():
        booking.move(prep, starts_at=start, by=owner)


# Cancelling --------------------------------------------------------------------------------------


def test_cancelling_frees_the_time_and_tells_the_client(
    alex: Client, owner: Actor, time: Clock
) -> None:
    prep = book(alex, "prep_60", at(PREP, 10), owner)
    time.now += UNDO_FOR

    with transaction():
        booking.cancel(prep, by=owner)

    assert (prep.state, prep.cancelled_at, prep.sequence) == (S.CANCELLED, time.now, 1)
    assert claimed(prep) == {}
    assert mails() == ["booked", "cancelled"]


def test_staff_hear_of_what_a_client_cancels(alex: Client, owner: Actor, time: Clock) -> None:
    prep = book(alex, "prep_60", at(PREP, 10), owner)
    time.now += UNDO_FOR

    with transaction():
        booking.cancel(prep, by=VISITOR)

    assert mails() == ["booked", "cancelled", "staff-cancelled"]


def test_what_is_over_is_neither_cancelled_nor_moved(
    alex: Client, owner: Actor, time: Clock
) -> None:
    prep = book(alex, "prep_60", at(PREP, 10), owner)
    hold_session(prep, owner, time)

    with pytest.raises(Conflict), transaction():
        booking.cancel(prep, by=owner)
    with pytest.raises(Conflict), transaction():
        booking.move(prep, starts_at=at(PREP, 12), by=owner)


# Calendars ---------------------------------------------------------------------------------------


def test_feeds_follow_a_session_through_its_life(
    alex: Client, owner: Actor, therapist: Resource
) -> None:
    with transaction():
        db.session.add(
            FeedSubscription(
                id=uuid4(),
                resource_id=therapist.id,
                made_by=therapist.user_id,
                label="Phone",
                level=DetailLevel.PLAIN,
                created_at=MONDAY_EIGHT,
            )
        )

    def entry() -> CalendarEntry:
        return db.session.scalars(sa.select(CalendarEntry)).one()

    dosing = book(alex, "dosing_sl_first", at(DOSING, 10), owner)
    first = entry()
    assert (first.session_id, first.starts_at, first.gone_at) == (dosing.id, at(DOSING, 10), None)
    assert "STATUS:TENTATIVE" in first.text
    with transaction():
        booking.move(dosing, starts_at=at(DOSING, 11), by=owner)
    db.session.expire_all()
    assert (entry().starts_at, "SEQUENCE:1" in entry().text) == (at(DOSING, 11), True)
    with transaction():
        booking.cancel(dosing, by=owner)
    db.session.expire_all()
    assert (entry().gone_at, "STATUS:CANCELLED" in entry().text) == (MONDAY_EIGHT, True)
