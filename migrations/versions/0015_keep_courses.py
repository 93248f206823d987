"""Keep courses legal when life moves one session.

A session remembers when it began, since what follows is counted from then. What several sessions
of a course did together can be taken back together: their changes carry one mark.
"""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    op.add_column("appointments", sa.Column("begun_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("session_changes", sa.Column("ripple_id", sa.Uuid(), nullable=True))


def downgrade() -> None:
    op.drop_column("session_changes", "ripple_id")
    op.drop_column("appointments", "begun_at")
