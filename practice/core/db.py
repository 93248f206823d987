"""The database: column types, the two walls between practices, and the one commit.

Everything that is specific to SQLite or PostgreSQL and not a query stands here, in
``connections`` or in the migrations. Tables themselves belong to their rooms.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from enum import Enum
from threading import Event
from typing import Any, ClassVar, TypeVar
from uuid import UUID, uuid4

import sqlalchemy as sa
from flask import Flask, g
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import event
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.engine import Dialect
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import (
    DeclarativeBase,
    Mapped,
    ORMExecuteState,
    mapped_column,
    with_loader_criteria,
)
from sqlalchemy.sql import visitors
from sqlalchemy.types import TypeDecorator

from practice.core import connections
from practice.core.connections import (
    current_practice_id,
    name_the_practice,
    state_of,
    waited_too_long,
)
from practice.core.errors import Unavailable

T = TypeVar("T")

TRIES = 5
CONNECTIONS = 10
"""Kept open: no fewer than the web server has threads, or a crowd opens and closes one a request.
"""


class Busy(Unavailable):
    """Another writer held the database for too long. Nothing was changed."""


class UtcDateTime(TypeDecorator[datetime]):
    """An instant: aware on the way in, aware UTC on the way out, on every database.

    Raises:
        ValueError: for a naive value, which would be an hour nobody can name.
    """

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("an instant needs a time zone")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if dialect.name == "sqlite" else value.astimezone(UTC)


Json = sa.JSON().with_variant(JSONB(), "postgresql")


def enum_by_value(kind: type[Enum]) -> sa.Enum:
    """Return the column type of a closed set: its values as text, checked by the database."""
    return sa.Enum(
        kind,
        values_callable=lambda members: [str(member.value) for member in members],
        native_enum=False,
        create_constraint=True,
        length=40,
        name="".join("_" + c.lower() if c.isupper() else c for c in kind.__name__).lstrip("_"),
    )


class Base(DeclarativeBase):
    """The parent of every table."""

    metadata = sa.MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        datetime: UtcDateTime(),
        dict[str, Any]: Json,
        list[str]: Json,
        list[int]: Json,
    }


class PracticeOwned:
    """Mixin for rows that belong to one practice and must never leak to another.

    The id is made with the object, so that it can be named before the row is written.
    """

    practice_id: Mapped[UUID] = mapped_column(sa.ForeignKey("practices.id"), primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)

    def __init__(self, **values: Any) -> None:
        # First, because sealed fields are bound to the row that they belong to.
        self.practice_id = values.pop("practice_id", None) or require_practice_id()
        self.id = values.pop("id", None) or uuid4()
        for name, value in values.items():
            if not hasattr(type(self), name):
                raise TypeError(f"{type(self).__name__} has no field {name!r}")
            setattr(self, name, value)


db = SQLAlchemy(
    metadata=Base.metadata,
    disable_autonaming=True,
    session_options={"expire_on_commit": False},
    engine_options={"hide_parameters": True, "pool_size": CONNECTIONS},
)


# Which practice: the scope ---------------------------------------------------------------------


def require_practice_id() -> UUID:
    """Return the current practice.

    Raises:
        RuntimeError: outside a practice.
    """
    practice_id = current_practice_id()
    if practice_id is None:
        raise RuntimeError("this needs a practice: enter practice_scope() first")
    return practice_id


def enter_practice(practice_id: UUID) -> None:
    """Make the rest of this request about one practice. ``practice_scope`` for everything else.

    Raises:
        RuntimeError: inside a ``transaction()``, which belongs to the practice it began with.
    """
    if current_practice_id() is None and not db.session.registry.has():
        g.practice_id = practice_id
        return
    session = db.session()
    if current_practice_id() is not None or session.info.get("open"):
        _move_to(practice_id)
        return
    # Nothing but doors can have been read: that read goes on, and row-level security is told.
    g.practice_id = practice_id
    if session.in_transaction() and session.get_bind().dialect.name == "postgresql":
        name_the_practice(session.connection())


@contextmanager
def practice_scope(practice_id: UUID) -> Iterator[None]:
    """Limit every query on a ``PracticeOwned`` model to one practice."""
    before = current_practice_id()
    _move_to(practice_id)
    try:
        yield
    finally:
        _move_to(before)


def _move_to(practice_id: UUID | None) -> None:
    if practice_id == current_practice_id():
        return
    session = db.session()
    if session.info.get("open"):
        raise RuntimeError("a transaction belongs to one practice from its beginning to its end")
    # The identity map would hand out the other practice's objects, and the setting that row-level
    # security reads is made at BEGIN: both end here. In this order, what was read stays readable.
    session.expunge_all()
    session.rollback()
    g.practice_id = practice_id


_HERE = sa.bindparam("practice_here", callable_=current_practice_id, type_=sa.Uuid())
OF_THE_PRACTICE = with_loader_criteria(
    PracticeOwned, lambda cls: cls.practice_id == _HERE, include_aliases=True
)
"""Made once, because it goes to every statement; the practice is read when a statement runs."""


@event.listens_for(db.session, "do_orm_execute")
def _stay_inside_the_practice(state: ORMExecuteState) -> None:
    if state.is_insert or state.is_column_load or state.is_relationship_load:
        return
    if state.is_select and state.session.info.get("open"):
        # What a writer reads again it decides upon: never what an earlier read remembered.
        state.update_execution_options(populate_existing=True)
    if state.execution_options.get("across_practices"):
        return
    if current_practice_id() is None:
        owned = owned_tables(state.statement)
        if owned:
            raise RuntimeError(f"{', '.join(owned)} queried outside a practice")
    if not state.execution_options.get("inside_the_practice"):
        state.statement = state.statement.options(OF_THE_PRACTICE)


def owned_tables(statement: Any) -> list[str]:
    """Return the tables of practices anywhere in ``statement``, in subqueries too."""
    tables = {each for each in visitors.iterate(statement) if isinstance(each, sa.Table)}
    return sorted({t.name for t in tables if "practice_id" in t.primary_key.columns})


@event.listens_for(db.session, "before_flush")
def _write_only_in_a_transaction(session: Any, *_: object) -> None:
    if not session.info.get("open"):
        raise RuntimeError("rows are written inside transaction() alone")


# The one commit --------------------------------------------------------------------------------


@contextmanager
def transaction() -> Iterator[None]:
    """Commit once if the block succeeds; otherwise leave no trace.

    The only place that commits. Views, commands and workers open one around their service
    calls; services flush. Blocks do not nest. A read that something opened before is ended
    first, and the block begins as a writer (``BEGIN IMMEDIATE`` on SQLite), so what it reads
    stays true until it commits.

    Raises:
        Busy: if another writer held the database for more than 4 seconds.
    """
    session = db.session()
    if session.info.get("open"):
        raise RuntimeError("transaction() is for the edge and does not nest")
    session.commit()
    session.info["open"] = True
    try:
        session.connection(execution_options={"write": True})
        yield
        session.commit()
    except DBAPIError as error:
        session.rollback()
        if waited_too_long(error):
            raise Busy("The practice is very busy. Nothing was changed. Try again.") from error
        raise
    except BaseException:
        session.rollback()
        raise
    finally:
        session.info["open"] = False


def in_transaction(work: Callable[[], T]) -> T:
    """Run ``work`` in a transaction, at most five times if the database asks for it.

    Only a serialization failure or a deadlock is tried again, after a short random wait;
    ``work`` must therefore touch nothing but the database.
    """
    for attempt in range(1, TRIES + 1):
        try:
            with transaction():
                return work()
        except DBAPIError as error:
            if attempt == TRIES or state_of(error) not in ("40001", "40P01"):
                raise
            Event().wait(random.uniform(0, 0.02 * 2**attempt))  # noqa: S311 - spreads, not hides
    raise AssertionError("the last try returns or raises")


class _Rehearsed(Exception):
    """Ends a transaction that nobody meant."""


def rehearse(work: Callable[[], T]) -> T:
    """Run ``work`` in a transaction, leave no trace of it, and return what it found.

    To tell, before a change is made, what it would come to: by the very code that would tell it
    afterwards. ``work`` returns plain values, since rows that it read are read again.
    """
    found: list[T] = []
    with suppress(_Rehearsed), transaction():
        found.append(work())
        raise _Rehearsed
    return found[0]


@contextmanager
def one_moment() -> Iterator[None]:
    """Read everything in the block as it stood at one moment, whatever others write meanwhile.

    Call outside ``transaction()``. A read that something opened before is ended first.
    """
    session = db.session()
    session.rollback()
    if db.engine.dialect.name == "postgresql":
        session.connection().exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
    try:
        yield
    finally:
        session.rollback()


@contextmanager
def whole_or_not() -> Iterator[None]:
    """Leave no trace of a block that raises, in a transaction that goes on without it.

    For many things that are brought in together, each of which may be refused by itself.
    """
    with db.session.begin_nested():
        yield


def insert_unless_there(row: Base) -> None:
    """Insert ``row`` unless a unique key says that it is there.

    Losing the race is no error and leaves the transaction whole. ``row`` itself stays outside
    the session: select it again if it is needed.
    """
    mapper = sa.inspect(type(row))
    values = {
        column.key: getattr(row, column.key)
        for column in mapper.columns
        if getattr(row, column.key) is not None
    }
    insert = sqlite.insert if db.engine.dialect.name == "sqlite" else postgresql.insert
    db.session.execute(insert(type(row)).values(values).on_conflict_do_nothing())


def take_turns(what: str) -> None:
    """Wait until no other transaction of this practice is at ``what``, then keep others waiting.

    For what is counted before it is written. SQLite's writers take turns in everything.
    """
    if db.engine.dialect.name == "postgresql":
        key = sa.func.hashtextextended(f"{require_practice_id()}:{what}", 0)
        db.session.execute(sa.select(sa.func.pg_advisory_xact_lock(key)))


def read_again() -> None:
    """End the open read, so that the next query sees what others have written since."""
    db.session.rollback()


def init_app(app: Flask, url: str) -> None:
    """Connect ``app`` to its database, by connections as the house needs them."""
    app.config["SQLALCHEMY_DATABASE_URI"] = url
    db.init_app(app)
    with app.app_context():
        connections.set_up(db.engine)
