"""Starting a practice of one's own: asked for on a public page, made once its mail is answered.

Until then the practice and its owner are two rows that no door leads to but the link in the
mail. Whoever opens that link must also know the password that was typed, so that nobody can have
a stranger confirm an account whose password they chose. An account that is there is never touched.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import count
from uuid import UUID, uuid4

import sqlalchemy as sa

from practice.audit.rules import Actor, ActorKind
from practice.core import clock, tokens
from practice.core.db import db, in_transaction, practice_scope, require_practice_id, transaction
from practice.core.errors import Conflict, NotFound
from practice.core.settings import settings
from practice.outbox import service as outbox
from practice.outbox.models import Job, Message
from practice.people import doors, passwords, queries, service
from practice.people.models import Door, Practice, User
from practice.people.rules import (
    UNCONFIRMED,
    Attempt,
    DoorKind,
    Role,
    network_of,
    numbered_slug,
)
from practice.people.service import PracticeFacts
from practice.people.signing_in import NotRight, sign_in, spend

FORGOTTEN_AFTER = UNCONFIRMED + timedelta(days=7)
OWNER_ROLES = (Role.OWNER, Role.THERAPIST)
NO_LINK = "This link is not valid any more. Fill in the form again to get a new one."


@dataclass(frozen=True, slots=True)
class Started:
    """A practice that now is one. ``token`` is the secret of its owner's first sign-in."""

    token: str
    slug: str
    was_renamed: bool


def check_open() -> None:
    """Raise ``NotFound`` where the installation takes on no practices by itself."""
    if not settings().sign_up:
        raise NotFound("New practices are not taken on here.")


# Asking ----------------------------------------------------------------------------------------


def ask(facts: PracticeFacts, *, owner: str, password: str, address: str | None) -> None:
    """Have a mail sent to ``facts.email`` that goes on from here, whoever has that address.

    Call outside transactions and scopes. ``address`` is the visitor's.

    Raises:
        TooMany: if this address or network must wait first.
        Invalid: for a password, a name in addresses or a zone that cannot be one.
        Conflict: if a practice has that name in addresses.
    """
    tries = (
        (Attempt.SIGN_UP_ADDRESS, facts.email),
        (Attempt.SIGN_UP_NETWORK, network_of(address)),
    )
    # All that can be wrong is said before anybody looks whether the address is known.
    service.check_password(password, facts.email)
    service.check_facts(facts)
    in_transaction(lambda: spend(tries))
    password_hash = passwords.hash_of(password)

    known = doors.find(DoorKind.USER_EMAIL, facts.email)
    with practice_scope(known.practice_id if known else uuid4()):
        if known is None:
            in_transaction(lambda: _write_down(facts, owner, password_hash))
        else:
            in_transaction(lambda: _tell_who_is_known(facts.email, known.subject_id))


def _write_down(facts: PracticeFacts, owner: str, password_hash: str) -> None:
    service.write_practice(facts)
    user = service.write_user(
        name=owner, email=facts.email, password_hash=password_hash, roles=OWNER_ROLES
    )
    doors.cut(DoorKind.SIGN_UP, token_of(user), user.id)
    outbox.post("staff-sign-up", key=f"sign-up:{user.id}", to=user.email, about_id=user.id)


def _tell_who_is_known(email: str, user_id: UUID) -> None:
    key = f"sign-up-known:{user_id}:{clock.now():%Y%m%d%H%M}"
    outbox.post("staff-sign-up-known", key=key, to=email, about_id=user_id)


def token_of(user: User) -> str:
    """Return the secret of the link that starts this owner's practice."""
    return tokens.derived("sign-up", user.practice_id, user.id)


# Confirming ------------------------------------------------------------------------------------


def asked_for(token: str) -> tuple[Practice, User]:
    """Return what a link would start. Enters nothing.

    Raises:
        NotFound: for a link that was used, is too old or never was one.
    """
    check_open()
    found = doors.find(DoorKind.SIGN_UP, token)
    if found is None:
        raise NotFound(NO_LINK)
    with practice_scope(found.practice_id):
        user = queries.get_member(found.subject_id)
        practice = db.session.scalars(
            sa.select(Practice).where(Practice.id == found.practice_id)
        ).one()
    if clock.now() - user.created_at >= UNCONFIRMED:
        raise NotFound(NO_LINK)
    return practice, user


def start(token: str, password: str, *, address: str | None, program: str) -> Started:
    """Make the practice that was asked for, and sign its owner in. Call outside transactions.

    Where its name in addresses was taken meanwhile, it gets a number.

    Raises:
        NotFound: for a link that leads nowhere.
        TooMany: if this account or network must wait first.
        NotRight: for another password than the one that was typed.
        Conflict: if somebody signs in with that address by now.
    """
    practice, user = asked_for(token)
    tries = ((Attempt.ACCOUNT, user.email), (Attempt.NETWORK, network_of(address)))
    in_transaction(lambda: spend(tries))
    if not passwords.is_right(password, user.password_hash):
        raise NotRight("That is not the password that was typed in the form.")
    with practice_scope(practice.id):
        slug = in_transaction(lambda: _open(token, user.id))
    begun = sign_in(user.email, password, address=address, program=program)
    return Started(begun, slug, was_renamed=slug != practice.slug)


def _open(token: str, user_id: UUID) -> str:
    practice = db.session.scalars(
        sa.select(Practice).where(Practice.id == require_practice_id()).with_for_update()
    ).one()
    if doors.find(DoorKind.SIGN_UP, token) is None:
        raise NotFound(NO_LINK)
    user = queries.get_member(user_id)
    by = Actor(ActorKind.STAFF, user.id)
    if doors.find(DoorKind.USER_EMAIL, user.email):
        raise Conflict("Somebody signs in with that email address already.")
    practice.slug = propose_slug(practice.slug)
    db.session.flush()
    service.open_practice(practice, by=by)
    service.admit(user, by=by)
    doors.close(DoorKind.SIGN_UP, user.id)
    return practice.slug


def propose_slug(slug: str) -> str:
    """Return a name in addresses like ``slug`` that is still free."""
    numbered = (numbered_slug(slug, number) for number in count(2))
    candidate = slug
    while doors.find(DoorKind.PRACTICE, candidate):
        candidate = next(numbered)
    return candidate


# Forgetting ------------------------------------------------------------------------------------


def tidy(_practice_id: UUID) -> None:
    """Forget the practices that were asked for and never started."""
    before = clock.now() - FORGOTTEN_AFTER
    for found in doors.unconfirmed():
        with practice_scope(found.practice_id), transaction():
            _forget(found.subject_id, before)


def _forget(user_id: UUID, before: datetime) -> None:
    here = require_practice_id()
    old = sa.select(User.id).where(User.id == user_id, User.created_at < before)
    if db.session.scalar(old.with_for_update()) is None:
        return
    for owned in (Job, Message, User):
        db.session.execute(sa.delete(owned).where(owned.practice_id == here))
    db.session.execute(sa.delete(Door).where(Door.practice_id == here))
    db.session.execute(sa.delete(Practice).where(Practice.id == here))
