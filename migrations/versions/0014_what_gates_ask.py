"""Keep what gates ask for: more kinds of record, some for one session, and who passed a gate.

``papers`` learns new kinds, the session that a record is for, its outcome and what else it says.
SQLite changes no check, so a new table takes the place of the old one there, with its index and
its guards. ``gate_overrides`` is only ever added to. Locks ``papers`` for as long as its rows
take to be checked anew.

Going back forgets records of the new kinds, for which the old program has no page.
"""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"

HERE = "nullif(current_setting('app.practice_id', true), '')::uuid"
FROZEN = ("gate_overrides",)
BEFORE = ("consent_treatment", "consent_ketamine", "medical_clearance", "preparation_held")
KINDS = (
    *("consent_treatment", "consent_ketamine", "roi_prescriber", "screening"),
    *("medical_clearance", "clearance_suspended", "labs", "urinary_check", "pmp_check"),
    *("phq9", "gad7", "risk_review", "risk_flag"),
    *("estimate", "insurance_used", "payment_arranged"),
    *("intake_held", "preparation_held", "followup_held"),
    *("escort", "stock", "rx_seen", "consent_reaffirmed", "day_of_checks", "discharge_checks"),
)
KEPT = (
    *("client_id", "kind", "dated_on", "valid_until", "route", "recorded_at", "recorded_by"),
    *("withdrawn_at", "practice_id", "id"),
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


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        _check_kinds(KINDS)
        for column in _new_columns():
            op.add_column("papers", column)
        op.create_foreign_key(
            op.f("fk_papers_practice_id_appointment_id"),
            "papers",
            "appointments",
            ["practice_id", "appointment_id"],
            ["practice_id", "id"],
        )
    else:
        _copy_papers(KINDS, _new_columns(), _to_appointment())
    op.create_table(
        "gate_overrides",
        sa.Column("appointment_id", sa.Uuid(), nullable=False),
        sa.Column("gate", sa.String(length=40), nullable=False),
        sa.Column("stage", sa.String(length=20), nullable=False),
        sa.Column("reason_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("made_by", sa.Uuid(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends", sa.Uuid(), nullable=True),
        sa.Column("practice_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["practice_id", "appointment_id"],
            ["appointments.practice_id", "appointments.id"],
            name=op.f("fk_gate_overrides_practice_id_appointment_id"),
        ),
        sa.ForeignKeyConstraint(
            ["practice_id", "made_by"],
            ["users.practice_id", "users.id"],
            name=op.f("fk_gate_overrides_practice_id_made_by"),
        ),
        sa.ForeignKeyConstraint(
            ["practice_id", "ends"],
            ["gate_overrides.practice_id", "gate_overrides.id"],
            name=op.f("fk_gate_overrides_practice_id_ends"),
        ),
        sa.ForeignKeyConstraint(
            ["practice_id"], ["practices.id"], name=op.f("fk_gate_overrides_practice_id")
        ),
        sa.PrimaryKeyConstraint("practice_id", "id", name=op.f("pk_gate_overrides")),
        sa.UniqueConstraint("practice_id", "ends", name=op.f("uq_gate_overrides_practice_id_ends")),
    )
    op.create_index(
        "ix_gate_overrides_appointment",
        "gate_overrides",
        ["practice_id", "appointment_id"],
        unique=False,
    )
    for table in FROZEN:
        _wall_off_and_freeze(table)


def downgrade() -> None:
    op.drop_table("gate_overrides")  # with it go its guards
    listed = ", ".join(f"'{kind}'" for kind in BEFORE)
    if op.get_bind().dialect.name == "postgresql":
        op.execute("ALTER TABLE papers DISABLE ROW LEVEL SECURITY")  # the owner is forced as well
        op.execute(f"DELETE FROM papers WHERE kind NOT IN ({listed})")  # noqa: S608
        op.execute("ALTER TABLE papers ENABLE ROW LEVEL SECURITY")
        _check_kinds(BEFORE)
        for column in reversed(_new_columns()):
            op.drop_column("papers", column.name)
    else:
        _copy_papers(BEFORE, (), ())


def _new_columns() -> tuple[sa.Column[object], ...]:
    return (
        sa.Column("appointment_id", sa.Uuid(), nullable=True),
        sa.Column("is_good", sa.Boolean(), server_default=sa.true(), nullable=False),
        sa.Column("labs_every_days", sa.Integer(), nullable=True),
        sa.Column("detail_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("person_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("phone_sealed", sa.LargeBinary(), nullable=True),
    )


def _to_appointment() -> tuple[sa.ForeignKeyConstraint, ...]:
    return (
        sa.ForeignKeyConstraint(
            ["practice_id", "appointment_id"],
            ["appointments.practice_id", "appointments.id"],
            name=op.f("fk_papers_practice_id_appointment_id"),
        ),
    )


def _check_kinds(kinds: tuple[str, ...]) -> None:
    listed = ", ".join(f"'{kind}'" for kind in kinds)
    op.execute("ALTER TABLE papers DROP CONSTRAINT ck_papers_paper_kind")
    op.execute(f"ALTER TABLE papers ADD CONSTRAINT ck_papers_paper_kind CHECK (kind IN ({listed}))")


def _copy_papers(
    kinds: tuple[str, ...],
    columns: tuple[sa.Column[object], ...],
    keys: tuple[sa.ForeignKeyConstraint, ...],
) -> None:
    """Let a table with another check take the place of ``papers``, on SQLite."""
    listed = ", ".join(f"'{kind}'" for kind in kinds)
    routes = ", ".join(f"'{route}'" for route in ("SL", "RDT", "TROCHE", "IM", "IV", "IN"))
    op.create_table(
        "papers_anew",
        sa.Column("client_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("dated_on", sa.Date(), nullable=False),
        sa.Column("valid_until", sa.Date(), nullable=True),
        sa.Column("route", sa.String(length=40), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_by", sa.Uuid(), nullable=True),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        *columns,
        sa.Column("practice_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint(f"kind IN ({listed})", name=op.f("ck_papers_paper_kind")),
        sa.CheckConstraint(f"route IN ({routes})", name=op.f("ck_papers_route")),
        sa.CheckConstraint(
            "(kind = 'medical_clearance') = (route IS NOT NULL)",
            name=op.f("ck_papers_clearance_names_route"),
        ),
        sa.CheckConstraint(
            "valid_until IS NULL OR valid_until >= dated_on", name=op.f("ck_papers_in_order")
        ),
        sa.ForeignKeyConstraint(
            ["practice_id", "client_id"],
            ["clients.practice_id", "clients.id"],
            name=op.f("fk_papers_practice_id_client_id"),
        ),
        sa.ForeignKeyConstraint(
            ["practice_id"], ["practices.id"], name=op.f("fk_papers_practice_id")
        ),
        *keys,
        sa.PrimaryKeyConstraint("practice_id", "id", name=op.f("pk_papers")),
    )
    kept = ", ".join(KEPT)
    op.execute(
        f"INSERT INTO papers_anew ({kept}) "  # noqa: S608
        f"SELECT {kept} FROM papers WHERE kind IN ({listed})"
    )
    op.drop_table("papers")
    op.rename_table("papers_anew", "papers")
    op.create_index(
        "ix_papers_client", "papers", ["practice_id", "client_id", "kind"], unique=False
    )
    _guard("papers")


def _guard(table: str) -> None:
    new, old = (f"{row}.practice_id IS NOT app_practice_id()" for row in ("NEW", "OLD"))
    for when, wrong in (("insert", new), ("update", f"{new} OR {old}"), ("delete", old)):
        op.execute(GUARD.format(table=table, when=when, wrong=wrong))


def _wall_off_and_freeze(table: str) -> None:
    if op.get_bind().dialect.name != "postgresql":
        _guard(table)
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
