"""Statements that many requests ask, and what they need of SQL.

SQLAlchemy takes several times as long to put a statement together, and to make objects of its
answer, as a database takes to answer it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import make_dataclass
from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import CursorResult, Dialect
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from practice.core import connections
from practice.core.db import OF_THE_PRACTICE, db, owned_tables, require_practice_id


class Often:
    """A statement that is put together once, when the program starts.

    It stays inside the practice like every other, and is not asked if it would not. What it
    asks for is named in it by ``sa.bindparam``.
    """

    def __init__(
        self, statement: sa.Select[*tuple[Any, ...]] | sa.CompoundSelect[*tuple[Any, ...]]
    ) -> None:
        self._inside = statement.options(OF_THE_PRACTICE)
        self._of_objects = self._inside.execution_options(inside_the_practice=True)

    def rows(self, **values: Any) -> CursorResult[*tuple[Any, ...]]:
        """Ask for columns, past the session: plain values, which nobody writes back."""
        require_practice_id()
        connection = db.session.connection()
        self._keep_inside(connection.dialect)
        return connection.execute(self._inside, values)

    def objects(self, **values: Any) -> sa.ScalarResult[Any]:
        """Ask the session for objects of its own."""
        self._keep_inside(db.engine.dialect)
        return db.session.scalars(self._of_objects, values)

    def side_by_side(self, **values: Any) -> sa.Result[*tuple[Any, ...]]:
        """Ask the session for rows of several objects of its own."""
        self._keep_inside(db.engine.dialect)
        return db.session.execute(self._of_objects, values)

    def _keep_inside(self, dialect: Dialect) -> None:
        """Look once, when all models are there, whether each part reads this practice alone.

        Raises:
            RuntimeError: if one would read a table in every practice.
        """
        if not self._is_inside:
            text = str(self._inside.compile(dialect=dialect))
            parts = getattr(self._inside, "selects", [self._inside])
            for table, times in Counter(t for part in parts for t in owned_tables(part)).items():
                if text.count(f"{table}.practice_id = ") < times:
                    raise RuntimeError(f"{table} would be read in every practice")
            self._is_inside = True

    _is_inside = False


class Alone:
    """A statement whose one row is a whole answer, told once to each database in its own words.

    It names its practice itself, as ``practice_id``, and what else it asks for by
    ``sa.bindparam``. It goes past the session and past SQLAlchemy, which would take longer over
    it than the program over everything else: see ``connections.row_alone``.
    """

    def __init__(self, statement: sa.Select[*tuple[Any, ...]]) -> None:
        self._statement = statement
        self._told: dict[str, _Told] = {}

    def row(self, **values: Any) -> Any | None:
        """Return the row, by the names of its columns, or ``None``.

        Raises:
            RuntimeError: outside a practice.
        """
        engine, practice_id = db.engine, require_practice_id()
        told = self._told.get(engine.dialect.name)
        if told is None:
            told = self._told[engine.dialect.name] = _Told(self._statement, engine.dialect)
        given = told.given(values | {"practice_id": practice_id})
        row = connections.row_alone(engine, told.words, given)
        return told.taken(row) if row else None


REMEMBERED = 1024
"""Rows that come again as they were need not be made again."""


class _Told:
    """A statement in one database's words, and how values go into it and come out of it."""

    def __init__(self, statement: sa.Select[*tuple[Any, ...]], dialect: Dialect) -> None:
        compiled = statement.compile(dialect=dialect)
        into = {
            name: compiled.binds[name].type.dialect_impl(dialect).bind_processor(dialect) or _same
            for name in compiled.params
        }
        self.words = str(compiled)
        self._places = compiled.positiontup
        self._asked = {name: into[name] for name in into if compiled.binds[name].required}
        self._fixed = {
            name: into[name](value)
            for name, value in compiled.params.items()
            if name not in self._asked
        }
        self._out = [
            column.type.dialect_impl(dialect).result_processor(dialect, None) or _same
            for column in statement.selected_columns
        ]
        self._row = make_dataclass("Row", statement.selected_columns.keys(), frozen=True)
        self.taken = lru_cache(REMEMBERED)(self._taken)

    def given(self, values: Mapping[str, Any]) -> Any:
        """Return what the driver is given: in the order of its places, or by name."""
        named = self._fixed | {name: into(values[name]) for name, into in self._asked.items()}
        return named if self._places is None else [named[name] for name in self._places]

    def _taken(self, row: tuple[Any, ...]) -> Any:
        """Return what the driver gave, by the names of the columns and as the program knows it."""
        return self._row(*(out(value) for out, value in zip(self._out, row, strict=True)))


def _same(value: Any) -> Any:
    return value


class epoch_floor(FunctionElement[int]):  # noqa: N801  named as functions of SQL are
    """The whole seconds from 1970 to an instant; a fraction is dropped."""

    type = sa.BigInteger()
    inherit_cache = True


class epoch_ceil(epoch_floor):  # noqa: N801
    """The whole seconds from 1970 to an instant; a fraction counts as one more."""

    inherit_cache = True


@compiles(epoch_floor, "sqlite")
def _epoch_on_sqlite(element: epoch_floor, compiler: SQLCompiler, **how: Any) -> str:
    instant = compiler.process(element.clauses, **how)
    fraction = f" + (ltrim(substr({instant}, 20), '.0') <> '')"  # unixepoch would round it
    seconds = f"unixepoch(substr({instant}, 1, 19))"
    return f"({seconds}{fraction if isinstance(element, epoch_ceil) else ''})"


@compiles(epoch_floor, "postgresql")
def _epoch_on_postgresql(element: epoch_floor, compiler: SQLCompiler, **how: Any) -> str:
    rounded = "ceil" if isinstance(element, epoch_ceil) else "floor"
    return f"{rounded}(extract(epoch FROM {compiler.process(element.clauses, **how)}))::bigint"
