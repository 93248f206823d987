"""The files that a bookkeeper takes away: which there are, their columns, and what they add up.

Column names of QuickBooks Online and Xero are those of their import templates.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum


class Kind(StrEnum):
    """A file. The value is its name in addresses and in file names."""

    INVOICES = "invoices"
    PAYMENTS = "payments"
    REFUNDS = "refunds"
    PAYOUTS = "payouts"
    AGING = "aging"
    DEFERRED = "deferred-revenue"
    JOURNAL = "journal"
    QB_INVOICES = "quickbooks-invoices"
    QB_JOURNAL = "quickbooks-journal"
    XERO = "xero-invoices"
    EVERYTHING = "everything"
    PDFS = "pdfs"
    ALL = "all"


class Program(StrEnum):
    """For whom a file is written: people and spreadsheets, or a program that reads it in."""

    PLAIN = "plain"
    QUICKBOOKS = "quickbooks"
    XERO = "xero"


@dataclass(frozen=True, slots=True)
class Shape:
    """What a CSV file is made of. ``summed`` names the sums that tie out to the books."""

    words: str
    says: str
    columns: tuple[str, ...]
    summed: tuple[str, ...]
    program: Program = Program.PLAIN
    as_of: bool = False  # of the last day, not of the days between


K = Kind
SHAPES: dict[Kind, Shape] = {
    K.INVOICES: Shape(
        "Invoices",
        "A row for each line of each invoice and credit note, with what was paid of it",
        (
            *("invoice", "issued_on", "client", "service_date", "service", "quantity", "amount"),
            *("paid", "payment_id", "processor_charge_id", "fee", "refunded", "currency"),
        ),
        ("amount",),
    ),
    K.PAYMENTS: Shape(
        "Payments",
        "All money that came in: by card, in cash, by check or transfer",
        (
            *("date", "payment_id", "receipt", "client", "client_ref", "method"),
            *("processor_charge_id", "amount", "currency", "journal_id"),
        ),
        ("amount",),
    ),
    K.REFUNDS: Shape(
        "Refunds",
        "All money that went back; one that the bank sent back stands with a minus",
        (
            *("date", "refund_id", "payment_id", "receipt", "client", "client_ref", "method"),
            *("processor_refund_id", "amount", "currency", "journal_id"),
        ),
        ("amount",),
    ),
    K.PAYOUTS: Shape(
        "Payouts with fees",
        "What Stripe sent to the bank: charges, refunds and fees in each",
        (
            *("date", "payout_id", "processor_payout_id", "payments", "charged", "refunded"),
            *("fees", "amount", "currency", "journal_id"),
        ),
        ("amount",),
    ),
    K.AGING: Shape(
        "Aging of receivables",
        "What clients owe on the last day, by how long it has been due",
        (
            *("as_of", "client", "client_ref", "document", "issued_on", "due_on", "days"),
            *("0_to_30", "31_to_60", "61_to_90", "over_90", "open", "currency"),
        ),
        ("open",),
        as_of=True,
    ),
    K.DEFERRED: Shape(
        "Deferred revenue",
        "What was paid ahead or sold ahead and not delivered by the last day",
        ("as_of", "client", "client_ref", "what", "document", "amount", "currency"),
        ("amount",),
        as_of=True,
    ),
    K.JOURNAL: Shape(
        "General journal",
        "Every entry of the books",
        (
            *("date", "journal_id", "source_key", "account", "account_name", "debit", "credit"),
            *("currency", "client_ref", "memo"),
        ),
        ("debit", "credit"),
    ),
    K.QB_INVOICES: Shape(
        "QuickBooks Online, invoices",
        "Invoices to import. QuickBooks takes no credit notes this way: enter those by hand",
        (
            *("*InvoiceNo", "*Customer", "*InvoiceDate", "*DueDate", "Terms", "Memo"),
            *("Item(Product/Service)", "ItemDescription", "ItemQuantity", "ItemRate"),
            *("*ItemAmount", "Service Date"),
        ),
        ("*ItemAmount",),
        Program.QUICKBOOKS,
    ),
    K.QB_JOURNAL: Shape(
        "QuickBooks Online, journal",
        "The whole journal to import. Import this or the invoices, never both",
        (
            *("JournalNo", "JournalDate", "AccountName", "Debits", "Credits", "Description"),
            "Name",
        ),
        ("Debits", "Credits"),
        Program.QUICKBOOKS,
    ),
    K.XERO: Shape(
        "Xero, sales invoices",
        "Invoices and credit notes to import; 500 a file, so more come as a ZIP of files",
        (
            *("*ContactName", "EmailAddress", "POAddressLine1", "POAddressLine2"),
            *("POAddressLine3", "POAddressLine4", "POCity", "PORegion", "POPostalCode"),
            *("POCountry", "*InvoiceNumber", "Reference", "*InvoiceDate", "*DueDate", "Total"),
            *("InventoryItemCode", "*Description", "*Quantity", "*UnitAmount", "Discount"),
            *("*AccountCode", "*TaxType", "TaxAmount", "TrackingName1", "TrackingOption1"),
            *("TrackingName2", "TrackingOption2", "Currency", "BrandingTheme"),
        ),
        ("lines",),
        Program.XERO,
    ),
}
"""The files with rows."""

WORDS: dict[Kind, tuple[str, str]] = {
    **{kind: (shape.words, shape.says) for kind, shape in SHAPES.items()},
    K.EVERYTHING: ("Everything as JSON", "One document: totals, journals, invoices and the rest"),
    K.PDFS: ("Invoices and receipts as PDF", "Every paper of these days, in a ZIP"),
    K.ALL: ("All files in one ZIP", "Every file above but the PDFs, with a file of the totals"),
}
"""What each file is called on a page, and what is in it."""

ENDINGS: dict[Kind, str] = {
    **dict.fromkeys(SHAPES, "csv"),
    K.EVERYTHING: "json",
    K.PDFS: "zip",
    K.ALL: "zip",
}
TYPES = {"csv": "text/csv; charset=utf-8", "json": "application/json", "zip": "application/zip"}
IN_ALL: tuple[Kind, ...] = (*SHAPES, K.EVERYTHING)
KEPT: tuple[Kind, ...] = (*IN_ALL, K.ALL)
"""What is kept of a locked month. Its PDFs are frozen one by one already."""

XERO_AT_ONCE = 500


def file_name(kind: Kind, first_on: date, last_on: date, ending: str) -> str:
    """Return the name of a file: what it is, and of which days."""
    shape = SHAPES.get(kind)
    days = f"{last_on}" if shape is not None and shape.as_of else f"{first_on}-to-{last_on}"
    return f"{kind.value}-{days}.{ending}"


BUCKETS = (30, 60, 90)


def bucket_of(days: int) -> int:
    """Return the column of the aging that something belongs to: 0 up to 30 days, 3 over 90."""
    return next((n for n, most in enumerate(BUCKETS) if days <= most), len(BUCKETS))


EVENTS: dict[str, str] = {
    "charge": "Payment",
    "fee": "Processing fee",
    "invoice": "Invoice",
    "opening": "Balance brought along",
    "refund": "Refund",
    "refund-failed": "Refund sent back",
    "payout": "Payout",
    "payout-failed": "Payout sent back",
    "dispute": "Dispute",
    "unit": "Package session used",
    "sale-end": "Package ended",
    **dict.fromkeys(("credit", "unsettle", "free"), "Payment set free"),
}
"""What happened, by how the key of its journal begins. All else moves credit about."""


def event_in_words(source_key: str) -> str:
    """Return what a journal is about, in words that name nobody."""
    return EVENTS.get(source_key.partition(":")[0], "Payment applied")


def journal_number(on: date, nth: int) -> str:
    """Return the number of the nth journal of a day: at most 21 characters for QuickBooks.

    >>> journal_number(date(2026, 11, 30), 7)
    '20261130-0007'
    """
    return f"{on:%Y%m%d}-{nth:04d}"
