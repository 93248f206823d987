"""Keep what clients bring along, and which two of them were one.

Merges of two clients (with what moved, so that they can be undone), treatments tried before,
sessions held elsewhere, and what was still open when the practice moved in. A merge is a row of
its own and no column of `clients`, so that nothing that exists is touched. Locks nothing: the
tables are new.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0009"
down_revision = "0008"

TABLES = ("client_merges", "treatments_tried", "brought_sessions", "opening_balances")

GUARD = """
CREATE TRIGGER {table}_stays_in_practice_{when} BEFORE {when} ON {table}
WHEN {wrong}
BEGIN
    SELECT RAISE(ABORT, 'another practice');
END
"""
HERE = "nullif(current_setting('app.practice_id', true), '')::uuid"


def upgrade() -> None:
    op.create_table(
        "client_merges",
        sa.Column("kept_id", sa.Uuid(), nullable=False),
        sa.Column("gone_id", sa.Uuid(), nullable=False),
        sa.Column("moved", sa.JSON().with_variant(JSONB(), "postgresql"), nullable=False),
        sa.Column("filled", sa.JSON().with_variant(JSONB(), "postgresql"), nullable=False),
        sa.Column("tasks", sa.JSON().with_variant(JSONB(), "postgresql"), nullable=False),
        sa.Column("was_archived_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("undo_until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("practice_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint("kept_id <> gone_id", name=op.f("ck_client_merges_two_clients")),
        sa.ForeignKeyConstraint(
            ["practice_id", "gone_id"],
            ["clients.practice_id", "clients.id"],
            name=op.f("fk_client_merges_practice_id_gone_id"),
        ),
        sa.ForeignKeyConstraint(
            ["practice_id", "kept_id"],
            ["clients.practice_id", "clients.id"],
            name=op.f("fk_client_merges_practice_id_kept_id"),
        ),
        sa.ForeignKeyConstraint(
            ["practice_id"], ["practices.id"], name=op.f("fk_client_merges_practice_id")
        ),
        sa.PrimaryKeyConstraint("practice_id", "id", name=op.f("pk_client_merges")),
    )
    op.create_index(
        "ix_client_merges_kept", "client_merges", ["practice_id", "kept_id"], unique=False
    )
    op.create_index(
        "uq_client_merges_gone",
        "client_merges",
        ["practice_id", "gone_id"],
        unique=True,
        postgresql_where=sa.text("undone_at IS NULL"),
        sqlite_where=sa.text("undone_at IS NULL"),
    )
    op.create_table(
        "treatments_tried",
        sa.Column("client_id", sa.Uuid(), nullable=False),
        sa.Column("what_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("when_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("helped_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("effect_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("practice_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["practice_id", "client_id"],
            ["clients.practice_id", "clients.id"],
            name=op.f("fk_treatments_tried_practice_id_client_id"),
        ),
        sa.ForeignKeyConstraint(
            ["practice_id"], ["practices.id"], name=op.f("fk_treatments_tried_practice_id")
        ),
        sa.PrimaryKeyConstraint("practice_id", "id", name=op.f("pk_treatments_tried")),
    )
    op.create_index(
        "ix_treatments_tried_client", "treatments_tried", ["practice_id", "client_id"], unique=False
    )
    op.create_table(
        "brought_sessions",
        sa.Column("client_id", sa.Uuid(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "consult",
                "intake",
                "medical_eval",
                "med_followup",
                "prep",
                "dosing",
                "integration",
                "booster",
                name="session_kind",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("left_over", sa.Integer(), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("practice_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "(starts_at IS NULL) <> (left_over IS NULL)",
            name=op.f("ck_brought_sessions_held_or_left"),
        ),
        sa.CheckConstraint(
            "(starts_at IS NULL) = (ends_at IS NULL)",
            name=op.f("ck_brought_sessions_whole_or_none"),
        ),
        sa.ForeignKeyConstraint(
            ["practice_id", "client_id"],
            ["clients.practice_id", "clients.id"],
            name=op.f("fk_brought_sessions_practice_id_client_id"),
        ),
        sa.ForeignKeyConstraint(
            ["practice_id"], ["practices.id"], name=op.f("fk_brought_sessions_practice_id")
        ),
        sa.PrimaryKeyConstraint("practice_id", "id", name=op.f("pk_brought_sessions")),
    )
    op.create_index(
        "ix_brought_sessions_client", "brought_sessions", ["practice_id", "client_id"], unique=False
    )
    op.create_table(
        "opening_balances",
        sa.Column("client_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.String(length=40), nullable=False),
        sa.Column("dated_on", sa.Date(), nullable=False),
        sa.Column("amount_minor", sa.Integer(), nullable=False),
        sa.Column("paid_minor", sa.Integer(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("practice_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint("amount_minor > 0", name=op.f("ck_opening_balances_is_positive")),
        sa.CheckConstraint(
            "paid_minor BETWEEN 0 AND amount_minor", name=op.f("ck_opening_balances_paid_at_most")
        ),
        sa.ForeignKeyConstraint(
            ["practice_id", "client_id"],
            ["clients.practice_id", "clients.id"],
            name=op.f("fk_opening_balances_practice_id_client_id"),
        ),
        sa.ForeignKeyConstraint(
            ["practice_id"], ["practices.id"], name=op.f("fk_opening_balances_practice_id")
        ),
        sa.PrimaryKeyConstraint("practice_id", "id", name=op.f("pk_opening_balances")),
        sa.UniqueConstraint(
            "practice_id", "number", name=op.f("uq_opening_balances_practice_id_number")
        ),
    )
    op.create_index(
        "ix_opening_balances_client", "opening_balances", ["practice_id", "client_id"], unique=False
    )
    for table in TABLES:
        wall_off(table)


def wall_off(table: str) -> None:
    """Let nobody see or write another practice's rows, as in 0003."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO sanctuary_app")
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
        op.execute(
            f"CREATE POLICY {table}_stays_in_practice ON {table} "
            f"USING (practice_id = {HERE}) WITH CHECK (practice_id = {HERE})"
        )
        return
    new, old = (f"{row}.practice_id IS NOT app_practice_id()" for row in ("NEW", "OLD"))
    for when, wrong in (("insert", new), ("update", f"{new} OR {old}"), ("delete", old)):
        op.execute(GUARD.format(table=table, when=when, wrong=wrong))


def downgrade() -> None:
    for table in reversed(TABLES):
        op.drop_table(table)
