"""Let a practice leave cards off for now. Fast: one column on one small table."""

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0027"


def upgrade() -> None:
    op.add_column(
        "practices",
        sa.Column("cards_off", sa.Boolean(), server_default=sa.false(), nullable=False),
    )


def downgrade() -> None:
    op.drop_column("practices", "cards_off")
