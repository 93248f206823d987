"""Keep what a practice sells ahead: packages, sales, their units and instalments; and prices.

Units are a ledger of their own: each entry says how many sessions are left after it, follows from
the one before, and never leaves less than none; the database refuses everything else. Deposits and
a client's own prices are data of the practice. Columns on appointments say what a
session asks for when it is booked, and of which sale it is a part; all are empty for those that
are there. Adds columns without rewriting a table.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0018"
down_revision = "0017"

HERE = "nullif(current_setting('app.practice_id', true), '')::uuid"
JSON = sa.JSON().with_variant(JSONB(), "postgresql")
AT = sa.DateTime(timezone=True)
NEW = (
    "packages",
    "package_versions",
    "sales",
    "unit_entries",
    "instalments",
    "client_prices",
)

FROZEN = ("unit_entries",)

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

FOLLOW_FUNCTION = """
CREATE FUNCTION unit_follows_on() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    before integer := 0;
BEGIN
    IF NEW.number <> 1 THEN
        SELECT left_after INTO before FROM unit_entries
        WHERE practice_id = NEW.practice_id AND sale_id = NEW.sale_id
            AND what = NEW.what AND number = NEW.number - 1;
    END IF;
    IF before IS NULL OR NEW.left_after <> before + NEW.delta THEN
        RAISE EXCEPTION 'unit_entries does not follow on' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$
"""

FOLLOW = """
CREATE TRIGGER unit_entries_follow_on BEFORE INSERT ON unit_entries
WHEN NOT coalesce(
    NEW.left_after = NEW.delta + CASE WHEN NEW.number = 1 THEN 0 ELSE (
        SELECT left_after FROM unit_entries
        WHERE practice_id = NEW.practice_id AND sale_id = NEW.sale_id
            AND what = NEW.what AND number = NEW.number - 1
    ) END, 0)
BEGIN
    SELECT RAISE(ABORT, 'unit_entries does not follow on');
END
"""


def upgrade() -> None:
    _packages()
    _sales()
    _prices()
    for table in NEW:
        _wall_off(table)
    _guard_units()
    op.add_column("services", sa.Column("deposit", JSON, server_default="{}", nullable=False))
    op.add_column("appointments", sa.Column("asks_minor", sa.Integer(), nullable=True))
    op.add_column("appointments", sa.Column("price_why", sa.String(length=240), nullable=True))
    op.add_column("appointments", sa.Column("sale_id", sa.Uuid(), nullable=True))
    op.add_column("appointments", sa.Column("sale_what", sa.String(length=60), nullable=True))


def _packages() -> None:
    _table(
        "packages",
        sa.Column("title", sa.String(length=120), nullable=False),
        sa.Column("items", JSON, nullable=False),
        sa.Column("price_minor", sa.Integer(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("parts", JSON, nullable=False),
        sa.Column("expires_days", sa.Integer(), nullable=True),
        sa.Column("refund_rule", _choice("refund_rule", "at_list", "pro_rata"), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("ended_at", AT, nullable=True),
        sa.CheckConstraint("price_minor >= 0", name=op.f("ck_packages_price")),
    )
    _table(
        "package_versions",
        sa.Column("package_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("until_at", AT, nullable=False),
        sa.Column("changed_by", sa.Uuid(), nullable=True),
        sa.Column("terms", JSON, nullable=False),
        _points("package_versions", "package_id", "packages"),
        _unique("package_versions", "package_id", "number"),
    )


def _sales() -> None:
    _table(
        "sales",
        sa.Column("client_id", sa.Uuid(), nullable=False),
        sa.Column("package_id", sa.Uuid(), nullable=True),
        sa.Column("for_id", sa.Uuid(), nullable=True),
        sa.Column("invoice_id", sa.Uuid(), nullable=True),
        sa.Column("form_token", sa.String(length=64), nullable=True),
        sa.Column("title", sa.String(length=120), nullable=False),
        sa.Column("items", JSON, nullable=False),
        sa.Column("price_minor", sa.Integer(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("charged_minor", sa.Integer(), nullable=False),
        sa.Column("refund_rule", _choice("refund_rule", "at_list", "pro_rata"), nullable=False),
        sa.Column("sold_at", AT, nullable=False),
        sa.Column("sold_by", sa.Uuid(), nullable=True),
        sa.Column("expires_on", sa.Date(), nullable=True),
        sa.Column("ended_at", AT, nullable=True),
        sa.CheckConstraint("price_minor >= 0", name=op.f("ck_sales_price")),
        sa.CheckConstraint(
            "charged_minor BETWEEN 0 AND price_minor", name=op.f("ck_sales_charged")
        ),
        _points("sales", "client_id", "clients"),
        _points("sales", "package_id", "packages"),
        _points("sales", "invoice_id", "invoices"),
        _unique("sales", "for_id"),
        _unique("sales", "form_token"),
    )
    op.create_index("ix_sales_client", "sales", ["practice_id", "client_id"])
    _table(
        "unit_entries",
        sa.Column("sale_id", sa.Uuid(), nullable=False),
        sa.Column("what", sa.String(length=60), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column(
            "kind",
            _choice("unit_kind", "granted", "reserved", "used", "restored", "expired"),
            nullable=False,
        ),
        sa.Column("delta", sa.Integer(), nullable=False),
        sa.Column("left_after", sa.Integer(), nullable=False),
        sa.Column("for_id", sa.Uuid(), nullable=True),
        sa.Column("made_at", AT, nullable=False),
        sa.Column("made_by", sa.Uuid(), nullable=True),
        sa.CheckConstraint("left_after >= 0", name=op.f("ck_unit_entries_never_negative")),
        sa.CheckConstraint(
            "(kind = 'granted' AND delta > 0) OR (kind = 'reserved' AND delta = -1) OR "
            "(kind = 'restored' AND delta = 1) OR (kind = 'used' AND delta = 0) OR "
            "(kind = 'expired' AND delta < 0)",
            name=op.f("ck_unit_entries_kind_and_delta"),
        ),
        sa.CheckConstraint(
            "(for_id IS NULL) = (kind IN ('granted', 'expired'))",
            name=op.f("ck_unit_entries_for_a_booking"),
        ),
        _points("unit_entries", "sale_id", "sales"),
        _unique("unit_entries", "sale_id", "what", "number"),
    )
    op.create_index("ix_unit_entries_for", "unit_entries", ["practice_id", "for_id"])
    _table(
        "instalments",
        sa.Column("sale_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("amount_minor", sa.Integer(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("due_key", sa.String(length=60), nullable=True),
        sa.Column("at_booking", sa.Boolean(), nullable=False),
        sa.Column("noticed_on", sa.Date(), nullable=True),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("tried_on", sa.Date(), nullable=True),
        sa.Column("stopped_at", AT, nullable=True),
        sa.CheckConstraint("amount_minor >= 0", name=op.f("ck_instalments_amount")),
        sa.CheckConstraint(
            "(due_on IS NULL) <> (due_key IS NULL)", name=op.f("ck_instalments_due_somehow")
        ),
        _points("instalments", "sale_id", "sales"),
        _unique("instalments", "sale_id", "position"),
    )


def _prices() -> None:
    _table(
        "client_prices",
        sa.Column("client_id", sa.Uuid(), nullable=False),
        sa.Column("for_id", sa.Uuid(), nullable=True),
        sa.Column("way", _choice("price_way", "amount", "percent"), nullable=False),
        sa.Column("value", sa.Integer(), nullable=False),
        sa.Column("from_on", sa.Date(), nullable=False),
        sa.Column("until_on", sa.Date(), nullable=True),
        sa.Column("reason", sa.String(length=200), nullable=False),
        sa.Column("made_at", AT, nullable=False),
        sa.Column("made_by", sa.Uuid(), nullable=False),
        sa.Column("ended_at", AT, nullable=True),
        sa.CheckConstraint("value >= 0", name=op.f("ck_client_prices_value")),
        sa.CheckConstraint(
            "way <> 'percent' OR value <= 100", name=op.f("ck_client_prices_percent")
        ),
        sa.CheckConstraint(
            "until_on IS NULL OR until_on >= from_on", name=op.f("ck_client_prices_days")
        ),
        _points("client_prices", "client_id", "clients"),
    )
    op.create_index("ix_client_prices_client", "client_prices", ["practice_id", "client_id"])


def _table(name: str, *columns: sa.schema.SchemaItem) -> None:
    op.create_table(
        name,
        *columns,
        sa.Column("practice_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["practice_id"], ["practices.id"], name=op.f(f"fk_{name}_practice_id")
        ),
        sa.PrimaryKeyConstraint("practice_id", "id", name=op.f(f"pk_{name}")),
    )


def _points(table: str, column: str, target: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["practice_id", column],
        [f"{target}.practice_id", f"{target}.id"],
        name=op.f(f"fk_{table}_practice_id_{column}"),
    )


def _unique(table: str, *columns: str) -> sa.UniqueConstraint:
    name = "_".join(("uq", table, "practice_id", *columns))
    return sa.UniqueConstraint("practice_id", *columns, name=op.f(name))


def _choice(name: str, *values: str) -> sa.Enum:
    return sa.Enum(*values, name=name, native_enum=False, create_constraint=True, length=40)


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


def _guard_units() -> None:
    if op.get_bind().dialect.name == "postgresql":
        for table in FROZEN:
            op.execute(f"REVOKE UPDATE, DELETE ON {table} FROM sanctuary_app")
            op.execute(
                f"CREATE TRIGGER {table}_is_frozen BEFORE UPDATE OR DELETE ON {table} "
                "FOR EACH ROW EXECUTE FUNCTION refuse_change()"
            )
            op.execute(
                f"CREATE TRIGGER {table}_is_kept BEFORE TRUNCATE ON {table} "
                "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
            )
        op.execute(FOLLOW_FUNCTION)
        op.execute(
            "CREATE TRIGGER unit_entries_follow_on BEFORE INSERT ON unit_entries "
            "FOR EACH ROW EXECUTE FUNCTION unit_follows_on()"
        )
        return
    for table in FROZEN:
        for when in ("update", "delete"):
            op.execute(REFUSE.format(table=table, when=when))
    op.execute(FOLLOW)


def downgrade() -> None:
    for column in ("sale_what", "sale_id", "price_why", "asks_minor"):
        op.drop_column("appointments", column)
    op.drop_column("services", "deposit")
    for table in reversed(NEW):
        op.drop_table(table)
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION unit_follows_on()")
