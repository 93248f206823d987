"""Let mail wait, and speak in a practice's own words: when a message is due, and ``wordings``."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"

HERE = "nullif(current_setting('app.practice_id', true), '')::uuid"

GUARD = """
CREATE TRIGGER wordings_stays_in_practice_{when} BEFORE {when} ON wordings
WHEN {wrong}
BEGIN
    SELECT RAISE(ABORT, 'another practice');
END
"""


def upgrade() -> None:
    op.add_column("messages", sa.Column("due_at", sa.DateTime(timezone=True), nullable=True))
    op.create_index("ix_messages_created", "messages", ["practice_id", "created_at"])
    op.create_table(
        "wordings",
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("subject", sa.String(length=120), nullable=True),
        sa.Column("text", sa.String(length=1200), nullable=False),
        sa.Column("written_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("written_by", sa.Uuid(), nullable=False),
        sa.Column("practice_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["practice_id"], ["practices.id"], name=op.f("fk_wordings_practice_id")
        ),
        sa.ForeignKeyConstraint(
            ["practice_id", "written_by"],
            ["users.practice_id", "users.id"],
            name=op.f("fk_wordings_practice_id_written_by"),
        ),
        sa.PrimaryKeyConstraint("practice_id", "id", name=op.f("pk_wordings")),
        sa.UniqueConstraint(
            "practice_id", "name", "version", name=op.f("uq_wordings_practice_id_name_version")
        ),
    )
    if op.get_bind().dialect.name == "postgresql":
        op.execute("GRANT SELECT, INSERT, UPDATE, DELETE ON wordings TO sanctuary_app")
        op.execute("ALTER TABLE wordings ENABLE ROW LEVEL SECURITY")
        op.execute("ALTER TABLE wordings FORCE ROW LEVEL SECURITY")
        op.execute(
            "CREATE POLICY wordings_stays_in_practice ON wordings "
            f"USING (practice_id = {HERE}) WITH CHECK (practice_id = {HERE})"
        )
    else:
        new, old = (f"{row}.practice_id IS NOT app_practice_id()" for row in ("NEW", "OLD"))
        for when, wrong in (("insert", new), ("update", f"{new} OR {old}"), ("delete", old)):
            op.execute(GUARD.format(when=when, wrong=wrong))


def downgrade() -> None:
    op.drop_table("wordings")
    op.drop_index("ix_messages_created", table_name="messages")
    op.drop_column("messages", "due_at")
