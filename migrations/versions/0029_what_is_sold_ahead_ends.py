"""Let packages say what becomes of sessions not used in time, and of those missed late.

Both are copied onto what was sold, as is a price that was agreed on for one client. A fee may be
that the session itself counts as used. What was sold before keeps what was agreed then: a missed
session costs its fee, and what is left at its end is lost. Fast: adds columns, rewrites nothing.
"""

import sqlalchemy as sa
from alembic import op

revision = "0029"
down_revision = "0028"

TERMS = ("packages", "sales")
EXPIRY = ("forfeited", "credit")
LATE = ("unit_used", "fee")


def upgrade() -> None:
    for table in TERMS:
        op.add_column(table, _word(table, "expiry_rule", EXPIRY, "forfeited"))
        op.add_column(table, _word(table, "late_rule", LATE, LATE[table == "sales"]))
    op.add_column("sales", sa.Column("list_minor", sa.Integer(), nullable=True))
    op.add_column("sales", sa.Column("price_why", sa.String(length=240), nullable=True))
    op.add_column("sales", sa.Column("noticed_on", sa.Date(), nullable=True))
    op.add_column(
        "fees", sa.Column("takes_unit", sa.Boolean(), server_default=sa.false(), nullable=False)
    )


def _word(table: str, name: str, words: tuple[str, ...], default: str) -> sa.Column[str]:
    one_of = ", ".join(f"'{each}'" for each in words)
    return sa.Column(
        name,
        sa.String(length=40),
        sa.CheckConstraint(f"{name} IN ({one_of})", name=op.f(f"ck_{table}_{name}")),
        server_default=default,
        nullable=False,
    )


def downgrade() -> None:
    op.drop_column("fees", "takes_unit")
    for column in ("noticed_on", "price_why", "list_minor"):
        op.drop_column("sales", column)
    for table in reversed(TERMS):
        for column in ("late_rule", "expiry_rule"):
            op.drop_column(table, column)
