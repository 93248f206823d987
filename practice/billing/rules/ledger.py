"""The books, in double entry: which accounts there are, and what each event does to them.

Amounts are cents: a debit is positive, a credit negative, and the entries of one journal add up
to nothing. Money that came in is the client's credit until something is delivered; what was
delivered is owed until credit settles it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from uuid import UUID


class Account(StrEnum):
    """The practice's accounts. The value is the code in exports."""

    BANK = "1000"  # paid out
    CLEARING = "1010"  # card money at the processor, not yet paid out
    CASH = "1020"  # cash, checks, transfers and the practice's own card terminal
    RECEIVABLE = "1100"  # what clients owe
    DISPUTES = "1200"  # taken back by a bank, not decided
    CLIENT_CREDIT = "2100"  # paid ahead
    PACKAGES = "2200"  # sold, not delivered yet
    OPENING = "3000"  # balances that clients brought along
    REVENUE = "4000"
    FEE_INCOME = "4100"  # missed and late-cancelled sessions
    PROCESSOR_FEES = "6000"
    BAD_DEBT = "6100"


NAMES: dict[Account, str] = {
    Account.BANK: "Bank",
    Account.CLEARING: "Card clearing",
    Account.CASH: "Cash and checks",
    Account.RECEIVABLE: "Accounts receivable",
    Account.DISPUTES: "Disputed payments",
    Account.CLIENT_CREDIT: "Client credit",
    Account.PACKAGES: "Packages not yet delivered",
    Account.OPENING: "Opening balances",
    Account.REVENUE: "Session revenue",
    Account.FEE_INCOME: "Fee income",
    Account.PROCESSOR_FEES: "Card processing fees",
    Account.BAD_DEBT: "Bad debt",
}

OF_A_CLIENT = frozenset({Account.RECEIVABLE, Account.CLIENT_CREDIT, Account.PACKAGES})
"""Accounts of which every entry says whose it is."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a journal, in cents: a debit is positive, a credit negative, never 0.

    ``payment_id`` names the money that it is, ``invoice_id`` the invoice that is owed. ``for_id``
    is what credit was paid for, or the balance brought along that is owed; credit without it is
    free to settle anything of its client. Revenue of what was sold ahead names its session there.
    """

    account: Account
    minor: int
    client_id: UUID | None = None
    payment_id: UUID | None = None
    invoice_id: UUID | None = None
    for_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Owed:
    """Something that a client owes for: an invoice, or else a balance that was brought along."""

    client_id: UUID
    invoice_id: UUID | None = None
    opening_id: UUID | None = None

    def entry(self, minor: int, payment_id: UUID | None = None) -> Entry:
        """Return the line in what clients owe."""
        return Entry(
            Account.RECEIVABLE,
            minor,
            self.client_id,
            payment_id=payment_id,
            invoice_id=self.invoice_id,
            for_id=self.opening_id,
        )


@dataclass(frozen=True, slots=True)
class Credit:
    """A part of a payment that nothing has used yet. ``for_id`` is ``None`` where it is free."""

    client_id: UUID
    payment_id: UUID
    for_id: UUID | None

    def entry(self, minor: int) -> Entry:
        """Return the line in what clients have paid ahead: negative where it grows."""
        return Entry(
            Account.CLIENT_CREDIT,
            minor,
            self.client_id,
            payment_id=self.payment_id,
            for_id=self.for_id,
        )


def problem(entries: Sequence[Entry]) -> str | None:
    """Say in words why some entries are no journal, or ``None`` if they are one."""
    if len(entries) < 2:
        return "a journal has at least two entries"
    if any(each.minor == 0 for each in entries):
        return "an entry of nothing says nothing"
    if total := sum(each.minor for each in entries):
        return f"the entries add up to {total} cents instead of 0"
    if any(each.client_id is None for each in entries if each.account in OF_A_CLIENT):
        return "an entry of a client says whose it is"
    return None


def money_came_in(into: Account, credit: Credit, minor: int) -> list[Entry]:
    """A payment: it is the client's credit for what it was paid for."""
    return [Entry(into, minor, payment_id=credit.payment_id), credit.entry(-minor)]


def given_back(out_of: Account, credit: Credit, minor: int) -> list[Entry]:
    """A refund of credit that nothing uses."""
    return [credit.entry(minor), Entry(out_of, -minor, payment_id=credit.payment_id)]


def invoiced(
    owed: Owed, minor: int, document_id: UUID, earned: Account = Account.REVENUE
) -> list[Entry]:
    """An invoice, or with a negative amount the credit note that takes back what is ``owed``.

    What was earned names the document itself, whose lines say by what.
    """
    return [owed.entry(minor), Entry(earned, -minor, owed.client_id, invoice_id=document_id)]


def credit_applied(credit: Credit, owed: Owed, minor: int) -> list[Entry]:
    """Credit settles what is owed, or with a negative amount settles it no more."""
    return [credit.entry(minor), owed.entry(-minor, credit.payment_id)]


def credit_moved(credit: Credit, for_id: UUID | None, minor: int) -> list[Entry]:
    """Credit is for something else from now on, or for anything."""
    return [credit.entry(minor), replace(credit, for_id=for_id).entry(-minor)]


def brought_along(owed: Owed, minor: int) -> list[Entry]:
    """What a client owed before the practice kept its books here."""
    return [owed.entry(minor), Entry(Account.OPENING, -minor, owed.client_id)]


def processor_kept(payment_id: UUID | None, minor: int) -> list[Entry]:
    """What the processor keeps, of a payment or for a service of its own."""
    return [
        Entry(Account.PROCESSOR_FEES, minor, payment_id=payment_id),
        Entry(Account.CLEARING, -minor, payment_id=payment_id),
    ]


def package_used(
    client_id: UUID,
    minor: int,
    invoice_id: UUID | None,
    earned: Account = Account.REVENUE,
    session_id: UUID | None = None,
) -> list[Entry]:
    """A session of what was sold ahead took place, was missed or expired: its share is earned.

    What took place says by which session.
    """
    return [
        Entry(Account.PACKAGES, minor, client_id, invoice_id=invoice_id),
        Entry(earned, -minor, client_id, invoice_id=invoice_id, for_id=session_id),
    ]


def package_ended(
    client_id: UUID, revenue_minor: int, fees_minor: int, invoice_id: UUID | None
) -> list[Entry]:
    """What was sold ahead ended early: what of it is kept beyond the shares used is earned."""
    lines = [
        Entry(Account.PACKAGES, revenue_minor + fees_minor, client_id, invoice_id=invoice_id),
        Entry(Account.REVENUE, -revenue_minor, client_id, invoice_id=invoice_id),
        Entry(Account.FEE_INCOME, -fees_minor, client_id, invoice_id=invoice_id),
    ]
    return [each for each in lines if each.minor]


def paid_out(minor: int) -> list[Entry]:
    """What the processor holds goes to the practice's bank."""
    return [Entry(Account.BANK, minor), Entry(Account.CLEARING, -minor)]


def disputed(payment_id: UUID, minor: int) -> list[Entry]:
    """A bank takes a payment back until it has decided."""
    return _moved(payment_id, Account.CLEARING, Account.DISPUTES, minor)


def dispute_won(payment_id: UUID, minor: int) -> list[Entry]:
    """The bank gives a disputed payment back."""
    return _moved(payment_id, Account.DISPUTES, Account.CLEARING, minor)


def dispute_lost(payment_id: UUID, minor: int) -> list[Entry]:
    """A disputed payment is gone for good."""
    return _moved(payment_id, Account.DISPUTES, Account.BAD_DEBT, minor)


def _moved(payment_id: UUID, out_of: Account, into: Account, minor: int) -> list[Entry]:
    return [
        Entry(into, minor, payment_id=payment_id),
        Entry(out_of, -minor, payment_id=payment_id),
    ]


def reversed_of(entries: Sequence[Entry]) -> list[Entry]:
    """The same the other way round: how a mistake is put right."""
    return [replace(each, minor=-each.minor) for each in entries]
