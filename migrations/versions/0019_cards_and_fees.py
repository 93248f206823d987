"""Keep cards on file, what their holders agreed to and how they were charged; and late fees.

What was agreed to is only ever added. ``payments`` learns whether its card stays on file, and
``appointments`` why one was called off. Fast: five new tables, and two columns.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0019"
down_revision = "0017"

HERE = "nullif(current_setting('app.practice_id', true), '')::uuid"
JSON = sa.JSON().with_variant(JSONB(), "postgresql")
NEW = ("card_consents", "card_setups", "cards", "card_charges", "fees")
FROZEN = ("card_consents",)
SETUP = ("creating", "open", "saved", "expired", "failed")
FEE_FOR = ("cancelled", "moved", "missed")
FEE_STATE = ("waiting", "due", "withdrawn", "waived")
FAILURE = ("declined", "needs_holder", "refused", "never_asked")

GUARD = """
CREATE TRIGGER {table}_stays_in_practice_{when} BEFORE {when} ON {table}
WHEN {wrong}
BEGIN
    SELECT RAISE(ABORT, 'another practice');
END
"""

REFUSE = """
CREATE TRIGGER {table}_is_frozen_{when} BEFORE {when} ON {table}
BEGIN
    SELECT RAISE(ABORT, '{table} is append-only');
END
"""


def upgrade() -> None:
    op.add_column(
        "payments",
        sa.Column("keeps_card", sa.Boolean(), server_default=sa.false(), nullable=False),
    )
    op.create_table(
        "card_consents",
        sa.Column("client_id", sa.Uuid(), nullable=False),
        sa.Column("payment_id", sa.Uuid(), nullable=True),
        sa.Column("uses", JSON, nullable=False),
        sa.Column("version", sa.String(length=20), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("text_sha256", sa.String(length=64), nullable=False),
        sa.Column("agreed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("address", sa.String(length=45), nullable=False),
        *_own("card_consents"),
        _to("card_consents", "client_id", "clients"),
        _to("card_consents", "payment_id", "payments"),
        sa.UniqueConstraint(
            "practice_id", "payment_id", name=op.f("uq_card_consents_practice_id_payment_id")
        ),
    )
    op.create_index("ix_card_consents_client", "card_consents", ["practice_id", "client_id"])
    op.create_table(
        "card_setups",
        sa.Column("client_id", sa.Uuid(), nullable=False),
        sa.Column("consent_id", sa.Uuid(), nullable=False),
        sa.Column("state", _closed(SETUP, "setup_state"), nullable=False),
        sa.Column("account", sa.String(length=60), nullable=False),
        sa.Column("checkout_id", sa.String(length=120), nullable=True),
        sa.Column("checkout_url", sa.String(length=2000), nullable=True),
        sa.Column("checkout_ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("success_url", sa.String(length=400), nullable=False),
        sa.Column("cancel_url", sa.String(length=400), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        *_own("card_setups"),
        _to("card_setups", "client_id", "clients"),
        _to("card_setups", "consent_id", "card_consents"),
    )
    op.create_index("ix_card_setups_client", "card_setups", ["practice_id", "client_id"])
    op.create_index("ix_card_setups_state", "card_setups", ["practice_id", "state"])
    op.create_table(
        "cards",
        sa.Column("client_id", sa.Uuid(), nullable=False),
        sa.Column("consent_id", sa.Uuid(), nullable=False),
        sa.Column("account", sa.String(length=60), nullable=False),
        sa.Column("customer_id", sa.String(length=120), nullable=False),
        sa.Column("method_id", sa.String(length=120), nullable=False),
        sa.Column("brand", sa.String(length=40), nullable=False),
        sa.Column("last4", sa.String(length=4), nullable=False),
        sa.Column("exp_month", sa.Integer(), nullable=False),
        sa.Column("exp_year", sa.Integer(), nullable=False),
        sa.Column("saved_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("is_on_file", sa.Boolean(), nullable=True),
        sa.Column("removed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("detached_at", sa.DateTime(timezone=True), nullable=True),
        *_own("cards"),
        _to("cards", "client_id", "clients"),
        _to("cards", "consent_id", "card_consents"),
        sa.UniqueConstraint(
            "practice_id",
            "account",
            "method_id",
            name=op.f("uq_cards_practice_id_account_method_id"),
        ),
        sa.UniqueConstraint(
            "practice_id",
            "client_id",
            "account",
            "is_on_file",
            name=op.f("uq_cards_practice_id_client_id_account_is_on_file"),
        ),
        sa.CheckConstraint(
            "(is_on_file IS NULL) = (removed_at IS NOT NULL)",
            name=op.f("ck_cards_removed_or_on_file"),
        ),
    )
    op.create_table(
        "card_charges",
        sa.Column("card_id", sa.Uuid(), nullable=False),
        sa.Column("attempt_key", sa.String(length=120), nullable=False),
        sa.Column("failure", _closed(FAILURE, "failure"), nullable=True),
        sa.Column("code", sa.String(length=60), nullable=True),
        *_own("card_charges"),
        _to("card_charges", "id", "payments"),
        _to("card_charges", "card_id", "cards"),
        sa.UniqueConstraint(
            "practice_id", "attempt_key", name=op.f("uq_card_charges_practice_id_attempt_key")
        ),
    )
    op.create_table(
        "fees",
        sa.Column("client_id", sa.Uuid(), nullable=False),
        sa.Column("for_id", sa.Uuid(), nullable=False),
        sa.Column("change", sa.Integer(), nullable=False),
        sa.Column("settles_id", sa.Uuid(), nullable=False),
        sa.Column("fee_for", _closed(FEE_FOR, "fee_for"), nullable=False),
        sa.Column("state", _closed(FEE_STATE, "fee_state"), nullable=False),
        sa.Column("amount_minor", sa.Integer(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("rest_is_credit", sa.Boolean(), nullable=False),
        sa.Column("service_on", sa.Date(), nullable=False),
        sa.Column("page", sa.String(length=400), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("falls_due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("invoice_id", sa.Uuid(), nullable=True),
        sa.Column("waived_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("waived_by", sa.Uuid(), nullable=True),
        sa.Column("waived_why", sa.String(length=300), nullable=True),
        *_own("fees"),
        _to("fees", "client_id", "clients"),
        _to("fees", "invoice_id", "invoices"),
        sa.UniqueConstraint(
            "practice_id", "for_id", "change", name=op.f("uq_fees_practice_id_for_id_change")
        ),
        sa.CheckConstraint("amount_minor > 0", name=op.f("ck_fees_is_positive")),
    )
    op.create_index("ix_fees_client", "fees", ["practice_id", "client_id"])
    op.create_index("ix_fees_settles", "fees", ["practice_id", "settles_id"])
    op.add_column("appointments", sa.Column("off_why", sa.String(length=40), nullable=True))
    op.add_column(
        "appointments",
        sa.Column("rest_is_credit", sa.Boolean(), server_default=sa.false(), nullable=False),
    )
    for table in NEW:
        _wall_off(table, is_frozen=table in FROZEN)


def downgrade() -> None:
    for table in reversed(NEW):
        op.drop_table(table)  # with it go its guards
    op.drop_column("appointments", "rest_is_credit")
    op.drop_column("appointments", "off_why")
    op.drop_column("payments", "keeps_card")


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


def _closed(values: tuple[str, ...], name: str) -> sa.Enum:
    return sa.Enum(*values, name=name, native_enum=False, create_constraint=True, length=40)


def _wall_off(table: str, *, is_frozen: bool) -> None:
    if op.get_bind().dialect.name != "postgresql":
        new, old = (f"{row}.practice_id IS NOT app_practice_id()" for row in ("NEW", "OLD"))
        for when, wrong in (("insert", new), ("update", f"{new} OR {old}"), ("delete", old)):
            op.execute(GUARD.format(table=table, when=when, wrong=wrong))
        for when in ("update", "delete") if is_frozen else ():
            op.execute(REFUSE.format(table=table, when=when))
        return
    allowed = "SELECT, INSERT" if is_frozen else "SELECT, INSERT, UPDATE, DELETE"
    op.execute(f"GRANT {allowed} ON {table} TO sanctuary_app")
    op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
    op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
    op.execute(
        f"CREATE POLICY {table}_stays_in_practice ON {table} "
        f"USING (practice_id = {HERE}) WITH CHECK (practice_id = {HERE})"
    )
    if is_frozen:
        op.execute(
            f"CREATE TRIGGER {table}_is_frozen BEFORE UPDATE OR DELETE ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION refuse_change()"
        )
        op.execute(
            f"CREATE TRIGGER {table}_is_kept BEFORE TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )
