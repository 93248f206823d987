"""Keep the courses that a practice offers, and each client's own copy of one.

A template's versions stay readable, as those of services do. A course's steps say where each
stands: booked, a date at somebody outside, or still to be booked between two dates. What was
decided about a course is only ever added. Nothing that exists is locked or changed.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0013"
down_revision = "0012"

HERE = "nullif(current_setting('app.practice_id', true), '')::uuid"
NEW = (
    "course_templates",
    "course_template_versions",
    "courses",
    "course_changes",
    "course_reviews",
    "course_steps",
)

GUARD = """
CREATE TRIGGER {table}_stays_in_practice_{when} BEFORE {when} ON {table}
WHEN {wrong}
BEGIN
    SELECT RAISE(ABORT, 'another practice');
END
"""


def upgrade() -> None:
    op.create_table(
        "course_templates",
        sa.Column("slug", sa.String(length=60), nullable=False),
        sa.Column("title", sa.String(length=120), nullable=False),
        sa.Column("document", sa.JSON().with_variant(JSONB(), "postgresql"), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("practice_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["practice_id"], ["practices.id"], name=op.f("fk_course_templates_practice_id")
        ),
        sa.PrimaryKeyConstraint("practice_id", "id", name=op.f("pk_course_templates")),
        sa.UniqueConstraint(
            "practice_id", "slug", name=op.f("uq_course_templates_practice_id_slug")
        ),
    )
    op.create_table(
        "course_template_versions",
        sa.Column("template_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("until_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_by", sa.Uuid(), nullable=True),
        sa.Column("document", sa.JSON().with_variant(JSONB(), "postgresql"), nullable=False),
        sa.Column("practice_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["practice_id", "template_id"],
            ["course_templates.practice_id", "course_templates.id"],
            name=op.f("fk_course_template_versions_practice_id_template_id"),
        ),
        sa.ForeignKeyConstraint(
            ["practice_id"], ["practices.id"], name=op.f("fk_course_template_versions_practice_id")
        ),
        sa.PrimaryKeyConstraint("practice_id", "id", name=op.f("pk_course_template_versions")),
        sa.UniqueConstraint(
            "practice_id",
            "template_id",
            "number",
            name=op.f("uq_course_template_versions_practice_id_template_id_number"),
        ),
    )
    op.create_table(
        "courses",
        sa.Column("client_id", sa.Uuid(), nullable=False),
        sa.Column("template_id", sa.Uuid(), nullable=False),
        sa.Column("template_version", sa.Integer(), nullable=False),
        sa.Column("title", sa.String(length=120), nullable=False),
        sa.Column("document", sa.JSON().with_variant(JSONB(), "postgresql"), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "proposed",
                "booked",
                "under_way",
                "completed",
                "stopped",
                "lapsed",
                name="course_state",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("price_minor", sa.Integer(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("terms", sa.JSON().with_variant(JSONB(), "postgresql"), nullable=False),
        sa.Column("wishes", sa.JSON().with_variant(JSONB(), "postgresql"), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.Column("offered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("link_version", sa.Integer(), nullable=False),
        sa.Column("booked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_why", sa.String(length=300), nullable=True),
        sa.Column("practice_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint("price_minor >= 0", name=op.f("ck_courses_price")),
        sa.ForeignKeyConstraint(
            ["practice_id", "client_id"],
            ["clients.practice_id", "clients.id"],
            name=op.f("fk_courses_practice_id_client_id"),
        ),
        sa.ForeignKeyConstraint(
            ["practice_id", "template_id"],
            ["course_templates.practice_id", "course_templates.id"],
            name=op.f("fk_courses_practice_id_template_id"),
        ),
        sa.ForeignKeyConstraint(
            ["practice_id"], ["practices.id"], name=op.f("fk_courses_practice_id")
        ),
        sa.PrimaryKeyConstraint("practice_id", "id", name=op.f("pk_courses")),
    )
    op.create_index("ix_courses_client", "courses", ["practice_id", "client_id"], unique=False)
    op.create_index("ix_courses_state", "courses", ["practice_id", "state"], unique=False)
    op.create_table(
        "course_changes",
        sa.Column("course_id", sa.Uuid(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("made_by", sa.Uuid(), nullable=True),
        sa.Column("deed", sa.String(length=40), nullable=False),
        sa.Column("reason", sa.String(length=300), nullable=True),
        sa.Column("facts", sa.JSON().with_variant(JSONB(), "postgresql"), nullable=False),
        sa.Column("practice_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["practice_id", "course_id"],
            ["courses.practice_id", "courses.id"],
            name=op.f("fk_course_changes_practice_id_course_id"),
        ),
        sa.ForeignKeyConstraint(
            ["practice_id"], ["practices.id"], name=op.f("fk_course_changes_practice_id")
        ),
        sa.PrimaryKeyConstraint("practice_id", "id", name=op.f("pk_course_changes")),
    )
    op.create_index(
        "ix_course_changes_course",
        "course_changes",
        ["practice_id", "course_id", "made_at"],
        unique=False,
    )
    op.create_table(
        "course_reviews",
        sa.Column("course_id", sa.Uuid(), nullable=False),
        sa.Column("after_key", sa.String(length=60), nullable=False),
        sa.Column("decision", sa.String(length=60), nullable=False),
        sa.Column("reason", sa.String(length=300), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_by", sa.Uuid(), nullable=False),
        sa.Column("practice_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["practice_id", "course_id"],
            ["courses.practice_id", "courses.id"],
            name=op.f("fk_course_reviews_practice_id_course_id"),
        ),
        sa.ForeignKeyConstraint(
            ["practice_id", "decided_by"],
            ["users.practice_id", "users.id"],
            name=op.f("fk_course_reviews_practice_id_decided_by"),
        ),
        sa.ForeignKeyConstraint(
            ["practice_id"], ["practices.id"], name=op.f("fk_course_reviews_practice_id")
        ),
        sa.PrimaryKeyConstraint("practice_id", "id", name=op.f("pk_course_reviews")),
        sa.UniqueConstraint(
            "practice_id",
            "course_id",
            "after_key",
            name=op.f("uq_course_reviews_practice_id_course_id_after_key"),
        ),
    )
    op.create_table(
        "course_steps",
        sa.Column("course_id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.String(length=60), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
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
        sa.Column("is_external", sa.Boolean(), nullable=False),
        sa.Column("appointment_id", sa.Uuid(), nullable=True),
        sa.Column("planned_on", sa.Date(), nullable=True),
        sa.Column("held_on", sa.Date(), nullable=True),
        sa.Column("window_from_on", sa.Date(), nullable=True),
        sa.Column("window_until_on", sa.Date(), nullable=True),
        sa.Column("reachable_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("dropped_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("practice_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "(window_from_on IS NULL) = (window_until_on IS NULL)",
            name=op.f("ck_course_steps_whole_window"),
        ),
        sa.ForeignKeyConstraint(
            ["practice_id", "appointment_id"],
            ["appointments.practice_id", "appointments.id"],
            name=op.f("fk_course_steps_practice_id_appointment_id"),
        ),
        sa.ForeignKeyConstraint(
            ["practice_id", "course_id"],
            ["courses.practice_id", "courses.id"],
            name=op.f("fk_course_steps_practice_id_course_id"),
        ),
        sa.ForeignKeyConstraint(
            ["practice_id"], ["practices.id"], name=op.f("fk_course_steps_practice_id")
        ),
        sa.PrimaryKeyConstraint("practice_id", "id", name=op.f("pk_course_steps")),
        sa.UniqueConstraint(
            "practice_id", "appointment_id", name=op.f("uq_course_steps_practice_id_appointment_id")
        ),
        sa.UniqueConstraint(
            "practice_id",
            "course_id",
            "key",
            name=op.f("uq_course_steps_practice_id_course_id_key"),
        ),
    )
    for table in NEW:
        _wall_off(table)


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


def downgrade() -> None:
    for table in reversed(NEW):
        op.drop_table(table)
