"""Forbid double booking in the database itself.

Two live claims on one resource may touch but not overlap; an imported busy time is no claim of
ours and may lie over anything. PostgreSQL has a constraint for it; SQLite gets two triggers that
say the same, safe because its writers take turns (``BEGIN IMMEDIATE``). Ranges are half-open.

Fails, changing nothing, if overlapping claims exist already. A later batch migration of
``claims`` must make the triggers again: a test compares both catalogues.
"""

from alembic import op

revision = "0002"
down_revision = "0001"

EXCLUDE_OVERLAPS = """
ALTER TABLE claims ADD CONSTRAINT claims_no_overlap EXCLUDE USING gist (
    practice_id WITH =,
    resource_id WITH =,
    tstzrange(starts_at, ends_at, '[)') WITH &&
) WHERE (released_at IS NULL AND kind <> 'imported')
"""

REFUSE = """
CREATE TRIGGER claims_no_overlap_{when} BEFORE {when} ON claims
WHEN NEW.released_at IS NULL AND NEW.kind <> 'imported'
BEGIN
    SELECT RAISE(ABORT, 'claims_no_overlap') WHERE EXISTS (
        SELECT 1 FROM claims AS other
        WHERE other.practice_id = NEW.practice_id
          AND other.resource_id = NEW.resource_id
          AND other.ends_at > NEW.starts_at
          AND other.starts_at < NEW.ends_at
          AND other.released_at IS NULL
          AND other.kind <> 'imported'
          AND other.id <> NEW.id
    );
END
"""


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute("CREATE EXTENSION IF NOT EXISTS btree_gist")
        op.execute(EXCLUDE_OVERLAPS)
    else:
        for when in ("insert", "update"):
            op.execute(REFUSE.format(when=when))


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute("ALTER TABLE claims DROP CONSTRAINT claims_no_overlap")
    else:
        for when in ("insert", "update"):
            op.execute(f"DROP TRIGGER claims_no_overlap_{when}")
