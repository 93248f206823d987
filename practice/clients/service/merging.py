"""Making one client of two, and two of one again. Call inside ``transaction()``.

Everything that points to the one is made to point to the other, whatever room it belongs to. The
rows that moved are written down, so that an undo puts back exactly these. What is frozen (an
invoice) keeps the name it was issued to; the client's page and balance count it all the same.
What was paid ahead follows in the books, by a journal of its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import aliased

from practice.audit.rules import Actor
from practice.audit.service import record
from practice.billing.service import ledger as books
from practice.calendar.models import Claim, ClaimKind
from practice.calendar.service import claims, feeds
from practice.clients import ports
from practice.clients.models import CareProfile, ClientMerge
from practice.clients.queries import find_care, find_merge
from practice.clients.references import Reference, to_clients
from practice.clients.rules.merging import UNDO_WITHIN
from practice.clients.service.archiving import lock_client
from practice.core import clock
from practice.core.db import db
from practice.core.errors import Conflict, Invalid, NotFound
from practice.outbox.models import Task
from practice.people.models import Client

SESSIONS = "appointments.client_id"
CONTACT = ("birth_on", "address", "is_adult_said_on")
CARE = ("reason", "tried_before", "member_id")
EMERGENCY = ("emergency_name", "emergency_relation", "emergency_phone", "emergency_confirmed_on")


@dataclass(frozen=True, slots=True)
class Plan:
    """What a merge would do. ``moves`` are rows by column, ``stays`` counts by table.

    ``refused`` says why it cannot be done, in words.
    """

    moves: dict[str, list[UUID]]
    stays: dict[str, int]
    filled: list[str]
    refused: str | None

    @property
    def counts(self) -> dict[str, int]:
        """How many rows of each table move."""
        found: dict[str, set[UUID]] = {}
        for key, ids in self.moves.items():
            found.setdefault(key.partition(".")[0], set()).update(ids)
        return {table: len(ids) for table, ids in found.items()}


@dataclass(slots=True)
class _Moves:
    moves: dict[str, list[UUID]] = field(default_factory=dict)
    stays: dict[str, int] = field(default_factory=dict)


def plan(kept: Client, gone: Client) -> Plan:
    """Say what merging ``gone`` into ``kept`` would do, without doing it."""
    found = _Moves()
    frozen = ports.never_changed()
    settled = set(_asked_to_merge(kept.id, gone.id))
    for reference in to_clients():
        ids = [each for each in reference.ids_of(gone.id) if each not in settled]
        if reference.table in frozen:
            stay = ids
        else:
            stay = _in_the_way(reference, kept.id, ids)
            if move := [each for each in ids if each not in stay]:
                found.moves[reference.key] = move
        if stay:
            found.stays[reference.table] = found.stays.get(reference.table, 0) + len(stay)
    return Plan(found.moves, found.stays, _to_fill(kept, gone), _why_not(kept, gone))


def merge(kept_id: UUID, gone_id: UUID, *, by: Actor) -> ClientMerge:
    """Move everything of ``gone`` to ``kept`` and archive ``gone``.

    Raises:
        NotFound: if one of them does not exist.
        Invalid: for a client and themselves.
        Conflict: if one was merged already, or both have a session at the same time.
    """
    kept, gone = _both(kept_id, gone_id)
    todo = plan(kept, gone)
    if todo.refused:
        raise Conflict(todo.refused)
    now = clock.now()
    _fill(kept, gone, todo.filled)
    tasks = _asked_to_merge(kept_id, gone_id)
    db.session.execute(
        sa.update(Task)
        .where(Task.id.in_(tasks))
        .values(done_at=now, done_by=by.id)
        .execution_options(synchronize_session=False)
    )
    _turn(todo.moves, away_from=gone_id, to=kept_id)
    done = ClientMerge(
        kept_id=kept_id,
        gone_id=gone_id,
        moved={key: [str(each) for each in ids] for key, ids in todo.moves.items()},
        filled=todo.filled,
        tasks=[str(each) for each in tasks],
        was_archived_at=gone.archived_at,
        made_at=now,
        undo_until=now + UNDO_WITHIN,
    )
    gone.archived_at = gone.archived_at or now
    db.session.add(done)
    db.session.flush()
    books.follow(gone_id, kept_id, key=f"merge:{done.id}", by=by)
    record("client:merge", by=by, subject_id=kept_id, other=str(gone_id), merge=str(done.id))
    record("client:merge_away", by=by, subject_id=gone_id, other=str(kept_id))
    _tell(todo.moves.get(SESSIONS, []), [kept_id], by)
    return done


def undo(merge_id: UUID, *, by: Actor) -> ClientMerge:
    """Put back what a merge moved, if it is still where the merge put it.

    What has come to the kept client since then stays with them.

    Raises:
        NotFound: if there is no such merge.
        Conflict: if it was undone already, or its time is over.
    """
    done = db.session.scalar(
        sa.select(ClientMerge).where(ClientMerge.id == merge_id).with_for_update()
    )
    if done is None:
        raise NotFound("There is no such merge.")
    if done.undone_at is not None:
        raise Conflict("That merge was undone already.")
    now = clock.now()
    if now > done.undo_until:
        raise Conflict("A merge can be undone for 30 days. That time is over.")
    kept, gone = _both(done.kept_id, done.gone_id)
    moved = {key: [UUID(each) for each in ids] for key, ids in done.moved.items()}
    _turn(moved, away_from=kept.id, to=gone.id)
    books.follow(kept.id, gone.id, key=f"unmerge:{done.id}", by=by)
    _empty(kept, gone, done.filled)
    db.session.execute(
        sa.update(Task)
        .where(Task.id.in_([UUID(each) for each in done.tasks]))
        .values(done_at=None, done_by=None)
        .execution_options(synchronize_session=False)
    )
    gone.archived_at = done.was_archived_at
    done.undone_at = now
    db.session.flush()
    record("client:unmerge", by=by, subject_id=kept.id, other=str(gone.id), merge=str(done.id))
    record("client:unmerge", by=by, subject_id=gone.id, other=str(kept.id), merge=str(done.id))
    _tell(moved.get(SESSIONS, []), [kept.id, gone.id], by)
    return done


def _both(kept_id: UUID, gone_id: UUID) -> tuple[Client, Client]:
    """Lock both, always in the order of their ids, so that two merges cannot wait in a ring."""
    if kept_id == gone_id:
        raise Invalid("Choose somebody else: these two are the same client.")
    locked = {each: lock_client(each) for each in sorted((kept_id, gone_id))}
    return locked[kept_id], locked[gone_id]


def _tell(sessions: list[UUID], client_ids: list[UUID], by: Actor) -> None:
    db.session.expire_all()  # rows were turned below the objects
    ports.sessions_changed_hands(sessions)
    for each in client_ids:
        feeds.write_anew(each)
        ports.papers_changed(each, by)


# What moves, and what cannot -------------------------------------------------------------------


def _turn(moves: dict[str, list[UUID]], *, away_from: UUID, to: UUID) -> None:
    references = {each.key: each for each in to_clients()}
    if any(references[key].table == "claims" for key in moves if key in references):
        claims.open_for_client(to)
    db.session.flush()
    try:
        for key, ids in moves.items():
            if key in references:
                references[key].turn(ids, away_from=away_from, to=to)
    except IntegrityError as error:
        raise Conflict(
            "Both clients have something that there may be only one of. Nothing was changed."
        ) from error


def _in_the_way(reference: Reference, kept_id: UUID, ids: list[UUID]) -> list[UUID]:
    """Return the rows that cannot move, because the kept client has their like already."""
    if not ids:
        return []
    staying: set[UUID] = set()
    for others in _unique_with(reference):
        of_kept = _values(reference, others, reference.column == kept_id)
        mine = _values(reference, others, reference.model.id.in_(ids))
        taken = {values for _, values in of_kept}
        staying |= {row_id for row_id, values in mine if values in taken}
    return sorted(staying)


def _unique_with(reference: Reference) -> Iterator[list[Any]]:
    """Yield, for each unique key that the column is part of, its other columns."""
    mapper = sa.inspect(reference.model)
    own = mapper.get_property(reference.attribute).columns[0]
    for constraint in mapper.local_table.constraints:
        if isinstance(constraint, sa.UniqueConstraint) and own in set(constraint.columns):
            yield [
                getattr(reference.model, mapper.get_property_by_column(each).key)
                for each in constraint.columns
                if each is not own and each.name != "practice_id"
            ]


def _values(
    reference: Reference, others: list[Any], which: Any
) -> list[tuple[UUID, tuple[Any, ...]]]:
    rows = db.session.execute(sa.select(reference.model.id, *others).where(which))
    return [(row[0], tuple(row[1:])) for row in rows]


def _asked_to_merge(one: UUID, other: UUID) -> list[UUID]:
    """Return the open tasks that ask whether these two are one person."""
    return list(
        db.session.scalars(
            sa.select(Task.id)
            .where(
                Task.kind == "merge-clients",
                Task.done_at.is_(None),
                sa.or_(
                    sa.and_(Task.client_id == one, Task.about_id == other),
                    sa.and_(Task.client_id == other, Task.about_id == one),
                ),
            )
            .order_by(Task.id)
        )
    )


def _why_not(kept: Client, gone: Client) -> str | None:
    for each in (gone, kept):
        if find_merge(each.id):
            return f"{each.name} was merged into another client already."
    if kept.archived_at is not None:
        return f"{kept.name} is archived. Bring them back first, or keep the other one."
    both_at = _both_at(kept.id, gone.id)
    if both_at is not None:
        return (
            "Both have a session at the same time, and one person cannot be in two places. "
            "Move or cancel one of the two first."
        )
    return None


def _both_at(one: UUID, other: UUID) -> datetime | None:
    """Return when both clients are taken, if they ever are."""
    theirs = aliased(Claim)
    live = (Claim.released_at.is_(None), Claim.kind != ClaimKind.IMPORTED)
    return db.session.scalar(
        sa.select(Claim.starts_at)
        .join(
            theirs,
            sa.and_(
                theirs.practice_id == Claim.practice_id,
                theirs.starts_at < Claim.ends_at,
                theirs.ends_at > Claim.starts_at,
            ),
        )
        .where(
            Claim.resource_id == one,
            *live,
            theirs.resource_id == other,
            theirs.released_at.is_(None),
            theirs.kind != ClaimKind.IMPORTED,
        )
        .order_by(Claim.starts_at)
        .limit(1)
    )


# Details that the kept client lacks ------------------------------------------------------------


def _to_fill(kept: Client, gone: Client) -> list[str]:
    """Name what the kept client has not and the other has."""
    found = [name for name in CONTACT if not getattr(kept, name) and getattr(gone, name)]
    ours, theirs = find_care(kept.id), find_care(gone.id)
    if ours is None or theirs is None:
        return found  # then the whole row moves, or there is none
    found += [name for name in CARE if not getattr(ours, name) and getattr(theirs, name)]
    if not ours.emergency_name and theirs.emergency_name:
        found.append("emergency")
    return found


def _fill(kept: Client, gone: Client, names: list[str]) -> None:
    for target, source, name in _pairs(kept, gone, names):
        setattr(target, name, getattr(source, name))


def _empty(kept: Client, gone: Client, names: list[str]) -> None:
    """Take away what a merge filled in, unless somebody has written something else since."""
    for target, source, name in _pairs(kept, gone, names):
        if getattr(target, name) == getattr(source, name):
            setattr(target, name, None)


def _pairs(kept: Client, gone: Client, names: list[str]) -> Iterator[tuple[Any, Any, str]]:
    care: tuple[CareProfile | None, CareProfile | None] = find_care(kept.id), find_care(gone.id)
    for name in names:
        if name in CONTACT:
            yield kept, gone, name
        elif None not in care:
            for part in EMERGENCY if name == "emergency" else (name,):
                yield care[0], care[1], part
