"""Let other programs in: tokens, answers given once, and addresses that want news.

A token's door is a new kind of door, so the list of kinds is written anew. On SQLite that copies
``doors``, which has no triggers to lose: it lies outside the practices' walls. Other tables only
gain.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0012"
down_revision = "0011"

TABLES = ("api_answers", "api_tokens", "webhook_deliveries", "webhooks")
HERE = "nullif(current_setting('app.practice_id', true), '')::uuid"
JSON = sa.JSON().with_variant(JSONB(), "postgresql")
BEFORE = (
    *("practice", "user_email", "sign_in", "booking", "feed", "payment", "processor"),
    *("sign_up", "invitation"),
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
    _kinds_of_door((*BEFORE, "api_token"))
    op.add_column(
        "practices",
        sa.Column("has_webhooks", sa.Boolean(), nullable=False, server_default=sa.false()),
    )
    op.create_table(
        "api_tokens",
        sa.Column("label", sa.String(length=80), nullable=False),
        sa.Column("scopes", JSON, nullable=False),
        sa.Column("made_by", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        *_owned("api_tokens"),
        sa.ForeignKeyConstraint(
            ["practice_id", "made_by"],
            ["users.practice_id", "users.id"],
            name=op.f("fk_api_tokens_practice_id_made_by"),
        ),
    )
    op.create_table(
        "api_answers",
        sa.Column("holder", sa.String(length=64), nullable=False),
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("asked", sa.String(length=64), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("body_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        *_owned("api_answers"),
        sa.UniqueConstraint(
            "practice_id", "holder", "key", name=op.f("uq_api_answers_practice_id_holder_key")
        ),
    )
    op.create_index("ix_api_answers_made", "api_answers", ["practice_id", "made_at"])
    op.create_table(
        "webhooks",
        sa.Column("url", sa.String(length=500), nullable=False),
        sa.Column("events", JSON, nullable=False),
        sa.Column("secret_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("old_secret_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("rotated_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        *_owned("webhooks"),
    )
    op.create_table(
        "webhook_deliveries",
        sa.Column("webhook_id", sa.Uuid(), nullable=False),
        sa.Column("event", sa.String(length=40), nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("body", sa.Text(), nullable=True),
        sa.Column(
            "state",
            sa.Enum(
                "waiting",
                "taken",
                "given_up",
                name="delivery_state",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("problem", sa.String(length=200), nullable=True),
        sa.Column("next_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        *_owned("webhook_deliveries"),
        sa.ForeignKeyConstraint(
            ["practice_id", "webhook_id"],
            ["webhooks.practice_id", "webhooks.id"],
            name=op.f("fk_webhook_deliveries_practice_id_webhook_id"),
        ),
    )
    op.create_index(
        "ix_webhook_deliveries_subject",
        "webhook_deliveries",
        ["practice_id", "webhook_id", "subject_id", "ordinal"],
    )
    op.create_index(
        "ix_webhook_deliveries_made",
        "webhook_deliveries",
        ["practice_id", "webhook_id", "created_at"],
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
    for table in TABLES:  # with them go their guards
        op.drop_table(table)
    op.drop_column("practices", "has_webhooks")
    op.execute("DELETE FROM doors WHERE kind = 'api_token'")
    _kinds_of_door(BEFORE)
