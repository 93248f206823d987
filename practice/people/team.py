"""Who works here: inviting, changing roles, ending access. Call inside ``transaction()``."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

import sqlalchemy as sa

from practice.audit.rules import Actor, ActorKind
from practice.audit.service import record
from practice.core import clock, tokens
from practice.core.db import db, practice_scope, take_turns
from practice.core.errors import Conflict, NotFound
from practice.outbox import service as outbox
from practice.people import doors, passwords, ports, queries, service, signing_in
from practice.people.models import Invitation, Practice, User
from practice.people.rules import INVITED, DoorKind, Role
from practice.people.seen import check, mark_of

NO_LINK = "This invitation is not valid any more. Ask the practice for a new one."
LAST_OWNER = "A practice needs an owner. Make somebody else one first."
ELSEWHERE = (
    "Somebody signs in with that email address at another practice. "
    "Ask this practice to invite you at another address."
)


# Inviting --------------------------------------------------------------------------------------


def invite(email: str, roles: Iterable[Role], *, by: Actor, made_by: UUID) -> Invitation:
    """Ask somebody by mail to join; ``email`` is in lower case.

    Whether that address is known anywhere else in this installation is told to its owner alone.

    Raises:
        Invalid: without a role.
        Conflict: if they work here, or were invited and have not answered yet.
    """
    take_turns("team")
    if email in {member.email for member in queries.staff()}:
        raise Conflict("Somebody on the team signs in with that email address already.")
    if email in {each.email for each in open_invitations()}:
        raise Conflict("That address has an invitation already. Withdraw it to send another one.")
    now = clock.now()
    invitation = Invitation(
        to=email,
        roles=service.in_order(roles),
        made_by=made_by,
        created_at=now,
        expires_at=now + INVITED,
    )
    db.session.add(invitation)
    db.session.flush()
    doors.cut(DoorKind.INVITATION, token_of(invitation), invitation.id)
    outbox.post(
        "staff-invitation",
        key=f"staff-invitation:{invitation.id}",
        to=email,
        about_id=invitation.id,
    )
    record("invitation:send", by=by, subject_id=invitation.id, roles=invitation.roles)
    return invitation


def token_of(invitation: Invitation) -> str:
    """Return the secret of the link that lets somebody join."""
    return tokens.derived("invitation", invitation.practice_id, invitation.id)


def open_invitations() -> list[Invitation]:
    """Return the invitations that can still be accepted, the newest first."""
    return list(
        db.session.scalars(
            sa.select(Invitation)
            .where(Invitation.ended_at.is_(None), Invitation.expires_at > clock.now())
            .order_by(Invitation.created_at.desc(), Invitation.id)
        )
    )


def get_invitation(invitation_id: UUID) -> Invitation:
    """Return one invitation, open or not.

    Raises:
        NotFound: if there is none.
    """
    found = db.session.scalar(sa.select(Invitation).where(Invitation.id == invitation_id))
    if found is None:
        raise NotFound("There is no such invitation.")
    return found


def withdraw(invitation: Invitation, *, by: Actor) -> None:
    """End an invitation: its link opens nothing any more. Doing so twice is harmless."""
    if invitation.ended_at is None:
        _end(invitation)
        record("invitation:withdraw", by=by, subject_id=invitation.id)


def _end(invitation: Invitation) -> None:
    invitation.ended_at = clock.now()
    db.session.flush()
    doors.close(DoorKind.INVITATION, invitation.id)


# Joining ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Asked:
    """What a link invites to. The rows stand by themselves, outside the session."""

    practice: Practice
    invitation: Invitation


def asked_by(token: str) -> Asked:
    """Return what a link invites to, without entering the practice.

    Raises:
        NotFound: for a link that was used, withdrawn or is too old.
    """
    found = doors.find(DoorKind.INVITATION, token)
    if found is None:
        raise NotFound(NO_LINK)
    with practice_scope(found.practice_id):
        invitation = get_invitation(found.subject_id)
        practice = db.session.scalars(
            sa.select(Practice).where(Practice.id == found.practice_id)
        ).one()
    if invitation.expires_at <= clock.now():
        raise NotFound(NO_LINK)
    return Asked(practice, invitation)


def join(token: str, invitation_id: UUID, *, name: str, password: str) -> User:
    """Make the member of staff that an invitation asked for, or take them back. Its link ends.

    Raises:
        NotFound: if the invitation was used or withdrawn meanwhile.
        Invalid: for a password that is not good enough.
        Conflict: if that address signs in at another practice. That account stays as it is.
    """
    take_turns("team")
    if doors.find(DoorKind.INVITATION, token) is None:
        raise NotFound(NO_LINK)
    invitation = get_invitation(invitation_id)
    if doors.find(DoorKind.USER_EMAIL, invitation.email):
        raise Conflict(ELSEWHERE)
    before = db.session.scalar(sa.select(User).where(User.email == invitation.email))
    if before is None:
        user = service.create_user(
            name=name,
            email=invitation.email,
            password=password,
            roles=invitation.role_set,
            by=Actor(ActorKind.STAFF, invitation.made_by),
        )
    else:
        user = _take_back(before, invitation, name=name, password=password)
    _end(invitation)
    record("invitation:accept", by=Actor(ActorKind.STAFF, user.id), subject_id=invitation.id)
    return user


def _take_back(user: User, invitation: Invitation, *, name: str, password: str) -> User:
    """Let somebody in again who had left: what they did before stays theirs."""
    service.check_password(password, user.email)
    by = Actor(ActorKind.STAFF, invitation.made_by)
    user.name = name
    user.password_hash = passwords.hash_of(password)
    user.roles = service.in_order(invitation.role_set)
    user.ended_at = None
    db.session.flush()
    doors.take(DoorKind.USER_EMAIL, user.email, user.id, taken=ELSEWHERE)
    record("user:return", by=by, subject_id=user.id, roles=user.roles)
    ports.member_changed(user, by)
    return user


# Changing --------------------------------------------------------------------------------------


def change_roles(user: User, roles: Iterable[Role], *, seen: str = "", by: Actor) -> None:
    """Give a member of staff other roles.

    Raises:
        Invalid: without a role.
        ChangedMeanwhile: if they have others than the form had ``seen``.
        Conflict: if nobody would be owner any more, or they have left.
    """
    take_turns("team")
    _check_works_here(user)
    check(seen, mark_of(user.roles))
    chosen = service.in_order(roles)
    if Role.OWNER not in chosen:
        _check_not_last_owner(user)
    if chosen == user.roles:
        return
    record("user:change_roles", by=by, subject_id=user.id, roles=chosen, before=user.roles)
    user.roles = chosen
    db.session.flush()
    ports.member_changed(user, by)


def end_access(user: User, *, by: Actor) -> None:
    """Let somebody in no more: every sign-in and calendar link of theirs ends with this.

    Raises:
        Conflict: for oneself, for the last owner, and for who has left already.
    """
    take_turns("team")
    _check_works_here(user)
    if by.id == user.id:
        raise Conflict("You cannot end your own access. Ask another owner.")
    _check_not_last_owner(user)
    user.ended_at = clock.now()
    db.session.flush()
    doors.close(DoorKind.USER_EMAIL, user.id)
    for sign_in in queries.open_sign_ins(user.id, now=clock.now()):
        signing_in.end(user.id, sign_in.id, by=by)
    record("user:end", by=by, subject_id=user.id)
    ports.member_left(user, by)


def _check_works_here(user: User) -> None:
    if user.ended_at is not None:
        raise Conflict(f"{user.name} does not work here any more.")


def _check_not_last_owner(user: User) -> None:
    owners = {member.id for member in queries.staff() if Role.OWNER in member.role_set}
    if owners == {user.id}:
        raise Conflict(LAST_OWNER)
