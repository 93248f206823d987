"""Making the demo: two practices, everybody in them, and what has happened there so far."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from uuid import uuid4

import sqlalchemy as sa

from practice.audit.rules import PROGRAM, Actor, ActorKind
from practice.billing.rules.prices import Asked, PriceWay, as_terms
from practice.calendar.models import DetailLevel, Resource
from practice.calendar.queries import booking_rules
from practice.calendar.rules import zones
from practice.calendar.rules.blocks import times_of
from practice.calendar.service import blocks, feeds
from practice.calendar.wishes import Wish
from practice.core import clock
from practice.core.db import db, practice_scope, transaction
from practice.core.errors import Conflict
from practice.demo import insurers, online
from practice.demo.cast import LABEL, PASSPHRASE, House, Member
from practice.demo.lives import Hands, life_of, play, withdrawal_of
from practice.demo.ways import Clearance
from practice.outbox.models import Job, Message
from practice.outbox.rules import MAIL_JOB, JobState, MessageState
from practice.people import changing, doors
from practice.people.models import User
from practice.people.queries import get_practice
from practice.people.rules import DoorKind, Role
from practice.people.service import create_practice, create_user
from practice.sessions.queries import offered_by, services
from practice.sessions.queries.appointments import between
from practice.sessions.rules.lifecycle import GIVES_MEDICINE, AppointmentState
from practice.sessions.rules.setting_up import How, Step
from practice.sessions.rules.templates import shipped
from practice.sessions.service import catalog, notes
from practice.sessions.service.setup import employ

TUESDAY = 2
OPENED_BEFORE = timedelta(days=150)
STILL_NEWS = timedelta(hours=10)
"""How far back from midnight mail is still sent; what is older counts as sent when it was due."""


def make(houses: Iterable[House]) -> None:
    """Make the practices that are not there yet. Call outside transactions and scopes.

    Each is made in one transaction, so that it is there as a whole or not at all; what happens
    over the network comes after it.

    Raises:
        Conflict: if one is missing, and the installation has a practice of its own.
    """
    missing = [each for each in houses if doors.find(DoorKind.PRACTICE, each.facts.slug) is None]
    if missing:
        _refuse_real_practices()
    for house in missing:
        with practice_scope(uuid4()):
            with transaction():
                hands = _live(house)
            online.come(house, hands=hands)


def _refuse_real_practices() -> None:
    """Refuse to put people whose password everybody knows beside a real practice."""
    for practice_id in doors.every_practice():
        with practice_scope(practice_id):
            if not get_practice().name.endswith(LABEL):
                raise Conflict("There is a practice here already; the demo is for an empty place.")


def _live(house: House) -> Hands:
    """Open a practice some months ago, and let it live until last midnight."""
    zone = house.facts.time_zone
    today = zones.local_date(clock.now(), zone)
    midnight = zones.day_start(zone, today)
    with clock.pretend(midnight - OPENED_BEFORE):
        create_practice(house.facts, by=PROGRAM)
        rules = booking_rules()
        rules.sanctuary_address = house.sanctuary_address
        rules.arrival_notes = house.arrival_notes
        for step in Step:
            changing.note_step(step, How.DONE, by=PROGRAM)
        _ask_for_deposits()
        staff = [_hire(member) for member in house.staff]
    hands = _hands(staff)

    lives = [life_of(story, today=today, hands=hands) for story in house.stories]
    lives += [
        withdrawal_of(story, today=today, hands=hands)
        for story in house.stories
        if story.clearance is Clearance.WITHDRAWN
    ]
    play(lives, until=midnight)
    _keep_evenings(staff[0], today)
    _leave_a_note(hands, midnight)
    with clock.pretend(midnight - STILL_NEWS):
        _subscribe(staff[0])
    with clock.pretend(midnight - STILL_NEWS * 2):
        insurers.provide(house.stories, staff, hands)
    _call_done(until=midnight - STILL_NEWS)
    return hands


def _ask_for_deposits() -> None:
    """Ask for the shipped deposit when a session with medicine is booked."""
    asked = Asked(PriceWay.AMOUNT, shipped()["policies"]["deposit"]["dosing_cents"])
    for service in services():
        if service.kind in GIVES_MEDICINE:
            offered = replace(offered_by(service), deposit=as_terms(asked))
            catalog.change(service.id, offered, seen=service.version, by=PROGRAM)


def _hire(member: Member) -> User:
    user = create_user(
        name=member.name,
        email=member.email,
        password=PASSPHRASE,
        roles=member.roles,
        by=PROGRAM,
        in_calendar=False,
    )
    if member.days:
        employ(
            user,
            PROGRAM,
            days=member.days,
            start=member.start,
            end=member.end,
            video_link=member.video_link,
        )
    return user


def _hands(staff: list[User]) -> Hands:
    """Say who does what; the owner does what nobody else is there for."""

    def with_role(role: Role) -> Actor:
        user = next((user for user in staff if role in user.role_set), staff[0])
        return Actor(ActorKind.STAFF, user.id)

    return Hands(
        practitioner=with_role(Role.OWNER),
        desk=with_role(Role.FRONT_DESK),
        prescriber=with_role(Role.PRESCRIBER),
    )


def _keep_evenings(owner: User, today: date) -> None:
    """Block two hours of the owner's next Tuesdays, when nobody is seen anyway."""
    person = db.session.scalars(sa.select(Resource).where(Resource.user_id == owner.id)).one()
    first_on = today + timedelta(days=(TUESDAY - today.isoweekday()) % 7)
    zone = get_practice().time_zone
    evenings = times_of(zone, first_on, time(18, 30), first_on, time(20), times=6)
    blocks.block([person.id], evenings, reason="Choir", by=Actor(ActorKind.STAFF, owner.id))


def _leave_a_note(hands: Hands, midnight: datetime) -> None:
    """Have the desk write down something to remember at the next session that is sure."""
    coming = between(midnight, midnight + timedelta(days=14), states={AppointmentState.CONFIRMED})
    if coming:
        notes.write(coming[0], "Comes by bicycle: leave the gate open.", seen=None, by=hands.desk)


def _subscribe(owner: User) -> None:
    """Give the owner's phone a calendar address, whose secret nobody keeps."""
    person = db.session.scalars(sa.select(Resource).where(Resource.user_id == owner.id)).one()
    feeds.subscribe(
        person,
        Wish(label="Phone", level=DetailLevel.INITIALS),
        by=Actor(ActorKind.STAFF, owner.id),
        made_by=owner.id,
    )


def _call_done(*, until: datetime) -> None:
    """Let work and mail that were due before ``until`` count as done when they were due.

    Nobody wants a mail today about a session of last month.
    """
    db.session.flush()
    db.session.execute(
        sa.update(Job)
        .where(Job.at < until, Job.state == JobState.WAITING)
        .values(state=JobState.DONE, finished_at=Job.at)
        .execution_options(synchronize_session=False)
    )
    handed_over = sa.select(Job.subject_id).where(Job.kind == MAIL_JOB, Job.state == JobState.DONE)
    db.session.execute(
        sa.update(Message)
        .where(Message.state == MessageState.WAITING, Message.id.in_(handed_over))
        .values(state=MessageState.SENT, sent_at=Message.created_at)
        .execution_options(synchronize_session=False)
    )
