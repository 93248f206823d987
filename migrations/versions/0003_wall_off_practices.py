"""Wall the practices off from one another, below the program.

On PostgreSQL the program's connections take the role ``sanctuary_app``, which cannot log in by
itself and cannot bypass row-level security; every table of a practice shows and accepts only
rows of the practice that the transaction began with, and none outside one. On SQLite triggers
guard the writes, by asking the connection's own function ``app_practice_id()``; a connection
that has no such function cannot write at all.

``doors``, ``throttles`` and ``jobs`` lie outside: they are read before a practice is known, and
hold ids and digests alone.
"""

from alembic import op

revision = "0003"
down_revision = "0002"

ROLE = "sanctuary_app"
OPEN = ("doors", "throttles", "jobs")
OWNED = (
    "allocations",
    "appointments",
    "audit_entries",
    "booking_rules",
    "calendar_entries",
    "care_profiles",
    "claims",
    "clients",
    "closures",
    "dosing_weeks",
    "feed_subscriptions",
    "hours_overrides",
    "invoice_lines",
    "invoices",
    "messages",
    "number_series",
    "papers",
    "payments",
    "processor_customers",
    "processor_events",
    "receipts",
    "reconciliations",
    "refunds",
    "resources",
    "services",
    "sign_ins",
    "stored_papers",
    "tasks",
    "users",
    "working_hours",
)
KEYS = {"practices": "id", **dict.fromkeys(OWNED, "practice_id")}
HERE = "nullif(current_setting('app.practice_id', true), '')::uuid"

MAKE_ROLE = f"""
DO $$ BEGIN
    CREATE ROLE {ROLE} NOLOGIN NOSUPERUSER NOBYPASSRLS;
EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
END $$
"""

GUARD = """
CREATE TRIGGER {table}_stays_in_practice_{when} BEFORE {when} ON {table}
WHEN {wrong}
BEGIN
    SELECT RAISE(ABORT, 'another practice');
END
"""


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute(MAKE_ROLE)
        op.execute(f"GRANT {ROLE} TO CURRENT_USER")
        op.execute(f"GRANT USAGE ON SCHEMA public TO {ROLE}")
        op.execute(f"GRANT SELECT ON alembic_version TO {ROLE}")
        for table in (*OPEN, *KEYS):
            op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO {ROLE}")
        for table, key in KEYS.items():
            op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
            op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
            op.execute(
                f"CREATE POLICY {table}_stays_in_practice ON {table} "
                f"USING ({key} = {HERE}) WITH CHECK ({key} = {HERE})"
            )
    else:
        for table, key in KEYS.items():
            new, old = (f"{row}.{key} IS NOT app_practice_id()" for row in ("NEW", "OLD"))
            for when, wrong in (
                ("insert", new),
                ("update", f"{new} OR {old}"),
                ("delete", old),
            ):
                op.execute(GUARD.format(table=table, when=when, wrong=wrong))


def downgrade() -> None:
    # The role may serve other databases of the cluster, so it stays.
    if op.get_bind().dialect.name == "postgresql":
        for table in KEYS:
            op.execute(f"DROP POLICY {table}_stays_in_practice ON {table}")
            op.execute(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY")
            op.execute(f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY")
        for table in (*OPEN, *KEYS, "alembic_version"):
            op.execute(f"REVOKE ALL ON {table} FROM {ROLE}")
    else:
        for table in KEYS:
            for when in ("insert", "update", "delete"):
                op.execute(f"DROP TRIGGER {table}_stays_in_practice_{when}")
