"""Whatever points to a client, read from the models themselves: nothing new can be forgotten."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapper

from practice.core.db import Base, PracticeOwned, db

AT_ONCE = 500  # ids in one statement

BY_NAME_ALONE = {("tasks", "about_id")}
"""Columns without a foreign key that may hold a client's id, besides every ``client_id``."""

OWN = {("client_merges", "gone_id"), ("resources", "client_id")}
"""Who was merged away stays who it was; and a client's place in the calendar carries their id."""


@dataclass(frozen=True, slots=True)
class Reference:
    """A column that may hold a client's id, or the id of their place in the calendar."""

    model: Any
    attribute: str

    @property
    def table(self) -> str:
        return str(sa.inspect(self.model).local_table.name)

    @property
    def key(self) -> str:
        return f"{self.table}.{self.attribute}"

    @property
    def column(self) -> Any:
        return getattr(self.model, self.attribute)

    def ids_of(self, client_id: UUID) -> list[UUID]:
        """Return the rows that point there, in order."""
        return list(
            db.session.scalars(
                sa.select(self.model.id).where(self.column == client_id).order_by(self.model.id)
            )
        )

    def turn(self, ids: list[UUID], *, away_from: UUID, to: UUID) -> None:
        """Let some rows point to another, unless they no longer point where they did."""
        for first in range(0, len(ids), AT_ONCE):
            db.session.execute(
                sa.update(self.model)
                .where(self.model.id.in_(ids[first : first + AT_ONCE]), self.column == away_from)
                .values({self.attribute: to})
                .execution_options(synchronize_session=False)
            )


def to_clients(*, own: bool = False) -> list[Reference]:
    """Return every column that may hold the id of a client or of their place in the calendar.

    ``own`` adds those that say who somebody is, which no merge turns.
    """
    return sorted(
        (
            Reference(mapper.class_, mapper.get_property_by_column(column).key)
            for mapper, column in _columns()
            if _points(column) and (own or (column.table.name, column.name) not in OWN)
        ),
        key=lambda each: each.key,
    )


def hanging_on(client_ids: list[UUID]) -> set[UUID]:
    """Return those of some clients whom anything at all points to."""
    found: set[UUID] = set()
    for reference in to_clients(own=True):
        for first in range(0, len(client_ids), AT_ONCE):
            some = client_ids[first : first + AT_ONCE]
            found |= set(
                db.session.scalars(
                    sa.select(reference.column).where(reference.column.in_(some)).distinct()
                )
            )
    return found


def _columns() -> Iterator[tuple[Mapper[Any], sa.Column[Any]]]:
    for mapper in Base.registry.mappers:
        table = mapper.local_table
        if issubclass(mapper.class_, PracticeOwned) and isinstance(table, sa.Table):
            for column in table.columns:
                yield mapper, column


def _points(column: sa.Column[Any]) -> bool:
    place = (column.table.name, column.name)
    if column.name == "client_id" or place in BY_NAME_ALONE:
        return True
    targets = {key.column for key in column.foreign_keys}
    return any(
        target.table.name in {"clients", "resources"} and target.name == "id" for target in targets
    )
