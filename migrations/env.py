"""Runs the migrations, as the owner of the tables, each in a transaction of its own.

It connects by itself: the application's connections take the runtime role, which may not change
tables and does not exist before the first migration.
"""

from typing import Any

import sqlalchemy as sa
from alembic import context
from flask import current_app

target_metadata = current_app.extensions["migrate"].db.metadata


def begin_at_once(connection: sa.Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def let_us_begin(connection: Any, _record: object) -> None:
    # The driver commits before every change of a table unless it is told not to begin by itself.
    connection.isolation_level = None
    connection.execute("PRAGMA busy_timeout = 30000")
    connection.execute("PRAGMA journal_mode = WAL")


def run() -> None:
    engine = sa.create_engine(current_app.config["SQLALCHEMY_DATABASE_URI"], poolclass=sa.NullPool)
    if engine.dialect.name == "sqlite":
        sa.event.listen(engine, "connect", let_us_begin)
        sa.event.listen(engine, "begin", begin_at_once)
    with engine.connect() as connection:
        context.configure(
            connection=connection,
            target_metadata=target_metadata,
            transaction_per_migration=True,
            transactional_ddl=True,
            compare_type=True,
            render_item=render_item,
        )
        with context.begin_transaction():
            context.run_migrations()


def render_item(kind: str, item: Any, autogen_context: Any) -> str | bool:
    """Spell the house's own column types as plain ones: a migration never imports the house."""
    if kind == "type" and type(item).__name__ == "UtcDateTime":
        return "sa.DateTime(timezone=True)"
    if kind == "type" and isinstance(item, sa.JSON):
        autogen_context.imports.add("from sqlalchemy.dialects.postgresql import JSONB")
        return 'sa.JSON().with_variant(JSONB(), "postgresql")'
    return False


run()
