"""Let calendars from elsewhere block time.

What such a calendar blocks are claims of the kind ``imported``, which there has always been: they
may lie over anything, since nobody asked us. Their holder is the calendar. Fast: one new table.
"""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"

TABLE = "external_calendars"
HERE = "nullif(current_setting('app.practice_id', true), '')::uuid"

GUARD = """
CREATE TRIGGER {table}_stays_in_practice_{when} BEFORE {when} ON {table}
WHEN {wrong}
BEGIN
    SELECT RAISE(ABORT, 'another practice');
END
"""


def upgrade() -> None:
    instant = sa.DateTime(timezone=True)
    op.create_table(
        TABLE,
        sa.Column("resource_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("address_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("all_day_blocks", sa.Boolean(), nullable=False),
        sa.Column("free_blocks", sa.Boolean(), nullable=False),
        sa.Column("tentative_blocks", sa.Boolean(), nullable=False),
        sa.Column("floating_zone", sa.String(length=64), nullable=False),
        sa.Column("own_addresses_sealed", sa.LargeBinary(), nullable=True),
        sa.Column(
            "when_stale",
            sa.Enum(
                "keep",
                "hide",
                name="when_stale",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("added_by", sa.Uuid(), nullable=False),
        sa.Column("added_at", instant, nullable=False),
        sa.Column("confirmed_at", instant, nullable=True),
        sa.Column("stopped_at", instant, nullable=True),
        sa.Column("checked_at", instant, nullable=True),
        sa.Column("read_at", instant, nullable=True),
        sa.Column("changed_at", instant, nullable=True),
        sa.Column("next_at", instant, nullable=True),
        sa.Column("told_at", instant, nullable=True),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("problem", sa.String(length=200), nullable=True),
        sa.Column("events", sa.Integer(), nullable=False),
        sa.Column("unreadable", sa.Integer(), nullable=False),
        sa.Column("guessed", sa.Integer(), nullable=False),
        sa.Column("etag", sa.String(length=300), nullable=True),
        sa.Column("last_modified", sa.String(length=60), nullable=True),
        sa.Column("body_hash", sa.String(length=64), nullable=True),
        sa.Column("way", sa.String(length=64), nullable=True),
        sa.Column("found", sa.Text(), nullable=True),
        sa.Column("practice_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["practice_id", "resource_id"],
            ["resources.practice_id", "resources.id"],
            name=op.f("fk_external_calendars_practice_id_resource_id"),
        ),
        sa.ForeignKeyConstraint(
            ["practice_id"], ["practices.id"], name=op.f("fk_external_calendars_practice_id")
        ),
        sa.PrimaryKeyConstraint("practice_id", "id", name=op.f("pk_external_calendars")),
    )
    op.create_index("ix_external_calendars_resource", TABLE, ["practice_id", "resource_id"])
    _wall_off()


def _wall_off() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {TABLE} TO sanctuary_app")
        op.execute(f"ALTER TABLE {TABLE} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {TABLE} FORCE ROW LEVEL SECURITY")
        op.execute(
            f"CREATE POLICY {TABLE}_stays_in_practice ON {TABLE} "
            f"USING (practice_id = {HERE}) WITH CHECK (practice_id = {HERE})"
        )
        return
    new, old = (f"{row}.practice_id IS NOT app_practice_id()" for row in ("NEW", "OLD"))
    for when, wrong in (("insert", new), ("update", f"{new} OR {old}"), ("delete", old)):
        op.execute(GUARD.format(table=TABLE, when=when, wrong=wrong))


def downgrade() -> None:
    op.drop_table(TABLE)
