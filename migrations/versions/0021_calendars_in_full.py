"""Feeds with alarms and reach, by mail too; what calendars were told; who wants to be.

A feed counts its own changes from now on, so that a booking waits for nobody who books something
else: the count of each person goes. Fast: columns with defaults, one small table, one index.
"""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"

TABLE, FEEDS = "sent_invitations", "feed_subscriptions"
HERE = "nullif(current_setting('app.practice_id', true), '')::uuid"

GUARD = """
CREATE TRIGGER {table}_stays_in_practice_{when} BEFORE {when} ON {table}
WHEN {wrong}
BEGIN
    SELECT RAISE(ABORT, 'another practice');
END
"""

GAINED = (
    (FEEDS, "by_mail", sa.Boolean(), sa.false()),
    (FEEDS, "days_back", sa.Integer(), "90"),
    (FEEDS, "days_ahead", sa.Integer(), "400"),
    (FEEDS, "version", sa.Integer(), "0"),
    ("appointments", "relabelled", sa.Integer(), "0"),
    ("booking_rules", "invites_clients", sa.Boolean(), sa.true()),
    ("booking_rules", "address_in_calendars", sa.Boolean(), sa.false()),
)
GAINED_EMPTY = (
    (FEEDS, "alarm_minutes", sa.Integer()),
    (FEEDS, "changed_at", sa.DateTime(timezone=True)),
    ("clients", "is_invited", sa.Boolean()),
)


def upgrade() -> None:
    for table, name, kind, default in GAINED:
        op.add_column(table, sa.Column(name, kind, nullable=False, server_default=default))
    for table, name, kind in GAINED_EMPTY:
        op.add_column(table, sa.Column(name, kind, nullable=True))
    op.create_index("ix_feed_subscriptions_resource", FEEDS, ["practice_id", "resource_id"])
    op.drop_column("resources", "calendar_version")
    op.create_table(
        TABLE,
        sa.Column("session_id", sa.Uuid(), nullable=False),
        sa.Column("reader_id", sa.Uuid(), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("mark", sa.String(length=64), nullable=False),
        sa.Column("is_cancelled", sa.Boolean(), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("practice_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["practice_id"], ["practices.id"], name=op.f(f"fk_{TABLE}_practice_id")
        ),
        sa.PrimaryKeyConstraint("practice_id", "id", name=op.f(f"pk_{TABLE}")),
        sa.UniqueConstraint(
            "practice_id",
            "session_id",
            "reader_id",
            name=op.f(f"uq_{TABLE}_practice_id_session_id_reader_id"),
        ),
    )
    if op.get_bind().dialect.name == "postgresql":
        op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {TABLE} TO sanctuary_app")
        op.execute(f"ALTER TABLE {TABLE} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {TABLE} FORCE ROW LEVEL SECURITY")
        op.execute(
            f"CREATE POLICY {TABLE}_stays_in_practice ON {TABLE} "
            f"USING (practice_id = {HERE}) WITH CHECK (practice_id = {HERE})"
        )
    else:
        new, old = (f"{row}.practice_id IS NOT app_practice_id()" for row in ("NEW", "OLD"))
        wrongs = {"insert": new, "update": f"{new} OR {old}", "delete": old}
        for when, wrong in wrongs.items():
            op.execute(GUARD.format(table=TABLE, when=when, wrong=wrong))


def downgrade() -> None:
    op.drop_table(TABLE)  # with it go its guards
    op.add_column(
        "resources",
        sa.Column("calendar_version", sa.Integer(), nullable=False, server_default="0"),
    )
    op.drop_index("ix_feed_subscriptions_resource", table_name=FEEDS)
    for table, name, *_ in (*GAINED, *GAINED_EMPTY):
        op.drop_column(table, name)
