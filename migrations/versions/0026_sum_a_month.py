"""Let the report of a month read the books by account: sums over indexes instead of the table.

What an account stood at on a day, and what is open of each invoice on a day, are read from an
index alone, however long the books are. The former index by invoice is the beginning of the new
one. Takes a second or two for a million entries.
"""

from alembic import op

revision = "0026"
down_revision = "0025"

TABLE = "ledger_entries"
BY_INVOICE = "ix_ledger_entries_invoice"
BY_ACCOUNT = "ix_ledger_entries_account"


def upgrade() -> None:
    op.drop_index(BY_INVOICE, table_name=TABLE)
    op.create_index(
        BY_INVOICE,
        TABLE,
        ["practice_id", "account", "invoice_id", "for_id", "on_day", "minor"],
    )
    op.create_index(BY_ACCOUNT, TABLE, ["practice_id", "account", "on_day", "minor"])


def downgrade() -> None:
    op.drop_index(BY_ACCOUNT, table_name=TABLE)
    op.drop_index(BY_INVOICE, table_name=TABLE)
    op.create_index(BY_INVOICE, TABLE, ["practice_id", "invoice_id", "account", "minor"])
