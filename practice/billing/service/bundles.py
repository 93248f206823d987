"""One payment for several things of a client: asked for by card, or written down when handed over.

What comes in settles them in their order; what none of them needs any more goes back. Everything
is called inside ``transaction()``.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from practice.audit.rules import Actor
from practice.billing import bundles, ledger, ports, queries
from practice.billing.bundles import Payable
from practice.billing.give_back_models import Bundle, BundleItem
from practice.billing.models import Payment
from practice.billing.rules.ledger import Credit, Owed
from practice.billing.rules.payments import Label, PaymentMethod, PaymentOutcome
from practice.billing.service import checkout, refunds, visit
from practice.billing.service import ledger as books
from practice.core import clock
from practice.core.db import db
from practice.core.errors import Conflict
from practice.core.money import Money
from practice.people.models import Client

CHANGED = "What is to pay has changed since you looked. Choose again from what is open now."


class NotSo(Conflict):
    """It cannot be paid like that. ``field`` is the question whose answer is wrong."""

    def __init__(self, field: str, words: str) -> None:
        super().__init__(words)
        self.field = field


def start_checkout(
    client: Client,
    chosen: Collection[str],
    *,
    ends_at: datetime,
    success_url: str,
    cancel_url: str,
    by: Actor,
) -> Payment:
    """Ask a client by card for what they chose, by the keys of ``bundles.payable``.

    As for a session, ``checkout.start`` comes next, and the same payment comes back while it can
    be paid.

    Raises:
        NotSo: if nothing was chosen, or something is not open any more as it was shown.
        CardsOff: if no processor is set up.
    """
    queries.take_turns_on_client(client.id)
    things = _choose([client.id], chosen)
    return checkout.ask(
        client,
        for_id=_waiting(client.id, things) or _put_together(client.id, things),
        amount=_sum(things),
        label=Label.BALANCE,
        ends_at=ends_at,
        success_url=success_url,
        cancel_url=cancel_url,
        by=by,
        settles_many=True,
    )


def record(
    client: Client,
    chosen: Collection[str],
    amount: Money | None,
    method: PaymentMethod,
    *,
    of: Sequence[UUID],
    payment_id: UUID,
    by: Actor,
) -> Payment:
    """Write down what a client paid in person for several things, with one receipt.

    ``of`` are the clients whose things they may be: who was merged into this one too. Without an
    ``amount`` it is all that was chosen; with less, the oldest are settled first. The same form
    records once.

    Raises:
        NotSo: for a choice that is not open as it was shown, too much, or a fee paid by HSA card.
        Invalid: for a way of paying that is not used in person.
    """
    queries.take_turns_on_client(client.id)
    if (known := queries.find_payment(payment_id)) is not None:
        return known
    things = _choose(of, chosen)
    if method is PaymentMethod.HSA_CARD and any(each.is_fee for each in things):
        raise NotSo("method", "An HSA card does not pay for missed visits. Leave the fee out.")
    whole = _sum(things)
    if amount is not None and amount.minor > whole.minor:
        raise NotSo("amount", f"Only {whole} is to pay of what you chose")
    payment = visit.record(
        client.id,
        _put_together(client.id, things),
        amount or whole,
        method,
        by,
        payment_id=payment_id,
        label=Label.BALANCE,
        settles_many=True,
    )
    ports.sale_paid(client.id)
    return payment


def paid(payment: Payment) -> PaymentOutcome:
    """Say what a payment for several things did, in the transaction that makes it paid.

    What none of them needs any more, since it was paid or taken back meanwhile, goes back.
    """
    queries.take_turns_on_client(payment.client_id)
    needed = sum(
        min(item.amount_minor, max(0, ledger.open_minor_of(owed)))
        for item, owed in bundles.items_of(payment.for_id)
    )
    if not needed:
        return PaymentOutcome.DUPLICATE
    refunds.give_back_over(payment, needed)
    return PaymentOutcome.CONFIRMED


def settling(owed: Owed, *, besides: UUID) -> list[tuple[Payment, int]]:
    """Return what settles something besides the payments for it: locked, with their cents."""
    return [
        (queries.lock_payment(payment_id), minor)
        for payment_id, minor in sorted(ledger.settled_by(owed))
        if queries.get_payment(payment_id).for_id != besides
    ]


def give_back_freed(
    parts: Sequence[tuple[Payment, int]], at_most: int, *, reason: str, by: Actor
) -> int:
    """Give back what such payments had settled and is free again; return how many cents."""
    given = 0
    for payment, minor in parts:
        free = ledger.free_minor_of(Credit(payment.client_id, payment.id, None))
        free -= books.promised_minor(payment.id)
        part = min(minor, free, refunds.left_of(payment).minor, at_most - given)
        if part > 0:
            refunds.decide(payment, Money(part, payment.amount.currency), reason=reason, by=by)
            given += part
    return given


def _choose(client_ids: Collection[UUID], chosen: Collection[str]) -> list[Payable]:
    if not chosen:
        raise NotSo("items", "Choose at least one")
    things = [each for each in bundles.payable(client_ids) if each.key in chosen]
    if len(things) != len(set(chosen)):
        raise NotSo("items", CHANGED)
    return things


def _waiting(client_id: UUID, things: Sequence[Payable]) -> UUID | None:
    """Return the bundle of the same things that can be paid already, if there is one."""
    wanted = [(each.owed, each.due.minor) for each in things]
    for payment in bundles.live_of(client_id):
        items = bundles.items_of(payment.for_id)
        if [(owed, item.amount_minor) for item, owed in items] == wanted:
            return payment.for_id
    return None


def _put_together(client_id: UUID, things: Sequence[Payable]) -> UUID:
    bundle = Bundle(client_id=client_id, made_at=clock.now())
    db.session.add(bundle)
    db.session.flush()
    db.session.add_all(
        BundleItem(
            bundle_id=bundle.id,
            position=position,
            invoice_id=each.owed.invoice_id,
            opening_id=each.owed.opening_id,
            amount_minor=each.due.minor,
        )
        for position, each in enumerate(things, start=1)
    )
    db.session.flush()
    return bundle.id


def _sum(things: Sequence[Payable]) -> Money:
    return sum((each.due for each in things[1:]), things[0].due)
