"""Make every table.

Each row of a practice carries `practice_id` in its primary key, and in every unique and foreign
key, so that no row can point into another practice. Locks nothing: the tables are new.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "practices",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("slug", sa.String(length=60), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("neutral_name", sa.String(length=60), nullable=False),
        sa.Column("about", sa.String(length=2000), nullable=False),
        sa.Column("locality", sa.String(length=120), nullable=False),
        sa.Column("time_zone", sa.String(length=60), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("phone", sa.String(length=20), nullable=False),
        sa.Column("business_name", sa.String(length=120), nullable=False),
        sa.Column("business_address", sa.String(length=400), nullable=False),
        sa.Column("tax_id", sa.String(length=20), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_practices")),
    )
    op.create_table(
        "throttles",
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("kind", "hash", name=op.f("pk_throttles")),
    )
    op.create_table(
        "audit_entries",
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("verb", sa.String(length=60), nullable=False),
        sa.Column("actor_kind", sa.String(length=20), nullable=False),
        sa.Column("actor_id", sa.Uuid(), nullable=True),
        sa.Column("subject_kind", sa.String(length=40), nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("detail", sa.JSON().with_variant(JSONB(), "postgresql"), nullable=False),
        sa.Column("practice_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["practice_id"], ["practices.id"], name=op.f("fk_audit_entries_practice_id")
        ),
        sa.PrimaryKeyConstraint("practice_id", "id", name=op.f("pk_audit_entries")),
    )
    op.create_index("ix_audit_entries_at", "audit_entries", ["practice_id", "at"], unique=False)
    op.create_index(
        "ix_audit_entries_subject",
        "audit_entries",
        ["practice_id", "subject_id", "at"],
        unique=False,
    )
    op.create_table(
        "booking_rules",
        sa.Column("weekdays", sa.JSON().with_variant(JSONB(), "postgresql"), nullable=False),
        sa.Column("opens_minute", sa.Integer(), nullable=False),
        sa.Column("closes_minute", sa.Integer(), nullable=False),
        sa.Column("dosing_first_start_minute", sa.Integer(), nullable=False),
        sa.Column("dosing_last_start_minute", sa.Integer(), nullable=False),
        sa.Column("quiet_from_minute", sa.Integer(), nullable=False),
        sa.Column("quiet_to_minute", sa.Integer(), nullable=False),
        sa.Column("max_dosings_per_day", sa.Integer(), nullable=False),
        sa.Column("max_dosings_per_week", sa.Integer(), nullable=False),
        sa.Column("gap_between_clients_minutes", sa.Integer(), nullable=False),
        sa.Column("horizon_days", sa.Integer(), nullable=False),
        sa.Column("start_step_minutes", sa.Integer(), nullable=False),
        sa.Column("hold_minutes", sa.Integer(), nullable=False),
        sa.Column("hold_renewals", sa.Integer(), nullable=False),
        sa.Column("checkout_minutes", sa.Integer(), nullable=False),
        sa.Column("after_checkout_seconds", sa.Integer(), nullable=False),
        sa.Column("address_hours_before", sa.Integer(), nullable=False),
        sa.Column("sanctuary_address_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("arrival_notes_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("practice_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["practice_id"], ["practices.id"], name=op.f("fk_booking_rules_practice_id")
        ),
        sa.PrimaryKeyConstraint("practice_id", "id", name=op.f("pk_booking_rules")),
        sa.UniqueConstraint("practice_id", name=op.f("uq_booking_rules_practice_id")),
    )
    op.create_table(
        "clients",
        sa.Column("first_name", sa.String(length=80), nullable=False),
        sa.Column("last_name", sa.String(length=80), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("phone", sa.String(length=20), nullable=False),
        sa.Column("findable", sa.String(length=600), nullable=False),
        sa.Column("birth_on_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("address_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("is_adult_said_on", sa.Date(), nullable=True),
        sa.Column("archived_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("practice_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["practice_id"], ["practices.id"], name=op.f("fk_clients_practice_id")
        ),
        sa.PrimaryKeyConstraint("practice_id", "id", name=op.f("pk_clients")),
    )
    op.create_index("ix_clients_email", "clients", ["practice_id", "email"], unique=False)
    op.create_index("ix_clients_findable", "clients", ["practice_id", "findable"], unique=False)
    op.create_table(
        "closures",
        sa.Column("first_on", sa.Date(), nullable=False),
        sa.Column("last_on", sa.Date(), nullable=False),
        sa.Column("reason", sa.String(length=120), nullable=False),
        sa.Column("practice_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint("last_on >= first_on", name=op.f("ck_closures_in_order")),
        sa.ForeignKeyConstraint(
            ["practice_id"], ["practices.id"], name=op.f("fk_closures_practice_id")
        ),
        sa.PrimaryKeyConstraint("practice_id", "id", name=op.f("pk_closures")),
    )
    op.create_index(
        "ix_closures_on", "closures", ["practice_id", "first_on", "last_on"], unique=False
    )
    op.create_table(
        "doors",
        sa.Column(
            "kind",
            sa.Enum(
                "practice",
                "user_email",
                "sign_in",
                "booking",
                "feed",
                "payment",
                "processor",
                name="door_kind",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("practice_id", sa.Uuid(), nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["practice_id"], ["practices.id"], name=op.f("fk_doors_practice_id")
        ),
        sa.PrimaryKeyConstraint("kind", "hash", name=op.f("pk_doors")),
    )
    op.create_index(op.f("ix_doors_practice_id"), "doors", ["practice_id"], unique=False)
    op.create_table(
        "dosing_weeks",
        sa.Column("monday_on", sa.Date(), nullable=False),
        sa.Column("practice_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["practice_id"], ["practices.id"], name=op.f("fk_dosing_weeks_practice_id")
        ),
        sa.PrimaryKeyConstraint("practice_id", "id", name=op.f("pk_dosing_weeks")),
        sa.UniqueConstraint(
            "practice_id", "monday_on", name=op.f("uq_dosing_weeks_practice_id_monday_on")
        ),
    )
    op.create_table(
        "jobs",
        sa.Column("kind", sa.String(length=60), nullable=False),
        sa.Column("key", sa.String(length=120), nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "waiting",
                "done",
                "parked",
                name="job_state",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("leased_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("lease", sa.Uuid(), nullable=True),
        sa.Column("error", sa.String(length=200), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("practice_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["practice_id"], ["practices.id"], name=op.f("fk_jobs_practice_id")
        ),
        sa.PrimaryKeyConstraint("practice_id", "id", name=op.f("pk_jobs")),
        sa.UniqueConstraint("practice_id", "key", name=op.f("uq_jobs_practice_id_key")),
    )
    op.create_index("ix_jobs_due", "jobs", ["state", "at"], unique=False)
    op.create_table(
        "messages",
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("key", sa.String(length=120), nullable=False),
        sa.Column("to_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("about_id", sa.Uuid(), nullable=False),
        sa.Column("client_id", sa.Uuid(), nullable=True),
        sa.Column("facts", sa.JSON().with_variant(JSONB(), "postgresql"), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "waiting",
                "sent",
                "failed",
                "stale",
                name="message_state",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("error", sa.String(length=200), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("practice_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["practice_id"], ["practices.id"], name=op.f("fk_messages_practice_id")
        ),
        sa.PrimaryKeyConstraint("practice_id", "id", name=op.f("pk_messages")),
        sa.UniqueConstraint("practice_id", "key", name=op.f("uq_messages_practice_id_key")),
    )
    op.create_index("ix_messages_about", "messages", ["practice_id", "about_id"], unique=False)
    op.create_table(
        "number_series",
        sa.Column("series", sa.String(length=10), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("last", sa.Integer(), nullable=False),
        sa.Column("practice_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["practice_id"], ["practices.id"], name=op.f("fk_number_series_practice_id")
        ),
        sa.PrimaryKeyConstraint("practice_id", "id", name=op.f("pk_number_series")),
        sa.UniqueConstraint(
            "practice_id", "series", "year", name=op.f("uq_number_series_practice_id_series_year")
        ),
    )
    op.create_table(
        "processor_events",
        sa.Column("account", sa.String(length=60), nullable=False),
        sa.Column("processor_id", sa.String(length=120), nullable=False),
        sa.Column("kind", sa.String(length=80), nullable=False),
        sa.Column("object_id", sa.String(length=120), nullable=False),
        sa.Column("payment_id", sa.Uuid(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("handled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("practice_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["practice_id"], ["practices.id"], name=op.f("fk_processor_events_practice_id")
        ),
        sa.PrimaryKeyConstraint("practice_id", "id", name=op.f("pk_processor_events")),
        sa.UniqueConstraint(
            "practice_id",
            "account",
            "processor_id",
            name=op.f("uq_processor_events_practice_id_account_processor_id"),
        ),
    )
    op.create_index(
        "ix_processor_events_open", "processor_events", ["practice_id", "handled_at"], unique=False
    )
    op.create_table(
        "reconciliations",
        sa.Column("until_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("payments", sa.Integer(), nullable=False),
        sa.Column("differences", sa.Integer(), nullable=False),
        sa.Column("practice_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["practice_id"], ["practices.id"], name=op.f("fk_reconciliations_practice_id")
        ),
        sa.PrimaryKeyConstraint("practice_id", "id", name=op.f("pk_reconciliations")),
    )
    op.create_index(
        "ix_reconciliations_until", "reconciliations", ["practice_id", "until_at"], unique=False
    )
    op.create_table(
        "services",
        sa.Column("slug", sa.String(length=60), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "consult",
                "intake",
                "medical_eval",
                "med_followup",
                "prep",
                "dosing",
                "integration",
                "booster",
                name="session_kind",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("label", sa.String(length=120), nullable=False),
        sa.Column("about", sa.String(length=500), nullable=False),
        sa.Column("code", sa.String(length=3), nullable=False),
        sa.Column("minutes", sa.Integer(), nullable=False),
        sa.Column("buffer_before_minutes", sa.Integer(), nullable=False),
        sa.Column("buffer_after_minutes", sa.Integer(), nullable=False),
        sa.Column("price_minor", sa.Integer(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("modalities", sa.JSON().with_variant(JSONB(), "postgresql"), nullable=False),
        sa.Column("needs_room", sa.Boolean(), nullable=False),
        sa.Column("needs_roles", sa.JSON().with_variant(JSONB(), "postgresql"), nullable=False),
        sa.Column(
            "route",
            sa.Enum(
                "SL",
                "RDT",
                "TROCHE",
                "IM",
                "IV",
                "IN",
                name="route",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=True,
        ),
        sa.Column("notice_hours", sa.Integer(), nullable=False),
        sa.Column("billed_by_practice", sa.Boolean(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("practice_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint("buffer_after_minutes >= 0", name=op.f("ck_services_buffer_after")),
        sa.CheckConstraint("buffer_before_minutes >= 0", name=op.f("ck_services_buffer_before")),
        sa.CheckConstraint("minutes > 0", name=op.f("ck_services_has_length")),
        sa.CheckConstraint("price_minor >= 0", name=op.f("ck_services_price")),
        sa.ForeignKeyConstraint(
            ["practice_id"], ["practices.id"], name=op.f("fk_services_practice_id")
        ),
        sa.PrimaryKeyConstraint("practice_id", "id", name=op.f("pk_services")),
        sa.UniqueConstraint("practice_id", "slug", name=op.f("uq_services_practice_id_slug")),
    )
    op.create_table(
        "stored_papers",
        sa.Column(
            "kind",
            sa.Enum(
                "invoice",
                "receipt",
                name="paper_kind",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("practice_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["practice_id"], ["practices.id"], name=op.f("fk_stored_papers_practice_id")
        ),
        sa.PrimaryKeyConstraint("practice_id", "id", name=op.f("pk_stored_papers")),
        sa.UniqueConstraint(
            "practice_id",
            "kind",
            "subject_id",
            name=op.f("uq_stored_papers_practice_id_kind_subject_id"),
        ),
    )
    op.create_table(
        "tasks",
        sa.Column("kind", sa.String(length=60), nullable=False),
        sa.Column("key", sa.String(length=120), nullable=False),
        sa.Column("what", sa.String(length=300), nullable=False),
        sa.Column("client_id", sa.Uuid(), nullable=True),
        sa.Column("about_id", sa.Uuid(), nullable=True),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("done_by", sa.Uuid(), nullable=True),
        sa.Column("practice_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["practice_id"], ["practices.id"], name=op.f("fk_tasks_practice_id")
        ),
        sa.PrimaryKeyConstraint("practice_id", "id", name=op.f("pk_tasks")),
        sa.UniqueConstraint("practice_id", "key", name=op.f("uq_tasks_practice_id_key")),
    )
    op.create_index("ix_tasks_open", "tasks", ["practice_id", "done_at", "due_at"], unique=False)
    op.create_table(
        "users",
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("password_hash", sa.String(length=200), nullable=False),
        sa.Column("roles", sa.JSON().with_variant(JSONB(), "postgresql"), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("practice_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["practice_id"], ["practices.id"], name=op.f("fk_users_practice_id")
        ),
        sa.PrimaryKeyConstraint("practice_id", "id", name=op.f("pk_users")),
        sa.UniqueConstraint("practice_id", "email", name=op.f("uq_users_practice_id_email")),
    )
    op.create_table(
        "care_profiles",
        sa.Column("client_id", sa.Uuid(), nullable=False),
        sa.Column("reason_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("tried_before_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("emergency_name_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("emergency_relation_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("emergency_phone_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("emergency_confirmed_on", sa.Date(), nullable=True),
        sa.Column("practice_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["practice_id", "client_id"],
            ["clients.practice_id", "clients.id"],
            name=op.f("fk_care_profiles_practice_id_client_id"),
        ),
        sa.ForeignKeyConstraint(
            ["practice_id"], ["practices.id"], name=op.f("fk_care_profiles_practice_id")
        ),
        sa.PrimaryKeyConstraint("practice_id", "id", name=op.f("pk_care_profiles")),
        sa.UniqueConstraint(
            "practice_id", "client_id", name=op.f("uq_care_profiles_practice_id_client_id")
        ),
    )
    op.create_table(
        "invoices",
        sa.Column("number", sa.String(length=20), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "invoice",
                "credit_note",
                name="invoice_kind",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("source_key", sa.String(length=120), nullable=False),
        sa.Column("client_id", sa.Uuid(), nullable=False),
        sa.Column("for_id", sa.Uuid(), nullable=True),
        sa.Column("corrects_id", sa.Uuid(), nullable=True),
        sa.Column("issued_on", sa.Date(), nullable=False),
        sa.Column("issued_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("parties", sa.JSON().with_variant(JSONB(), "postgresql"), nullable=False),
        sa.Column("total_minor", sa.Integer(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("practice_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["practice_id", "client_id"],
            ["clients.practice_id", "clients.id"],
            name=op.f("fk_invoices_practice_id_client_id"),
        ),
        sa.ForeignKeyConstraint(
            ["practice_id", "corrects_id"],
            ["invoices.practice_id", "invoices.id"],
            name=op.f("fk_invoices_practice_id_corrects_id"),
        ),
        sa.ForeignKeyConstraint(
            ["practice_id"], ["practices.id"], name=op.f("fk_invoices_practice_id")
        ),
        sa.PrimaryKeyConstraint("practice_id", "id", name=op.f("pk_invoices")),
        sa.UniqueConstraint("practice_id", "number", name=op.f("uq_invoices_practice_id_number")),
        sa.UniqueConstraint(
            "practice_id", "source_key", name=op.f("uq_invoices_practice_id_source_key")
        ),
    )
    op.create_index("ix_invoices_client", "invoices", ["practice_id", "client_id"], unique=False)
    op.create_index("ix_invoices_issued", "invoices", ["practice_id", "issued_on"], unique=False)
    op.create_table(
        "papers",
        sa.Column("client_id", sa.Uuid(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "consent_treatment",
                "consent_ketamine",
                "medical_clearance",
                "preparation_held",
                name="paper_kind",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("dated_on", sa.Date(), nullable=False),
        sa.Column("valid_until", sa.Date(), nullable=True),
        sa.Column(
            "route",
            sa.Enum(
                "SL",
                "RDT",
                "TROCHE",
                "IM",
                "IV",
                "IN",
                name="route",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=True,
        ),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_by", sa.Uuid(), nullable=True),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("practice_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
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
        sa.PrimaryKeyConstraint("practice_id", "id", name=op.f("pk_papers")),
    )
    op.create_index(
        "ix_papers_client", "papers", ["practice_id", "client_id", "kind"], unique=False
    )
    op.create_table(
        "payments",
        sa.Column("client_id", sa.Uuid(), nullable=False),
        sa.Column("for_id", sa.Uuid(), nullable=False),
        sa.Column("amount_minor", sa.Integer(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("label", sa.String(length=40), nullable=False),
        sa.Column(
            "method",
            sa.Enum(
                "card_online",
                "card_at_visit",
                "cash",
                "check",
                "transfer",
                name="payment_method",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column(
            "state",
            sa.Enum(
                "creating",
                "open",
                "processing",
                "paid",
                "expired",
                "failed",
                name="payment_state",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column(
            "outcome",
            sa.Enum(
                "confirmed",
                "reacquired",
                "duplicate",
                "slot_lost",
                name="payment_outcome",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=True,
        ),
        sa.Column("account", sa.String(length=60), nullable=False),
        sa.Column("checkout_id", sa.String(length=120), nullable=True),
        sa.Column("checkout_url", sa.String(length=2000), nullable=True),
        sa.Column("checkout_ends_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("intent_id", sa.String(length=120), nullable=True),
        sa.Column("charge_id", sa.String(length=120), nullable=True),
        sa.Column("fee_minor", sa.Integer(), nullable=True),
        sa.Column("success_url", sa.String(length=400), nullable=True),
        sa.Column("cancel_url", sa.String(length=400), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("paid_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("practice_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint("amount_minor > 0", name=op.f("ck_payments_is_positive")),
        sa.ForeignKeyConstraint(
            ["practice_id", "client_id"],
            ["clients.practice_id", "clients.id"],
            name=op.f("fk_payments_practice_id_client_id"),
        ),
        sa.ForeignKeyConstraint(
            ["practice_id"], ["practices.id"], name=op.f("fk_payments_practice_id")
        ),
        sa.PrimaryKeyConstraint("practice_id", "id", name=op.f("pk_payments")),
    )
    op.create_index("ix_payments_client", "payments", ["practice_id", "client_id"], unique=False)
    op.create_index("ix_payments_for", "payments", ["practice_id", "for_id"], unique=False)
    op.create_index("ix_payments_paid", "payments", ["practice_id", "paid_at"], unique=False)
    op.create_index("ix_payments_state", "payments", ["practice_id", "state"], unique=False)
    op.create_table(
        "processor_customers",
        sa.Column("client_id", sa.Uuid(), nullable=False),
        sa.Column("account", sa.String(length=60), nullable=False),
        sa.Column("processor_id", sa.String(length=120), nullable=False),
        sa.Column("practice_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["practice_id", "client_id"],
            ["clients.practice_id", "clients.id"],
            name=op.f("fk_processor_customers_practice_id_client_id"),
        ),
        sa.ForeignKeyConstraint(
            ["practice_id"], ["practices.id"], name=op.f("fk_processor_customers_practice_id")
        ),
        sa.PrimaryKeyConstraint("practice_id", "id", name=op.f("pk_processor_customers")),
        sa.UniqueConstraint(
            "practice_id",
            "client_id",
            "account",
            name=op.f("uq_processor_customers_practice_id_client_id_account"),
        ),
    )
    op.create_table(
        "resources",
        sa.Column(
            "kind",
            sa.Enum(
                "person",
                "room",
                "client",
                "home",
                name="resource_kind",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("roles", sa.JSON().with_variant(JSONB(), "postgresql"), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=True),
        sa.Column("client_id", sa.Uuid(), nullable=True),
        sa.Column("video_link", sa.String(length=300), nullable=False),
        sa.Column("calendar_version", sa.Integer(), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("practice_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["practice_id", "client_id"],
            ["clients.practice_id", "clients.id"],
            name=op.f("fk_resources_practice_id_client_id"),
        ),
        sa.ForeignKeyConstraint(
            ["practice_id", "user_id"],
            ["users.practice_id", "users.id"],
            name=op.f("fk_resources_practice_id_user_id"),
        ),
        sa.ForeignKeyConstraint(
            ["practice_id"], ["practices.id"], name=op.f("fk_resources_practice_id")
        ),
        sa.PrimaryKeyConstraint("practice_id", "id", name=op.f("pk_resources")),
        sa.UniqueConstraint(
            "practice_id", "client_id", name=op.f("uq_resources_practice_id_client_id")
        ),
    )
    op.create_index("ix_resources_kind", "resources", ["practice_id", "kind"], unique=False)
    op.create_table(
        "sign_ins",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("program", sa.String(length=120), nullable=False),
        sa.Column("practice_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["practice_id", "user_id"],
            ["users.practice_id", "users.id"],
            name=op.f("fk_sign_ins_practice_id_user_id"),
        ),
        sa.ForeignKeyConstraint(
            ["practice_id"], ["practices.id"], name=op.f("fk_sign_ins_practice_id")
        ),
        sa.PrimaryKeyConstraint("practice_id", "id", name=op.f("pk_sign_ins")),
    )
    op.create_table(
        "allocations",
        sa.Column("payment_id", sa.Uuid(), nullable=False),
        sa.Column("invoice_id", sa.Uuid(), nullable=False),
        sa.Column("amount_minor", sa.Integer(), nullable=False),
        sa.Column("source_key", sa.String(length=120), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("practice_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["practice_id", "invoice_id"],
            ["invoices.practice_id", "invoices.id"],
            name=op.f("fk_allocations_practice_id_invoice_id"),
        ),
        sa.ForeignKeyConstraint(
            ["practice_id", "payment_id"],
            ["payments.practice_id", "payments.id"],
            name=op.f("fk_allocations_practice_id_payment_id"),
        ),
        sa.ForeignKeyConstraint(
            ["practice_id"], ["practices.id"], name=op.f("fk_allocations_practice_id")
        ),
        sa.PrimaryKeyConstraint("practice_id", "id", name=op.f("pk_allocations")),
        sa.UniqueConstraint(
            "practice_id", "source_key", name=op.f("uq_allocations_practice_id_source_key")
        ),
    )
    op.create_index(
        "ix_allocations_invoice", "allocations", ["practice_id", "invoice_id"], unique=False
    )
    op.create_index(
        "ix_allocations_payment", "allocations", ["practice_id", "payment_id"], unique=False
    )
    op.create_table(
        "appointments",
        sa.Column("client_id", sa.Uuid(), nullable=True),
        sa.Column("service_id", sa.Uuid(), nullable=False),
        sa.Column("host_id", sa.Uuid(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "consult",
                "intake",
                "medical_eval",
                "med_followup",
                "prep",
                "dosing",
                "integration",
                "booster",
                name="session_kind",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("label", sa.String(length=120), nullable=False),
        sa.Column("price_minor", sa.Integer(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column(
            "modality",
            sa.Enum(
                "in_person",
                "telehealth",
                name="modality",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("time_zone", sa.String(length=60), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "requested",
                "tentative",
                "confirmed",
                "arrived",
                "in_session",
                "completed",
                "cancelled",
                "no_show",
                "held_clinical",
                "released",
                name="appointment_state",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("hold_ends_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("hold_renewals", sa.Integer(), nullable=False),
        sa.Column("hold_browser", sa.String(length=64), nullable=True),
        sa.Column("hold_address", sa.String(length=64), nullable=True),
        sa.Column("form_token", sa.String(length=64), nullable=True),
        sa.Column("link_version", sa.Integer(), nullable=False),
        sa.Column("uid", sa.String(length=80), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("arrived_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("completed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("cancelled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("override_reason", sa.String(length=300), nullable=True),
        sa.Column("practice_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "client_id IS NOT NULL OR state IN ('tentative', 'released', 'cancelled')",
            name=op.f("ck_appointments_has_client"),
        ),
        sa.CheckConstraint("ends_at > starts_at", name=op.f("ck_appointments_ends_after_start")),
        sa.ForeignKeyConstraint(
            ["practice_id", "client_id"],
            ["clients.practice_id", "clients.id"],
            name=op.f("fk_appointments_practice_id_client_id"),
        ),
        sa.ForeignKeyConstraint(
            ["practice_id", "host_id"],
            ["resources.practice_id", "resources.id"],
            name=op.f("fk_appointments_practice_id_host_id"),
        ),
        sa.ForeignKeyConstraint(
            ["practice_id", "service_id"],
            ["services.practice_id", "services.id"],
            name=op.f("fk_appointments_practice_id_service_id"),
        ),
        sa.ForeignKeyConstraint(
            ["practice_id"], ["practices.id"], name=op.f("fk_appointments_practice_id")
        ),
        sa.PrimaryKeyConstraint("practice_id", "id", name=op.f("pk_appointments")),
        sa.UniqueConstraint(
            "practice_id", "form_token", name=op.f("uq_appointments_practice_id_form_token")
        ),
        sa.UniqueConstraint("practice_id", "uid", name=op.f("uq_appointments_practice_id_uid")),
    )
    op.create_index(
        "ix_appointments_client",
        "appointments",
        ["practice_id", "client_id", "starts_at"],
        unique=False,
    )
    op.create_index(
        "ix_appointments_hold", "appointments", ["practice_id", "hold_ends_at"], unique=False
    )
    op.create_index(
        "ix_appointments_starts", "appointments", ["practice_id", "starts_at"], unique=False
    )
    op.create_table(
        "calendar_entries",
        sa.Column("session_id", sa.Uuid(), nullable=False),
        sa.Column("resource_id", sa.Uuid(), nullable=False),
        sa.Column(
            "level",
            sa.Enum(
                "busy",
                "plain",
                "initials",
                "initials_and_code",
                name="detail_level",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("gone_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("practice_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["practice_id", "resource_id"],
            ["resources.practice_id", "resources.id"],
            name=op.f("fk_calendar_entries_practice_id_resource_id"),
        ),
        sa.ForeignKeyConstraint(
            ["practice_id"], ["practices.id"], name=op.f("fk_calendar_entries_practice_id")
        ),
        sa.PrimaryKeyConstraint("practice_id", "id", name=op.f("pk_calendar_entries")),
        sa.UniqueConstraint(
            "practice_id",
            "session_id",
            "resource_id",
            "level",
            name=op.f("uq_calendar_entries_practice_id_session_id_resource_id_level"),
        ),
    )
    op.create_index(
        "ix_calendar_entries_feed",
        "calendar_entries",
        ["practice_id", "resource_id", "level", "starts_at"],
        unique=False,
    )
    op.create_index(
        "ix_calendar_entries_gone",
        "calendar_entries",
        ["practice_id", "resource_id", "level", "ends_at"],
        unique=False,
        postgresql_where=sa.text("gone_at IS NOT NULL"),
        sqlite_where=sa.text("gone_at IS NOT NULL"),
    )
    op.create_table(
        "claims",
        sa.Column("resource_id", sa.Uuid(), nullable=False),
        sa.Column("holder_id", sa.Uuid(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "session",
                "block",
                "imported",
                name="claim_kind",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("released_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("practice_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint("ends_at > starts_at", name=op.f("ck_claims_ends_after_start")),
        sa.ForeignKeyConstraint(
            ["practice_id", "resource_id"],
            ["resources.practice_id", "resources.id"],
            name=op.f("fk_claims_practice_id_resource_id"),
        ),
        sa.ForeignKeyConstraint(
            ["practice_id"], ["practices.id"], name=op.f("fk_claims_practice_id")
        ),
        sa.PrimaryKeyConstraint("practice_id", "id", name=op.f("pk_claims")),
    )
    op.create_index("ix_claims_holder", "claims", ["practice_id", "holder_id"], unique=False)
    op.create_index(
        "ix_claims_resource", "claims", ["practice_id", "resource_id", "ends_at"], unique=False
    )
    op.create_table(
        "feed_subscriptions",
        sa.Column("resource_id", sa.Uuid(), nullable=False),
        sa.Column("made_by", sa.Uuid(), nullable=False),
        sa.Column("label", sa.String(length=80), nullable=False),
        sa.Column(
            "level",
            sa.Enum(
                "busy",
                "plain",
                "initials",
                "initials_and_code",
                name="detail_level",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("fetched_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("fetched_by", sa.String(length=120), nullable=True),
        sa.Column("fetched_status", sa.Integer(), nullable=True),
        sa.Column("practice_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["practice_id", "resource_id"],
            ["resources.practice_id", "resources.id"],
            name=op.f("fk_feed_subscriptions_practice_id_resource_id"),
        ),
        sa.ForeignKeyConstraint(
            ["practice_id"], ["practices.id"], name=op.f("fk_feed_subscriptions_practice_id")
        ),
        sa.PrimaryKeyConstraint("practice_id", "id", name=op.f("pk_feed_subscriptions")),
    )
    op.create_table(
        "hours_overrides",
        sa.Column("resource_id", sa.Uuid(), nullable=False),
        sa.Column("on_date", sa.Date(), nullable=False),
        sa.Column("starts_minute", sa.Integer(), nullable=True),
        sa.Column("ends_minute", sa.Integer(), nullable=True),
        sa.Column("practice_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "(starts_minute IS NULL) = (ends_minute IS NULL)",
            name=op.f("ck_hours_overrides_whole_window_or_none"),
        ),
        sa.ForeignKeyConstraint(
            ["practice_id", "resource_id"],
            ["resources.practice_id", "resources.id"],
            name=op.f("fk_hours_overrides_practice_id_resource_id"),
        ),
        sa.ForeignKeyConstraint(
            ["practice_id"], ["practices.id"], name=op.f("fk_hours_overrides_practice_id")
        ),
        sa.PrimaryKeyConstraint("practice_id", "id", name=op.f("pk_hours_overrides")),
    )
    op.create_index(
        "ix_hours_overrides_on", "hours_overrides", ["practice_id", "on_date"], unique=False
    )
    op.create_table(
        "invoice_lines",
        sa.Column("invoice_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("service_on", sa.Date(), nullable=False),
        sa.Column("service", sa.String(length=120), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("unit_minor", sa.Integer(), nullable=False),
        sa.Column("amount_minor", sa.Integer(), nullable=False),
        sa.Column("practice_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint("quantity > 0", name=op.f("ck_invoice_lines_is_positive")),
        sa.ForeignKeyConstraint(
            ["practice_id", "invoice_id"],
            ["invoices.practice_id", "invoices.id"],
            name=op.f("fk_invoice_lines_practice_id_invoice_id"),
        ),
        sa.ForeignKeyConstraint(
            ["practice_id"], ["practices.id"], name=op.f("fk_invoice_lines_practice_id")
        ),
        sa.PrimaryKeyConstraint("practice_id", "id", name=op.f("pk_invoice_lines")),
        sa.UniqueConstraint(
            "practice_id",
            "invoice_id",
            "position",
            name=op.f("uq_invoice_lines_practice_id_invoice_id_position"),
        ),
    )
    op.create_table(
        "receipts",
        sa.Column("number", sa.String(length=20), nullable=False),
        sa.Column("payment_id", sa.Uuid(), nullable=False),
        sa.Column("issued_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("facts", sa.JSON().with_variant(JSONB(), "postgresql"), nullable=False),
        sa.Column("practice_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["practice_id", "payment_id"],
            ["payments.practice_id", "payments.id"],
            name=op.f("fk_receipts_practice_id_payment_id"),
        ),
        sa.ForeignKeyConstraint(
            ["practice_id"], ["practices.id"], name=op.f("fk_receipts_practice_id")
        ),
        sa.PrimaryKeyConstraint("practice_id", "id", name=op.f("pk_receipts")),
        sa.UniqueConstraint("practice_id", "number", name=op.f("uq_receipts_practice_id_number")),
        sa.UniqueConstraint(
            "practice_id", "payment_id", name=op.f("uq_receipts_practice_id_payment_id")
        ),
    )
    op.create_table(
        "refunds",
        sa.Column("payment_id", sa.Uuid(), nullable=False),
        sa.Column("amount_minor", sa.Integer(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "pending",
                "succeeded",
                "failed",
                name="refund_state",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("reason", sa.String(length=60), nullable=False),
        sa.Column("processor_id", sa.String(length=120), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("practice_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint("amount_minor > 0", name=op.f("ck_refunds_is_positive")),
        sa.ForeignKeyConstraint(
            ["practice_id", "payment_id"],
            ["payments.practice_id", "payments.id"],
            name=op.f("fk_refunds_practice_id_payment_id"),
        ),
        sa.ForeignKeyConstraint(
            ["practice_id"], ["practices.id"], name=op.f("fk_refunds_practice_id")
        ),
        sa.PrimaryKeyConstraint("practice_id", "id", name=op.f("pk_refunds")),
        sa.UniqueConstraint(
            "practice_id", "processor_id", name=op.f("uq_refunds_practice_id_processor_id")
        ),
    )
    op.create_index("ix_refunds_payment", "refunds", ["practice_id", "payment_id"], unique=False)
    op.create_index("ix_refunds_state", "refunds", ["practice_id", "state"], unique=False)
    op.create_table(
        "working_hours",
        sa.Column("resource_id", sa.Uuid(), nullable=False),
        sa.Column("weekday", sa.Integer(), nullable=False),
        sa.Column("starts_minute", sa.Integer(), nullable=False),
        sa.Column("ends_minute", sa.Integer(), nullable=False),
        sa.Column("practice_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "starts_minute >= 0 AND ends_minute <= 1440 AND starts_minute < ends_minute",
            name=op.f("ck_working_hours_within_a_day"),
        ),
        sa.CheckConstraint("weekday BETWEEN 1 AND 7", name=op.f("ck_working_hours_weekday")),
        sa.ForeignKeyConstraint(
            ["practice_id", "resource_id"],
            ["resources.practice_id", "resources.id"],
            name=op.f("fk_working_hours_practice_id_resource_id"),
        ),
        sa.ForeignKeyConstraint(
            ["practice_id"], ["practices.id"], name=op.f("fk_working_hours_practice_id")
        ),
        sa.PrimaryKeyConstraint("practice_id", "id", name=op.f("pk_working_hours")),
    )
    op.create_index(
        "ix_working_hours_resource", "working_hours", ["practice_id", "resource_id"], unique=False
    )


def downgrade() -> None:
    op.drop_index("ix_working_hours_resource", table_name="working_hours")
    op.drop_table("working_hours")
    op.drop_index("ix_refunds_state", table_name="refunds")
    op.drop_index("ix_refunds_payment", table_name="refunds")
    op.drop_table("refunds")
    op.drop_table("receipts")
    op.drop_table("invoice_lines")
    op.drop_index("ix_hours_overrides_on", table_name="hours_overrides")
    op.drop_table("hours_overrides")
    op.drop_table("feed_subscriptions")
    op.drop_index("ix_claims_resource", table_name="claims")
    op.drop_index("ix_claims_holder", table_name="claims")
    op.drop_table("claims")
    op.drop_index(
        "ix_calendar_entries_gone",
        table_name="calendar_entries",
        postgresql_where=sa.text("gone_at IS NOT NULL"),
        sqlite_where=sa.text("gone_at IS NOT NULL"),
    )
    op.drop_index("ix_calendar_entries_feed", table_name="calendar_entries")
    op.drop_table("calendar_entries")
    op.drop_index("ix_appointments_starts", table_name="appointments")
    op.drop_index("ix_appointments_hold", table_name="appointments")
    op.drop_index("ix_appointments_client", table_name="appointments")
    op.drop_table("appointments")
    op.drop_index("ix_allocations_payment", table_name="allocations")
    op.drop_index("ix_allocations_invoice", table_name="allocations")
    op.drop_table("allocations")
    op.drop_table("sign_ins")
    op.drop_index("ix_resources_kind", table_name="resources")
    op.drop_table("resources")
    op.drop_table("processor_customers")
    op.drop_index("ix_payments_state", table_name="payments")
    op.drop_index("ix_payments_paid", table_name="payments")
    op.drop_index("ix_payments_for", table_name="payments")
    op.drop_index("ix_payments_client", table_name="payments")
    op.drop_table("payments")
    op.drop_index("ix_papers_client", table_name="papers")
    op.drop_table("papers")
    op.drop_index("ix_invoices_issued", table_name="invoices")
    op.drop_index("ix_invoices_client", table_name="invoices")
    op.drop_table("invoices")
    op.drop_table("care_profiles")
    op.drop_table("users")
    op.drop_index("ix_tasks_open", table_name="tasks")
    op.drop_table("tasks")
    op.drop_table("stored_papers")
    op.drop_table("services")
    op.drop_index("ix_reconciliations_until", table_name="reconciliations")
    op.drop_table("reconciliations")
    op.drop_index("ix_processor_events_open", table_name="processor_events")
    op.drop_table("processor_events")
    op.drop_table("number_series")
    op.drop_index("ix_messages_about", table_name="messages")
    op.drop_table("messages")
    op.drop_index("ix_jobs_due", table_name="jobs")
    op.drop_table("jobs")
    op.drop_table("dosing_weeks")
    op.drop_index(op.f("ix_doors_practice_id"), table_name="doors")
    op.drop_table("doors")
    op.drop_index("ix_closures_on", table_name="closures")
    op.drop_table("closures")
    op.drop_index("ix_clients_findable", table_name="clients")
    op.drop_index("ix_clients_email", table_name="clients")
    op.drop_table("clients")
    op.drop_table("booking_rules")
    op.drop_index("ix_audit_entries_subject", table_name="audit_entries")
    op.drop_index("ix_audit_entries_at", table_name="audit_entries")
    op.drop_table("audit_entries")
    op.drop_table("throttles")
    op.drop_table("practices")
