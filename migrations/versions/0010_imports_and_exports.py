"""Keep imports and exports as rows: what was brought over in one go, and what was taken away.

The files themselves stand sealed in the database, so that any worker can read one that another
web server took in. Locks nothing: the tables are new.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0010"
down_revision = "0009"

TABLES = ("import_runs", "import_rows", "export_runs", "export_chunks")

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
        "import_runs",
        sa.Column(
            "what",
            sa.Enum(
                "clients",
                "sessions",
                "balances",
                "calendar",
                name="what",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column(
            "state",
            sa.Enum(
                "checked",
                "running",
                "done",
                "undone",
                "discarded",
                name="run_state",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("file_name", sa.String(length=120), nullable=False),
        sa.Column("body_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("choices", sa.JSON().with_variant(JSONB(), "postgresql"), nullable=False),
        sa.Column("notes", sa.JSON().with_variant(JSONB(), "postgresql"), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("added", sa.Integer(), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("practice_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["practice_id"], ["practices.id"], name=op.f("fk_import_runs_practice_id")
        ),
        sa.PrimaryKeyConstraint("practice_id", "id", name=op.f("pk_import_runs")),
    )
    op.create_index(
        "ix_import_runs_created", "import_runs", ["practice_id", "created_at"], unique=False
    )
    op.create_table(
        "import_rows",
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("made_id", sa.Uuid(), nullable=False),
        sa.Column("practice_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["practice_id", "run_id"],
            ["import_runs.practice_id", "import_runs.id"],
            name=op.f("fk_import_rows_practice_id_run_id"),
        ),
        sa.ForeignKeyConstraint(
            ["practice_id"], ["practices.id"], name=op.f("fk_import_rows_practice_id")
        ),
        sa.PrimaryKeyConstraint("practice_id", "id", name=op.f("pk_import_rows")),
    )
    op.create_index("ix_import_rows_run", "import_rows", ["practice_id", "run_id"], unique=False)
    op.create_table(
        "export_runs",
        sa.Column(
            "state",
            sa.Enum(
                "waiting",
                "ready",
                "gone",
                name="export_state",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("asked_by", sa.Uuid(), nullable=False),
        sa.Column("sign_in_id", sa.Uuid(), nullable=False),
        sa.Column("bytes_long", sa.Integer(), nullable=False),
        sa.Column("tables", sa.Integer(), nullable=False),
        sa.Column("papers", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ready_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("practice_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["practice_id"], ["practices.id"], name=op.f("fk_export_runs_practice_id")
        ),
        sa.PrimaryKeyConstraint("practice_id", "id", name=op.f("pk_export_runs")),
    )
    op.create_index(
        "ix_export_runs_created", "export_runs", ["practice_id", "created_at"], unique=False
    )
    op.create_table(
        "export_chunks",
        sa.Column("export_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("body_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("practice_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["practice_id", "export_id"],
            ["export_runs.practice_id", "export_runs.id"],
            name=op.f("fk_export_chunks_practice_id_export_id"),
        ),
        sa.ForeignKeyConstraint(
            ["practice_id"], ["practices.id"], name=op.f("fk_export_chunks_practice_id")
        ),
        sa.PrimaryKeyConstraint("practice_id", "id", name=op.f("pk_export_chunks")),
        sa.UniqueConstraint(
            "practice_id",
            "export_id",
            "position",
            name=op.f("uq_export_chunks_practice_id_export_id_position"),
        ),
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
