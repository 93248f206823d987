"""Doors: how a practice is found before it is known.

A booking link, a feed token, a webhook's object, a sign-in: each is looked up by the hash of
what the visitor brings, in the one table that lies outside the practices' walls. A door holds
ids and digests alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

import sqlalchemy as sa

from practice.core import tokens
from practice.core.db import db, insert_unless_there, require_practice_id
from practice.core.errors import Conflict
from practice.people.models import Door
from practice.people.rules import DoorKind


@dataclass(frozen=True, slots=True)
class Found:
    """Where a door leads."""

    practice_id: UUID
    subject_id: UUID


_FIND = sa.select(Door.practice_id, Door.subject_id).where(
    Door.kind == sa.bindparam("kind"), Door.hash == sa.bindparam("hash")
)
"""Put together once: almost every request begins with it."""


def find(kind: DoorKind, secret: str) -> Found | None:
    """Return where ``secret`` leads, or ``None``."""
    row = (
        db.session.connection()
        .execute(_FIND, {"kind": kind, "hash": tokens.digest(secret)})
        .one_or_none()
    )
    return Found(row.practice_id, row.subject_id) if row else None


def cut(kind: DoorKind, secret: str, subject_id: UUID) -> None:
    """Make a door into the current practice. Call inside ``transaction()``."""
    db.session.add(
        Door(
            kind=kind,
            hash=tokens.digest(secret),
            practice_id=require_practice_id(),
            subject_id=subject_id,
        )
    )
    db.session.flush()


def take(kind: DoorKind, name: str, subject_id: UUID, *, taken: str) -> None:
    """Make a door whose name somebody chose. Call inside ``transaction()``.

    Raises:
        Conflict: with the words ``taken``, if it is another's: of two at once one gets it.
    """
    door = Door(
        kind=kind,
        hash=tokens.digest(name),
        practice_id=require_practice_id(),
        subject_id=subject_id,
    )
    insert_unless_there(door)
    if find(kind, name) != Found(door.practice_id, subject_id):
        raise Conflict(taken)


def close(kind: DoorKind, subject_id: UUID) -> None:
    """Remove every door of this kind that leads to ``subject_id`` in the current practice."""
    db.session.execute(
        sa.delete(Door).where(
            Door.kind == kind,
            Door.practice_id == require_practice_id(),
            Door.subject_id == subject_id,
        )
    )


def unconfirmed() -> list[Found]:
    """Return practices that were asked for and not started yet, each with its owner-to-be."""
    rows = db.session.execute(
        sa.select(Door.practice_id, Door.subject_id)
        .where(Door.kind == DoorKind.SIGN_UP)
        .order_by(Door.practice_id)
    )
    return [Found(row.practice_id, row.subject_id) for row in rows]


def every_practice() -> list[UUID]:
    """Return the ids of all practices of this installation, for what the program does for each."""
    return list(
        db.session.scalars(
            sa.select(Door.practice_id)
            .where(Door.kind == DoorKind.PRACTICE)
            .distinct()
            .order_by(Door.practice_id)
        )
    )
