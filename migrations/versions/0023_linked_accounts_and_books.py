"""Link accounts at the processor, and keep its books: disputes, payouts and moves of the balance.

``parked_events`` lies outside the practices: it is news of accounts that nobody here has. Fast:
five new tables.
"""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"

HERE = "nullif(current_setting('app.practice_id', true), '')::uuid"
NEW = ("processor_accounts", "disputes", "payouts", "processor_moves")
STANDING = ("unfinished", "checked", "open", "restricted", "gone")
DISPUTE = (
    "asked",
    "asked_answered",
    "asked_closed",
    "needs_answer",
    "under_review",
    "won",
    "lost",
)
PAYOUT = ("on_its_way", "paid", "failed")

GUARD = """
CREATE TRIGGER {table}_stays_in_practice_{when} BEFORE {when} ON {table}
WHEN {wrong}
BEGIN
    SELECT RAISE(ABORT, 'another practice');
END
"""


def upgrade() -> None:
    op.create_table(
        "processor_accounts",
        sa.Column("processor_id", sa.String(length=60), nullable=True),
        sa.Column("is_current", sa.Boolean(), nullable=True),
        sa.Column("standing", _closed(STANDING, "standing"), nullable=False),
        sa.Column("payouts_enabled", sa.Boolean(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("begun_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("gone_at", sa.DateTime(timezone=True), nullable=True),
        *_own("processor_accounts"),
        _unique("processor_accounts", "practice_id", "processor_id"),
        _unique("processor_accounts", "practice_id", "is_current"),
    )
    op.create_table(
        "disputes",
        sa.Column("payment_id", sa.Uuid(), nullable=False),
        sa.Column("account", sa.String(length=60), nullable=False),
        sa.Column("processor_id", sa.String(length=120), nullable=False),
        sa.Column("state", _closed(DISPUTE, "dispute_state"), nullable=False),
        sa.Column("reason", sa.String(length=60), nullable=False),
        sa.Column("amount_minor", sa.Integer(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        *_own("disputes"),
        _to("disputes", "payment_id", "payments"),
        _unique("disputes", "practice_id", "account", "processor_id"),
        sa.CheckConstraint("amount_minor > 0", name=op.f("ck_disputes_is_positive")),
    )
    op.create_index("ix_disputes_payment", "disputes", ["practice_id", "payment_id"])
    op.create_index("ix_disputes_opened", "disputes", ["practice_id", "opened_at"])
    op.create_table(
        "payouts",
        sa.Column("account", sa.String(length=60), nullable=False),
        sa.Column("processor_id", sa.String(length=120), nullable=False),
        sa.Column("state", _closed(PAYOUT, "payout_state"), nullable=False),
        sa.Column("amount_minor", sa.Integer(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("arrives_on", sa.Date(), nullable=False),
        *_own("payouts"),
        _unique("payouts", "practice_id", "account", "processor_id"),
    )
    op.create_index("ix_payouts_arrives", "payouts", ["practice_id", "arrives_on"])
    op.create_table(
        "processor_moves",
        sa.Column("account", sa.String(length=60), nullable=False),
        sa.Column("processor_id", sa.String(length=120), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("category", sa.String(length=60), nullable=False),
        sa.Column("amount_minor", sa.Integer(), nullable=False),
        sa.Column("fee_minor", sa.Integer(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("source_id", sa.String(length=120), nullable=True),
        sa.Column("payment_id", sa.Uuid(), nullable=True),
        sa.Column("payout_id", sa.Uuid(), nullable=True),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        *_own("processor_moves"),
        _to("processor_moves", "payment_id", "payments"),
        _to("processor_moves", "payout_id", "payouts"),
        _unique("processor_moves", "practice_id", "account", "processor_id"),
    )
    op.create_index("ix_processor_moves_made", "processor_moves", ["practice_id", "made_at"])
    op.create_index("ix_processor_moves_payout", "processor_moves", ["practice_id", "payout_id"])
    op.create_index("ix_processor_moves_payment", "processor_moves", ["practice_id", "payment_id"])
    op.create_table(
        "parked_events",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account", sa.String(length=120), nullable=False),
        sa.Column("processor_id", sa.String(length=120), nullable=False),
        sa.Column("kind", sa.String(length=120), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_parked_events")),
        _unique("parked_events", "account", "processor_id"),
    )
    if op.get_bind().dialect.name == "postgresql":
        op.execute("GRANT SELECT, INSERT, DELETE ON parked_events TO sanctuary_app")
    for table in NEW:
        _wall_off(table)


def downgrade() -> None:
    for table in ("parked_events", *reversed(NEW)):
        op.drop_table(table)  # with it go its guards


def _own(table: str) -> tuple[sa.Column[object] | sa.Constraint, ...]:
    return (
        sa.Column("practice_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["practice_id"], ["practices.id"], name=op.f(f"fk_{table}_practice_id")
        ),
        sa.PrimaryKeyConstraint("practice_id", "id", name=op.f(f"pk_{table}")),
    )


def _to(table: str, column: str, other: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["practice_id", column],
        [f"{other}.practice_id", f"{other}.id"],
        name=op.f(f"fk_{table}_practice_id_{column}"),
    )


def _unique(table: str, *columns: str) -> sa.UniqueConstraint:
    return sa.UniqueConstraint(*columns, name=op.f(f"uq_{table}_{'_'.join(columns)}"))


def _closed(values: tuple[str, ...], name: str) -> sa.Enum:
    return sa.Enum(*values, name=name, native_enum=False, create_constraint=True, length=40)


def _wall_off(table: str) -> None:
    if op.get_bind().dialect.name != "postgresql":
        new, old = (f"{row}.practice_id IS NOT app_practice_id()" for row in ("NEW", "OLD"))
        for when, wrong in (("insert", new), ("update", f"{new} OR {old}"), ("delete", old)):
            op.execute(GUARD.format(table=table, when=when, wrong=wrong))
        return
    op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO sanctuary_app")
    op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
    op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
    op.execute(
        f"CREATE POLICY {table}_stays_in_practice ON {table} "
        f"USING (practice_id = {HERE}) WITH CHECK (practice_id = {HERE})"
    )
