"""Let other hours of a single date be for some kinds of session, and for one way of giving them.

The weekly hours have had this since they are written as rows; dates that are there stay open to
all. Fast: two columns with a default.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0016"
down_revision = "0012"

TABLE = "hours_overrides"
JSON = sa.JSON().with_variant(JSONB(), "postgresql")


def upgrade() -> None:
    op.add_column(TABLE, sa.Column("kinds", JSON, server_default="[]", nullable=False))
    op.add_column(
        TABLE, sa.Column("modality", sa.String(length=20), server_default="", nullable=False)
    )


def downgrade() -> None:
    op.drop_column(TABLE, "modality")
    op.drop_column(TABLE, "kinds")
