"""Keep what superbills and estimates need, and the papers themselves.

What insurers ask of clinicians and of the practice, the codes of services (the practice's own
data), the diagnoses of clients, and documents that are frozen once issued, with their PDF. Fast:
new tables, and columns with a default.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0022"
down_revision = "0021"

HERE = "nullif(current_setting('app.practice_id', true), '')::uuid"
JSON = sa.JSON().with_variant(JSONB(), "postgresql")
FROZEN = ("document_files", "document_items", "documents")
CHANGED = ("diagnoses", "provider_details", "service_codes")

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
        "practices",
        sa.Column("group_npi", sa.String(length=10), server_default="", nullable=False),
    )
    op.add_column(
        "practices",
        sa.Column(
            "estimates_name_diagnoses", sa.Boolean(), server_default=sa.false(), nullable=False
        ),
    )
    op.add_column("care_profiles", sa.Column("member_id_sealed", sa.LargeBinary(), nullable=True))
    op.create_table(
        "provider_details",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("credentials", sa.String(length=40), nullable=False),
        sa.Column("npi", sa.String(length=10), nullable=False),
        sa.Column("licence_no", sa.String(length=40), nullable=False),
        sa.Column("licence_state", sa.String(length=2), nullable=False),
        *_keys("provider_details", ("user_id", "users")),
        sa.UniqueConstraint(
            "practice_id", "user_id", name=op.f("uq_provider_details_practice_id_user_id")
        ),
    )
    op.create_table(
        "diagnoses",
        sa.Column("client_id", sa.Uuid(), nullable=False),
        sa.Column("code_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("is_primary", sa.Boolean(), nullable=False),
        sa.Column("dated_on", sa.Date(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_by", sa.Uuid(), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        *_keys("diagnoses", ("client_id", "clients")),
    )
    op.create_index("ix_diagnoses_client", "diagnoses", ["practice_id", "client_id"], unique=False)
    op.create_table(
        "service_codes",
        sa.Column("service_id", sa.Uuid(), nullable=False),
        sa.Column("kept", JSON, nullable=False),
        *_keys("service_codes", ("service_id", "services")),
        sa.UniqueConstraint(
            "practice_id", "service_id", name=op.f("uq_service_codes_practice_id_service_id")
        ),
    )
    _create_documents()
    for table in (*CHANGED, *FROZEN):
        _wall_off(table)
    for table in FROZEN:
        _freeze(table)


def downgrade() -> None:
    # With the tables go their guards.
    for table in (*FROZEN, *CHANGED):
        op.drop_table(table)
    op.drop_column("care_profiles", "member_id_sealed")
    op.drop_column("practices", "estimates_name_diagnoses")
    op.drop_column("practices", "group_npi")


def _create_documents() -> None:
    op.create_table(
        "documents",
        sa.Column("number", sa.String(length=20), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("source_key", sa.String(length=200), nullable=False),
        sa.Column("client_id", sa.Uuid(), nullable=False),
        sa.Column("scope_id", sa.Uuid(), nullable=True),
        sa.Column("replaces_id", sa.Uuid(), nullable=True),
        sa.Column("issued_on", sa.Date(), nullable=False),
        sa.Column("issued_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("first_on", sa.Date(), nullable=True),
        sa.Column("last_on", sa.Date(), nullable=True),
        sa.Column("total_minor", sa.Integer(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("facts_sealed", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint(
            "kind IN ('statement', 'superbill', 'estimate')",
            name=op.f("ck_documents_document_kind"),
        ),
        *_keys("documents", ("client_id", "clients"), ("replaces_id", "documents")),
        sa.UniqueConstraint("practice_id", "number", name=op.f("uq_documents_practice_id_number")),
        sa.UniqueConstraint(
            "practice_id", "source_key", name=op.f("uq_documents_practice_id_source_key")
        ),
    )
    op.create_index(
        "ix_documents_client", "documents", ["practice_id", "client_id", "kind"], unique=False
    )
    op.create_index("ix_documents_scope", "documents", ["practice_id", "scope_id"], unique=False)
    op.create_table(
        "document_items",
        sa.Column("document_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("for_id", sa.Uuid(), nullable=True),
        sa.Column("provider_id", sa.Uuid(), nullable=True),
        sa.Column("service_on", sa.Date(), nullable=True),
        sa.Column("amount_minor", sa.Integer(), nullable=False),
        *_keys("document_items", ("document_id", "documents")),
        sa.UniqueConstraint(
            "practice_id",
            "document_id",
            "position",
            name=op.f("uq_document_items_practice_id_document_id_position"),
        ),
    )
    op.create_index(
        "ix_document_items_for", "document_items", ["practice_id", "for_id"], unique=False
    )
    op.create_table(
        "document_files",
        sa.Column("document_id", sa.Uuid(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("body_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        *_keys("document_files", ("document_id", "documents")),
        sa.UniqueConstraint(
            "practice_id", "document_id", name=op.f("uq_document_files_practice_id_document_id")
        ),
    )


def _keys(table: str, *pointing: tuple[str, str]) -> tuple[sa.Column[object] | sa.Constraint, ...]:
    """Return what every table has: whose it is, its own key, and what it points to."""
    return (
        sa.Column("practice_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        *(
            sa.ForeignKeyConstraint(
                ["practice_id", column],
                [f"{to}.practice_id", f"{to}.id"],
                name=op.f(f"fk_{table}_practice_id_{column}"),
            )
            for column, to in pointing
        ),
        sa.ForeignKeyConstraint(
            ["practice_id"], ["practices.id"], name=op.f(f"fk_{table}_practice_id")
        ),
        sa.PrimaryKeyConstraint("practice_id", "id", name=op.f(f"pk_{table}")),
    )


def _wall_off(table: str) -> None:
    if op.get_bind().dialect.name != "postgresql":
        new, old = (f"{row}.practice_id IS NOT app_practice_id()" for row in ("NEW", "OLD"))
        for when, wrong in (("insert", new), ("update", f"{new} OR {old}"), ("delete", old)):
            op.execute(GUARD.format(table=table, when=when, wrong=wrong))
        return
    rights = "SELECT, INSERT" if table in FROZEN else "SELECT, INSERT, UPDATE, DELETE"
    op.execute(f"GRANT {rights} ON {table} TO sanctuary_app")
    op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
    op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
    op.execute(
        f"CREATE POLICY {table}_stays_in_practice ON {table} "
        f"USING (practice_id = {HERE}) WITH CHECK (practice_id = {HERE})"
    )


def _freeze(table: str) -> None:
    if op.get_bind().dialect.name != "postgresql":
        for when in ("update", "delete"):
            op.execute(REFUSE.format(table=table, when=when))
        return
    op.execute(
        f"CREATE TRIGGER {table}_is_frozen BEFORE UPDATE OR DELETE ON {table} "
        "FOR EACH ROW EXECUTE FUNCTION refuse_change()"
    )
    op.execute(
        f"CREATE TRIGGER {table}_is_kept BEFORE TRUNCATE ON {table} "
        "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )
