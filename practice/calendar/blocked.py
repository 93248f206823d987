"""Reading what is blocked, and what lies over time that somebody wants."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import sqlalchemy as sa

from practice.calendar.models import Block, Claim, ClaimKind, Resource
from practice.calendar.queries import LONGEST_CLAIM
from practice.calendar.rules.free import Wanted
from practice.core.db import db
from practice.core.errors import NotFound
from practice.core.often import Often


@dataclass(frozen=True, slots=True)
class Blocked:
    """A block with those whose time it takes."""

    block: Block
    resources: tuple[Resource, ...]


_BLOCKS = (
    sa.select(Block, Resource)
    .join(Claim, sa.and_(Claim.holder_id == Block.id, Claim.released_at.is_(None)))
    .join(Resource, Resource.id == Claim.resource_id)
    .where(Block.removed_at.is_(None))
    .order_by(Block.starts_at, Block.id, Resource.kind, Resource.name)
)
_BETWEEN = Often(
    _BLOCKS.where(
        Block.ends_at > sa.bindparam("first_at"), Block.starts_at < sa.bindparam("past_at")
    )
)


def blocks_between(first_at: datetime, past_at: datetime) -> list[Blocked]:
    """Return what is blocked in ``[first_at, past_at)``, by its beginning. One statement."""
    return _blocked(_BETWEEN.side_by_side(first_at=first_at, past_at=past_at))


def get_block(block_id: UUID) -> Blocked:
    """Return one block that was not removed.

    Raises:
        NotFound: if there is none.
    """
    for found in _blocked(db.session.execute(_BLOCKS.where(Block.id == block_id))):
        return found
    raise NotFound("There is no such block, or it was removed.")


def later_of(block: Block) -> int:
    """Count the blocks of the same series that come after one and still stand."""
    return (
        db.session.scalar(
            sa.select(sa.func.count())
            .select_from(Block)
            .where(
                Block.series_id == block.series_id,
                Block.starts_at > block.starts_at,
                Block.removed_at.is_(None),
            )
        )
        or 0
    )


def _blocked(rows: Iterable[sa.Row[*tuple[Any, ...]]]) -> list[Blocked]:
    found: dict[UUID, tuple[Block, list[Resource]]] = {}
    for block, resource in rows:
        found.setdefault(block.id, (block, []))[1].append(resource)
    return [Blocked(block, tuple(resources)) for block, resources in found.values()]


class InTheWay(NamedTuple):
    """A claim that lies over time which somebody wants, and whose time it takes."""

    holder_id: UUID
    name: str
    starts_at: datetime
    ends_at: datetime


def in_the_way(wanted: Iterable[Wanted]) -> list[InTheWay]:
    """Return the claims that lie over some wanted time, by their beginning.

    One statement for each time that is wanted of them all.
    """
    found: set[InTheWay] = set()
    spans: dict[tuple[datetime, datetime], list[UUID]] = {}
    for each in wanted:
        spans.setdefault((each.starts_at, each.ends_at), []).append(each.resource_id)
    for (starts_at, ends_at), resource_ids in spans.items():
        rows = db.session.execute(
            sa.select(Claim.holder_id, Resource.name, Claim.starts_at, Claim.ends_at)
            .join(Resource, Resource.id == Claim.resource_id)
            .where(
                Claim.resource_id.in_(resource_ids),
                Claim.ends_at > starts_at,
                Claim.ends_at <= ends_at + LONGEST_CLAIM,
                Claim.starts_at < ends_at,
                Claim.released_at.is_(None),
                Claim.kind != ClaimKind.IMPORTED,
            )
        )
        found |= {InTheWay(*row) for row in rows}
    return sorted(found, key=lambda each: (each.starts_at, each.name, each.holder_id))
