"""Reading practices, staff and clients."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from flask import g, has_request_context

from practice.audit.models import AuditEntry
from practice.audit.rules import IN_WORDS
from practice.core import clock
from practice.core.db import db, enter_practice, require_practice_id
from practice.core.errors import Conflict, NotFound
from practice.core.often import Often
from practice.people import doors
from practice.people.models import Client, Practice, SignIn, User
from practice.people.rules import IDLE, LONGEST, DoorKind, folded

PAGE = 50
LONGEST_SEARCH = 100


def today_here() -> date:
    """Return the local date that the practice's calendar shows now."""
    return clock.now().astimezone(ZoneInfo(get_practice().time_zone)).date()


def get_practice() -> Practice:
    """Return the practice that this request, command or job is about.

    During a request it is read once and then stands by itself: no rollback empties it, and
    changes to it are not written.

    Raises:
        NotFound: if it does not exist.
    """
    practice_id = require_practice_id()
    if has_request_context():
        kept: Practice | None = g.get("practice")
        if kept is None or kept.id != practice_id:
            row = _PRACTICE.rows(id=practice_id).one_or_none()
            kept = g.practice = Practice(**row._asdict()) if row else None
        practice = kept
    else:
        practice = db.session.scalar(sa.select(Practice).where(Practice.id == practice_id))
        db.session().info["practice"] = practice  # else the session forgets it at once
    if practice is None:
        raise NotFound("There is no such practice.")
    return practice


_PRACTICE = Often(
    sa.select(*(getattr(Practice, each.key) for each in sa.inspect(Practice).columns)).where(
        Practice.id == sa.bindparam("id")
    )
)


def enter_by_slug(slug: str) -> Practice:
    """Enter the practice with this name in addresses, and return it.

    Raises:
        NotFound: if there is none.
    """
    found = doors.find(DoorKind.PRACTICE, slug)
    if found is None:
        raise NotFound("There is nothing at this address.")
    enter_practice(found.practice_id)
    return get_practice()


# Staff -----------------------------------------------------------------------------------------


def staff() -> list[User]:
    """Return who works here now, by name."""
    return list(
        db.session.scalars(
            sa.select(User).where(User.ended_at.is_(None)).order_by(User.name, User.id)
        )
    )


def get_member(user_id: UUID) -> User:
    """Return one member of staff, whether or not they still work here.

    Raises:
        NotFound: if there is none.
    """
    user = db.session.scalar(sa.select(User).where(User.id == user_id))
    if user is None:
        raise NotFound("There is no such member of staff.")
    return user


def names_of_staff(user_ids: Collection[UUID]) -> dict[UUID | None, str]:
    """Return the names of some members of staff, whether or not they still work here."""
    if not user_ids:
        return {}
    rows = db.session.execute(sa.select(User.id, User.name).where(User.id.in_(user_ids)))
    return {row.id: row.name for row in rows}


def open_sign_ins(user_id: UUID, *, now: datetime) -> list[SignIn]:
    """Return where a member of staff is signed in, last used first."""
    return list(
        db.session.scalars(
            sa.select(SignIn)
            .where(
                SignIn.user_id == user_id,
                SignIn.ended_at.is_(None),
                SignIn.seen_at > now - IDLE,
                SignIn.created_at > now - LONGEST,
            )
            .order_by(SignIn.seen_at.desc(), SignIn.id)
        )
    )


SETTLED = ("practice", "invitation", "user", "resource", "service", "course_template")
"""What settings are about, by the first word of a deed."""


@dataclass(frozen=True, slots=True)
class Change:
    """Something that was set, in words, by whom and when."""

    at: datetime
    what: str
    who: str


def changes() -> list[Change]:
    """Return the newest twenty changes of settings, newest first. One statement."""
    rows = db.session.execute(
        sa.select(AuditEntry.at, AuditEntry.verb, User.name)
        .outerjoin(
            User,
            sa.and_(User.practice_id == AuditEntry.practice_id, User.id == AuditEntry.actor_id),
        )
        .where(AuditEntry.subject_kind.in_(SETTLED))
        .order_by(AuditEntry.at.desc(), AuditEntry.id)
        .limit(20)
    )
    return [
        Change(row.at, IN_WORDS.get(row.verb, row.verb), row.name or "the program") for row in rows
    ]


# Clients ---------------------------------------------------------------------------------------


def get_client(client_id: UUID) -> Client:
    """Return one client.

    Raises:
        NotFound: if there is none, or it is another practice's.
    """
    client = db.session.scalar(sa.select(Client).where(Client.id == client_id))
    if client is None:
        raise NotFound("There is no such client.")
    return client


def get_client_in_care(client_id: UUID) -> Client:
    """Return one client, for a booking.

    Raises:
        NotFound: if there is none, or it is another practice's.
        Conflict: if they were archived.
    """
    client = get_client(client_id)
    if client.archived_at is not None:
        raise Conflict(f"{client.name} is archived. Bring them back first.")
    return client


def find_client_by_email(email: str) -> Client | None:
    """Return the client who came first among those with this address (in lower case)."""
    return db.session.scalar(
        sa.select(Client)
        .where(Client.email == email, Client.archived_at.is_(None))
        .order_by(Client.created_at, Client.id)
        .limit(1)
    )


def clients_at(email: str) -> list[Client]:
    """Return everybody who is reached at an address (in lower case): a family may share one."""
    return list(
        db.session.scalars(
            sa.select(Client)
            .where(Client.email == email, Client.archived_at.is_(None))
            .order_by(Client.first_name, Client.last_name, Client.id)
        )
    )


def clients_by_email(emails: Collection[str], *, archived: bool = False) -> dict[str, UUID]:
    """Return who is reached at some addresses (in lower case), of several the one who came first.

    Archived ones count only where they are asked for.
    """
    rows = db.session.execute(
        sa.select(Client.email, Client.id)
        .where(Client.email.in_(emails), sa.true() if archived else Client.archived_at.is_(None))
        .order_by(Client.created_at.desc(), Client.id.desc())
    )
    return {row.email: row.id for row in rows}


def names_of(client_ids: Collection[UUID]) -> dict[UUID, str]:
    """Return what some clients are called, by their ids."""
    rows = db.session.execute(
        sa.select(Client.id, Client.first_name, Client.last_name).where(Client.id.in_(client_ids))
    )
    return {row.id: f"{row.first_name} {row.last_name}" for row in rows}


@dataclass(frozen=True, slots=True)
class ClientPage:
    """One page of a list of clients. ``page`` counts from 1, and there is always a first."""

    clients: list[Client]
    total: int
    page: int
    last_page: int


def search_clients(text: str = "", page: int = 1) -> ClientPage:
    """Return a page of the clients who match, by last name; an empty search matches everybody.

    Every word must occur in the name or the e-mail address, whatever its case and accents; or
    the digits, however they are written, in the phone number. A page past the end is the last.
    """
    matching = sa.and_(Client.archived_at.is_(None), matches(text))
    total = db.session.scalar(sa.select(sa.func.count()).select_from(Client).where(matching)) or 0
    last_page = max(1, -(-total // PAGE))
    page = min(max(1, page), last_page)
    clients = db.session.scalars(
        sa.select(Client)
        .where(matching)
        .order_by(Client.findable, Client.id)
        .limit(PAGE)
        .offset((page - 1) * PAGE)
    )
    return ClientPage(list(clients), total, page, last_page)


def matches(text: str) -> sa.ColumnElement[bool]:
    """Return the condition of a search; see ``search_clients`` for what it finds."""
    text = text[:LONGEST_SEARCH]
    words = [Client.findable.contains(word, autoescape=True) for word in folded(text).split()]
    named = sa.and_(sa.true(), *words)
    digits = "".join(character for character in text if character in "0123456789")
    is_number = len(digits) >= 3 and not any(character.isalpha() for character in text)
    return sa.or_(named, Client.phone.contains(digits)) if is_number else named
