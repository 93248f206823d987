"""Every way to write a session, with every fact that may be missing: always the same refusal.

A new way to write sessions is one line in ``WRITE_PATHS``: a function that first makes what must
be there before, and returns what then writes. That is tried with every line of ``LACKS``.
"""

from collections.abc import Callable, Generator, Iterable
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any, NamedTuple
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa
from flask import Flask

from practice.audit.rules import PROGRAM, VISITOR, Actor, ActorKind
from practice.billing.models import Payment
from practice.billing.rules.payments import PaymentMethod, PaymentState
from practice.calendar.models import Resource
from practice.clients.models import CareProfile, Paper
from practice.clients.rules.papers import PaperKind, Route
from practice.clients.service import record_paper
from practice.core.db import Base, db, transaction
from practice.core.money import Money
from practice.core.settings import KEY
from practice.people.models import Client
from practice.people.queries import get_client
from practice.sessions import queries
from practice.sessions.models import Appointment, BroughtSession, Service
from practice.sessions.queries import facts
from practice.sessions.rules.gates import GATES, Gate, Stage
from practice.sessions.rules.lifecycle import AppointmentState, Modality, SessionKind
from practice.sessions.service import (
    booking,
    brought,
    collecting,
    day,
    readiness,
    requests,
    series,
    undoing,
)
from practice.sessions.service.brought import Brought
from tests import factories
from tests.integration.sessions.conftest import Clock
from tests.integration.sessions.test_booking import ALEX
from tests.integration.sessions.test_free_times import TUESDAY, at

S, P, K, G = AppointmentState, PaperKind, SessionKind, Gate
DAY = timedelta(days=1)
ON = TUESDAY
TEN, ELEVEN = at(ON, 10), at(ON, 11)
PRICE = 17_500


# What may be missing -----------------------------------------------------------------------------

Rows = Callable[[Client], list[Base]]


def paper(kind: PaperKind, dated_on: date = ON - DAY, **more: Any) -> Rows:
    route = Route.SL if kind is P.MEDICAL_CLEARANCE else None
    given = {"route": route, "valid_until": None, "is_good": True} | more
    return lambda client: [
        Paper(
            client_id=client.id,
            kind=kind,
            dated_on=dated_on,
            recorded_at=at(dated_on, 9),
            **given,
        )
    ]


def expired(kind: PaperKind) -> Rows:
    return paper(kind, ON - 300 * DAY, valid_until=ON - DAY)


def contact(confirmed_on: date | None, **names: str) -> Rows:
    return lambda client: [
        CareProfile(
            client_id=client.id,
            emergency_confirmed_on=confirmed_on,
            **{f"emergency_{part}": value for part, value in names.items()},
        )
    ]


def elsewhere(kind: SessionKind, on: date) -> Rows:
    return lambda client: [
        BroughtSession(
            client_id=client.id,
            kind=kind,
            starts_at=at(on, 12),
            ends_at=at(on, 13),
            recorded_at=at(on, 14),
        )
    ]


def together(*parts: Rows) -> Rows:
    return lambda client: [row for part in parts for row in part(client)]


@dataclass(frozen=True)
class Lack:
    """One fact that is missing, or has run out: what staff read, and what is on file instead."""

    gate: Gate
    words: str
    rows: Rows | None = None
    stage: Stage | None = None

    @property
    def at(self) -> Stage:
        return self.stage or GATES[self.gate].at


RAN_OUT = "runs out on Mon, Mar 1, before this session"
LACKS = [
    Lack(G.CONSENT_TREATMENT, "Treatment and privacy consents are missing"),
    Lack(
        G.CONSENT_TREATMENT,
        "Treatment and privacy consents run out on Mon, Mar 1, before this session",
        expired(P.CONSENT_TREATMENT),
    ),
    Lack(G.CONSENT_KETAMINE, "Consent to ketamine is missing"),
    Lack(G.CONSENT_KETAMINE, f"Consent to ketamine {RAN_OUT}", expired(P.CONSENT_KETAMINE)),
    Lack(G.INTAKE_DONE, "No intake has been held"),
    Lack(G.EMERGENCY_CONTACT, "The emergency contact is missing"),
    Lack(
        G.EMERGENCY_CONTACT,
        "The emergency contact has no relation",
        contact(ON, name="Tam Bell", phone="+17575550199"),
    ),
    Lack(
        G.EMERGENCY_CONTACT,
        "The emergency contact was last confirmed on Wed, Sep 2, "
        "more than 180 days before this session",
        contact(ON - 181 * DAY, name="Tam", relation="spouse", phone="+17575550199"),
    ),
    Lack(G.ROI_PRESCRIBER, "Release of information to the prescriber is missing"),
    Lack(
        G.ROI_PRESCRIBER,
        f"Release of information to the prescriber {RAN_OUT}",
        expired(P.ROI_PRESCRIBER),
    ),
    Lack(G.MEDICAL_CLEARANCE, "Medical clearance for SL is missing"),
    Lack(
        G.MEDICAL_CLEARANCE,
        "Medical clearance for SL is missing",
        paper(P.MEDICAL_CLEARANCE, route=Route.IM),
    ),
    Lack(G.MEDICAL_CLEARANCE, f"Medical clearance for SL {RAN_OUT}", expired(P.MEDICAL_CLEARANCE)),
    Lack(
        G.MEDICAL_CLEARANCE,
        "Medical clearance for SL is more than 90 days old at the first dosing",
        paper(P.MEDICAL_CLEARANCE, ON - 91 * DAY),
    ),
    Lack(
        G.MEDICAL_CLEARANCE,
        "Medical clearance for SL is suspended since Mon, Mar 1",
        together(paper(P.MEDICAL_CLEARANCE), paper(P.CLEARANCE_SUSPENDED)),
    ),
    Lack(G.MED_FOLLOWUP_DONE, "No prescriber follow-up has been held"),
    Lack(
        G.MED_FOLLOWUP_DONE,
        "At the prescriber follow-up the course was not continued",
        paper(P.FOLLOWUP_HELD, is_good=False),
    ),
    Lack(G.RX_WITH_CLIENT, "The lozenges in their pharmacy container were not seen and counted"),
    Lack(G.STOCK_ON_HAND, "The stock for the planned dose was not checked"),
    Lack(G.MEDICAL_MONITOR_ASSIGNED, "No medical monitor is booked for the whole time"),
    Lack(G.PREP_DONE, "No preparation session has been held"),
    Lack(
        G.PRIOR_INTEGRATION_DONE,
        "No integration has been held after the dosing on Fri, Feb 19",
        elsewhere(K.DOSING, date(2027, 2, 19)),
    ),
    Lack(G.MEASURES_CURRENT, "PHQ-9 is missing; GAD-7 is missing"),
    Lack(G.MEASURES_CURRENT, "GAD-7 is missing", paper(P.PHQ9)),
    Lack(G.URINARY_CHECK, "Bladder check is missing"),
    Lack(G.URINARY_CHECK, f"Bladder check {RAN_OUT}", paper(P.URINARY_CHECK, ON - 15 * DAY)),
    Lack(
        G.URINARY_CHECK,
        "The bladder check found something that stands in the way",
        paper(P.URINARY_CHECK, is_good=False),
    ),
    Lack(G.NO_OPEN_RISK_FLAG, "Review: no open risk flag is missing"),
    Lack(
        G.NO_OPEN_RISK_FLAG,
        "A risk flag is open",
        together(paper(P.RISK_REVIEW), paper(P.RISK_FLAG)),
    ),
    Lack(G.ESTIMATE_DELIVERED, "Good faith estimate is missing"),
    Lack(G.ESTIMATE_DELIVERED, f"Good faith estimate {RAN_OUT}", expired(P.ESTIMATE)),
    Lack(G.PAYMENT_READY, "Payment is neither made nor arranged"),
    Lack(G.PAYMENT_READY, "Payment is neither made nor arranged", expired(P.PAYMENT_ARRANGED)),
    Lack(G.ESCORT_NAMED, "No escort is named with a phone number"),
    Lack(G.DAY_OF_CHECKS, "The checks of the day are not recorded"),
    Lack(G.DISCHARGE_CHECKS, "The discharge checks are not recorded"),
    Lack(G.SCREENING_DECIDED, "Screening decision is missing"),
    Lack(
        G.SCREENING_DECIDED,
        "The screening does not say eligible, nor cleared after medical review",
        paper(P.SCREENING, is_good=False),
    ),
    Lack(G.LABS_CURRENT, "No clearance says whether a liver panel is asked for"),
    Lack(
        G.LABS_CURRENT,
        "Liver panel is missing",
        paper(P.MEDICAL_CLEARANCE, labs_every_days=90),
    ),
    Lack(
        G.LABS_CURRENT,
        f"Liver panel {RAN_OUT}",
        together(paper(P.MEDICAL_CLEARANCE, labs_every_days=90), paper(P.LABS, ON - 91 * DAY)),
    ),
    Lack(G.PMP_CHECKED, "Prescription monitoring check is missing"),
    Lack(
        G.PMP_CHECKED,
        f"Prescription monitoring check {RAN_OUT}",
        paper(P.PMP_CHECK, ON - 91 * DAY),
    ),
]


# Where sessions are written ----------------------------------------------------------------------


@dataclass
class World:
    """The practice of a test: whoever comes, and the gates that sessions ask for just now."""

    app: Flask
    therapist: Resource
    time: Clock
    client_id: UUID | None = None
    asked: tuple[Gate, ...] = ()

    @property
    def owner(self) -> Actor:
        return Actor(ActorKind.STAFF, self.therapist.user_id)

    @property
    def client(self) -> Client:
        if self.client_id is None:
            self.client_id = factories.create_client(papers=()).id
        return get_client(self.client_id)

    def meet(self) -> None:
        """Take the client on, before anything is written."""
        self.client_id = self.client.id

    @property
    def service(self) -> Service:
        return queries.get_service("consult")

    def book(self, by: Actor | None = None) -> Appointment:
        return booking.book(
            self.client,
            self.service,
            starts_at=TEN,
            modality=Modality.TELEHEALTH,
            by=by or self.owner,
        )

    def hold(self) -> Appointment:
        held = booking.hold(
            self.service,
            starts_at=TEN,
            modality=Modality.TELEHEALTH,
            browser="browser",
            address="address",
            form_token="form",
            by=VISITOR,
        )
        held = booking.give_details(held, ALEX, by=VISITOR)
        self.client_id = held.client_id
        return held

    def written(self, state: AppointmentState, slug: str = "dosing_sl") -> Appointment:
        """Write a session down, and let its hour come."""
        self.time.now = TEN
        return factories.create_appointment(
            queries.get_service(slug),
            host=self.therapist,
            starts_at=TEN,
            client=self.client,
            state=state,
        )

    def take_cards(self) -> None:
        self.app.extensions[KEY] = replace(
            self.app.extensions[KEY],
            stripe_secret_key="sk_test_none",
            stripe_webhook_secrets=("whsec_none",),
        )


Act = Callable[[], UUID]
Path = Callable[[World], Act]
"""Makes what must be there before, and returns what then writes a session; its id."""


def pays(payment_id: UUID) -> None:
    payment = db.session.scalars(sa.select(Payment).where(Payment.id == payment_id)).one()
    payment.state = PaymentState.PAID
    db.session.flush()
    payment.outcome = booking.paid(payment)


def public_page_in_one_step(world: World) -> Act:

    def act() -> UUID:
        made = booking.book_free(
            world.service,
            ALEX,
            starts_at=TEN,
            modality=Modality.TELEHEALTH,
            form_token="form",
            by=VISITOR,
        )
        return made.id

    return act


def public_page_by_a_hold(world: World) -> Act:
    held = world.hold().id

    def act() -> UUID:
        return booking.confirm(queries.get_appointment(held), by=VISITOR).id

    return act


def paid_at_the_checkout(world: World) -> Act:
    world.take_cards()
    held = world.hold()
    payment = booking.start_checkout(held, by=VISITOR)

    def act() -> UUID:
        pays(payment.id)
        return held.id

    return act


def paid_too_late(world: World) -> Act:
    world.take_cards()
    held = world.hold()
    payment = booking.start_checkout(held, by=VISITOR)
    payment.state = PaymentState.EXPIRED
    db.session.flush()
    booking.checkout_ended(payment)

    def act() -> UUID:
        pays(payment.id)
        return held.id

    return act


def staff_booking(world: World) -> Act:
    world.meet()

    def act() -> UUID:
        return world.book().id

    return act


def api_booking(world: World) -> Act:
    world.meet()

    def act() -> UUID:
        return world.book(by=Actor(ActorKind.API, uuid4())).id

    return act


def step_of_a_course(world: World) -> Act:
    client = world.client.id

    def act() -> UUID:
        made = booking.book(
            get_client(client),
            world.service,
            starts_at=TEN,
            modality=Modality.TELEHEALTH,
            by=world.owner,
            step_gates=[each.value for each in world.asked],
        )
        return made.id

    return act


def series_of_sessions(world: World) -> Act:
    client = world.client.id

    def act() -> UUID:
        made = series.book_all(
            get_client(client),
            world.service,
            [TEN],
            modality=Modality.TELEHEALTH,
            by=world.owner,
        )
        return made[0].id

    return act


def ask(world: World) -> Appointment:
    world.service.needs_approval = True
    db.session.flush()
    return requests.ask(
        world.service,
        world.client,
        starts_at=TEN,
        modality=Modality.TELEHEALTH,
        address="address",
        form_token="form",
        by=VISITOR,
    )


def request_asked_for(world: World) -> Act:
    world.meet()

    def act() -> UUID:
        return ask(world).id

    return act


def request_approved(world: World) -> Act:
    asked = ask(world).id

    def act() -> UUID:
        return requests.approve(queries.get_appointment(asked), starts_at=TEN, by=world.owner).id

    return act


def moved_by_staff(world: World) -> Act:
    made = world.book().id

    def act() -> UUID:
        return booking.move(queries.get_appointment(made), starts_at=ELEVEN, by=world.owner).id

    return act


def moved_by_the_client(world: World) -> Act:
    made = world.book().id

    def act() -> UUID:
        by = Actor(ActorKind.CLIENT, world.client_id)
        found = queries.get_appointment(made)
        return booking.move(found, starts_at=ELEVEN, by=by, as_staff=False).id

    return act


def cancelling_undone(world: World) -> Act:
    made = world.book()
    booking.cancel(made, by=world.owner, can_be_undone=True)

    def act() -> UUID:
        return undoing.undo(queries.get_appointment(made.id), by=world.owner).id

    return act


def move_undone(world: World) -> Act:
    made = world.book()
    booking.move(made, starts_at=ELEVEN, by=world.owner)

    def act() -> UUID:
        return undoing.undo(queries.get_appointment(made.id), by=world.owner).id

    return act


def facts_imported(world: World) -> Act:
    made = world.book().id

    def act() -> UUID:
        brought.bring([Brought(world.client.id, K.CONSULT, ON - 30 * DAY, None)], by=world.owner)
        return made

    return act


def another_record_on_file(world: World) -> Act:
    made = world.book().id

    def act() -> UUID:
        record_paper(world.client, P.GAD7, dated_on=ON - DAY, today=ON - DAY, by=world.owner)
        return made

    return act


def looked_at_once_a_day(world: World) -> Act:
    made = world.book().id

    def act() -> UUID:
        readiness.reconsider(world.client.id, PROGRAM)
        return made

    return act


def part_paid_at_the_visit(world: World) -> Act:
    made = world.book().id

    def act() -> UUID:
        collecting.take_payment(
            queries.get_appointment(made),
            Money(100, "USD"),
            PaymentMethod.CASH,
            payment_id=uuid4(),
            by=world.owner,
        )
        return made

    return act


def arriving(world: World) -> Act:
    made = world.written(S.CONFIRMED).id

    def act() -> UUID:
        return day.arrive(queries.get_appointment(made), by=world.owner).id

    return act


def starting(world: World) -> Act:
    made = world.written(S.ARRIVED).id

    def act() -> UUID:
        return day.start(queries.get_appointment(made), by=world.owner).id

    return act


def completing(world: World) -> Act:
    made = world.written(S.IN_SESSION).id

    def act() -> UUID:
        return day.complete(queries.get_appointment(made), by=world.owner).id

    return act


def completing_what_never_began(world: World) -> Act:
    made = world.written(S.ARRIVED).id

    def act() -> UUID:
        return day.complete(queries.get_appointment(made), by=world.owner).id

    return act


def completing_a_talk_that_never_began(world: World) -> Act:
    made = world.written(S.ARRIVED, "consult").id

    def act() -> UUID:
        return day.complete(queries.get_appointment(made), by=world.owner).id

    return act


class Comes(NamedTuple):
    """To which stage a way comes, and up to which it refuses outright.

    What is missing of the stages between the two lets the session wait, as tentative.
    """

    to: Stage
    refuses: Stage | None


BOOKS = Comes(Stage.CONFIRM, refuses=Stage.BOOKING)
LOOKS_AGAIN = Comes(Stage.CONFIRM, refuses=None)

WRITE_PATHS: dict[Path, Comes] = {
    public_page_in_one_step: BOOKS,
    public_page_by_a_hold: LOOKS_AGAIN,
    paid_at_the_checkout: LOOKS_AGAIN,
    paid_too_late: LOOKS_AGAIN,
    staff_booking: BOOKS,
    api_booking: BOOKS,
    step_of_a_course: BOOKS,
    series_of_sessions: BOOKS,
    request_asked_for: Comes(Stage.BOOKING, refuses=Stage.BOOKING),
    request_approved: BOOKS,
    moved_by_staff: BOOKS,
    moved_by_the_client: BOOKS,
    cancelling_undone: BOOKS,
    move_undone: BOOKS,
    facts_imported: LOOKS_AGAIN,
    another_record_on_file: LOOKS_AGAIN,
    looked_at_once_a_day: LOOKS_AGAIN,
    part_paid_at_the_visit: LOOKS_AGAIN,
    arriving: Comes(Stage.ARRIVAL, refuses=Stage.ARRIVAL),
    starting: Comes(Stage.ADMINISTER, refuses=Stage.ADMINISTER),
    completing: Comes(Stage.DISCHARGE, refuses=Stage.DISCHARGE),
    completing_what_never_began: Comes(Stage.DISCHARGE, refuses=Stage.DISCHARGE),
    completing_a_talk_that_never_began: Comes(Stage.ADMINISTER, refuses=Stage.ADMINISTER),
}
"""Every way to write a session: one line for each."""

HAS_NOTHING_YET: set[Path] = {
    public_page_in_one_step
}  # a stranger: nothing that ran out can be on file
BRINGS: dict[Path, Gate] = {paid_at_the_checkout: G.PAYMENT_READY, paid_too_late: G.PAYMENT_READY}
"""What a way brings along by itself."""


class TakeBack(Exception):
    """Raised to have a transaction forget everything."""


@pytest.fixture
def world(app: Flask, therapist: Resource, time: Clock, monkeypatch: pytest.MonkeyPatch) -> World:
    """One kind of session for all ways: by video, for money, with a route."""
    made = World(app, therapist, time)
    with transaction():
        for slug in ("consult", "dosing_sl"):
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
    except (readiness.GatesClosed, series.SeriesBroken) as refused:
        return "refused", refused.message.removeprefix("Not ready yet: ").removesuffix(".")
    if session.state is not S.TENTATIVE:
        return "", ""
    return "waits", "; ".join(each.reason for each in readiness.closed(session))


def cases(path: Path) -> Iterable[Lack]:
    return (
        each
        for each in LACKS
        if BRINGS.get(path) is not each.gate and (each.rows is None or path not in HAS_NOTHING_YET)
    )


def test_the_table_lacks_no_gate() -> None:
    assert {each.gate for each in LACKS} == set(Gate)


def went(world: World, path: Path) -> list[tuple[str, ...]]:
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


def expected(path: Path) -> list[tuple[str, ...]]:
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


@pytest.mark.database("sqlite")
@pytest.mark.parametrize(
    ("path", "call"),
    [
        (public_page_in_one_step, "ahead_of"),
        (staff_booking, "ahead_of"),
        (moved_by_staff, "ahead_at"),
        (public_page_by_a_hold, "closed"),
        (arriving, "require"),
    ],
    ids=lambda each: getattr(each, "__name__", each),
)
def test_a_way_that_forgot_to_ask_would_be_found(
    world: World, monkeypatch: pytest.MonkeyPatch, path: Path, call: str
) -> None:
    asks_nothing: dict[str, Callable[..., object]] = {
        "ahead_of": lambda *_, **__: readiness.Ahead(),
        "ahead_at": lambda *_: readiness.Ahead(),
        "closed": lambda *_: [],
        "require": lambda *_: None,
    }
    monkeypatch.setattr(readiness, call, asks_nothing[call])

    assert went(world, path) != expected(path)
