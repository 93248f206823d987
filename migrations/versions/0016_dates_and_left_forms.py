"""Let hours of a single date be for some sessions; keep what a client had typed when signed out.

The weekly hours have long been for some kinds of session and one way of giving them; dates that
are there stay open to all. What was typed lies sealed with the sign-in that had ended. Fast:
four columns, two of them with a default.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0016"
down_revision = "0015"

TABLE, SIGN_INS = "hours_overrides", "client_sign_ins"
JSON = sa.JSON().with_variant(JSONB(), "postgresql")


def upgrade() -> None:
    op.add_column(TABLE, sa.Column("kinds", JSON, server_default="[]", nullable=False))
    op.add_column(
        TABLE, sa.Column("modality", sa.String(length=20), server_default="", nullable=False)
    )
    op.add_column(SIGN_INS, sa.Column("typed_sealed", sa.LargeBinary(), nullable=True))
    op.add_column(SIGN_INS, sa.Column("typed_at", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    op.drop_column(SIGN_INS, "typed_at")
    op.drop_column(SIGN_INS, "typed_sealed")
    op.drop_column(TABLE, "modality")
    op.drop_column(TABLE, "kinds")
