"""Give money back with a reason, pay several things at once, and take codes for a lower price.

``payments`` learns the method of a health savings card on the practice's own terminal, and whether
it settles several things. A check that stands in a table of SQLite is changed the way its manual
says (lang_altertable.html, section 7): in the text of the schema, without touching a row. Fast.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0025"
down_revision = "0024"

HERE = "nullif(current_setting('app.practice_id', true), '')::uuid"
JSON = sa.JSON().with_variant(JSONB(), "postgresql")
NEW = ("give_backs", "give_back_lines", "bundles", "bundle_items", "promo_codes", "promo_uses")
METHODS = ("card_online", "card_at_visit", "cash", "check", "transfer")
HSA = "hsa_card"

GUARD = """
CREATE TRIGGER {table}_stays_in_practice_{when} BEFORE {when} ON {table}
WHEN {wrong}
BEGIN
    SELECT RAISE(ABORT, 'another practice');
END
"""


def upgrade() -> None:
    _allow_methods(METHODS, (*METHODS, HSA))
    op.add_column(
        "payments",
        sa.Column("settles_many", sa.Boolean(), server_default=sa.false(), nullable=False),
    )
    op.create_table(
        "give_backs",
        sa.Column("payment_id", sa.Uuid(), nullable=False),
        sa.Column("refund_id", sa.Uuid(), nullable=True),
        sa.Column("way", _closed(("back", "credit"), "way"), nullable=False),
        sa.Column("amount_minor", sa.Integer(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("reason", sa.String(length=300), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("made_by", sa.Uuid(), nullable=True),
        *_own("give_backs"),
        _to("give_backs", "payment_id", "payments"),
        _to("give_backs", "refund_id", "refunds"),
        _unique("give_backs", "practice_id", "refund_id"),
        sa.CheckConstraint("amount_minor > 0", name=op.f("ck_give_backs_is_positive")),
        sa.CheckConstraint(
            "(way = 'back') = (refund_id IS NOT NULL)", name=op.f("ck_give_backs_has_its_refund")
        ),
    )
    op.create_index("ix_give_backs_payment", "give_backs", ["practice_id", "payment_id"])
    op.create_table(
        "give_back_lines",
        sa.Column("give_back_id", sa.Uuid(), nullable=False),
        sa.Column("line_id", sa.Uuid(), nullable=False),
        sa.Column("note_id", sa.Uuid(), nullable=False),
        *_own("give_back_lines"),
        _to("give_back_lines", "give_back_id", "give_backs"),
        _to("give_back_lines", "line_id", "invoice_lines"),
        _to("give_back_lines", "note_id", "invoices"),
        _unique("give_back_lines", "practice_id", "line_id"),
    )
    op.create_table(
        "bundles",
        sa.Column("client_id", sa.Uuid(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        *_own("bundles"),
        _to("bundles", "client_id", "clients"),
    )
    op.create_index("ix_bundles_client", "bundles", ["practice_id", "client_id"])
    op.create_table(
        "bundle_items",
        sa.Column("bundle_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("invoice_id", sa.Uuid(), nullable=True),
        sa.Column("opening_id", sa.Uuid(), nullable=True),
        sa.Column("amount_minor", sa.Integer(), nullable=False),
        *_own("bundle_items"),
        _to("bundle_items", "bundle_id", "bundles"),
        _to("bundle_items", "invoice_id", "invoices"),
        _to("bundle_items", "opening_id", "opening_balances"),
        _unique("bundle_items", "practice_id", "bundle_id", "position"),
        sa.CheckConstraint("amount_minor > 0", name=op.f("ck_bundle_items_is_positive")),
        sa.CheckConstraint(
            "(invoice_id IS NULL) <> (opening_id IS NULL)", name=op.f("ck_bundle_items_one_of_two")
        ),
    )
    op.create_table(
        "promo_codes",
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("way", _closed(("amount", "percent"), "price_way"), nullable=False),
        sa.Column("value", sa.Integer(), nullable=False),
        sa.Column("from_on", sa.Date(), nullable=False),
        sa.Column("until_on", sa.Date(), nullable=True),
        sa.Column("most_uses", sa.Integer(), nullable=True),
        sa.Column("used", sa.Integer(), nullable=False),
        sa.Column("once_per_client", sa.Boolean(), nullable=False),
        sa.Column("service_ids", JSON, nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("made_by", sa.Uuid(), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        *_own("promo_codes"),
        _unique("promo_codes", "practice_id", "code"),
        sa.CheckConstraint(
            "value > 0 AND (way = 'amount' OR value <= 100)", name=op.f("ck_promo_codes_value")
        ),
        sa.CheckConstraint(
            "used >= 0 AND (most_uses IS NULL OR used <= most_uses)",
            name=op.f("ck_promo_codes_never_too_often"),
        ),
    )
    op.create_table(
        "promo_uses",
        sa.Column("code_id", sa.Uuid(), nullable=False),
        sa.Column("client_id", sa.Uuid(), nullable=False),
        sa.Column("for_id", sa.Uuid(), nullable=False),
        sa.Column("list_minor", sa.Integer(), nullable=False),
        sa.Column("price_minor", sa.Integer(), nullable=False),
        sa.Column("once", sa.Boolean(), nullable=True),
        sa.Column("is_used", sa.Boolean(), nullable=True),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=False),
        *_own("promo_uses"),
        _to("promo_uses", "code_id", "promo_codes"),
        _to("promo_uses", "client_id", "clients"),
        _unique("promo_uses", "practice_id", "for_id", "is_used"),
        _unique("promo_uses", "practice_id", "code_id", "client_id", "once"),
    )
    for table in NEW:
        _wall_off(table)


def downgrade() -> None:
    for table in reversed(NEW):
        op.drop_table(table)  # with it go its guards
    op.drop_column("payments", "settles_many")
    _allow_methods((*METHODS, HSA), METHODS)


def _allow_methods(before: tuple[str, ...], after: tuple[str, ...]) -> None:
    """Let payments have these methods. Going back fails while a payment has one that goes."""
    bind = op.get_bind()
    if bind.dialect.name == "postgresql":
        op.drop_constraint(op.f("ck_payments_payment_method"), "payments", type_="check")
        op.create_check_constraint(
            op.f("ck_payments_payment_method"), "payments", f"method IN ({_listed(after)})"
        )
        return
    gone = set(before) - set(after)
    if gone and bind.scalar(
        sa.text(f"SELECT count(*) FROM payments WHERE method IN ({_listed(gone)})")  # noqa: S608
    ):
        raise RuntimeError("payments were taken in ways that this version does not know")
    version = bind.scalar(sa.text("PRAGMA schema_version"))
    bind.exec_driver_sql("PRAGMA writable_schema = ON")
    changed = bind.exec_driver_sql(
        "UPDATE sqlite_master SET sql = replace(sql, ?, ?) "
        "WHERE type = 'table' AND name = 'payments' AND instr(sql, ?)",
        (f"method IN ({_listed(before)})", f"method IN ({_listed(after)})", _listed(before)),
    )
    if changed.rowcount != 1:
        raise RuntimeError("the table of payments is not the one that was expected")
    bind.exec_driver_sql(f"PRAGMA schema_version = {version + 1}")
    bind.exec_driver_sql("PRAGMA writable_schema = OFF")


def _listed(values: tuple[str, ...] | set[str]) -> str:
    return ", ".join(f"'{each}'" for each in values)


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
