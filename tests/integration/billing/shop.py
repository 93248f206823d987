"""What a practice does with money in tests: sells, bills, takes payments and fees, in few words."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from itertools import count
from uuid import UUID, uuid4

from practice.billing import fees
from practice.billing.fee_models import Fee
from practice.billing.models import Invoice, Payment
from practice.billing.rules.fees import FeeFor
from practice.billing.rules.invoices import Line
from practice.billing.rules.payments import Label, PaymentMethod, PaymentState
from practice.billing.rules.selling import AT_ONCE, ExpiryRule, Item, Part, RefundRule
from practice.billing.sale_models import Sale
from practice.billing.service import fees as charging
from practice.billing.service import papers, selling, units, visit
from practice.core import clock
from practice.core.db import db, in_transaction, transaction
from practice.core.money import Money
from practice.people.models import Client
from tests.factories import OWNER

ON = date(2027, 3, 1)
PREP = "prep_60"
_changes = count(1)


def pay(client: Client, for_id: UUID, minor: int, label: Label = Label.APPOINTMENT) -> Payment:
    amount = Money(minor, "USD")
    return in_transaction(
        lambda: visit.record(client.id, for_id, amount, PaymentMethod.CASH, OWNER, label=label)
    )


def by_card(
    client: Client, for_id: UUID, minor: int, label: Label, *, settles_many: bool = False
) -> Payment:
    """A payment by card that has just come in, and has done nothing yet."""
    with transaction():
        made = Payment(
            client_id=client.id,
            for_id=for_id,
            amount=Money(minor, "USD"),
            label=label,
            method=PaymentMethod.CARD_ONLINE,
            state=PaymentState.PAID,
            settles_many=settles_many,
            created_at=clock.now(),
            paid_at=clock.now(),
        )
        db.session.add(made)
    return made


def bill(client: Client, minor: int, session: UUID | None = None) -> Invoice:
    session = session or uuid4()
    with transaction():
        return papers.issue_invoice(
            client,
            for_id=session,
            source_key=f"test:{session}",
            lines=[Line(ON, "A session", 1, Money(minor, "USD"))],
            by=OWNER,
        )


def sell(
    client: Client,
    *,
    expiry: ExpiryRule = ExpiryRule.FORFEITED,
    rule: RefundRule = RefundRule.PRO_RATA,
    parts: Sequence[Part] = AT_ONCE,
) -> Sale:
    """Sell three preparations for $300, to use or to end."""
    items = (Item(PREP, "Preparation", 3, 17_500),)
    terms = selling.Terms(
        title="Three",
        items=items,
        price=Money(30_000, "USD"),
        rule=rule,
        parts=parts,
        expires_on=ON + timedelta(days=3650),
        expiry_rule=expiry,
    )
    with transaction():
        sale = selling.sell(client, terms, by=OWNER)
        selling.bill(sale, client, by=OWNER)
    return sale


def have(sale: Sale) -> UUID:
    """Let one of its sessions take place."""
    booking = uuid4()
    with transaction():
        units.reserve(sale.id, PREP, booking, OWNER)
        selling.deliver(sale.id, PREP, booking, by=OWNER)
    return booking


def owe_fee(client: Client, session: UUID, minor: int, *, rest_is_credit: bool = False) -> Fee:
    fee_id = decide_fee(client, session, minor, rest_is_credit=rest_is_credit).id
    charging.fall_due(fee_id)
    return fees.get_fee(fee_id)


def decide_fee(
    client: Client,
    session: UUID,
    minor: int,
    *,
    rest_is_credit: bool = False,
    takes_unit: bool = False,
) -> Fee:
    return in_transaction(
        lambda: charging.decide(
            client.id,
            session,
            change=next(_changes),
            fee_for=FeeFor.CANCELLED,
            amount=Money(minor, "USD"),
            service_on=ON,
            page="/",
            by=OWNER,
            rest_is_credit=rest_is_credit,
            takes_unit=takes_unit,
        )
    )
