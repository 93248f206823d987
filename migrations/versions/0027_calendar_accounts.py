"""Accounts for calendar programs: app passwords, and what changed in which version.

On SQLite the check of the kinds of doors can only change by copying ``doors``, which has no
triggers to lose: it lies outside the practices' walls. Otherwise fast: columns with defaults, one
small table.
"""

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"

TABLE, FEEDS = "calendar_changes", "feed_subscriptions"
HERE = "nullif(current_setting('app.practice_id', true), '')::uuid"
DOOR = "calendar_account"
BEFORE = (
    *("practice", "user_email", "sign_in", "booking", "feed", "payment", "processor"),
    *("sign_up", "invitation", "api_token"),
)

GUARD = """
CREATE TRIGGER {table}_stays_in_practice_{when} BEFORE {when} ON {table}
WHEN {wrong}
BEGIN
    SELECT RAISE(ABORT, 'another practice');
END
"""

COPY_DOORS = """
CREATE TABLE doors_anew (
    kind VARCHAR(40) NOT NULL,
    hash VARCHAR(64) NOT NULL,
    practice_id CHAR(32) NOT NULL,
    subject_id CHAR(32) NOT NULL,
    CONSTRAINT fk_doors_practice_id FOREIGN KEY(practice_id) REFERENCES practices (id),
    CONSTRAINT pk_doors PRIMARY KEY (kind, hash),
    CONSTRAINT ck_doors_door_kind CHECK (kind IN ({listed}))
);
INSERT INTO doors_anew SELECT kind, hash, practice_id, subject_id FROM doors;
DROP TABLE doors;
ALTER TABLE doors_anew RENAME TO doors;
CREATE INDEX ix_doors_practice_id ON doors (practice_id)
"""


def upgrade() -> None:
    _kinds_of_door((*BEFORE, DOOR))
    op.add_column(
        FEEDS, sa.Column("in_account", sa.Boolean(), nullable=False, server_default=sa.false())
    )
    op.add_column(FEEDS, sa.Column("shown_from", sa.DateTime(timezone=True), nullable=True))
    op.add_column(FEEDS, sa.Column("forgotten", sa.Integer(), nullable=False, server_default="0"))
    op.create_table(
        TABLE,
        sa.Column("subscription_id", sa.Uuid(), nullable=False),
        sa.Column("session_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("practice_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["practice_id"], ["practices.id"], name=op.f(f"fk_{TABLE}_practice_id")
        ),
        sa.ForeignKeyConstraint(
            ["practice_id", "subscription_id"],
            [f"{FEEDS}.practice_id", f"{FEEDS}.id"],
            name=op.f(f"fk_{TABLE}_practice_id_subscription_id"),
        ),
        sa.PrimaryKeyConstraint("practice_id", "id", name=op.f(f"pk_{TABLE}")),
        sa.UniqueConstraint(
            "practice_id",
            "subscription_id",
            "session_id",
            name=op.f(f"uq_{TABLE}_practice_id_subscription_id_session_id"),
        ),
    )
    op.create_index(
        "ix_calendar_changes_version", TABLE, ["practice_id", "subscription_id", "version"]
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


def _kinds_of_door(kinds: tuple[str, ...]) -> None:
    listed = ", ".join(f"'{kind}'" for kind in kinds)
    if op.get_bind().dialect.name == "postgresql":
        op.execute("ALTER TABLE doors DROP CONSTRAINT ck_doors_door_kind")
        op.execute(
            f"ALTER TABLE doors ADD CONSTRAINT ck_doors_door_kind CHECK (kind IN ({listed}))"
        )
    else:
        for step in COPY_DOORS.format(listed=listed).split(";"):
            op.execute(step)


def downgrade() -> None:
    op.drop_table(TABLE)  # with it go its guards
    for column in ("in_account", "shown_from", "forgotten"):
        op.drop_column(FEEDS, column)
    op.execute("DELETE FROM doors WHERE kind = 'calendar_account'")
    _kinds_of_door(BEFORE)
