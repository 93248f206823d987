"""What an invoice says, and what became of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from practice.core.money import Money

SERIES_OF_INVOICES = "INV"
SERIES_OF_CREDIT_NOTES = "CN"
SERIES_OF_RECEIPTS = "REC"


class InvoiceState(StrEnum):
    """Derived from what settles an invoice, never stored."""

    OPEN = "open"
    PART_PAID = "part_paid"
    PAID = "paid"
    CREDITED = "credited"
    CREDIT_NOTE = "credit_note"


@dataclass(frozen=True, slots=True)
class Line:
    """Something delivered on a local day: ``quantity`` times ``unit``."""

    service_on: date
    service: str
    quantity: int
    unit: Money

    @property
    def amount(self) -> Money:
        return Money(self.unit.minor * self.quantity, self.unit.currency)


def number(series: str, year: int, last: int) -> str:
    """Write a document's number: ``INV-2026-00042``."""
    return f"{series}-{year}-{last:05d}"


def state_of(*, total_minor: int, credited_minor: int, paid_minor: int) -> InvoiceState:
    """Say what became of an invoice over ``total_minor``, all amounts in cents, none negative.

    ``credited_minor`` is what credit notes took off, ``paid_minor`` what payments settled.
    """
    owed = total_minor - credited_minor
    if owed <= 0 < credited_minor:
        return InvoiceState.CREDITED
    if paid_minor >= owed:
        return InvoiceState.PAID
    return InvoiceState.PART_PAID if paid_minor > 0 else InvoiceState.OPEN


def pour(amount_minor: int, into: Sequence[int]) -> list[int]:
    """Fill the vessels ``into`` in order with ``amount_minor`` cents; what is over stays over.

    A credit note's negative lines are filled with negative amounts.
    """
    poured = []
    for size in into:
        part = min(amount_minor, size) if size >= 0 else max(amount_minor, size)
        part = part if (part >= 0) == (size >= 0) else 0
        poured.append(part)
        amount_minor -= part
    return poured
