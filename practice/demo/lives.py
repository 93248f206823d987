"""How the demo's clients live: each life waits for its moments, and all go on side by side.

A life is a generator. It yields the moment at which it goes on, and then does, through the same
services that people use, what people would have done at that moment.
"""

from __future__ import annotations

import heapq
from collections.abc import Generator, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from practice.audit.rules import Actor, ActorKind
from practice.billing.rules.prices import PriceWay
from practice.billing.service import visit as till
from practice.calendar.rules import zones
from practice.clients.queries import papers_by_client
from practice.clients.rules.papers import PaperFacts, PaperKind, Route
from practice.clients.service import (
    Care,
    name_emergency_contact,
    record_for_session,
    record_paper,
    withdraw_paper,
    write_care,
)
from practice.core import clock
from practice.core.money import Money
from practice.demo import courses
from practice.demo.choosing import choose
from practice.demo.ways import Booked, Clearance, Pays, Story, Turn
from practice.people.models import Client
from practice.people.queries import find_client_by_email, get_practice, today_here
from practice.people.rules import ClientDetails
from practice.people.service import add_client
from practice.sessions import queries
from practice.sessions.models import Appointment
from practice.sessions.rules.lifecycle import GIVES_MEDICINE, Modality, SessionKind
from practice.sessions.service import booking, day, pricing, taking

Life = Iterator[datetime]

CALLS_BEFORE = timedelta(days=6)
CALLS_AT = time(10, 20)
PAPERS_COME_AT = time(18, 30)
PAPER_IS_OLD = timedelta(days=2)
WITHDRAWN_AT = time(17, 10)
PREPARED_ELSEWHERE = timedelta(days=200)

GETS_READY_BEFORE = timedelta(hours=26)
CLIENTS_OWN = frozenset({Route.SL, Route.RDT, Route.TROCHE})
"""The routes of what clients bring themselves; the rest comes from the practice's stock."""

COMES_EARLY = timedelta(minutes=5)
IS_WAITED_FOR = timedelta(minutes=20)
CANCELS_BEFORE = timedelta(days=2)
MOVES_BEFORE = timedelta(days=3)


@dataclass(frozen=True, slots=True)
class Hands:
    """Who does what: holds sessions, answers the telephone and takes money, clears."""

    practitioner: Actor
    desk: Actor
    prescriber: Actor


def play(lives: Iterable[Life], *, until: datetime) -> None:
    """Let lives go on in the order of their moments, each with the clock standing at it.

    What would be at or after ``until`` has not happened yet. Time never goes back: whoever
    names a moment that has passed goes on at once.
    """
    waiting = [(next(life), n, life) for n, life in enumerate(lives)]
    heapq.heapify(waiting)
    while waiting and waiting[0][0] < until:
        now, n, life = heapq.heappop(waiting)
        with clock.pretend(now):
            moment = next(life, None)
        if moment is not None:
            heapq.heappush(waiting, (max(moment, now), n, life))


def life_of(story: Story, *, today: date, hands: Hands) -> Life:
    """Live through a client's sessions, from their first call on."""
    zone = get_practice().time_zone
    on = today + timedelta(days=story.came)
    yield zones.instant_of(zone, on - CALLS_BEFORE, CALLS_AT)
    client = add_client(_details(story), by=hands.desk)
    if story.own_percent:
        pricing.agree(
            client,
            service_id=None,
            way=PriceWay.PERCENT,
            value=story.own_percent,
            from_on=today_here(),
            until_on=None,
            reason="Sliding scale",
            by=hands.practitioner,
        )
    live = _course_of if story.course else _way_of
    yield from live(client, story, on, hands)


def _way_of(client: Client, story: Story, on: date, hands: Hands) -> Life:
    """Live through what is put into the calendar bit by bit."""
    zone = get_practice().time_zone
    number, owed, has_signed = 0, None, False
    for booked in story.way:
        route = _route_of(booked)
        if route is not None:
            _prepare_papers(client, story, None if has_signed else route, hands)
        sessions = _book(client, booked, story, on, hands)
        _give_away(sessions, story.courtesy - number, hands)
        on = zones.local_date(sessions[-1].starts_at, zone)
        if route is not None and not has_signed and story.clearance is Clearance.LATE:
            yield zones.instant_of(zone, today_here(), PAPERS_COME_AT)
            _put_on_file(client, PaperKind.MEDICAL_CLEARANCE, today_here(), hands.prescriber, route)
        has_signed = has_signed or route is not None

        for session in sessions:
            number += 1
            was_held = yield from _come(session, story, story.turns.get(number), hands)
            if not was_held:
                continue
            if session.kind is SessionKind.INTAKE:
                _take_in(client, story, hands)
            if story.pays is Pays.AT_THE_VISIT:
                pay(session, story, hands)
            elif story.pays is Pays.NEXT_TIME:
                if owed is not None:
                    pay(owed, story, hands)
                owed = session


def _course_of(client: Client, story: Story, on: date, hands: Hands) -> Life:
    """Live through a course that is planned and booked as a whole."""
    begins_on = on + timedelta(days=story.waits_days)
    course = courses.plan(client, story.course, begins_on=begins_on, hour=story.hour, by=hands.desk)
    if not story.is_booked:
        return
    sessions, visits = courses.book(course, by=hands.desk), courses.visits_of(course)
    courses.pay_due(course, story.method, by=hands.desk)
    has_signed = False
    for session in sessions:
        while visits and visits[0].on < zones.local_date(session.starts_at, session.time_zone):
            yield from courses.visit(course, visits.pop(0), by=hands.desk)
        if not (yield from _come(session, story, None, hands)):
            continue
        if session.kind is SessionKind.INTAKE:
            _take_in(client, story, hands)
        elif session.kind is SessionKind.PREP and not has_signed:
            _prepare_papers(client, story, Route(course.document["route"]), hands)
            has_signed = True
        elif session.kind is SessionKind.INTEGRATION:
            courses.decide(course, (hands.prescriber, hands.practitioner))
        courses.pay_due(course, story.method, by=hands.desk)


def _give_away(sessions: list[Appointment], number: int, hands: Hands) -> None:
    """Let one of some sessions cost nothing: the one of that number, if it is among them."""
    if 0 < number <= len(sessions):
        gift = sessions[number - 1]
        free = Money(0, gift.price.currency)
        pricing.change(gift, free, "A courtesy after a long illness", by=hands.desk)


def withdrawal_of(story: Story, *, today: date, hands: Hands) -> Life:
    """Let the prescriber take a client's clearance back, in the afternoon of yesterday."""
    yield zones.instant_of(get_practice().time_zone, today - zones.DAY, WITHDRAWN_AT)
    client = known(story)
    for paper in papers_by_client([client.id])[client.id]:
        if paper.kind is PaperKind.MEDICAL_CLEARANCE:
            withdraw_paper(paper, by=hands.prescriber)


def known(story: Story) -> Client:
    """Return the client that a story is about.

    Raises:
        LookupError: before their first call.
    """
    client = find_client_by_email(story.email)
    if client is None:
        raise LookupError(f"{story.email} has not called yet")
    return client


def pay(session: Appointment, story: Story, hands: Hands) -> None:
    """Hand over the price of a session in person; nothing for one that is free."""
    to_pay = taking.lock(session.id).to_pay
    if session.client_id is not None and to_pay:
        till.record(session.client_id, session.id, to_pay, story.method, hands.desk)


def _details(story: Story) -> ClientDetails:
    return ClientDetails(
        first_name=story.first_name,
        last_name=story.last_name,
        email=story.email,
        phone=story.phone,
        birth_on=date.fromisoformat(story.born),
        address=story.lives,
        is_adult_said_on=today_here(),
    )


def _book(
    client: Client, booked: Booked, story: Story, on: date, hands: Hands
) -> list[Appointment]:
    """Put sessions into the calendar one after another, the first some days after ``on``."""
    sessions = []
    for wish in booked:
        service = queries.get_service(wish.service)
        choices = service.modality_set
        by_video = Modality.TELEHEALTH in choices and (story.by_video or len(choices) == 1)
        modality = Modality.TELEHEALTH if by_video else Modality.IN_PERSON
        on += timedelta(days=wish.days)
        starts_at = choose(service, modality, on=on, hour=story.hour, client=client)
        session = booking.book(
            client, service, starts_at=starts_at, modality=modality, by=hands.desk
        )
        if story.pays is Pays.AHEAD:
            pay(session, story, hands)
        on = zones.local_date(starts_at, get_practice().time_zone)
        sessions.append(session)
    return sessions


def _come(
    session: Appointment, story: Story, turn: Turn | None, hands: Hands
) -> Generator[datetime, None, bool]:
    """Wait for a session and go through it; return whether it was held."""
    if turn is Turn.CANCELLED:
        yield session.starts_at - CANCELS_BEFORE
        booking.cancel(session, by=Actor(ActorKind.CLIENT, session.client_id))
        return False
    if turn is Turn.MOVED:
        yield session.starts_at - MOVES_BEFORE
        on = zones.local_date(session.starts_at, session.time_zone) + zones.DAY
        later = choose(
            session.service,
            session.modality,
            on=on,
            hour=story.hour,
            client=session.client,
            moving=session,
        )
        session = booking.move(session, starts_at=later, by=hands.desk)
    if turn is Turn.MISSED:
        yield session.starts_at + IS_WAITED_FOR
        day.miss(session, by=hands.practitioner)
        return False
    gives_medicine = session.kind in GIVES_MEDICINE
    if gives_medicine:
        yield session.starts_at - GETS_READY_BEFORE
        _get_ready(session, story, hands)
    yield session.starts_at - COMES_EARLY
    if session.kind is SessionKind.INTAKE and session.client is not None:
        _put_on_file(session.client, PaperKind.CONSENT_TREATMENT, today_here(), hands.practitioner)
    if session.service.route in CLIENTS_OWN:
        _note(session, PaperKind.RX_SEEN, PaperFacts(detail="6 lozenges"), hands)
    day.arrive(session, by=hands.desk)
    yield session.starts_at
    if gives_medicine:
        _note(session, PaperKind.CONSENT_REAFFIRMED, PaperFacts(), hands)
        _note(session, PaperKind.DAY_OF_CHECKS, PaperFacts(), hands)
    day.start(session, by=hands.practitioner)
    yield session.ends_at
    if gives_medicine:
        _note(session, PaperKind.DISCHARGE_CHECKS, PaperFacts(), hands)
    day.complete(session, by=hands.practitioner)
    return True


# Papers ----------------------------------------------------------------------------------------


def _take_in(client: Client, story: Story, hands: Hands) -> None:
    """Write down at the intake why somebody comes, whom to call, and how they will pay."""
    write_care(client, Care(story.reason, story.tried_before), by=hands.practitioner)
    name_emergency_contact(client, story.contact, today=today_here(), by=hands.practitioner)
    _put_on_file(client, PaperKind.ROI_PRESCRIBER, today_here(), hands.practitioner)
    _put_on_file(client, PaperKind.PAYMENT_ARRANGED, today_here(), hands.desk)


def _prepare_papers(client: Client, story: Story, route: Route | None, hands: Hands) -> None:
    """Put on file what dosings ask for, before they are booked; ``route`` is that of the first."""
    if route is not None:
        _sign(client, story, route, hands)
    _look_again(client, hands)


def _sign(client: Client, story: Story, route: Route, hands: Hands) -> None:
    """Put on file what the first dosing asks for, before it is booked."""
    on = today_here()
    _put_on_file(client, PaperKind.CONSENT_KETAMINE, on, hands.practitioner)
    _put_on_file(client, PaperKind.SCREENING, on, hands.prescriber)
    _put_on_file(client, PaperKind.ESTIMATE, on, hands.desk)
    if story.clearance in {Clearance.IN_TIME, Clearance.WITHDRAWN}:
        _put_on_file(
            client, PaperKind.MEDICAL_CLEARANCE, on - PAPER_IS_OLD, hands.prescriber, route
        )
    if not any(visit.service.startswith("prep") for booked in story.way for visit in booked):
        _put_on_file(
            client, PaperKind.PREPARATION_HELD, on - PREPARED_ELSEWHERE, hands.practitioner
        )


def _look_again(client: Client, hands: Hands) -> None:
    """Do before dosings are booked what does not hold for a whole course."""
    _put_on_file(client, PaperKind.RISK_REVIEW, today_here(), hands.practitioner)
    _put_on_file(client, PaperKind.PMP_CHECK, today_here(), hands.prescriber)


def _get_ready(session: Appointment, story: Story, hands: Hands) -> None:
    """Ask the day before a dosing for what it takes: answers, a check, the way home, the stock."""
    if session.client is None:
        return
    for kind in (PaperKind.PHQ9, PaperKind.GAD7, PaperKind.URINARY_CHECK):
        _put_on_file(session.client, kind, today_here(), hands.practitioner)
    escort = PaperFacts(person=story.contact.name, phone=story.contact.phone)
    _note(session, PaperKind.ESCORT, escort, hands)
    if session.service.route not in CLIENTS_OWN:
        _note(session, PaperKind.STOCK, PaperFacts(), hands)


def _note(session: Appointment, kind: PaperKind, facts: PaperFacts, hands: Hands) -> None:
    """Put a record of one session on file."""
    if session.client_id is not None:
        record_for_session(
            session.client_id,
            kind,
            session_id=session.id,
            session_on=zones.local_date(session.starts_at, session.time_zone),
            dated_on=today_here(),
            today=today_here(),
            facts=facts,
            by=hands.practitioner,
        )


def _put_on_file(
    client: Client, kind: PaperKind, dated_on: date, by: Actor, route: Route | None = None
) -> None:
    record_paper(client, kind, dated_on=dated_on, today=today_here(), by=by, route=route)


def _route_of(booked: Booked) -> Route | None:
    """Return how medicine is given in any of these sessions, if it is."""
    routes = [queries.get_service(visit.service).route for visit in booked]
    return next((route for route in routes if route is not None), None)
