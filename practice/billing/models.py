"""Payments and refunds as they happen, and the papers that are never changed once issued."""

from datetime import date, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, composite, mapped_column

from practice.billing.rules.ledger import Account
from practice.billing.rules.payments import PaymentMethod, PaymentOutcome, PaymentState, RefundState
from practice.core.db import Base, PracticeOwned, enum_by_value
from practice.core.money import Money


class InvoiceKind(StrEnum):
    INVOICE = "invoice"
    CREDIT_NOTE = "credit_note"


class PaperKind(StrEnum):
    INVOICE = "invoice"
    RECEIPT = "receipt"


class Payment(PracticeOwned, Base):
    """Money that a client pays, or is asked to pay, for one thing.

    ``for_id`` is what it pays for (an appointment); what that is, is not this room's to know.
    ``label`` is one of the five that the processor may see. Where it ``settles_many`` things, it
    is for the bundle that lists them, and what none of them needs is free credit.
    """

    __tablename__ = "payments"
    __table_args__ = (
        sa.ForeignKeyConstraint(
            ["practice_id", "client_id"], ["clients.practice_id", "clients.id"]
        ),
        sa.CheckConstraint("amount_minor > 0", name="is_positive"),
        sa.Index("ix_payments_for", "practice_id", "for_id"),
        sa.Index("ix_payments_client", "practice_id", "client_id"),
        sa.Index("ix_payments_state", "practice_id", "state"),
        sa.Index("ix_payments_paid", "practice_id", "paid_at"),
    )

    client_id: Mapped[UUID]
    for_id: Mapped[UUID]
    amount_minor: Mapped[int]
    currency: Mapped[str] = mapped_column(sa.String(3))
    amount: Mapped[Money] = composite("amount_minor", "currency")
    label: Mapped[str] = mapped_column(sa.String(40))
    method: Mapped[PaymentMethod] = mapped_column(enum_by_value(PaymentMethod))
    state: Mapped[PaymentState] = mapped_column(enum_by_value(PaymentState))
    outcome: Mapped[PaymentOutcome | None] = mapped_column(enum_by_value(PaymentOutcome))
    account: Mapped[str] = mapped_column(sa.String(60), default="")
    checkout_id: Mapped[str | None] = mapped_column(sa.String(120))
    checkout_url: Mapped[str | None] = mapped_column(sa.String(2000))
    checkout_ends_at: Mapped[datetime | None]
    intent_id: Mapped[str | None] = mapped_column(sa.String(120))
    charge_id: Mapped[str | None] = mapped_column(sa.String(120))
    fee_minor: Mapped[int | None]  # what the processor kept
    success_url: Mapped[str | None] = mapped_column(sa.String(400))
    cancel_url: Mapped[str | None] = mapped_column(sa.String(400))
    keeps_card: Mapped[bool] = mapped_column(default=False, server_default=sa.false())
    settles_many: Mapped[bool] = mapped_column(default=False, server_default=sa.false())
    created_at: Mapped[datetime]
    paid_at: Mapped[datetime | None]

    @property
    def is_off_session(self) -> bool:
        """Whether a card on file pays it, and nobody is sent to a page."""
        return self.method is PaymentMethod.CARD_ONLINE and self.checkout_ends_at is None


class Refund(PracticeOwned, Base):
    """Money going back. Decided in a transaction, carried out after it, under its own key."""

    __tablename__ = "refunds"
    __table_args__ = (
        sa.ForeignKeyConstraint(
            ["practice_id", "payment_id"], ["payments.practice_id", "payments.id"]
        ),
        sa.CheckConstraint("amount_minor > 0", name="is_positive"),
        sa.UniqueConstraint("practice_id", "processor_id"),
        sa.Index("ix_refunds_payment", "practice_id", "payment_id"),
        sa.Index("ix_refunds_state", "practice_id", "state"),
    )

    payment_id: Mapped[UUID]
    amount_minor: Mapped[int]
    currency: Mapped[str] = mapped_column(sa.String(3))
    amount: Mapped[Money] = composite("amount_minor", "currency")
    state: Mapped[RefundState] = mapped_column(enum_by_value(RefundState))
    reason: Mapped[str] = mapped_column(sa.String(60))
    processor_id: Mapped[str | None] = mapped_column(sa.String(120))
    created_at: Mapped[datetime]
    settled_at: Mapped[datetime | None]


class ProcessorCustomer(PracticeOwned, Base):
    """A client as the processor knows them, one per account."""

    __tablename__ = "processor_customers"
    __table_args__ = (
        sa.ForeignKeyConstraint(
            ["practice_id", "client_id"], ["clients.practice_id", "clients.id"]
        ),
        sa.UniqueConstraint("practice_id", "client_id", "account"),
    )

    client_id: Mapped[UUID]
    account: Mapped[str] = mapped_column(sa.String(60), default="")
    processor_id: Mapped[str] = mapped_column(sa.String(120))


class ProcessorEvent(PracticeOwned, Base):
    """A signed event, kept before it is worked on. Repeats fall on the unique key."""

    __tablename__ = "processor_events"
    __table_args__ = (
        sa.UniqueConstraint("practice_id", "account", "processor_id"),
        sa.Index("ix_processor_events_open", "practice_id", "handled_at"),
    )

    account: Mapped[str] = mapped_column(sa.String(60), default="")
    processor_id: Mapped[str] = mapped_column(sa.String(120))
    kind: Mapped[str] = mapped_column(sa.String(80))
    object_id: Mapped[str] = mapped_column(sa.String(120))
    payment_id: Mapped[UUID]
    received_at: Mapped[datetime]
    handled_at: Mapped[datetime | None]


class Reconciliation(PracticeOwned, Base):
    """One comparison with the processor's own records. The next one begins where it ended."""

    __tablename__ = "reconciliations"
    __table_args__ = (sa.Index("ix_reconciliations_until", "practice_id", "until_at"),)

    until_at: Mapped[datetime]
    payments: Mapped[int]  # how many were looked at
    differences: Mapped[int]


class NumberSeries(PracticeOwned, Base):
    """The last number given in one series and year, so that none is skipped or given twice."""

    __tablename__ = "number_series"
    __table_args__ = (sa.UniqueConstraint("practice_id", "series", "year"),)

    series: Mapped[str] = mapped_column(sa.String(10))
    year: Mapped[int]
    last: Mapped[int]


class Invoice(PracticeOwned, Base):
    """An issued invoice or credit note: frozen. The database refuses to change or delete it.

    ``parties`` holds the practice's business details and the client's name as they were.
    """

    __tablename__ = "invoices"
    __table_args__ = (
        sa.ForeignKeyConstraint(
            ["practice_id", "client_id"], ["clients.practice_id", "clients.id"]
        ),
        sa.ForeignKeyConstraint(
            ["practice_id", "corrects_id"], ["invoices.practice_id", "invoices.id"]
        ),
        sa.UniqueConstraint("practice_id", "number"),
        sa.UniqueConstraint("practice_id", "source_key"),
        sa.Index("ix_invoices_issued", "practice_id", "issued_on"),
        sa.Index("ix_invoices_client", "practice_id", "client_id"),
    )

    number: Mapped[str] = mapped_column(sa.String(20))
    kind: Mapped[InvoiceKind] = mapped_column(enum_by_value(InvoiceKind))
    source_key: Mapped[str] = mapped_column(sa.String(120))
    client_id: Mapped[UUID]
    for_id: Mapped[UUID | None]
    corrects_id: Mapped[UUID | None]
    issued_on: Mapped[date]
    issued_at: Mapped[datetime]
    due_on: Mapped[date]
    parties: Mapped[dict[str, Any]]
    total_minor: Mapped[int]
    currency: Mapped[str] = mapped_column(sa.String(3))
    total: Mapped[Money] = composite("total_minor", "currency")


class InvoiceLine(PracticeOwned, Base):
    """One line of an invoice, frozen with it. Amounts are negative on a credit note."""

    __tablename__ = "invoice_lines"
    __table_args__ = (
        sa.ForeignKeyConstraint(
            ["practice_id", "invoice_id"], ["invoices.practice_id", "invoices.id"]
        ),
        sa.UniqueConstraint("practice_id", "invoice_id", "position"),
        sa.CheckConstraint("quantity > 0", name="is_positive"),
    )

    invoice_id: Mapped[UUID]
    position: Mapped[int]
    service_on: Mapped[date]
    service: Mapped[str] = mapped_column(sa.String(120))
    quantity: Mapped[int]
    unit_minor: Mapped[int]
    amount_minor: Mapped[int]


class LedgerEntry(PracticeOwned, Base):
    """One line of a journal, in cents: a debit is positive, a credit negative. Append-only.

    Written before its journal, which seals it: the database refuses a line for a journal that
    stands, and a journal whose lines do not add up to nothing. ``on_day`` is the journal's.
    """

    __tablename__ = "ledger_entries"
    __table_args__ = (
        sa.ForeignKeyConstraint(
            ["practice_id", "journal_id"],
            ["journals.practice_id", "journals.id"],
            deferrable=True,
            initially="DEFERRED",
        ),
        sa.ForeignKeyConstraint(
            ["practice_id", "client_id"], ["clients.practice_id", "clients.id"]
        ),
        sa.ForeignKeyConstraint(
            ["practice_id", "payment_id"], ["payments.practice_id", "payments.id"]
        ),
        sa.ForeignKeyConstraint(
            ["practice_id", "invoice_id"], ["invoices.practice_id", "invoices.id"]
        ),
        sa.UniqueConstraint("practice_id", "journal_id", "position"),
        sa.CheckConstraint("minor <> 0", name="is_something"),
        sa.Index(
            "ix_ledger_entries_client", "practice_id", "client_id", "account", "for_id", "minor"
        ),
        sa.Index("ix_ledger_entries_payment", "practice_id", "payment_id", "account"),
        sa.Index(
            "ix_ledger_entries_invoice",
            *("practice_id", "account", "invoice_id", "for_id", "on_day", "minor"),
        ),
        sa.Index("ix_ledger_entries_account", "practice_id", "account", "on_day", "minor"),
        sa.Index("ix_ledger_entries_for", "practice_id", "for_id", "account"),
        sa.Index("ix_ledger_entries_day", "practice_id", "on_day", "account", "minor"),
    )

    journal_id: Mapped[UUID]
    position: Mapped[int]
    on_day: Mapped[date]
    account: Mapped[Account] = mapped_column(enum_by_value(Account))
    minor: Mapped[int] = mapped_column(sa.BigInteger)
    client_id: Mapped[UUID | None]
    payment_id: Mapped[UUID | None]
    invoice_id: Mapped[UUID | None]
    for_id: Mapped[UUID | None]


class Journal(PracticeOwned, Base):
    """Entries that belong together and add up to nothing, written once for their key.

    ``on_day`` is the practice's local day that it counts to. Never changed: a mistake is put
    right by another journal.
    """

    __tablename__ = "journals"
    __table_args__ = (
        sa.UniqueConstraint("practice_id", "source_key"),
        sa.Index("ix_journals_day", "practice_id", "on_day"),
    )

    source_key: Mapped[str] = mapped_column(sa.String(160))
    on_day: Mapped[date]
    posted_at: Mapped[datetime]
    currency: Mapped[str] = mapped_column(sa.String(3))
    memo: Mapped[str] = mapped_column(sa.String(200), default="")
    made_by: Mapped[str] = mapped_column(sa.String(40))  # an id, or a kind of actor


class Receipt(PracticeOwned, Base):
    """Proof of one payment, frozen when the money came in."""

    __tablename__ = "receipts"
    __table_args__ = (
        sa.ForeignKeyConstraint(
            ["practice_id", "payment_id"], ["payments.practice_id", "payments.id"]
        ),
        sa.UniqueConstraint("practice_id", "number"),
        sa.UniqueConstraint("practice_id", "payment_id"),
    )

    number: Mapped[str] = mapped_column(sa.String(20))
    payment_id: Mapped[UUID]
    issued_at: Mapped[datetime]
    facts: Mapped[dict[str, Any]]


class OpeningBalance(PracticeOwned, Base):
    """What a client was billed before the practice kept its books here, and had paid of it.

    ``number`` is the former program's own. It is no invoice of ours and takes no number of
    ours; what is still open of it counts in the client's balance.
    """

    __tablename__ = "opening_balances"
    __table_args__ = (
        sa.ForeignKeyConstraint(
            ["practice_id", "client_id"], ["clients.practice_id", "clients.id"]
        ),
        sa.UniqueConstraint("practice_id", "number"),
        sa.CheckConstraint("amount_minor > 0", name="is_positive"),
        sa.CheckConstraint("paid_minor BETWEEN 0 AND amount_minor", name="paid_at_most"),
        sa.Index("ix_opening_balances_client", "practice_id", "client_id"),
    )

    client_id: Mapped[UUID]
    number: Mapped[str] = mapped_column(sa.String(40))
    dated_on: Mapped[date]
    amount_minor: Mapped[int]
    paid_minor: Mapped[int]
    currency: Mapped[str] = mapped_column(sa.String(3))
    amount: Mapped[Money] = composite("amount_minor", "currency")
    recorded_at: Mapped[datetime]


class StoredPaper(PracticeOwned, Base):
    """The PDF of an invoice or receipt, made once and kept with its SHA-256 (hex)."""

    __tablename__ = "stored_papers"
    __table_args__ = (sa.UniqueConstraint("practice_id", "kind", "subject_id"),)

    kind: Mapped[PaperKind] = mapped_column(enum_by_value(PaperKind))
    subject_id: Mapped[UUID]
    sha256: Mapped[str] = mapped_column(sa.String(64))
    body: Mapped[bytes] = mapped_column(sa.LargeBinary)
    made_at: Mapped[datetime]
