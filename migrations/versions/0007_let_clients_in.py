"""Let clients in: who asked for a link, who is signed in, who wants a call, what may be undone.

New columns carry a default for the rows that are there, so nothing is rewritten and no table is
copied (a copy on SQLite would lose its triggers).
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0007"
down_revision = "0006"

TABLES = ("client_sign_ins", "enquiries", "session_changes", "sign_in_asks")
HERE = "nullif(current_setting('app.practice_id', true), '')::uuid"
JSON = sa.JSON().with_variant(JSONB(), "postgresql")

GUARD = """
CREATE TRIGGER {table}_stays_in_practice_{when} BEFORE {when} ON {table}
WHEN {wrong}
BEGIN
    SELECT RAISE(ABORT, 'another practice');
END
"""


def upgrade() -> None:
    op.add_column(
        "practices",
        sa.Column("own_words", sa.String(length=4000), nullable=False, server_default=""),
    )
    op.add_column(
        "practices", sa.Column("frame_origins", JSON, nullable=False, server_default="[]")
    )
    op.add_column("clients", sa.Column("time_zone", sa.String(length=60), nullable=True))
    op.create_table(
        "sign_in_asks",
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("browser", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("wrong_codes", sa.Integer(), nullable=False),
        sa.Column("spent_at", sa.DateTime(timezone=True), nullable=True),
        *_owned("sign_in_asks"),
        sa.UniqueConstraint("practice_id", "hash", name=op.f("uq_sign_in_asks_practice_id_hash")),
    )
    op.create_index("ix_sign_in_asks_browser", "sign_in_asks", ["practice_id", "browser"])
    op.create_table(
        "client_sign_ins",
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("client_id", sa.Uuid(), nullable=True),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("program", sa.String(length=120), nullable=False),
        *_owned("client_sign_ins"),
        sa.ForeignKeyConstraint(
            ["practice_id", "client_id"],
            ["clients.practice_id", "clients.id"],
            name=op.f("fk_client_sign_ins_practice_id_client_id"),
        ),
        sa.UniqueConstraint(
            "practice_id", "hash", name=op.f("uq_client_sign_ins_practice_id_hash")
        ),
    )
    op.create_index("ix_client_sign_ins_email", "client_sign_ins", ["practice_id", "email"])
    op.create_table(
        "enquiries",
        sa.Column("name_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("phone_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("email_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("when_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        *_owned("enquiries"),
    )
    op.create_table(
        "session_changes",
        sa.Column("appointment_id", sa.Uuid(), nullable=False),
        sa.Column("deed", sa.String(length=20), nullable=False),
        sa.Column("by_kind", sa.String(length=20), nullable=False),
        sa.Column("was_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("was_state", sa.String(length=40), nullable=False),
        sa.Column("was_reason", sa.String(length=300), nullable=True),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        *_owned("session_changes"),
        sa.ForeignKeyConstraint(
            ["practice_id", "appointment_id"],
            ["appointments.practice_id", "appointments.id"],
            name=op.f("fk_session_changes_practice_id_appointment_id"),
        ),
        sa.UniqueConstraint(
            "practice_id",
            "appointment_id",
            name=op.f("uq_session_changes_practice_id_appointment_id"),
        ),
    )
    if op.get_bind().dialect.name == "postgresql":
        for table in TABLES:
            op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO sanctuary_app")
            op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
            op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
            op.execute(
                f"CREATE POLICY {table}_stays_in_practice ON {table} "
                f"USING (practice_id = {HERE}) WITH CHECK (practice_id = {HERE})"
            )
    else:
        new, old = (f"{row}.practice_id IS NOT app_practice_id()" for row in ("NEW", "OLD"))
        wrongs = {"insert": new, "update": f"{new} OR {old}", "delete": old}
        for table in TABLES:
            for when, wrong in wrongs.items():
                op.execute(GUARD.format(table=table, when=when, wrong=wrong))


def _owned(table: str) -> tuple[sa.schema.SchemaItem, ...]:
    """Return the columns and keys that every row of a practice has."""
    return (
        sa.Column("practice_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["practice_id"], ["practices.id"], name=op.f(f"fk_{table}_practice_id")
        ),
        sa.PrimaryKeyConstraint("practice_id", "id", name=op.f(f"pk_{table}")),
    )


def downgrade() -> None:
    for table in TABLES:  # with them go their guards
        op.drop_table(table)
    op.drop_column("clients", "time_zone")
    op.drop_column("practices", "frame_origins")
    op.drop_column("practices", "own_words")
