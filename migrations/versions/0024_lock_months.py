"""Lock months, and keep what was exported of them.

A journal that counts to a locked month, or to a day before one, is refused by the database, and so
is one whose lines count to another day than it does. On PostgreSQL a month is locked before a
journal or after it, never beside it: what waited for the lock is told to try again, and then finds
it. Fast: four new tables.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0024"
down_revision = "0023"

HERE = "nullif(current_setting('app.practice_id', true), '')::uuid"
NEW = ("export_ways", "month_locks", "kept_exports", "kept_pieces")
FROZEN = ("kept_exports", "kept_pieces")

GUARD = """
CREATE TRIGGER {table}_stays_in_practice_{when} BEFORE {when} ON {table}
WHEN {wrong}
BEGIN
    SELECT RAISE(ABORT, 'another practice');
END
"""
REFUSE = """
CREATE TRIGGER {table}_is_frozen_{when} BEFORE {when} ON {table}
BEGIN
    SELECT RAISE(ABORT, '{table} is append-only');
END
"""
IN_TIME = """
CREATE TRIGGER journals_come_in_time_insert BEFORE INSERT ON journals
WHEN EXISTS (SELECT 1 FROM month_locks
             WHERE practice_id = NEW.practice_id AND unlocked_at IS NULL
               AND first_on >= date(NEW.on_day, 'start of month'))
  OR EXISTS (SELECT 1 FROM ledger_entries
             WHERE practice_id = NEW.practice_id AND journal_id = NEW.id
               AND on_day <> NEW.on_day)
BEGIN
    SELECT RAISE(ABORT, 'the month is locked, or a line counts to another day');
END
"""
IN_TIME_FUNCTION = (
    """
    CREATE FUNCTION refuse_what_comes_late() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        PERFORM pg_advisory_xact_lock_shared(
            hashtextextended(NEW.practice_id::text || ':' || 'books', 0));
        IF EXISTS (SELECT 1 FROM month_locks
                   WHERE practice_id = NEW.practice_id AND unlocked_at IS NULL
                     AND first_on >= date_trunc('month', NEW.on_day)::date) THEN
            RAISE EXCEPTION 'the month is locked' USING ERRCODE = 'serialization_failure';
        END IF;
        IF EXISTS (SELECT 1 FROM ledger_entries
                   WHERE practice_id = NEW.practice_id AND journal_id = NEW.id
                     AND on_day <> NEW.on_day) THEN
            RAISE EXCEPTION 'a line counts to another day' USING ERRCODE = 'check_violation';
        END IF;
        RETURN NEW;
    END $$
    """,
    """
    CREATE TRIGGER journals_come_in_time BEFORE INSERT ON journals
    FOR EACH ROW EXECUTE FUNCTION refuse_what_comes_late()
    """,
)


def upgrade() -> None:
    op.create_table(
        "export_ways",
        sa.Column("terms", _json(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_by", sa.Uuid(), nullable=True),
        *_own("export_ways"),
        _unique("export_ways", "practice_id"),
    )
    op.create_table(
        "month_locks",
        sa.Column("first_on", sa.Date(), nullable=False),
        sa.Column("totals", _json(), nullable=False),
        sa.Column("locked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("locked_by", sa.Uuid(), nullable=True),
        sa.Column("unlocked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("unlocked_by", sa.Uuid(), nullable=True),
        sa.Column("unlock_reason", sa.String(length=200), nullable=False),
        *_own("month_locks"),
    )
    standing = sa.text("unlocked_at IS NULL")
    op.create_index(
        "uq_month_locks_standing",
        "month_locks",
        ["practice_id", "first_on"],
        unique=True,
        sqlite_where=standing,
        postgresql_where=standing,
    )
    op.create_table(
        "kept_exports",
        sa.Column("lock_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("sums", _json(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("bytes_long", sa.Integer(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        *_own("kept_exports"),
        _to("kept_exports", "lock_id", "month_locks"),
        _unique("kept_exports", "practice_id", "lock_id", "kind"),
    )
    op.create_table(
        "kept_pieces",
        sa.Column("export_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("body_sealed", sa.LargeBinary(), nullable=False),
        *_own("kept_pieces"),
        _to("kept_pieces", "export_id", "kept_exports"),
        _unique("kept_pieces", "practice_id", "export_id", "position"),
    )
    for table in NEW:
        _wall_off(table, is_frozen=table in FROZEN)
    is_postgresql = op.get_bind().dialect.name == "postgresql"
    for statement in IN_TIME_FUNCTION if is_postgresql else (IN_TIME,):
        op.execute(statement)


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP TRIGGER journals_come_in_time ON journals")
        op.execute("DROP FUNCTION refuse_what_comes_late()")
    else:
        op.execute("DROP TRIGGER journals_come_in_time_insert")
    for table in reversed(NEW):
        op.drop_table(table)  # with it go its guards


def _json() -> sa.types.TypeEngine[object]:
    return sa.JSON().with_variant(JSONB(), "postgresql")


def _own(table: str) -> tuple[sa.Column[object] | sa.Constraint, ...]:
    return (
        sa.Column("practice_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["practice_id"], ["practices.id"], name=op.f(f"fk_{table}_practice_id")
        ),
        sa.PrimaryKeyConstraint("practice_id", "id", name=op.f(f"pk_{table}")),
    )


def _to(table: str, column: str, other: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["practice_id", column],
        [f"{other}.practice_id", f"{other}.id"],
        name=op.f(f"fk_{table}_practice_id_{column}"),
    )


def _unique(table: str, *columns: str) -> sa.UniqueConstraint:
    return sa.UniqueConstraint(*columns, name=op.f(f"uq_{table}_{'_'.join(columns)}"))


def _wall_off(table: str, *, is_frozen: bool) -> None:
    if op.get_bind().dialect.name != "postgresql":
        new, old = (f"{row}.practice_id IS NOT app_practice_id()" for row in ("NEW", "OLD"))
        for when, wrong in (("insert", new), ("update", f"{new} OR {old}"), ("delete", old)):
            op.execute(GUARD.format(table=table, when=when, wrong=wrong))
        for when in ("update", "delete") if is_frozen else ():
            op.execute(REFUSE.format(table=table, when=when))
        return
    # A lock is ended by a line of its own, never taken away.
    op.execute(f"GRANT SELECT, INSERT{'' if is_frozen else ', UPDATE'} ON {table} TO sanctuary_app")
    op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
    op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
    op.execute(
        f"CREATE POLICY {table}_stays_in_practice ON {table} "
        f"USING (practice_id = {HERE}) WITH CHECK (practice_id = {HERE})"
    )
    if is_frozen:
        op.execute(
            f"CREATE TRIGGER {table}_is_frozen BEFORE UPDATE OR DELETE ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION refuse_change()"
        )
        op.execute(
            f"CREATE TRIGGER {table}_is_kept BEFORE TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )
