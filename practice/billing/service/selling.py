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
from practice.audit.rules import Actor
from practice.billing import ports, queries, sales
from practice.billing.fee_models import Fee
from practice.billing.models import Payment
from practice.billing.rules import selling
from practice.billing.rules.fees import FeeState
from practice.billing.rules.invoices import Line
from practice.billing.rules.ledger import Account, package_used
from practice.billing.rules.payments import Label, PaymentMethod, PaymentOutcome
from practice.billing.rules.selling import ExpiryRule, Item, LateRule, Part, RefundRule
from practice.billing.sale_models import Instalment, Sale
from practice.billing.service import checkout, papers, refunds, units, visit
from practice.billing.service import ledger as books
from practice.core import clock
from practice.core.db import db
from practice.core.errors import Conflict, NotFound
from practice.core.money import Money
from practice.people.models import Client
from practice.people.queries import today_here


class NothingToPay(Conflict):
    """It is paid, or more was to be paid than is open."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What is agreed when something is sold. ``items`` have their single prices.

    ``list_minor`` is what it costs everybody else where ``price_why`` says why this client pays
    another price.
    """

    title: str
    items: Sequence[Item]
    price: Money
    rule: RefundRule
    parts: Sequence[Part] = selling.AT_ONCE
    expires_on: date | None = None
    expiry_rule: ExpiryRule = ExpiryRule.FORFEITED
    late_rule: LateRule = LateRule.UNIT_USED
    list_minor: int | None = None
    price_why: str | None = None


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
        expiry_rule=terms.expiry_rule,
        late_rule=terms.late_rule,
        list_minor=terms.list_minor,
        price_why=terms.price_why,
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
    _earn(sale_id, what, for_id, Account.REVENUE, by)


def lose(fee: Fee, *, by: Actor) -> None:
    """Let a session count as used that was cancelled or missed too late: a fee of its own kind."""
    fee.state = FeeState.DUE
    db.session.flush()
    held = units.held_by(fee.for_id)
    if held is not None:
        _earn(*held, fee.for_id, Account.FEE_INCOME, by)


def forgive(fee: Fee, *, by: Actor) -> None:
    """Give a session back that counted as used, or was about to.

    Raises:
        Conflict: if what it was a part of has ended: its price was settled then.
    """
    held = units.held_by(fee.for_id)
    if held is None:
        return
    sale_id, what = held
    if units.lock(sale_id).ended_at is not None:
        raise Conflict("What this session was a part of has ended. Give money back instead.")
    if units.forgive(sale_id, what, fee.for_id, by):
        key = _key(sale_id, fee.for_id)
        books.reverse(key, new_key=f"unit-back:{sale_id}:{fee.for_id}", by=by)
    else:
        units.restore(sale_id, what, fee.for_id, by)


def _earn(sale_id: UUID, what: str, for_id: UUID, account: Account, by: Actor) -> None:
    sale = units.lock(sale_id)
    item = sale.item(what)
    earned = units.use(sale, item, for_id, by) if item is not None else None
    if earned is None:
        return
    if earned:
        lines = package_used(sale.client_id, earned, sale.invoice_id, account, for_id)
        books.post(_key(sale.id, for_id), lines, by=by)
    audit.record("sale:use", by=by, subject_id=sale.id, what=what, amount_minor=earned)


def _key(sale_id: UUID, for_id: UUID) -> str:
    return f"unit:{sale_id}:{for_id}"


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
    open_minor = sale.charged_minor - sales.paid_minor([sale])[sale.id]
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
    kept = sales.paid_minor([sale])[sale.id]
    if kept - payment.amount.minor >= sale.charged_minor:
        return PaymentOutcome.DUPLICATE
    refunds.give_back_over(payment, sale.charged_minor - (kept - payment.amount.minor))
    ports.sale_paid(sale.client_id)
    return PaymentOutcome.CONFIRMED
