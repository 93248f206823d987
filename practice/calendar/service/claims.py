"""Taking time and giving it back. Every path that occupies a resource goes through here.

The database holds the rule (see migration 0002), so nothing in this file can forget it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.exc import IntegrityError

from practice.calendar.models import Claim, ClaimKind, Resource, ResourceKind
from practice.calendar.queries import LONGEST_CLAIM
from practice.calendar.rules.foreign.busy import Span
from practice.calendar.rules.free import Wanted
from practice.calendar.rules.imported import KEPT_PAST
from practice.core import clock
from practice.core.db import db, insert_unless_there, require_practice_id
from practice.core.errors import Invalid

NO_OVERLAP = "claims_no_overlap"
INSERT_UNLESS_TAKEN = (
    postgresql.insert(Claim).on_conflict_do_nothing(constraint=NO_OVERLAP).returning(Claim.id)
)
INSERT_AT_ONCE = sa.insert(Claim).returning(Claim.id)
"""Asking for the ids makes it one statement for all rows, which stays compiled."""

AT_ONCE = 500
"""So many rows are named in one statement."""


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of it: nothing refused means that all is taken, else that nothing is."""

    refused: tuple[UUID, ...] = ()


def take(holder_id: UUID, wanted: Sequence[Wanted], kind: ClaimKind = ClaimKind.SESSION) -> Taken:
    """Occupy all of the wanted time, or none of it. Call inside ``transaction()``.

    One statement, in the order of resource ids whatever order the caller gives: two bookings
    that want the same resources then wait for each other in one direction only, and cannot
    deadlock. Waits while another transaction that wants an overlapping time is undecided.

    Raises:
        Invalid: for a claim that does not end after its start, or is longer than
            ``LONGEST_CLAIM``; cut it into several.
    """
    if any(not timedelta() < each.ends_at - each.starts_at <= LONGEST_CLAIM for each in wanted):
        raise Invalid(f"Time is taken for at most {LONGEST_CLAIM.days} days at once.")
    if not wanted:
        return Taken()
    rows = [
        {
            "practice_id": require_practice_id(),
            "id": uuid4(),
            "resource_id": each.resource_id,
            "holder_id": holder_id,
            "kind": kind,
            "starts_at": each.starts_at,
            "ends_at": each.ends_at,
        }
        for each in sorted(wanted, key=lambda each: each.resource_id)
    ]
    if db.session.connection().dialect.name == "postgresql":
        return _take_on_postgresql(rows)
    return _take_on_sqlite(rows, wanted)


def _take_on_postgresql(rows: list[dict[str, Any]]) -> Taken:
    kept = set(db.session.scalars(INSERT_UNLESS_TAKEN, rows))
    refused = tuple(row["resource_id"] for row in rows if row["id"] not in kept)
    if refused and kept:
        db.session.execute(sa.delete(Claim).where(Claim.id.in_(kept)))
    return Taken(refused)


def _take_on_sqlite(rows: list[dict[str, Any]], wanted: Sequence[Wanted]) -> Taken:
    """Let the trigger decide: its ABORT undoes this one statement, and so all of its rows."""
    try:
        db.session.scalars(INSERT_AT_ONCE, rows).all()
    except IntegrityError as error:
        if NO_OVERLAP not in str(error.orig):
            raise
        return Taken(_occupied(wanted))
    return Taken()


def _occupied(wanted: Sequence[Wanted]) -> tuple[UUID, ...]:
    """Name, in order, the resources that somebody else has at a wanted time."""
    first = min(each.starts_at for each in wanted)
    past = max(each.ends_at for each in wanted)
    rows = db.session.execute(
        sa.select(Claim.resource_id, Claim.starts_at, Claim.ends_at).where(
            Claim.resource_id.in_({each.resource_id for each in wanted}),
            Claim.ends_at > first,
            Claim.starts_at < past,
            Claim.released_at.is_(None),
            Claim.kind != ClaimKind.IMPORTED,
        )
    )
    others = [Wanted(*row) for row in rows]
    refused = {
        each.resource_id
        for each in wanted
        for other in others
        if other.resource_id == each.resource_id
        and other.starts_at < each.ends_at
        and each.starts_at < other.ends_at
    }
    return tuple(sorted(refused))


def release(*holder_ids: UUID) -> None:
    """Give back all the time that is held for these. Call inside ``transaction()``."""
    db.session.execute(
        sa.update(Claim)
        .where(Claim.holder_id.in_(holder_ids), Claim.released_at.is_(None))
        .values(released_at=clock.now())
        .execution_options(synchronize_session=False)
    )


def take_again(holder_id: UUID) -> Taken:
    """Occupy what was given back last of a holder's time: all of it, or none.

    Call inside ``transaction()``.
    """
    last = (
        sa.select(sa.func.max(Claim.released_at))
        .where(Claim.holder_id == holder_id)
        .scalar_subquery()
    )
    rows = db.session.execute(
        sa.select(Claim.resource_id, Claim.starts_at, Claim.ends_at).where(
            Claim.holder_id == holder_id, Claim.released_at == last
        )
    )
    return take(holder_id, [Wanted(*row) for row in rows])


def open_for_client(client_id: UUID) -> UUID:
    """Return the resource that keeps a client from being in two places; make it if need be.

    It carries the client's own id, so that nobody has to look for it.
    """
    insert_unless_there(
        Resource(
            id=client_id,
            kind=ResourceKind.CLIENT,
            name="Client",
            roles=[],
            client_id=client_id,
            video_link="",
        )
    )
    return client_id


# What calendars from elsewhere say ---------------------------------------------------------------


def lay_over(
    holder_id: UUID, resource_id: UUID, spans: Iterable[Span], *, since: datetime
) -> tuple[int, int]:
    """Make the imported time of one holder be just these spans; return how many came and went.

    Such time lies over whatever else there is. What stays keeps its row. What is over by ``since``
    was not asked for again, and goes after some weeks. Call inside ``transaction()``, which sees
    all of it change at once or nothing.
    """
    wanted = set(spans)
    rows = db.session.execute(
        sa.select(Claim.id, Claim.starts_at, Claim.ends_at).where(Claim.holder_id == holder_id)
    ).all()
    kept = {(row.starts_at, row.ends_at) for row in rows}
    gone = [
        row.id
        for row in rows
        if (row.starts_at, row.ends_at) not in wanted
        and (row.ends_at > since or row.ends_at < since - KEPT_PAST)
    ]
    for first in range(0, len(gone), AT_ONCE):
        db.session.execute(
            sa.delete(Claim)
            .where(Claim.id.in_(gone[first : first + AT_ONCE]))
            .execution_options(synchronize_session=False)
        )
    new = [
        {
            "practice_id": require_practice_id(),
            "id": uuid4(),
            "resource_id": resource_id,
            "holder_id": holder_id,
            "kind": ClaimKind.IMPORTED,
            "starts_at": starts_at,
            "ends_at": ends_at,
        }
        for starts_at, ends_at in sorted(wanted - kept)
    ]
    if new:
        db.session.execute(sa.insert(Claim), new)
    return len(new), len(gone)


def lift(holder_id: UUID) -> None:
    """Forget all imported time of one holder. Call inside ``transaction()``."""
    db.session.execute(
        sa.delete(Claim)
        .where(Claim.holder_id == holder_id, Claim.kind == ClaimKind.IMPORTED)
        .execution_options(synchronize_session=False)
    )
