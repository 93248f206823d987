"""Block time, ask before a session is booked, keep notes to a session.

A block takes a person's or a room's time; what it takes are its claims. A service may ask for a
person's yes, and a request that got a no keeps the reason, sealed. Notes are only ever added, so
that the newest is what counts and the others are its history. Locks ``services`` and
``appointments`` for the blink that two columns without values take.
"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"

HERE = "nullif(current_setting('app.practice_id', true), '')::uuid"
NEW = ("blocks", "session_notes")

GUARD = """
CREATE TRIGGER {table}_stays_in_practice_{when} BEFORE {when} ON {table}
WHEN {wrong}
BEGIN
    SELECT RAISE(ABORT, 'another practice');
END
"""


def upgrade() -> None:
    op.add_column(
        "services",
        sa.Column("needs_approval", sa.Boolean(), server_default=sa.false(), nullable=False),
    )
    op.add_column("appointments", sa.Column("declined_why_sealed", sa.LargeBinary(), nullable=True))
    op.create_table(
        "blocks",
        sa.Column("series_id", sa.Uuid(), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reason_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("removed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("practice_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint("ends_at > starts_at", name=op.f("ck_blocks_ends_after_start")),
        sa.ForeignKeyConstraint(
            ["practice_id"], ["practices.id"], name=op.f("fk_blocks_practice_id")
        ),
        sa.PrimaryKeyConstraint("practice_id", "id", name=op.f("pk_blocks")),
    )
    op.create_index("ix_blocks_ends", "blocks", ["practice_id", "ends_at"])
    op.create_index("ix_blocks_series", "blocks", ["practice_id", "series_id"])
    op.create_table(
        "session_notes",
        sa.Column("appointment_id", sa.Uuid(), nullable=False),
        sa.Column("text_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("written_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("written_by", sa.Uuid(), nullable=False),
        sa.Column("practice_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["practice_id", "appointment_id"],
            ["appointments.practice_id", "appointments.id"],
            name=op.f("fk_session_notes_practice_id_appointment_id"),
        ),
        sa.ForeignKeyConstraint(
            ["practice_id", "written_by"],
            ["users.practice_id", "users.id"],
            name=op.f("fk_session_notes_practice_id_written_by"),
        ),
        sa.ForeignKeyConstraint(
            ["practice_id"], ["practices.id"], name=op.f("fk_session_notes_practice_id")
        ),
        sa.PrimaryKeyConstraint("practice_id", "id", name=op.f("pk_session_notes")),
    )
    op.create_index(
        "ix_session_notes_appointment",
        "session_notes",
        ["practice_id", "appointment_id", "written_at"],
    )
    for table in NEW:
        _wall_off(table)


def _wall_off(table: str) -> None:
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
    for table in reversed(NEW):
        op.drop_table(table)
    op.drop_column("appointments", "declined_why_sealed")
    op.drop_column("services", "needs_approval")
