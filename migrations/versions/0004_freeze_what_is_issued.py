"""Freeze what is issued: audit entries, invoices and what settles them are only ever added.

A mistake is put right by a new row (a credit note, a negative allocation), never by changing an
old one. The program's role loses the right, and a trigger says no to everybody else.
"""

from alembic import op

revision = "0004"
down_revision = "0003"

FROZEN = (
    "allocations",
    "audit_entries",
    "invoice_lines",
    "invoices",
    "receipts",
    "stored_papers",
)

REFUSE_FUNCTION = """
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$
"""

REFUSE = """
CREATE TRIGGER {table}_is_frozen_{when} BEFORE {when} ON {table}
BEGIN
    SELECT RAISE(ABORT, '{table} is append-only');
END
"""


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute(REFUSE_FUNCTION)
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
    else:
        for table in FROZEN:
            for when in ("update", "delete"):
                op.execute(REFUSE.format(table=table, when=when))


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        for table in FROZEN:
            op.execute(f"DROP TRIGGER {table}_is_frozen ON {table}")
            op.execute(f"DROP TRIGGER {table}_is_kept ON {table}")
            op.execute(f"GRANT UPDATE, DELETE ON {table} TO sanctuary_app")
        op.execute("DROP FUNCTION refuse_change()")
    else:
        for table in FROZEN:
            for when in ("update", "delete"):
                op.execute(f"DROP TRIGGER {table}_is_frozen_{when}")
