"""Blocking time: keeping a person, a room or the home from clients, and giving it back.

Everything here is called inside ``transaction()``.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID, uuid4

import sqlalchemy as sa

from practice.audit.rules import Actor
from practice.audit.service import record
from practice.calendar import blocked, ports
from practice.calendar.blocked import InTheWay
from practice.calendar.models import Block, ClaimKind
from practice.calendar.rules.free import Wanted
from practice.calendar.service import claims
from practice.core import clock
from practice.core.db import db
from practice.core.errors import Conflict, NotFound

Times = tuple[datetime, datetime]


class TimeTaken(Conflict):
    """Somebody has some of this time already; ``in_the_way`` says who and when."""

    def __init__(self, in_the_way: Sequence[InTheWay]) -> None:
        super().__init__("Some of that time is taken already. Nothing was blocked.")
        self.in_the_way = tuple(in_the_way)


class ChangedMeanwhile(Conflict):
    """Somebody else changed the block since it was shown."""


def block(
    resource_ids: Sequence[UUID], times: Sequence[Times], *, reason: str, by: Actor
) -> list[Block]:
    """Block all of these times for all of these people and rooms, or none.

    Raises:
        TimeTaken: naming everything that lies in the way, of every one of the times.
    """
    series_id = uuid4()
    made = [
        Block(
            series_id=series_id,
            starts_at=starts_at,
            ends_at=ends_at,
            reason=reason or None,
            version=0,
            created_at=clock.now(),
        )
        for starts_at, ends_at in times
    ]
    _occupy([(each.id, _wanted(each, resource_ids)) for each in made])
    db.session.add_all(made)
    db.session.flush()
    record("block:add", by=by, subject_id=series_id, times=len(made))
    return made


def change(
    block_id: UUID,
    resource_ids: Sequence[UUID],
    times: Times,
    *,
    reason: str,
    version: int,
    by: Actor,
) -> Block:
    """Let one block have another time, other people or rooms, or another reason.

    Raises:
        ChangedMeanwhile: if somebody else changed or removed it since the page showed ``version``.
        TimeTaken: if somebody has some of the new time already.
    """
    found = _lock(block_id)
    if found.removed_at is not None or found.version != version:
        raise ChangedMeanwhile("Somebody else has just changed this. Look at it again.")
    claims.release(found.id)
    found.starts_at, found.ends_at = times
    found.reason = reason or None
    found.version += 1
    _occupy([(found.id, _wanted(found, resource_ids))])
    db.session.flush()
    record("block:change", by=by, subject_id=found.series_id)
    return found


def remove(block_id: UUID, *, and_later: bool, by: Actor) -> int:
    """Give the time of a block back, or of all those of its series from it on; return how many.

    Removing it again changes nothing.
    """
    found = _lock(block_id)
    wanted = Block.id == found.id
    if and_later:
        wanted = sa.and_(Block.series_id == found.series_id, Block.starts_at >= found.starts_at)
    gone = db.session.scalars(
        sa.select(Block)
        .where(wanted, Block.removed_at.is_(None))
        .order_by(Block.id)
        .with_for_update()
    ).all()
    for each in gone:
        each.removed_at = clock.now()
    if gone:
        claims.release(*(each.id for each in gone))
        record("block:remove", by=by, subject_id=found.series_id, times=len(gone))
    db.session.flush()
    return len(gone)


def _occupy(blocks: Sequence[tuple[UUID, list[Wanted]]]) -> None:
    """Claim the time of every block; holds past their end make room for it."""
    refused = [wanted for block_id, wanted in blocks if _take(block_id, wanted)]
    if refused:
        raise TimeTaken(blocked.in_the_way([each for wanted in refused for each in wanted]))


def _take(block_id: UUID, wanted: list[Wanted]) -> bool:
    """Claim some time; say whether that was refused."""
    if not claims.take(block_id, wanted, ClaimKind.BLOCK).refused:
        return False
    holders = sorted({each.holder_id for each in blocked.in_the_way(wanted)})
    if not ports.let_go(holders):
        return True
    return bool(claims.take(block_id, wanted, ClaimKind.BLOCK).refused)


def _wanted(each: Block, resource_ids: Sequence[UUID]) -> list[Wanted]:
    return [Wanted(one, each.starts_at, each.ends_at) for one in dict.fromkeys(resource_ids)]


def _lock(block_id: UUID) -> Block:
    found = db.session.scalar(sa.select(Block).where(Block.id == block_id).with_for_update())
    if found is None:
        raise NotFound("There is no such block.")
    return found
