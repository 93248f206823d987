"""Statements that many requests ask, and what they need of SQL.

SQLAlchemy takes several times as long to put a statement together, and to make objects of its
answer, as a database takes to answer it.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import CursorResult, Dialect
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from practice.core.db import OF_THE_PRACTICE, db, owned_tables, require_practice_id


class Often:
    """A statement that is put together once, when the program starts.

    It stays inside the practice like every other, and is not asked if it would not. What it
    asks for is named in it by ``sa.bindparam``.
    """

    def __init__(self, statement: sa.Select[Any] | sa.CompoundSelect[Any]) -> None:
        self._inside = statement.options(OF_THE_PRACTICE)
        self._of_objects = self._inside.execution_options(inside_the_practice=True)

    def rows(self, **values: Any) -> CursorResult[Any]:
        """Ask for columns, past the session: plain values, which nobody writes back."""
        require_practice_id()
        connection = db.session.connection()
        self._keep_inside(connection.dialect)
        return connection.execute(self._inside, values)

    def objects(self, **values: Any) -> sa.ScalarResult[Any]:
        """Ask the session for objects of its own."""
        self._keep_inside(db.engine.dialect)
        return db.session.scalars(self._of_objects, values)

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


def row_alone(statement: sa.Select[Any], **values: Any) -> sa.Row[Any] | None:
    """Return the one row of a statement that names its practice itself, as ``practice_id``.

    For answers that need nothing else of the database: the session is not even made.
    """
    with db.engine.connect() as connection:
        return connection.execute(
            statement, {"practice_id": require_practice_id(), **values}
        ).one_or_none()


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
