"""Telling people and calendars what became of a session, as rows of the same transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from practice.audit.rules import VISITOR, Actor, ActorKind
from practice.calendar.models import Claim, Resource
from practice.calendar.service.inviting import invite_client
from practice.core import clock
from practice.core.db import db, in_transaction
from practice.outbox import service as outbox
from practice.outbox.models import Message
from practice.outbox.queries import messages_to_come
from practice.outbox.rules import UNDO_FOR
from practice.people.models import Client, User
from practice.sessions.models import Appointment
from practice.sessions.queries.appointments import get_appointment
from practice.sessions.rules.lifecycle import LIVE, AppointmentState
from practice.sessions.rules.news import CAN_BE_UNDONE, Known, News, Told, to_tell
from practice.sessions.service import calendars

S = AppointmentState

STAFF_MAILS = {
    News.BOOKED: "staff-new-booking",
    News.MOVED: "staff-moved",
    News.CANCELLED: "staff-cancelled",
}
ALERT = "staff-alert"
SERIES = "booked-series"
ENDED = "cancelled-series"
STAFF_SERIES = "staff-new-series"

RIPPLE_MAIL, STAFF_RIPPLE_MAIL = "moved-series", "staff-moved-series"
TELL_JOB = "tell-of-booking"


def tell(news: News, appointment: Appointment, *, by: Actor, **before: Any) -> None:
    """Mail the client, and those who serve the session unless one of the staff did it.

    Call inside ``transaction()``. ``before`` is what the session's row no longer says: ``was_at``
    (ISO) of one that moved, ``was`` (a state) of one that was cancelled, ``was_confirmed`` of one
    that is not confirmed. News that may be undone waits until that is over. What the client had
    not heard by now is told together with it: only what differs then from what they know. The
    same news of the same ``sequence`` is told once.
    """
    if appointment.client is None:
        return
    may_be_undone = news in CAN_BE_UNDONE or by.kind is ActorKind.STAFF
    at = clock.now() + UNDO_FOR if may_be_undone else None
    told = Told(news, _knew(news, appointment, before))
    unheard = None if news is News.SLOT_LOST else _take_back(appointment)
    if unheard is None:
        _post_news(told, appointment, at)
    else:
        by_themselves = by.kind is ActorKind.CLIENT  # who know of what they change, mail or not
        _tell_difference(appointment, unheard.knew or (told.knew if by_themselves else None), at)
    if news in STAFF_MAILS and by.kind is not ActorKind.STAFF:
        for user in _staff(appointment.id):
            key = f"staff-{_key(news, appointment)}:{user.id}"
            _post(STAFF_MAILS[news], key, user.email, appointment, at=at)


def tell_of_ripple(
    moved: Sequence[tuple[Appointment, datetime]],
    made: Sequence[Appointment],
    ripple_id: UUID,
    *,
    by: Actor,
) -> None:
    """Mail the client once of all sessions of a course that moved together, or were booked again.

    Call inside ``transaction()``. ``moved`` are sessions with when they were before. What the
    client had not heard yet of one of them is told by the same mail.
    """
    if not made and len(moved) == 1:
        ((appointment, was_at),) = moved
        tell(News.MOVED, appointment, by=by, was_at=was_at.isoformat())
        return
    lines: list[dict[str, str | None]] = [{"id": str(each.id), "was_at": None} for each in made]
    for appointment, was_at in moved:
        unheard = _take_back(appointment)
        knew = unheard.knew if unheard else Known(was_at, appointment.state)
        was = knew.starts_at.isoformat() if knew else None
        lines.append({"id": str(appointment.id), "was_at": was})
    sessions = [*(each for each, _ in moved), *made]
    client = sessions[0].client if sessions else None
    if client is None:
        return
    at = clock.now() + UNDO_FOR
    _into_calendar(sessions)
    key = ripple_key(ripple_id)
    _post(RIPPLE_MAIL, key, client.email, sessions[0], at=at, facts={"sessions": lines})
    if by.kind is not ActorKind.STAFF:
        for user in {user.id: user for each in sessions for user in _staff(each.id)}.values():
            _post(
                STAFF_RIPPLE_MAIL,
                f"staff-{key}:{user.id}",
                user.email,
                sessions[0],
                at=at,
                facts={"sessions": lines},
            )


def unsay_ripple(appointment: Appointment, ripple_id: UUID) -> None:
    """Take back the one mail of several sessions, after all of them were taken back."""
    for message in messages_to_come(
        appointment.id, {RIPPLE_MAIL, STAFF_RIPPLE_MAIL}, now=clock.now()
    ):
        if ripple_key(ripple_id) in message.key:
            outbox.withdraw_mail(message.key)


def ripple_key(ripple_id: UUID) -> str:
    """Return the key of the mail of several sessions that moved together."""
    return f"{RIPPLE_MAIL}:{ripple_id}"


def tell_of_course(client: Client, made: Sequence[Appointment], *, by: Actor) -> None:
    """Show many sessions in the calendars, and tell of all of them by one mail to each person.

    Call inside ``transaction()``. Those who serve them are told unless one of the staff did it.
    """
    for each in made:
        calendars.show(each, calendars.serving(each.id))
    if not made:
        return
    _into_calendar(made)
    facts = {"bookings": [str(each.id) for each in made]}
    _post(SERIES, f"{SERIES}:{made[0].id}", client.email, made[0], at=None, facts=facts)
    if by.kind is not ActorKind.STAFF:
        for user in _staff(*(each.id for each in made)):
            key = f"{STAFF_SERIES}:{made[0].id}:{user.id}"
            _post(STAFF_SERIES, key, user.email, made[0], at=None, facts=facts)


def tell_of_end(
    client: Client, ended: Sequence[Appointment], *, course_id: UUID, refund_minor: int = 0
) -> None:
    """Tell a client by one mail that several sessions are off, and take back what they waited for.

    Call inside ``transaction()``. What the client had not heard of yet is not told as ended.
    ``refund_minor`` is what goes back of a course that was paid as one, in cents.
    """
    known = [each for each in ended if (old := _take_back(each)) is None or old.knew is not None]
    if known:
        _into_calendar(known)
        facts: dict[str, Any] = {"bookings": [str(each.id) for each in known]}
        facts["refund_minor"] = refund_minor
        key = f"{ENDED}:{course_id}"
        _post(ENDED, key, client.email, known[0], at=None, facts=facts)


def _into_calendar(sessions: Sequence[Appointment]) -> None:
    """Have a client's calendar told of each of some sessions, whose one mail cannot tell it."""
    for each in sessions:
        invite_client(each.id, each.sequence + each.relabelled)


def alert_staff(appointment: Appointment, *, by: Actor) -> None:
    """Mail those who serve a session that it is no longer confirmed. Inside ``transaction()``."""
    at = clock.now() + UNDO_FOR if by.kind is ActorKind.STAFF else None
    for user in _staff(appointment.id):
        key = f"{ALERT}:{_version(appointment)}:{user.id}"
        _post(ALERT, key, user.email, appointment, at=at)


def unsay(appointment: Appointment) -> bool:
    """Take back news that nobody has heard yet, after what it tells of was undone.

    Call in the transaction of the undo, when the session is as it was before. Returns whether
    there was such news: if not, people have heard, and it is too late to undo without a word.
    What the news had taken in (an earlier move of the same minutes) is told again.
    """
    if (unheard := _take_back(appointment)) is None:
        return False
    _tell_difference(appointment, unheard.knew, clock.now() + UNDO_FOR)
    return True


def hush(appointment: Appointment) -> None:
    """Take back all news of a session that nobody has heard yet, because it need not be told.

    Call inside ``transaction()``. What has gone out, or is in a worker's hand, stays.
    """
    _take_back(appointment)


def _take_back(appointment: Appointment) -> Told | None:
    """Withdraw all news of a session that is still waiting; return the oldest for its client."""
    names = {*News, *STAFF_MAILS.values(), ALERT}
    unheard = [
        message
        for message in messages_to_come(appointment.id, names, now=clock.now())
        if outbox.withdraw_mail(message.key) and message.name in set(News)
    ]
    return _told(unheard[0]) if unheard else None


def _tell_difference(appointment: Appointment, knew: Known | None, at: datetime | None) -> None:
    for told in to_tell(knew, Known(appointment.starts_at, appointment.state)):
        _post_news(told, appointment, at)


def _knew(news: News, appointment: Appointment, before: Mapping[str, Any]) -> Known | None:
    """Return what a client had heard of a session, before this news of it."""
    if news is News.MOVED:
        return Known(datetime.fromisoformat(before["was_at"]), appointment.state)
    if news is News.CANCELLED:
        return Known(appointment.starts_at, before.get("was", S.CONFIRMED))
    if news is News.TENTATIVE and before["was_confirmed"]:
        return Known(appointment.starts_at, S.CONFIRMED)
    if news in {News.APPROVED, News.DECLINED}:
        return Known(appointment.starts_at, S.REQUESTED)
    if news is News.BOOKED and appointment.sequence:
        return Known(appointment.starts_at, S.TENTATIVE)
    return None


def _post_news(told: Told, appointment: Appointment, at: datetime | None) -> None:
    if appointment.client is None:
        return
    knew = told.knew
    facts = {
        "was_at": knew.starts_at.isoformat() if knew else None,
        "was": knew.state.value if knew else None,
    }
    key = _key(told.news, appointment)
    _post(told.news.value, key, appointment.client.email, appointment, at=at, facts=facts)


def _told(message: Message) -> Told:
    facts = message.facts
    was_at = facts["was_at"]
    knew = Known(datetime.fromisoformat(was_at), S(facts["was"])) if was_at else None
    return Told(News(message.name), knew)


def tell_of_booking_soon(appointment: Appointment) -> None:
    """Have a worker tell everybody of a booking that a client made: it keeps the booking short."""
    outbox.enqueue(TELL_JOB, key=f"{TELL_JOB}:{appointment.id}", subject_id=appointment.id)


def tell_of_booking(appointment_id: UUID) -> None:
    """Tell everybody of a booking, unless it has moved on: then it has news of its own.

    The worker's part, outside transactions. Doing it twice tells it once.
    """

    def work() -> None:
        appointment = get_appointment(appointment_id)
        if appointment.state in LIVE - {AppointmentState.TENTATIVE}:
            tell(News.BOOKED, appointment, by=VISITOR)

    in_transaction(work)


def _key(news: News, appointment: Appointment) -> str:
    return f"{news}:{_version(appointment)}"


def _version(appointment: Appointment) -> str:
    return f"{appointment.id}:{appointment.sequence}"


def _post(
    name: str,
    key: str,
    to: str,
    about: Appointment,
    *,
    at: datetime | None,
    facts: dict[str, Any] | None = None,
) -> None:
    outbox.post(
        name, key=key, to=to, about_id=about.id, client_id=about.client_id, facts=facts, at=at
    )


def _staff(*appointment_ids: UUID) -> Sequence[User]:
    """Return those who serve, or served, some sessions and still work here. One statement."""
    return db.session.scalars(
        sa.select(User)
        .where(
            User.ended_at.is_(None),
            User.id.in_(
                sa.select(Resource.user_id)
                .join(Claim, Claim.resource_id == Resource.id)
                .where(Claim.holder_id.in_(appointment_ids))
            ),
        )
        .order_by(User.id)
    ).all()
