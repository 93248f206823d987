"""What is always so of money, whatever was done and in whatever order. Each says what is wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import sqlalchemy as sa

from practice.billing import ledger, sales
from practice.billing.models import Invoice, InvoiceKind, LedgerEntry, Payment, Refund
from practice.billing.promo_models import PromoCode, PromoUse
from practice.billing.rules.ledger import Account
from practice.billing.rules.payments import PaymentState, RefundState
from practice.billing.sale_models import Sale, UnitEntry
from practice.billing.service import verifying
from practice.core.db import db, read_again

GOING = (RefundState.PENDING, RefundState.SUCCEEDED)


def what_is_wrong() -> list[str]:
    read_again()
    return [f"{look.__name__}: {words}" for look in LOOKS for words in look()]


def the_books_balance() -> Iterator[str]:
    yield from verifying.problems()


def no_credit_is_below_zero() -> Iterator[str]:
    rows = _sums(Account.CLIENT_CREDIT, LedgerEntry.payment_id, LedgerEntry.for_id)
    yield from (f"{payment} for {for_id}: {-m}" for payment, for_id, m in rows if m > 0)


def no_invoice_is_open_below_zero() -> Iterator[str]:
    invoices = sa.select(Invoice).where(Invoice.kind == InvoiceKind.INVOICE)
    for each in db.session.scalars(invoices):
        open_minor = ledger.open_minor(each.id)
        if not 0 <= open_minor <= each.total.minor:
            yield f"{each.number} over {each.total}: {open_minor}"


def deferred_money_is_what_units_are_worth() -> Iterator[str]:
    """Nothing is deferred below zero, and nothing for a sale that has ended."""
    origin = sa.func.coalesce(Invoice.corrects_id, Invoice.id)
    deferred: dict[Any, int] = {
        invoice_id: int(minor)
        for invoice_id, minor in db.session.execute(
            sa.select(origin, -sa.func.sum(LedgerEntry.minor))
            .join(Invoice, Invoice.id == LedgerEntry.invoice_id)
            .where(LedgerEntry.account == Account.PACKAGES)
            .group_by(origin)
        )
    }
    for sale in db.session.scalars(sa.select(Sale)):
        minor = deferred.get(sale.invoice_id, 0)
        if minor < 0 or (sale.ended_at is not None and minor):
            yield f"{sale.id}, ended {sale.ended_at}: {minor}"


def no_more_goes_back_than_came_in() -> Iterator[str]:
    back = (
        sa.select(sa.func.coalesce(sa.func.sum(Refund.amount_minor), 0))
        .where(Refund.payment_id == Payment.id, Refund.state.in_(GOING))
        .correlate(Payment)
        .scalar_subquery()
    )
    for payment, minor in db.session.execute(sa.select(Payment, back)):
        came = payment.amount.minor if payment.state is PaymentState.PAID else 0
        if minor > came:
            yield f"{payment.id} over {payment.amount}: {minor}"


def nothing_counts_as_paid_that_was_not() -> Iterator[str]:
    """What counts as paid of a sale is what its invoice does not ask for any more."""
    if db.session.scalar(sa.select(sa.exists().where(Refund.state == RefundState.PENDING))):
        return  # what is on its way back counts no more, and is in the books still
    for sale in db.session.scalars(sa.select(Sale).where(Sale.invoice_id.is_not(None))):
        if sale.invoice_id is None:
            continue
        paid = sales.paid_minor([sale])[sale.id]
        settled = sale.charged_minor - ledger.open_minor(sale.invoice_id)
        if paid != settled + ledger.credit_for(sale.id):
            yield f"{sale.id}: {paid} is paid, {settled} settled"


def no_units_are_negative() -> Iterator[str]:
    of_unit = (UnitEntry.sale_id, UnitEntry.what)
    summed = sa.select(*of_unit, sa.func.sum(UnitEntry.delta)).group_by(*of_unit)
    for sale_id, what, left in db.session.execute(summed):
        [sold] = [each.count for each in sales.get_sale(sale_id).contents if each.what == what]
        if not 0 <= left <= sold:
            yield f"{left} of {sold} of {sale_id}"


def no_code_is_used_more_than_it_may_be() -> Iterator[str]:
    for code in db.session.scalars(sa.select(PromoCode)):
        uses = sa.select(PromoUse.client_id).where(
            PromoUse.code_id == code.id, PromoUse.is_used.is_(True)
        )
        by = db.session.scalars(uses).all()
        if code.used != len(by) or (code.most_uses is not None and len(by) > code.most_uses):
            yield f"{code.code}: {len(by)} uses, counted {code.used} of {code.most_uses}"
        if code.once_per_client and len(set(by)) != len(by):
            yield f"{code.code}: twice by one client"


LOOKS: tuple[Callable[[], Iterator[str]], ...] = (
    the_books_balance,
    no_credit_is_below_zero,
    no_invoice_is_open_below_zero,
    deferred_money_is_what_units_are_worth,
    no_more_goes_back_than_came_in,
    nothing_counts_as_paid_that_was_not,
    no_units_are_negative,
    no_code_is_used_more_than_it_may_be,
)


def _sums(account: Account, *columns: Any) -> list[tuple[Any, ...]]:
    rows = db.session.execute(
        sa.select(*columns, sa.func.sum(LedgerEntry.minor))
        .where(LedgerEntry.account == account)
        .group_by(*columns)
    )
    return [(*keys, int(minor)) for *keys, minor in rows]
