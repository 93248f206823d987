"""Let practices move in: their look and set-up, invitations of staff, and two kinds of doors.

The kinds that a door may have are read from the database before two are added, so that this
step does not undo what another one allowed. Locks `doors` and `practices` for a moment.
"""

import re

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0005"
down_revision = "0004"

ROLE = "sanctuary_app"
NEW_KINDS = ("sign_up", "invitation")
HERE = "nullif(current_setting('app.practice_id', true), '')::uuid"
JSON = sa.JSON().with_variant(JSONB(), "postgresql")

GUARD = """
CREATE TRIGGER invitations_stays_in_practice_{when} BEFORE {when} ON invitations
WHEN {wrong}
BEGIN
    SELECT RAISE(ABORT, 'another practice');
END
"""


def upgrade() -> None:
    for column in (
        sa.Column("accent", sa.String(length=7), nullable=False, server_default=""),
        sa.Column("before_you_book", sa.String(length=500), nullable=False, server_default=""),
        sa.Column("set_up", JSON, nullable=False, server_default="{}"),
    ):
        op.add_column("practices", column)
    op.create_table(
        "invitations",
        sa.Column("email_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("roles", JSON, nullable=False),
        sa.Column("made_by", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("practice_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["practice_id"], ["practices.id"], name=op.f("fk_invitations_practice_id")
        ),
        sa.PrimaryKeyConstraint("practice_id", "id", name=op.f("pk_invitations")),
    )
    _wall_off_invitations()
    _allow([*_allowed(), *NEW_KINDS])


def downgrade() -> None:
    op.execute("DELETE FROM doors WHERE kind IN ('sign_up', 'invitation')")
    _allow([kind for kind in _allowed() if kind not in NEW_KINDS])
    op.drop_table("invitations")
    for name in ("set_up", "before_you_book", "accent"):
        op.drop_column("practices", name)


def _wall_off_invitations() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON invitations TO {ROLE}")
        op.execute("ALTER TABLE invitations ENABLE ROW LEVEL SECURITY")
        op.execute("ALTER TABLE invitations FORCE ROW LEVEL SECURITY")
        op.execute(
            "CREATE POLICY invitations_stays_in_practice ON invitations "
            f"USING (practice_id = {HERE}) WITH CHECK (practice_id = {HERE})"
        )
    else:
        new, old = (f"{row}.practice_id IS NOT app_practice_id()" for row in ("NEW", "OLD"))
        for when, wrong in (("insert", new), ("update", f"{new} OR {old}"), ("delete", old)):
            op.execute(GUARD.format(when=when, wrong=wrong))


# The kinds of doors ----------------------------------------------------------------------------


def _allowed() -> list[str]:
    """Return the kinds that the database lets in, as its check on the column spells them."""
    checks = sa.inspect(op.get_bind()).get_check_constraints("doors")
    (check,) = [check for check in checks if check["name"] == "ck_doors_door_kind"]
    return re.findall(r"'(\w+)'", check["sqltext"])


def _allow(kinds: list[str]) -> None:
    listed = ", ".join(f"'{kind}'" for kind in kinds)
    if op.get_bind().dialect.name == "postgresql":
        op.execute("ALTER TABLE doors DROP CONSTRAINT ck_doors_door_kind")
        op.execute(
            f"ALTER TABLE doors ADD CONSTRAINT ck_doors_door_kind CHECK (kind IN ({listed}))"
        )
        return
    # SQLite changes no check: a new table takes the place of the old one. It has no triggers.
    op.create_table(
        "doors_anew",
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("practice_id", sa.Uuid(), nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.CheckConstraint(f"kind IN ({listed})", name=op.f("ck_doors_door_kind")),
        sa.ForeignKeyConstraint(
            ["practice_id"], ["practices.id"], name=op.f("fk_doors_practice_id")
        ),
        sa.PrimaryKeyConstraint("kind", "hash", name=op.f("pk_doors")),
    )
    op.execute(
        "INSERT INTO doors_anew (kind, hash, practice_id, subject_id) "
        "SELECT kind, hash, practice_id, subject_id FROM doors"
    )
    op.drop_table("doors")
    op.rename_table("doors_anew", "doors")
    op.create_index("ix_doors_practice_id", "doors", ["practice_id"], unique=False)
