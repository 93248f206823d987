"""Keep terms with services and sessions, what services were before, and hours by kind of session.

A service and each session get their terms of cancelling, and whether they are paid at the visit;
those that are there get the terms that the program is shipped with. ``service_versions`` keeps
what a service was until it was changed. Weekly hours may be for some kinds of session, and for
one way of giving them; those that are there stay open to all.

Fast: columns with a default, and one pass over services and sessions.
"""

import json

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0006"
down_revision = "0005"

ROLE = "sanctuary_app"
HERE = "nullif(current_setting('app.practice_id', true), '')::uuid"
TABLE = "service_versions"
JSON = sa.JSON().with_variant(JSONB(), "postgresql")

TALK = {
    "tiers": [[24, 0], [0, 100]],
    "no_show_percent": 100,
    "late_grace_minutes": 15,
    "late": "is_shortened",
}
MEDICINE = {
    "tiers": [[48, 0], [24, 50], [0, 100]],
    "no_show_percent": 100,
    "late_grace_minutes": 15,
    "late": "cannot_start",
}
WITH_TERMS = ("services", "appointments")

GUARD = """
CREATE TRIGGER {table}_stays_in_practice_{when} BEFORE {when} ON {table}
WHEN {wrong}
BEGIN
    SELECT RAISE(ABORT, 'another practice');
END
"""


def upgrade() -> None:
    for table in WITH_TERMS:
        # SQLite adds a column in place only with a default, and a copy would lose its triggers.
        op.add_column(
            table,
            sa.Column("cancellation", JSON, server_default=json.dumps(TALK), nullable=False),
        )
        op.add_column(
            table, sa.Column("pay_at_visit", sa.Boolean(), server_default="0", nullable=False)
        )
    op.add_column(
        "services", sa.Column("version", sa.Integer(), server_default="1", nullable=False)
    )
    op.add_column("working_hours", sa.Column("kinds", JSON, server_default="[]", nullable=False))
    op.add_column(
        "working_hours",
        sa.Column("modality", sa.String(length=20), server_default="", nullable=False),
    )
    op.create_table(
        TABLE,
        sa.Column("service_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("until_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_by", sa.Uuid(), nullable=True),
        sa.Column("terms", JSON, nullable=False),
        sa.Column("practice_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["practice_id", "service_id"],
            ["services.practice_id", "services.id"],
            name=op.f("fk_service_versions_practice_id_service_id"),
        ),
        sa.ForeignKeyConstraint(
            ["practice_id"], ["practices.id"], name=op.f("fk_service_versions_practice_id")
        ),
        sa.PrimaryKeyConstraint("practice_id", "id", name=op.f("pk_service_versions")),
        sa.UniqueConstraint(
            "practice_id",
            "service_id",
            "number",
            name=op.f("uq_service_versions_practice_id_service_id_number"),
        ),
    )
    if op.get_bind().dialect.name == "postgresql":
        _wall_off_on_postgresql()
    else:
        _wall_off_on_sqlite()


def downgrade() -> None:
    op.drop_table(TABLE)  # its policy, rights and triggers go with it
    op.drop_column("working_hours", "modality")
    op.drop_column("working_hours", "kinds")
    op.drop_column("services", "version")
    for table in WITH_TERMS:
        op.drop_column(table, "pay_at_visit")
        op.drop_column(table, "cancellation")


def _give_medicine_its_terms() -> None:
    for table in WITH_TERMS:
        rows = sa.table(table, sa.column("kind", sa.String()), sa.column("cancellation", JSON))
        medicine = rows.c.kind.in_(["dosing", "booster"])
        op.execute(rows.update().where(medicine).values(cancellation=MEDICINE))


def _wall_off_on_postgresql() -> None:
    # Whoever migrates owns the tables, and need not be somebody whom no wall stops.
    for table in WITH_TERMS:
        op.execute(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY")
    _give_medicine_its_terms()
    for table in WITH_TERMS:
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
    op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {TABLE} TO {ROLE}")
    op.execute(f"ALTER TABLE {TABLE} ENABLE ROW LEVEL SECURITY")
    op.execute(f"ALTER TABLE {TABLE} FORCE ROW LEVEL SECURITY")
    op.execute(
        f"CREATE POLICY {TABLE}_stays_in_practice ON {TABLE} "
        f"USING (practice_id = {HERE}) WITH CHECK (practice_id = {HERE})"
    )


def _wall_off_on_sqlite() -> None:
    new, old = (f"{row}.practice_id IS NOT app_practice_id()" for row in ("NEW", "OLD"))
    for table in WITH_TERMS:  # a connection that migrates is in no practice, and could not write
        op.execute(f"DROP TRIGGER {table}_stays_in_practice_update")
    _give_medicine_its_terms()
    for table in WITH_TERMS:
        op.execute(GUARD.format(table=table, when="update", wrong=f"{new} OR {old}"))
    for when, wrong in (("insert", new), ("update", f"{new} OR {old}"), ("delete", old)):
        op.execute(GUARD.format(table=TABLE, when=when, wrong=wrong))
