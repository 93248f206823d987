"""Gates over time: passed with a reason, lost, looked at again, and asked for on the day."""

from datetime import timedelta
from uuid import uuid4

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from practice.audit.models import AuditEntry
from practice.audit.rules import Actor, ActorKind
from practice.calendar.models import Resource
from practice.clients.models import Paper
from practice.clients.rules.papers import PaperFacts, PaperKind
from practice.clients.service import name_emergency_contact, record_for_session, withdraw_paper
from practice.core.db import db, require_practice_id, transaction
from practice.core.errors import Conflict, Invalid, NotAllowed, NotFound
from practice.outbox.models import Message, Task
from practice.outbox.rules import UNDO_FOR
from practice.people.models import Client
from practice.people.rules import Role
from practice.sessions import queries
from practice.sessions.models import Appointment, GateOverride
from practice.sessions.queries.facts import overrides_of
from practice.sessions.rules.gates import Gate, Stage
from practice.sessions.rules.lifecycle import AppointmentState, Modality
from practice.sessions.service import booking, day, passing, readiness
from practice.sessions.service.readiness import GatesClosed
from tests import factories
from tests.integration.sessions.conftest import Clock
from tests.integration.sessions.test_booking import claimed
from tests.integration.sessions.test_course import (
    DAY,
    DOSING,
    PREP,
    TODAY,
    alex,
    book,
    mails,
    missing,
    owner,
    ready,
)
from tests.integration.sessions.test_free_times import at
from tests.ready import put_on_file, ready_to_run

__all__ = ["alex", "owner"]  # fixtures

S, P = AppointmentState, PaperKind
HOUR = timedelta(hours=1)


@pytest.fixture
def prescriber(therapist: Resource) -> Actor:
    with transaction():
        return Actor(ActorKind.STAFF, factories.create_user(Role.PRESCRIBER).id)


def passed(session: Appointment, gate: Gate, by: Actor, reason: str = "Known for years.") -> None:
    with transaction():
        passing.override(session, gate, reason=reason, by=by)


def again(session: Appointment) -> Appointment:
    return queries.get_appointment(session.id)


def tasks() -> list[str]:
    return list(db.session.scalars(sa.select(Task.kind).order_by(Task.kind)))


# Passing with a reason ---------------------------------------------------------------------------


def test_who_may_passes_a_gate_and_the_session_is_confirmed(
    alex: Client, owner: Actor, prescriber: Actor
) -> None:
    ready(alex, owner, but=[P.PMP_CHECK])
    dosing = book(alex, "dosing_sl_first", at(DOSING, 10), owner)
    assert missing(dosing) == [Gate.PMP_CHECKED]

    passed(dosing, Gate.PMP_CHECKED, prescriber, "  Checked by phone.  ")

    assert (again(dosing).state, missing(dosing)) == (S.CONFIRMED, [])
    ((given, ended_at),) = overrides_of([dosing.id])
    assert (given.gate, given.stage, given.reason, ended_at) == (
        Gate.PMP_CHECKED,
        Stage.CONFIRM,
        "Checked by phone.",
        None,
    )
    entry = db.session.scalars(sa.select(AuditEntry).where(AuditEntry.verb == "gate:override"))
    assert entry.one().detail == {
        "gate": "pmp_checked",
        "stage": "confirm",
        "entry": str(given.id),
    }


def test_an_override_is_ended_and_stays_written_down(
    alex: Client, owner: Actor, prescriber: Actor, time: Clock
) -> None:
    ready(alex, owner, but=[P.PMP_CHECK])
    dosing = book(alex, "dosing_sl_first", at(DOSING, 10), owner)
    passed(dosing, Gate.PMP_CHECKED, prescriber)
    ((given, _),) = overrides_of([dosing.id])

    with transaction():
        passing.end(dosing, given.id, by=prescriber)

    assert (again(dosing).state, missing(dosing)) == (S.TENTATIVE, [Gate.PMP_CHECKED])
    assert overrides_of([dosing.id]) == [(given, time.now)]
    with pytest.raises(Conflict), transaction():
        passing.end(dosing, given.id, by=prescriber)
    with pytest.raises(NotFound), transaction():
        passing.end(dosing, uuid4(), by=prescriber)


@pytest.mark.parametrize("deed", ["update", "delete"])
def test_the_database_keeps_an_override_for_ever(
    alex: Client, owner: Actor, prescriber: Actor, deed: str
) -> None:
    dosing = book(alex, "dosing_sl_first", at(DOSING, 10), owner)
    passed(dosing, Gate.PMP_CHECKED, prescriber)
    statement = {
        "update": sa.update(GateOverride).values(gate="prep_done"),
        "delete": sa.delete(GateOverride),
    }[deed]

    with pytest.raises(DBAPIError), transaction():
        db.session.execute(statement)


@pytest.mark.parametrize("reason", ["", "   ", "x" * 301])
def test_nothing_is_passed_without_a_reason(
    alex: Client, owner: Actor, prescriber: Actor, reason: str
) -> None:
    dosing = book(alex, "dosing_sl_first", at(DOSING, 10), owner)

    with pytest.raises(Invalid):
        passed(dosing, Gate.PMP_CHECKED, prescriber, reason)


@pytest.mark.parametrize(
    ("gate", "roles", "words"),
    [
        (Gate.PMP_CHECKED, (Role.OWNER, Role.THERAPIST), "Only a prescriber may pass this"),
        (Gate.PAYMENT_READY, (Role.PRESCRIBER,), "Only a practitioner may pass this"),
        (Gate.PAYMENT_READY, (Role.FRONT_DESK,), "Only a practitioner may pass this"),
        (Gate.MEDICAL_CLEARANCE, tuple(Role), "Nobody may pass this without it."),
        (Gate.CONSENT_KETAMINE, tuple(Role), "Nobody may pass this without it."),
    ],
)
def test_a_gate_is_passed_by_nobody_but_whom_its_rule_names(
    alex: Client, owner: Actor, gate: Gate, roles: tuple[Role, ...], words: str
) -> None:
    dosing = book(alex, "dosing_sl_first", at(DOSING, 10), owner)
    with transaction():
        by = Actor(ActorKind.STAFF, factories.create_user(*roles).id)

    with pytest.raises(NotAllowed, match=words):
        passed(dosing, gate, by)

    assert overrides_of([dosing.id]) == []


def test_what_a_session_does_not_ask_for_is_not_passed_nor_twice(
    alex: Client, owner: Actor, prescriber: Actor
) -> None:
    dosing = book(alex, "dosing_sl_first", at(DOSING, 10), owner)
    passed(dosing, Gate.PMP_CHECKED, prescriber)

    with pytest.raises(Conflict, match="passed already"):
        passed(dosing, Gate.PMP_CHECKED, prescriber)
    with pytest.raises(Conflict, match="does not ask"):
        passed(dosing, Gate.STOCK_ON_HAND, prescriber)
    with transaction():
        booking.cancel(dosing, by=owner)
    with pytest.raises(Conflict, match="over"):
        passed(dosing, Gate.LABS_CURRENT, prescriber)


def test_what_comes_before_booking_is_passed_with_the_reason_of_who_books(
    therapist: Resource, owner: Actor
) -> None:
    with transaction():
        new = factories.create_client(papers=[P.CONSENT_TREATMENT])
        desk = Actor(ActorKind.STAFF, factories.create_user(Role.FRONT_DESK).id)

    with pytest.raises(GatesClosed, match="No intake has been held"):
        book(new, "prep_60", at(PREP, 10), owner)
    with pytest.raises(NotAllowed):
        book(new, "prep_60", at(PREP, 10), desk, reason="Known.")
    prep = book(new, "prep_60", at(PREP, 10), owner, reason="Known for years.")

    assert prep.state is S.CONFIRMED
    assert [(given.gate, given.reason) for given, _ in overrides_of([prep.id])] == [
        (Gate.INTAKE_DONE, "Known for years.")
    ]


def test_a_chain_is_booked_at_once_and_waits_link_by_link(
    therapist: Resource, owner: Actor, time: Clock
) -> None:
    with transaction():
        new = factories.create_client(papers=[P.CONSENT_TREATMENT])
    with pytest.raises(GatesClosed):
        book(new, "prep_60", at(TODAY + 3 * DAY, 10), owner)
    intake = book(new, "intake", at(TODAY + DAY, 10), owner)
    prep = book(new, "prep_60", at(TODAY + 3 * DAY, 10), owner)
    dosing = book(new, "dosing_sl_first", at(TODAY + 9 * DAY, 10), owner)

    assert [each.state for each in (intake, prep, dosing)] == [
        S.CONFIRMED,
        S.TENTATIVE,
        S.TENTATIVE,
    ]
    time.now = intake.starts_at
    for deed in (day.arrive, day.complete):
        with transaction():
            deed(again(intake), by=owner)

    assert (again(prep).state, again(dosing).state) == (S.CONFIRMED, S.TENTATIVE)
    assert Gate.INTAKE_DONE not in missing(again(dosing))


def test_cancelling_what_comes_first_takes_the_next_ones_confirmation(
    therapist: Resource, owner: Actor
) -> None:
    with transaction():
        new = factories.create_client(papers=[P.CONSENT_TREATMENT, P.INTAKE_HELD])
    prep = book(new, "prep_60", at(TODAY + 3 * DAY, 10), owner)
    dosing = book(new, "dosing_sl_first", at(TODAY + 9 * DAY, 10), owner)

    with transaction():
        booking.cancel(prep, by=owner)

    reasons = {each.gate: each.reason for each in readiness.closed(again(dosing))}
    assert reasons[Gate.PREP_DONE] == "No preparation session has been held"


# Lost, and looked at again -----------------------------------------------------------------------


def test_a_suspension_takes_back_what_was_confirmed_until_it_is_lifted(
    alex: Client, owner: Actor, prescriber: Actor, time: Clock
) -> None:
    ready(alex, owner)
    dosing = book(alex, "dosing_sl_first", at(DOSING, 10), owner)
    time.now += UNDO_FOR

    put_on_file(alex, P.CLEARANCE_SUSPENDED, by=prescriber)

    assert (again(dosing).state, missing(dosing)) == (S.TENTATIVE, [Gate.MEDICAL_CLEARANCE])
    assert (len(claimed(dosing)), tasks()) == (4, ["session-not-ready"])
    assert mails() == ["booked", "staff-alert", "tentative"]
    time.now += UNDO_FOR
    suspension = sa.select(Paper).where(Paper.kind == P.CLEARANCE_SUSPENDED)
    with transaction():
        withdraw_paper(db.session.scalars(suspension).one(), by=prescriber)
    assert again(dosing).state is S.CONFIRMED


def test_losing_an_emergency_contact_is_noticed_at_once(alex: Client, owner: Actor) -> None:
    ready(alex, owner)
    dosing = book(alex, "dosing_sl_first", at(DOSING, 10), owner)

    with transaction():
        name_emergency_contact(alex, None, today=TODAY, by=owner)

    assert (again(dosing).state, missing(dosing)) == (S.TENTATIVE, [Gate.EMERGENCY_CONTACT])


def test_whatever_was_lost_without_a_word_is_found_the_same_day(alex: Client, owner: Actor) -> None:
    ready(alex, owner)
    dosing = book(alex, "dosing_sl_first", at(DOSING, 10), owner)
    with transaction():  # behind everybody's back
        db.session.execute(
            sa.update(Paper).where(Paper.kind == P.PMP_CHECK).values(valid_until=TODAY)
        )

    readiness.look_at_all(require_practice_id())

    assert (again(dosing).state, missing(dosing)) == (S.TENTATIVE, [Gate.PMP_CHECKED])
    entry = sa.select(AuditEntry).where(AuditEntry.verb == "appointment:unconfirm")
    assert db.session.scalars(entry).one().detail == {"gates": ["pmp_checked"]}


def test_a_day_before_a_person_is_asked_to_look_once(
    alex: Client, owner: Actor, time: Clock
) -> None:
    ready(alex, owner)
    dosing = book(alex, "dosing_sl_first", at(DOSING, 10), owner)

    def looks() -> list[str]:
        for _ in range(2):
            readiness.look_a_day_before(require_practice_id())
        return tasks()

    time.now = dosing.starts_at - 25 * HOUR
    early = looks()
    time.now = dosing.starts_at - 24 * HOUR

    assert (early, looks()) == ([], ["session-misses-something"])
    assert again(dosing).state is S.CONFIRMED
    assert len(claimed(dosing)) == 4


def test_a_day_before_nobody_is_asked_about_what_is_complete(
    alex: Client, owner: Actor, time: Clock
) -> None:
    ready(alex, owner)
    dosing = book(alex, "dosing_sl_first", at(DOSING, 10), owner)
    time.now = dosing.starts_at - 24 * HOUR
    put_on_file(alex, P.PHQ9, P.GAD7, P.URINARY_CHECK, by=owner)
    with transaction():
        record_for_session(
            alex.id,
            P.ESCORT,
            session_id=dosing.id,
            session_on=DOSING,
            dated_on=DOSING - DAY,
            today=DOSING - DAY,
            facts=PaperFacts(person="Tam Bell", phone="+17575550199"),
            by=owner,
        )

    readiness.look_a_day_before(require_practice_id())

    assert tasks() == []


# The day -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("lacks", "stops"),
    [
        (P.PHQ9, "arrive: PHQ-9 is missing."),
        (P.ESCORT, "arrive: No escort is named with a phone number."),
        (
            P.RX_SEEN,
            "arrive: The lozenges in their pharmacy container were not seen and counted.",
        ),
        (P.CONSENT_REAFFIRMED, "start: Consent was not reaffirmed on the day."),
        (P.DAY_OF_CHECKS, "start: The checks of the day are not recorded."),
        (P.DISCHARGE_CHECKS, "complete: The discharge checks are not recorded."),
        (None, ""),
    ],
)
def test_a_dosing_goes_as_far_as_what_is_on_file(
    alex: Client, owner: Actor, time: Clock, lacks: PaperKind | None, stops: str
) -> None:
    ready(alex, owner)
    dosing = book(alex, "dosing_sl_first", at(DOSING, 10), owner)
    time.now = dosing.starts_at
    ready_to_run(dosing, owner, but=[lacks] if lacks else [])
    stopped = ""

    for deed in (day.arrive, day.start, day.complete):
        try:
            with transaction():
                deed(again(dosing), by=owner)
        except GatesClosed as refused:
            stopped = f"{deed.__name__}: {refused.message.removeprefix('Not ready yet: ')}"
            break

    assert stopped == stops


def test_a_record_of_another_session_does_not_count(
    alex: Client, owner: Actor, time: Clock
) -> None:
    ready(alex, owner)
    dosing = book(alex, "dosing_sl_first", at(DOSING, 10), owner)
    with transaction():
        other = booking.book(
            alex,
            queries.get_service("prep_60"),
            starts_at=at(TODAY + 2 * DAY, 10),
            modality=Modality.TELEHEALTH,
            by=owner,
        )
    time.now = dosing.starts_at
    ready_to_run(dosing, owner, but=[P.ESCORT])
    with transaction():
        record_for_session(
            alex.id,
            P.ESCORT,
            session_id=other.id,
            session_on=TODAY + 2 * DAY,
            dated_on=DOSING,
            today=DOSING,
            facts=PaperFacts(person="Tam Bell", phone="+17575550199"),
            by=owner,
        )

    with pytest.raises(GatesClosed, match="No escort is named"), transaction():
        day.arrive(again(dosing), by=owner)


def test_an_escort_without_a_number_is_no_escort(alex: Client, owner: Actor) -> None:
    dosing = book(alex, "dosing_sl_first", at(DOSING, 10), owner)

    with pytest.raises(Invalid, match="number"), transaction():
        record_for_session(
            alex.id,
            P.ESCORT,
            session_id=dosing.id,
            session_on=DOSING,
            dated_on=TODAY,
            today=TODAY,
            facts=PaperFacts(person="Tam Bell"),
            by=owner,
        )


def test_nobody_hears_clinical_words_by_mail(alex: Client, owner: Actor) -> None:
    book(alex, "dosing_sl_first", at(DOSING, 10), owner)

    (message,) = db.session.scalars(sa.select(Message)).all()
    assert message.facts.keys() == {"was_at", "was"}
