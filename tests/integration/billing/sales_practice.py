"""The practice that programs of sales are run in, and what is looked at after each step."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import date
from typing import cast
from uuid import UUID, uuid4

import sqlalchemy as sa
from flask import Flask
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    multiple,
)

from practice.billing import bundles, ledger, sales
from practice.billing.models import Invoice, InvoiceKind, Payment, Refund
from practice.billing.rules.payments import (
    GIVEN_BACK,
    PaymentOutcome,
    RefundState,
)
from practice.billing.rules.prices import PriceWay
from practice.billing.service import papers, promos, refunds
from practice.core.db import db, in_transaction, practice_scope, read_again, transaction
from practice.core.money import Money
from tests import factories
from tests.factories import OWNER
from tests.integration.billing.shop import ON
from tests.integration.billing.whole import what_is_wrong

SPRING, MOST_USES = "SPRING", 3


class SalesPractice(RuleBasedStateMachine):
    """Opens anew for every program."""

    def __init__(self, app: Flask) -> None:
        super().__init__()
        self.ended = ExitStack()
        self.ended.enter_context(app.app_context())

    @initialize()
    def open_the_practice(self) -> None:
        practice = factories.create_practice(slug=f"house-{uuid4().hex[:12]}")
        self.ended.enter_context(practice_scope(practice.id))
        self.practice_id = practice.id
        self.client = in_transaction(factories.create_client)
        with transaction():
            promos.make(
                SPRING,
                way=PriceWay.PERCENT,
                value=20,
                from_on=ON,
                until_on=None,
                most_uses=MOST_USES,
                once_per_client=False,
                service_ids=[],
                by=OWNER,
            )

    # What is so ----------------------------------------------------------------------------------

    @invariant()
    def all_is_whole(self) -> None:
        if hasattr(self, "client"):
            assert what_is_wrong() == []

    def teardown(self) -> None:
        db.session.remove()
        self.ended.close()

    def comes_in(self, card: Payment, *, paid: Callable[[Payment], PaymentOutcome]) -> UUID:
        with self.nothing_reopened(), transaction():
            card.outcome = paid(card)
            if card.outcome in GIVEN_BACK:
                refunds.decide(card, card.amount, card.outcome.value, OWNER)
            papers.issue_receipt(card)
        return card.id

    def choose(self, data: st.DataObject) -> list[bundles.Payable]:
        found = bundles.payable([self.client.id])
        which = data.draw(st.lists(st.booleans(), min_size=len(found), max_size=len(found)))
        return [each for each, is_chosen in zip(found, which, strict=True) if is_chosen]

    def is_good_until(self, sale_id: UUID, on: date) -> None:
        with transaction():
            sales.get_sale(sale_id).expires_on = on

    def going_back(self) -> int:
        read_again()
        total = sa.select(sa.func.coalesce(sa.func.sum(Refund.amount_minor), 0))
        return int(db.session.scalar(total.where(Refund.state != RefundState.FAILED)) or 0)

    @contextmanager
    def nothing_reopened(self, *but: UUID | None) -> Iterator[None]:
        before = _open_minors()
        yield
        after = _open_minors()
        reopened = {i: (m, after[i]) for i, m in before.items() if after[i] > m and i not in but}
        assert reopened == {}

    @contextmanager
    def or_refused(self, *errors: type[Exception]) -> Iterator[None]:
        """Let the practice say no: nothing has changed then."""
        try:
            yield
        except errors:
            db.session.rollback()


def nothing_new() -> UUID:
    """Name nothing: what was to be made was refused."""
    return cast("UUID", multiple())


def _open_minors() -> dict[UUID, int]:
    read_again()
    invoices = sa.select(Invoice.id).where(Invoice.kind == InvoiceKind.INVOICE)
    return {each: ledger.open_minor(each) for each in db.session.scalars(invoices)}


def usd(minor: int) -> Money:
    return Money(minor, "USD")
