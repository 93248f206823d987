"""Signing in and out. A sign-in is a row that can be ended here; the cookie only names it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa

from practice.audit.rules import Actor, ActorKind
from practice.audit.service import record
from practice.core import clock, tokens
from practice.core.db import (
    db,
    enter_practice,
    in_transaction,
    insert_unless_there,
    practice_scope,
    transaction,
)
from practice.core.errors import Invalid, NotFound, TooMany
from practice.people import doors, passwords
from practice.people.models import Practice, SignIn, Throttle, User
from practice.people.rules import (
    FORGET_FAILURES,
    LONGEST,
    SEEN_EVERY,
    Attempt,
    DoorKind,
    browser_in_words,
    is_over,
    network_of,
    wait_before_next,
)

Tries = Sequence[tuple[Attempt, str]]


class NotRight(Invalid):
    """The address or the password is wrong; which of them is never told."""


# In --------------------------------------------------------------------------------------------


def sign_in(email: str, password: str, *, address: str | None, program: str) -> str:
    """Return the secret of a new sign-in, and enter its practice.

    Call outside transactions: comparing a password takes a tenth of a second, and nobody should
    wait for that. ``email`` is in lower case; ``address`` is the visitor's, ``program`` what the
    browser says of itself.

    Raises:
        TooMany: if this account or network must wait first; the password is not looked at.
        NotRight: for a wrong password and for an unknown address alike.
    """
    tries = ((Attempt.ACCOUNT, email), (Attempt.NETWORK, network_of(address)))
    in_transaction(lambda: spend(tries))

    user = _find_user(email)
    if not passwords.is_right(password, user.password_hash if user else None):
        raise NotRight("The email address or the password is not right.")
    if user is None or user.ended_at is not None:
        raise NotRight("The email address or the password is not right.")

    new_hash = passwords.hash_of(password) if passwords.is_outdated(user.password_hash) else None
    enter_practice(user.practice_id)
    return in_transaction(lambda: _open(user.id, email, new_hash, program))


def confirm(email: str, password: str, address: str | None) -> None:
    """Make sure that whoever is signed in knows the password, before something that weighs more.

    Call outside transactions. Tries count as those of signing in do.

    Raises:
        TooMany: if this account or network must wait first; the password is not looked at.
        NotRight: for a wrong password.
    """
    tries = ((Attempt.ACCOUNT, email), (Attempt.NETWORK, network_of(address)))
    in_transaction(lambda: spend(tries))
    user = _find_user(email)
    if not passwords.is_right(password, user.password_hash if user else None):
        raise NotRight("That is not your password.")
    in_transaction(lambda: _forget_tries(email))


def _find_user(email: str) -> User | None:
    found = doors.find(DoorKind.USER_EMAIL, email)
    if found is None:
        return None
    with practice_scope(found.practice_id):
        return db.session.scalar(sa.select(User).where(User.id == found.subject_id))


def _open(user_id: UUID, email: str, new_hash: str | None, program: str) -> str:
    token = tokens.new()
    now = clock.now()
    if new_hash is not None:
        user = db.session.scalars(sa.select(User).where(User.id == user_id)).one()
        user.password_hash = new_hash
    sign_in = SignIn(
        user_id=user_id, created_at=now, seen_at=now, program=browser_in_words(program)
    )
    db.session.add(sign_in)
    db.session.flush()
    doors.cut(DoorKind.SIGN_IN, token, sign_in.id)
    _forget_tries(email)
    record("sign_in:open", by=Actor(ActorKind.STAFF, user_id), subject_id=sign_in.id)
    return token


def _forget_tries(email: str) -> None:
    db.session.execute(
        sa.delete(Throttle).where(
            Throttle.kind == Attempt.ACCOUNT, Throttle.hash == tokens.digest(email)
        )
    )


def spend(tries: Tries) -> None:
    """Count a try before it is made, so that many at once gain nothing.

    Call inside ``transaction()``.

    Raises:
        TooMany: if one of the counters says to wait; then nothing is counted.
    """
    now = clock.now()
    for attempt, who in tries:
        key = {"kind": attempt.value, "hash": tokens.digest(who)}
        insert_unless_there(Throttle(**key, failures=0, last_at=now))
        row = db.session.scalars(sa.select(Throttle).filter_by(**key).with_for_update()).one()
        since = now - row.last_at
        wait = wait_before_next(attempt, failures=row.failures, since_last=since)
        if wait:
            seconds = math.ceil(wait.total_seconds())
            raise TooMany(
                f"There were too many attempts. Try again in {_in_words(seconds)}.",
                retry_after_seconds=seconds,
            )
        row.failures = 1 if since >= FORGET_FAILURES else row.failures + 1
        row.last_at = now


def _in_words(seconds: int) -> str:
    amount, unit = (seconds, "second") if seconds < 60 else (-(-seconds // 60), "minute")
    return f"{amount} {unit}" if amount == 1 else f"{amount} {unit}s"


# While it lasts --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Known:
    """A sign-in that a cookie names. The rows stand by themselves, outside the session."""

    sign_in_id: UUID
    user: User
    practice: Practice
    is_over: bool
    was_lately_seen: bool


def look_up(token: str) -> Known | None:
    """Return the sign-in that ``token`` belongs to, ended or not, without entering its practice."""
    found = doors.find(DoorKind.SIGN_IN, token)
    if found is None:
        return None
    with practice_scope(found.practice_id):
        row = db.session.execute(
            sa.select(SignIn, User, Practice)
            .join(User, sa.and_(User.practice_id == SignIn.practice_id, User.id == SignIn.user_id))
            .join(Practice, Practice.id == SignIn.practice_id)
            .where(SignIn.id == found.subject_id)
        ).one_or_none()
    return _known(*row, now=clock.now()) if row else None


def _known(sign_in: SignIn, user: User, practice: Practice, *, now: datetime) -> Known:
    over = user.ended_at is not None or is_over(
        created_at=sign_in.created_at,
        seen_at=sign_in.seen_at,
        ended_at=sign_in.ended_at,
        now=now,
    )
    return Known(sign_in.id, user, practice, over, now - sign_in.seen_at < SEEN_EVERY)


def note_use(sign_in_id: UUID) -> None:
    """Note that a sign-in was used now. Call inside ``transaction()``."""
    db.session.execute(sa.update(SignIn).where(SignIn.id == sign_in_id).values(seen_at=clock.now()))


# Out -------------------------------------------------------------------------------------------


def end(user_id: UUID, sign_in_id: UUID, *, by: Actor) -> None:
    """End one of somebody's sign-ins: its cookie opens nothing any more.

    Call inside ``transaction()``. Ending it twice is harmless.

    Raises:
        NotFound: if it is not theirs.
    """
    sign_in = db.session.scalar(
        sa.select(SignIn).where(SignIn.id == sign_in_id, SignIn.user_id == user_id)
    )
    if sign_in is None:
        raise NotFound("There is no such sign-in.")
    if sign_in.ended_at is None:
        sign_in.ended_at = clock.now()
        doors.close(DoorKind.SIGN_IN, sign_in.id)
        record("sign_in:end", by=by, subject_id=sign_in.id)


def tidy(_practice_id: UUID) -> None:
    """Forget counted failures that count no more, and the doors of sign-ins that are long over.

    The sign-ins themselves stay, as a log of who was here.
    """
    now = clock.now()
    with transaction():
        db.session.execute(sa.delete(Throttle).where(Throttle.last_at < now - FORGET_FAILURES))
        over = db.session.scalars(
            sa.select(SignIn).where(SignIn.ended_at.is_(None), SignIn.created_at < now - LONGEST)
        )
        for sign_in in over.all():
            sign_in.ended_at = now
            doors.close(DoorKind.SIGN_IN, sign_in.id)
