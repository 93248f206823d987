"""Selling ahead: what was sold with its units and instalments, paid, delivered, or ended early.

Everything is called inside ``transaction()``. What was sold keeps what was agreed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

import sqlalchemy as sa

from practice.audit import service as audit
from practice.audit.rules import PROGRAM, Actor
from practice.billing import ports, queries, sales
from practice.billing.accounts import kept_minor
from practice.billing.models import Payment
from practice.billing.rules import selling
from practice.billing.rules.invoices import Line
from practice.billing.rules.ledger import Owed, package_ended, package_used
from practice.billing.rules.payments import Label, PaymentMethod, PaymentOutcome, PaymentState
from practice.billing.rules.selling import Ending, Fee, Had, Item, Part, RefundRule
from practice.billing.sale_models import Instalment, Sale
from practice.billing.sales import today_here
from practice.billing.service import bundles, checkout, papers, refunds, units, visit
from practice.billing.service import ledger as books
from practice.core import clock
from practice.core.db import db
from practice.core.errors import Conflict, NotFound
from practice.core.money import Money
from practice.people.models import Client


class NothingToPay(Conflict):
    """It is paid, or more was to be paid than is open."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What is agreed when something is sold. ``items`` have their single prices."""

    title: str
    items: Sequence[Item]
    price: Money
    rule: RefundRule
    parts: Sequence[Part] = selling.AT_ONCE
    expires_on: date | None = None


def sell(
    client: Client,
    terms: Terms,
    *,
    by: Actor,
    for_id: UUID | None = None,
    package_id: UUID | None = None,
    form_token: str | None = None,
) -> Sale:
    """Write a sale down, grant its units and lay its instalments out. ``bill`` comes last.

    The same form, or the same thing, sold again is the sale that was made.

    Raises:
        Invalid: for terms that make no sale.
    """
    if (made := _made_before(for_id, form_token)) is not None:
        return made
    items = selling.shared(terms.price.minor, terms.items)
    asked = selling.amounts(terms.price.minor, terms.parts)
    sale = Sale(
        client_id=client.id,
        package_id=package_id,
        for_id=for_id,
        form_token=form_token,
        title=terms.title,
        items=selling.as_terms(items),
        price=terms.price,
        charged_minor=terms.price.minor,
        refund_rule=terms.rule,
        sold_at=clock.now(),
        sold_by=by.id,
        expires_on=terms.expires_on,
    )
    db.session.add(sale)
    db.session.flush()
    units.grant(sale, items, by)
    today = today_here()
    db.session.add_all(
        Instalment(
            sale_id=sale.id,
            position=position,
            amount_minor=minor,
            due_on=None if part.key else today + timedelta(days=part.days),
            due_key=part.key,
            at_booking=part.at_booking,
            tries=0,
        )
        for position, (part, minor) in enumerate(zip(terms.parts, asked, strict=True), start=1)
    )
    db.session.flush()
    audit.record(
        "sale:make",
        by=by,
        subject_id=sale.id,
        client=str(client.id),
        amount_minor=terms.price.minor,
    )
    return sale


def bill(sale: Sale, client: Client, *, by: Actor) -> None:
    """Issue the invoice for a sale, once: the last step, since invoice numbers wait for it."""
    if sale.invoice_id is not None or not sale.price:
        return
    today = today_here()
    currency = sale.price.currency
    invoice = papers.issue_invoice(
        client,
        for_id=sale.id,
        source_key=f"sale:{sale.id}",
        lines=[
            Line(today, _in_words(each), 1, Money(each.total_minor, currency))
            for each in sale.contents
        ],
        by=by,
    )
    sale.invoice_id = invoice.id
    db.session.flush()


def _in_words(item: Item) -> str:
    return item.label if item.count == 1 else f"{item.count} × {item.label}"


def _made_before(for_id: UUID | None, form_token: str | None) -> Sale | None:
    if for_id is not None and (made := sales.sale_for(for_id)) is not None:
        return made
    if form_token is None:
        return None
    found: Sale | None = db.session.scalar(sa.select(Sale).where(Sale.form_token == form_token))
    return found


# Delivered ---------------------------------------------------------------------------------------


def deliver(sale_id: UUID, what: str, for_id: UUID, *, by: Actor) -> None:
    """Use up the unit of a booking that took place: its share is earned now, once.

    Raises:
        NoUnitLeft: if nothing was reserved for it.
    """
    nth = units.use(sale_id, what, for_id, by)
    if nth is None:
        return
    sale = sales.get_sale(sale_id)
    item = sale.item(what)
    earned = item.value_of(nth) if item is not None else 0
    if earned:
        books.post(
            f"unit:{sale.id}:{what}:{nth}",
            package_used(sale.client_id, earned, sale.invoice_id, for_id),
            by=by,
        )
    audit.record("sale:use", by=by, subject_id=sale.id, what=what, amount_minor=earned)


# Paid --------------------------------------------------------------------------------------------


def start_checkout(
    client: Client,
    sale_id: UUID,
    *,
    whole: bool,
    ends_at: datetime,
    success_url: str,
    cancel_url: str,
    by: Actor,
) -> Payment:
    """Ask by card for the next instalment of a client's sale, or for all that is open of it.

    As for a session, ``billing.service.checkout.start`` comes next, and the same payment comes
    back while it can be paid.

    Raises:
        NotFound: if it is not this client's.
        NothingToPay: if nothing is open of it.
        CardsOff: if no processor is set up.
    """
    sale = units.lock(sale_id)
    if sale.client_id != client.id:
        raise NotFound("There is nothing at this address.")
    [standing] = sales.standings([sale])
    amount = standing.open if whole else next_amount(standing)
    if not amount:
        raise NothingToPay("This is paid already.")
    return checkout.ask(
        client,
        for_id=sale.id,
        amount=amount,
        label=Label.PACKAGE,
        ends_at=ends_at,
        success_url=success_url,
        cancel_url=cancel_url,
        by=by,
    )


def next_amount(standing: sales.Standing) -> Money:
    """Return what to pay next: all that is due by now, else the next instalment."""
    due = standing.due(today_here())
    if due:
        return due
    following = standing.next_due
    return Money(following.open_minor if following else 0, standing.paid.currency)


def take_payment(
    sale_id: UUID, amount: Money, method: PaymentMethod, *, payment_id: UUID, by: Actor
) -> Payment:
    """Write down what a client paid for a sale in person. The same form records it once.

    Raises:
        NothingToPay: if it is more than is open.
        Invalid: for no amount, or a way of paying that is not used in person.
    """
    sale = units.lock(sale_id)
    open_minor = sale.charged_minor - kept_minor([sale.id]).get(sale.id, 0)
    if (known := queries.find_payment(payment_id)) is not None:
        return known
    if amount.minor > open_minor:
        left = Money(max(0, open_minor), sale.price.currency)
        words = f"Only {left} is still to pay." if left else "This is paid already."
        raise NothingToPay(words)
    payment = visit.record(
        sale.client_id, sale.id, amount, method, by, payment_id=payment_id, label=Label.PACKAGE
    )
    ports.sale_paid(sale.client_id)
    return payment


def is_for_sale(payment: Payment) -> bool:
    """Say whether a payment is for something sold ahead, and for no session."""
    return payment.label == Label.PACKAGE


def paid(payment: Payment) -> PaymentOutcome:
    """Say what a payment for a sale did, in the transaction that makes it paid.

    What comes in once nothing is open any more goes back, and so does what is too much.
    """
    sale = units.lock(payment.for_id)
    kept = kept_minor([sale.id]).get(sale.id, 0)
    if kept - payment.amount.minor >= sale.charged_minor:
        return PaymentOutcome.DUPLICATE
    if (over := kept - sale.charged_minor) > 0:
        back = Money(over, sale.price.currency)
        refunds.decide(payment, back, reason=PaymentOutcome.DUPLICATE.value, by=PROGRAM)
    ports.sale_paid(sale.client_id)
    return PaymentOutcome.CONFIRMED


# Ended early -------------------------------------------------------------------------------------


def preview(sale: Sale, fees: Sequence[Fee] = ()) -> Ending:
    """Return what ending a sale now comes to, line by line."""
    counts: dict[str, int] = {}
    had = []
    for what, _ in sales.used_by(sale.id):
        item = sale.item(what)
        counts[what] = nth = counts.get(what, 0) + 1
        if item is not None:
            had.append(Had(item.label, item.list_minor, item.value_of(nth)))
    paid_minor = kept_minor([sale.id]).get(sale.id, 0)
    return selling.ending(sale.price.minor, paid_minor, had, sale.refund_rule, fees)


def end(sale_id: UUID, *, fees: Sequence[Fee] = (), seen: int | None = None, by: Actor) -> Ending:
    """End a sale: what is left expires, the invoice is corrected, and what is too much goes back.

    Bookings on it are cancelled before. ``seen`` is what the page said would come back or, below
    zero, be owed, in cents. Ended again, it changes nothing.

    Raises:
        Conflict: if that is no longer what it comes to.
    """
    sale = units.lock(sale_id)
    found = preview(sale, fees)
    if sale.ended_at is not None:
        return found
    if seen is not None and seen != found.refund_minor - found.open_minor:
        raise Conflict("Something was paid or took place meanwhile. Look at the amounts again.")
    others = []
    if sale.invoice_id is not None:
        others = bundles.settling(Owed(sale.client_id, invoice_id=sale.invoice_id))
    units.expire(sale, by)
    sale.ended_at = clock.now()
    sale.charged_minor = found.charged_minor
    db.session.flush()
    audit.record(
        "sale:end",
        by=by,
        subject_id=sale.id,
        charged_minor=found.charged_minor,
        refund_minor=found.refund_minor,
    )
    if sale.invoice_id is not None and found.undone_minor:
        papers.credit_part(
            sale.invoice_id,
            Money(found.undone_minor, sale.price.currency),
            words="Not used",
            source_key=f"sale-end:{sale.id}",
            reason="ended early",
            by=by,
        )
    earned = package_ended(
        sale.client_id,
        found.charged_minor - found.fees_minor - found.used_minor,
        found.fees_minor,
        sale.invoice_id,
    )
    if earned:
        books.post(f"sale-end:{sale.id}", earned, by=by)
    freed = bundles.give_back_freed(others, found.refund_minor, reason="ended", by=by)
    _give_back(sale, found.refund_minor - freed, by)
    return found


def _give_back(sale: Sale, minor: int, by: Actor) -> None:
    """Decide refunds of the payments for a sale, the newest first."""
    for payment in reversed(queries.payments_for(sale.id)):
        if payment.state is not PaymentState.PAID:
            continue
        part = min(minor, refunds.left_of(payment).minor)
        if part > 0:
            refunds.decide(payment, Money(part, sale.price.currency), reason="ended", by=by)
            minor -= part
