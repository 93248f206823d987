"""Keep the books: journals of entries that add up to nothing take the place of allocations.

Every payment, fee of the processor, invoice, credit note, refund and balance that was brought
along becomes a journal under the key that the program gives it now; what settled an invoice
becomes a journal too, with the allocation's own key. The database refuses a journal that does not
add up, a line for a journal that stands, and every change of either. Reads all money once, and
takes about a second for ten thousand payments.

Going back makes the allocations again of what the books say settles an invoice.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"

HERE = "nullif(current_setting('app.practice_id', true), '')::uuid"
ACCOUNTS = (
    *("1000", "1010", "1020", "1100", "1200", "2100", "2200"),
    *("3000", "4000", "4100", "6000", "6100"),
)
CLEARING, CASH, RECEIVABLE, CREDIT, OPENING, REVENUE, FEES = (
    *("1010", "1020", "1100", "2100", "3000", "4000", "6000"),
)
FROZEN = ("ledger_entries", "journals")
GONE = ("allocations",)
READ = (
    *("payments", "refunds", "invoices", "allocations"),
    *("opening_balances", "practices"),
)

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
ADDS_UP = (
    """
    CREATE TRIGGER journals_add_up_insert BEFORE INSERT ON journals
    WHEN (SELECT count(*) < 2 OR sum(minor) <> 0 FROM ledger_entries
          WHERE practice_id = NEW.practice_id AND journal_id = NEW.id)
    BEGIN
        SELECT RAISE(ABORT, 'a journal adds up to nothing');
    END
    """,
    """
    CREATE TRIGGER ledger_entries_come_first_insert BEFORE INSERT ON ledger_entries
    WHEN EXISTS (SELECT 1 FROM journals
                 WHERE practice_id = NEW.practice_id AND id = NEW.journal_id)
    BEGIN
        SELECT RAISE(ABORT, 'the journal stands already');
    END
    """,
)
ADDS_UP_FUNCTIONS = (
    """
    CREATE FUNCTION refuse_what_does_not_add_up() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF (SELECT count(*) < 2 OR sum(minor) <> 0 FROM ledger_entries
            WHERE practice_id = NEW.practice_id AND journal_id = NEW.id) THEN
            RAISE EXCEPTION 'a journal adds up to nothing' USING ERRCODE = 'check_violation';
        END IF;
        RETURN NEW;
    END $$
    """,
    """
    CREATE FUNCTION refuse_lines_of_what_stands() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF EXISTS (SELECT 1 FROM journals
                   WHERE practice_id = NEW.practice_id AND id = NEW.journal_id) THEN
            RAISE EXCEPTION 'the journal stands already' USING ERRCODE = 'check_violation';
        END IF;
        RETURN NEW;
    END $$
    """,
    """
    CREATE TRIGGER journals_add_up BEFORE INSERT ON journals
    FOR EACH ROW EXECUTE FUNCTION refuse_what_does_not_add_up()
    """,
    """
    CREATE TRIGGER ledger_entries_come_first BEFORE INSERT ON ledger_entries
    FOR EACH ROW EXECUTE FUNCTION refuse_lines_of_what_stands()
    """,
)


def upgrade() -> None:
    _make_tables()
    _read_past_the_wall(disable=True)
    _write_what_was()
    _read_past_the_wall(disable=False)
    op.drop_table("allocations")  # with it go its guards
    for table in FROZEN:
        _wall_off(table)
    is_postgresql = op.get_bind().dialect.name == "postgresql"
    for statement in ADDS_UP_FUNCTIONS if is_postgresql else ADDS_UP:
        op.execute(statement)


def downgrade() -> None:
    _make_allocations()
    _read_past_the_wall(disable=True, tables=FROZEN)
    op.execute(
        f"""
        INSERT INTO allocations
            (practice_id, id, payment_id, invoice_id, amount_minor, source_key, made_at)
        SELECT e.practice_id, e.id, e.payment_id, e.invoice_id, -e.minor,
               substr(j.source_key, 1, 80) || ':' || e.position, j.posted_at
        FROM ledger_entries AS e
        JOIN journals AS j ON j.practice_id = e.practice_id AND j.id = e.journal_id
        WHERE e.account = '{RECEIVABLE}' AND e.payment_id IS NOT NULL AND e.invoice_id IS NOT NULL
        """  # noqa: S608 - a constant of this file
    )
    _wall_off("allocations")
    is_postgresql = op.get_bind().dialect.name == "postgresql"
    if is_postgresql:
        op.execute("DROP TRIGGER journals_add_up ON journals")
        op.execute("DROP TRIGGER ledger_entries_come_first ON ledger_entries")
        op.execute("DROP FUNCTION refuse_what_does_not_add_up()")
        op.execute("DROP FUNCTION refuse_lines_of_what_stands()")
    op.drop_table("ledger_entries")
    op.drop_table("journals")


def _make_tables() -> None:
    listed = ", ".join(f"'{code}'" for code in ACCOUNTS)
    op.create_table(
        "journals",
        sa.Column("source_key", sa.String(length=160), nullable=False),
        sa.Column("on_day", sa.Date(), nullable=False),
        sa.Column("posted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("memo", sa.String(length=200), nullable=False),
        sa.Column("made_by", sa.String(length=40), nullable=False),
        *_keys("journals"),
        sa.UniqueConstraint(
            "practice_id", "source_key", name=op.f("uq_journals_practice_id_source_key")
        ),
    )
    op.create_index("ix_journals_day", "journals", ["practice_id", "on_day"], unique=False)
    table = "ledger_entries"
    op.create_table(
        table,
        sa.Column("journal_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("on_day", sa.Date(), nullable=False),
        sa.Column("account", sa.String(length=40), nullable=False),
        sa.Column("minor", sa.BigInteger(), nullable=False),
        sa.Column("client_id", sa.Uuid(), nullable=True),
        sa.Column("payment_id", sa.Uuid(), nullable=True),
        sa.Column("invoice_id", sa.Uuid(), nullable=True),
        sa.Column("for_id", sa.Uuid(), nullable=True),
        sa.CheckConstraint(f"account IN ({listed})", name=op.f("ck_ledger_entries_account")),
        sa.CheckConstraint("minor <> 0", name=op.f("ck_ledger_entries_is_something")),
        sa.ForeignKeyConstraint(
            ["practice_id", "journal_id"],
            ["journals.practice_id", "journals.id"],
            name=op.f("fk_ledger_entries_practice_id_journal_id"),
            deferrable=True,
            initially="DEFERRED",
        ),
        *(
            sa.ForeignKeyConstraint(
                ["practice_id", column],
                [f"{of}.practice_id", f"{of}.id"],
                name=op.f(f"fk_ledger_entries_practice_id_{column}"),
            )
            for column, of in (
                ("client_id", "clients"),
                ("payment_id", "payments"),
                ("invoice_id", "invoices"),
            )
        ),
        *_keys(table),
        sa.UniqueConstraint(
            *("practice_id", "journal_id", "position"),
            name=op.f("uq_ledger_entries_practice_id_journal_id_position"),
        ),
    )
    for name, columns in {
        "client": ["client_id", "account", "for_id", "minor"],
        "payment": ["payment_id", "account"],
        "invoice": ["invoice_id", "account", "minor"],
        "for": ["for_id", "account"],
        "day": ["on_day", "account", "minor"],
    }.items():
        op.create_index(f"ix_{table}_{name}", table, ["practice_id", *columns], unique=False)


def _make_allocations() -> None:
    op.create_table(
        "allocations",
        sa.Column("payment_id", sa.Uuid(), nullable=False),
        sa.Column("invoice_id", sa.Uuid(), nullable=False),
        sa.Column("amount_minor", sa.Integer(), nullable=False),
        sa.Column("source_key", sa.String(length=120), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        *(
            sa.ForeignKeyConstraint(
                ["practice_id", f"{of}_id"],
                [f"{of}s.practice_id", f"{of}s.id"],
                name=op.f(f"fk_allocations_practice_id_{of}_id"),
            )
            for of in ("invoice", "payment")
        ),
        *_keys("allocations"),
        sa.UniqueConstraint(
            "practice_id", "source_key", name=op.f("uq_allocations_practice_id_source_key")
        ),
    )
    for of in ("invoice", "payment"):
        op.create_index(
            f"ix_allocations_{of}", "allocations", ["practice_id", f"{of}_id"], unique=False
        )


def _keys(table: str) -> tuple[sa.schema.SchemaItem, ...]:
    return (
        sa.Column("practice_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["practice_id"], ["practices.id"], name=op.f(f"fk_{table}_practice_id")
        ),
        sa.PrimaryKeyConstraint("practice_id", "id", name=op.f(f"pk_{table}")),
    )


# What was ----------------------------------------------------------------------------------------

Line = tuple[str, int, dict[str, UUID | None]]


def _write_what_was() -> None:
    bind = op.get_bind()
    tables = sa.MetaData()
    tables.reflect(bind, only=[*READ, *FROZEN])
    rows = {
        name: bind.execute(sa.select(_typed(tables.tables[name]))).mappings().all() for name in READ
    }
    zones = {each["id"]: ZoneInfo(each["time_zone"]) for each in rows["practices"]}
    currencies = {each["id"]: each["currency"] for each in rows["practices"]}
    journals, lines = [], []
    for practice_id, key, written_at, entries, on in _journals(rows):
        at = written_at.replace(tzinfo=UTC) if written_at.tzinfo is None else written_at
        journal = {
            "practice_id": practice_id,
            "id": uuid4(),
            "source_key": key,
            "on_day": on or at.astimezone(zones[practice_id]).date(),
            "posted_at": at.astimezone(UTC).replace(
                tzinfo=None if bind.dialect.name == "sqlite" else UTC
            ),
            "currency": currencies[practice_id],
            "memo": "",
            "made_by": "program",
        }
        journals.append(journal)
        lines += [
            {
                "practice_id": practice_id,
                "id": uuid4(),
                "journal_id": journal["id"],
                "position": position,
                "on_day": journal["on_day"],
                "account": account,
                "minor": minor,
                "client_id": None,
                "payment_id": None,
                "invoice_id": None,
                "for_id": None,
                **named,
            }
            for position, (account, minor, named) in enumerate(entries, start=1)
        ]
    if journals:
        bind.execute(sa.insert(_typed(tables.tables["journals"])), journals)
        bind.execute(sa.insert(_typed(tables.tables["ledger_entries"])), lines)
    if bind.dialect.name == "postgresql":
        op.execute("SET CONSTRAINTS ALL IMMEDIATE")  # or the tables could not be changed below


def _typed(table: sa.Table) -> sa.Table:
    """Give a reflected table the types that SQLite forgets: ids, and instants."""
    for column in table.columns:
        if column.name == "id" or (column.name.endswith("_id") and column.name not in TEXT):
            column.type = sa.Uuid()
        elif column.name.endswith("_at"):
            column.type = sa.DateTime(timezone=True)
    return table


TEXT = frozenset({"checkout_id", "intent_id", "charge_id", "processor_id", "tax_id"})


Told = Iterator[tuple[UUID, str, datetime, list[Line], date | None]]
"""Whose, the key, when, the entries, and the day that it counts to if that is another."""


def _journals(rows: dict[str, Any]) -> Told:
    payments = {each["id"]: each for each in rows["payments"]}
    for each in rows["opening_balances"]:
        yield from _brought(each)
    for each in payments.values():
        yield from _payment(each)
    for each in rows["invoices"]:
        yield from _invoice(each)
    for each in sorted(rows["allocations"], key=lambda one: one["made_at"]):
        if each["amount_minor"]:
            owed = {"invoice_id": each["invoice_id"]}
            entries = _settled(payments[each["payment_id"]], owed, each["amount_minor"])
            yield each["practice_id"], each["source_key"], each["made_at"], entries, None
    yield from _openings_paid(rows, payments)
    for each in rows["refunds"]:
        yield from _refund(each, payments[each["payment_id"]])


def _brought(each: Any) -> Told:
    if minor := each["amount_minor"] - each["paid_minor"]:
        whose = {"client_id": each["client_id"]}
        entries: list[Line] = [
            (RECEIVABLE, minor, {**whose, "for_id": each["id"]}),
            (OPENING, -minor, whose),
        ]
        key = f"opening:{each['id']}"
        yield each["practice_id"], key, each["recorded_at"], entries, each["dated_on"]


def _invoice(each: Any) -> Told:
    if minor := each["total_minor"]:
        whose = {"client_id": each["client_id"]}
        entries: list[Line] = [
            (RECEIVABLE, minor, {**whose, "invoice_id": each["corrects_id"] or each["id"]}),
            (REVENUE, -minor, {**whose, "invoice_id": each["id"]}),
        ]
        key = f"invoice:{each['id']}"
        yield each["practice_id"], key, each["issued_at"], entries, each["issued_on"]


def _refund(each: Any, payment: Any) -> Told:
    if each["state"] == "succeeded":
        minor = each["amount_minor"]
        entries: list[Line] = [
            (CREDIT, minor, _credit(payment)),
            (_holds(payment), -minor, {"payment_id": payment["id"]}),
        ]
        at = each["settled_at"] or each["created_at"]
        yield each["practice_id"], f"refund:{each['id']}", at, entries, None


def _payment(each: Any) -> Told:
    if each["state"] != "paid":
        return
    at, own = each["paid_at"] or each["created_at"], {"payment_id": each["id"]}
    minor = each["amount_minor"]
    entries: list[Line] = [(_holds(each), minor, own), (CREDIT, -minor, _credit(each))]
    yield each["practice_id"], f"charge:{each['id']}", at, entries, None
    if fee := each["fee_minor"]:
        yield (
            each["practice_id"],
            f"fee:{each['id']}",
            at,
            [(FEES, fee, own), (CLEARING, -fee, own)],
            None,
        )


def _openings_paid(rows: dict[str, Any], payments: dict[UUID, Any]) -> Told:
    """What was paid here of a balance that was brought along settles it, as far as it is kept."""
    gone: dict[UUID, int] = {}
    for each in rows["refunds"]:
        if each["state"] != "failed":
            gone[each["payment_id"]] = gone.get(each["payment_id"], 0) + each["amount_minor"]
    left = {
        each["id"]: each["amount_minor"] - each["paid_minor"] for each in rows["opening_balances"]
    }
    paid = [
        each for each in payments.values() if each["state"] == "paid" and each["for_id"] in left
    ]
    for each in sorted(paid, key=lambda one: (one["paid_at"], one["id"])):
        minor = min(left[each["for_id"]], each["amount_minor"] - gone.get(each["id"], 0))
        if minor > 0:
            left[each["for_id"]] -= minor
            entries = _settled(each, {"for_id": each["for_id"]}, minor)
            key = f"settle:{each['for_id']}:{each['id']}"
            yield each["practice_id"], key, each["paid_at"], entries, None


def _settled(payment: Any, owed: dict[str, UUID | None], minor: int) -> list[Line]:
    named = {**owed, "client_id": payment["client_id"], "payment_id": payment["id"]}
    return [(CREDIT, minor, _credit(payment)), (RECEIVABLE, -minor, named)]


def _credit(payment: Any) -> dict[str, UUID | None]:
    return {
        "client_id": payment["client_id"],
        "payment_id": payment["id"],
        "for_id": payment["for_id"],
    }


def _holds(payment: Any) -> str:
    return CLEARING if payment["method"] == "card_online" else CASH


# Walls -------------------------------------------------------------------------------------------


def _read_past_the_wall(*, disable: bool, tables: tuple[str, ...] = READ) -> None:
    """Let the owner read every practice's rows: its own policy is forced on it as well."""
    if op.get_bind().dialect.name == "postgresql":
        for table in tables:
            op.execute(
                f"ALTER TABLE {table} {'DISABLE' if disable else 'ENABLE'} ROW LEVEL SECURITY"
            )


def _wall_off(table: str) -> None:
    if op.get_bind().dialect.name != "postgresql":
        new, old = (f"{row}.practice_id IS NOT app_practice_id()" for row in ("NEW", "OLD"))
        for when, wrong in (("insert", new), ("update", f"{new} OR {old}"), ("delete", old)):
            op.execute(GUARD.format(table=table, when=when, wrong=wrong))
        for when in ("update", "delete"):
            op.execute(REFUSE.format(table=table, when=when))
        return
    op.execute(f"GRANT SELECT, INSERT ON {table} TO sanctuary_app")
    op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
    op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
    op.execute(
        f"CREATE POLICY {table}_stays_in_practice ON {table} "
        f"USING (practice_id = {HERE}) WITH CHECK (practice_id = {HERE})"
    )
    op.execute(
        f"CREATE TRIGGER {table}_is_frozen BEFORE UPDATE OR DELETE ON {table} "
        "FOR EACH ROW EXECUTE FUNCTION refuse_change()"
    )
    op.execute(
        f"CREATE TRIGGER {table}_is_kept BEFORE TRUNCATE ON {table} "
        "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )
