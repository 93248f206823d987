"""Programs of what is sold, paid one way, used another, and given back, in any order.

After every step ``whole.py`` says what is wrong; each step that moves money says, besides, what may
have changed by it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID, uuid4

import sqlalchemy as sa
from hypothesis import strategies as st
from hypothesis.stateful import Bundle as Names
from hypothesis.stateful import (
    rule,
)

from practice.billing import accounts, bundles, fees, given, ledger, queries, sales
from practice.billing.models import Refund
from practice.billing.rules.giving_back import CannotGiveBack, How, Way
from practice.billing.rules.payments import (
    Label,
    PaymentMethod,
    RefundState,
)
from practice.billing.rules.selling import AT_ONCE, ExpiryRule, Part, RefundRule
from practice.billing.service import bundles as several
from practice.billing.service import ending, papers, promos, refunds, selling, units
from practice.billing.service import fees as charging
from practice.billing.service import give_backs as giving
from practice.billing.service import ledger as books
from practice.core.db import db, in_transaction, read_again, transaction
from practice.core.errors import Conflict, Invalid
from practice.people.queries import today_here
from tests.factories import OWNER
from tests.integration.billing.sales_practice import SPRING, SalesPractice, nothing_new, usd
from tests.integration.billing.shop import ON, PREP, bill, by_card, decide_fee, owe_fee, pay, sell

CENTS = st.sampled_from([1, 2_500, 5_000, 9_999, 10_000, 20_000, 30_000])
HALVES = (Part(50), Part(50, days=300))


class SalesProgram(SalesPractice):
    """One program, in a practice of its own."""

    sessions, packages, booked = Names("sessions"), Names("packages"), Names("booked")
    payments, due = Names("payments"), Names("due")

    # Sold, booked, had ---------------------------------------------------------------------------

    @rule(
        target=packages,
        expiry=st.sampled_from(ExpiryRule),
        back=st.sampled_from(RefundRule),
        parts=st.sampled_from([AT_ONCE, HALVES]),
    )
    def sell(self, expiry: ExpiryRule, back: RefundRule, parts: Sequence[Part]) -> UUID:
        return sell(self.client, expiry=expiry, rule=back, parts=parts).id

    @rule(target=sessions, minor=CENTS)
    def pay_ahead(self, minor: int) -> UUID:
        session = uuid4()
        pay(self.client, session, minor)
        return session

    @rule(session=sessions, minor=CENTS)
    def deliver(self, session: UUID, minor: int) -> None:
        if not fees.fees_of(session):
            bill(self.client, minor, session)

    @rule(target=sessions, minor=CENTS)
    def deliver_unpaid(self, minor: int) -> UUID:
        return bill(self.client, minor).for_id or uuid4()

    @rule(target=booked, sale_id=packages)
    def reserve(self, sale_id: UUID) -> tuple[UUID, UUID]:
        booking = uuid4()
        with self.or_refused(units.NoUnitLeft), transaction():
            units.reserve(sale_id, PREP, booking, OWNER)
        return sale_id, booking

    @rule(booking=booked)
    def have(self, booking: tuple[UUID, UUID]) -> None:
        sale_id, session = booking
        if not fees.fees_of(session):
            with self.or_refused(units.NoUnitLeft), transaction():
                selling.deliver(sale_id, PREP, session, by=OWNER)

    @rule(booking=booked)
    def cancel_early(self, booking: tuple[UUID, UUID]) -> None:
        sale_id, session = booking
        if sales.get_sale(sale_id).ended_at is None and not fees.fees_of(session):
            with transaction():
                units.restore(sale_id, PREP, session, OWNER)

    @rule(target=due, booking=booked)
    def lose(self, booking: tuple[UUID, UUID]) -> UUID:
        """Cancel so late that the session counts as used, once that cannot be undone."""
        sale_id, session = booking
        is_live = sales.get_sale(sale_id).ended_at is None
        if not is_live or fees.fees_of(session) or units.held_by(session) is None:
            return nothing_new()
        return decide_fee(self.client, session, 10_000, takes_unit=True).id

    # Paid ----------------------------------------------------------------------------------------

    @rule(target=payments, sale_id=packages, minor=CENTS)
    def pay_for_package(self, sale_id: UUID, minor: int) -> UUID:
        try:
            with transaction():
                return selling.take_payment(
                    sale_id, usd(minor), PaymentMethod.CASH, payment_id=uuid4(), by=OWNER
                ).id
        except selling.NothingToPay:
            return nothing_new()

    @rule(target=payments, sale_id=packages, minor=CENTS)
    def pay_for_package_by_card(self, sale_id: UUID, minor: int) -> UUID:
        return self.comes_in(by_card(self.client, sale_id, minor, Label.PACKAGE), paid=selling.paid)

    @rule(target=payments, fee_id=due, minor=CENTS)
    def pay_for_fee_by_card(self, fee_id: UUID, minor: int) -> UUID:
        fee = fees.get_fee(fee_id)
        if fee.invoice_id is None:
            return nothing_new()
        card = by_card(self.client, fee.settles_id, minor, Label.CANCELLATION)
        return self.comes_in(card, paid=charging.paid)

    @rule(target=payments, session=sessions, minor=CENTS)
    def pay_again(self, session: UUID, minor: int) -> UUID:
        return pay(self.client, session, minor).id

    @rule(target=payments, data=st.data(), share=st.sampled_from([None, 30, 100]))
    def pay_for_several(self, data: st.DataObject, share: int | None) -> UUID:
        chosen = self.choose(data)
        if not chosen:
            return nothing_new()
        whole = sum(each.due.minor for each in chosen)
        amount = None if share is None else usd(max(1, whole * share // 100))
        payment = in_transaction(
            lambda: several.record(
                self.client,
                [each.key for each in chosen],
                amount,
                PaymentMethod.CASH,
                of=[self.client.id],
                payment_id=uuid4(),
                by=OWNER,
            )
        )
        return payment.id

    @rule(target=payments, data=st.data())
    def pay_for_several_by_card(self, data: st.DataObject) -> UUID:
        """Pay for several things by card, while what is open of them may change."""
        chosen = self.choose(data)
        if not chosen:
            return nothing_new()
        bundle_id = in_transaction(lambda: several._put_together(self.client.id, chosen))
        if data.draw(st.booleans()):
            self.waive_or_pay_first(chosen[0])
        whole = sum(each.due.minor for each in chosen)
        card = by_card(self.client, bundle_id, whole, Label.BALANCE, settles_many=True)
        return self.comes_in(card, paid=several.paid)

    def waive_or_pay_first(self, one: bundles.Payable) -> None:
        in_transaction(
            lambda: several.record(
                self.client,
                [one.key],
                None,
                PaymentMethod.CASH,
                of=[self.client.id],
                payment_id=uuid4(),
                by=OWNER,
            )
        )

    # Fees ----------------------------------------------------------------------------------------

    @rule(target=due, session=sessions, minor=CENTS, rest_is_credit=st.booleans())
    def cancel_late(self, session: UUID, minor: int, rest_is_credit: bool) -> UUID:
        if fees.fees_of(session) or papers.find_by_source(f"test:{session}"):
            return nothing_new()
        return owe_fee(self.client, session, minor, rest_is_credit=rest_is_credit).id

    @rule(fee_id=due)
    def cannot_be_undone_any_more(self, fee_id: UUID) -> None:
        charging.fall_due(fee_id)

    @rule(fee_id=due)
    def undo(self, fee_id: UUID) -> None:
        fee = fees.get_fee(fee_id)
        with self.or_refused(Conflict), transaction():
            charging.withdraw(fee.for_id, fee.change)

    @rule(fee_id=due)
    def waive(self, fee_id: UUID) -> None:
        own = fees.get_fee(fee_id).invoice_id
        with self.nothing_reopened(own), self.or_refused(Conflict), transaction():
            charging.waive(fee_id, "Sorry", by=OWNER)

    # When its time is up, and ended early --------------------------------------------------------

    @rule(sale_id=packages)
    def expire(self, sale_id: UUID) -> None:
        today = today_here()
        self.is_good_until(sale_id, today - timedelta(days=1))
        with self.nothing_reopened():
            ending.expire_due(self.practice_id)

    @rule(sale_id=packages, days=st.integers(1, 900))
    def extend(self, sale_id: UUID, days: int) -> None:
        until = today_here() + timedelta(days=days)
        with self.or_refused(Conflict, Invalid), transaction():
            ending.extend(sale_id, until, "She was ill", by=OWNER)

    @rule(sale_id=packages)
    def end(self, sale_id: UUID) -> None:
        sale = sales.get_sale(sale_id)
        [standing] = sales.standings([sale])
        if sale.ended_at is not None or any(each.booked for each in standing.left):
            return  # its bookings are cancelled first
        went_back = self.going_back()
        with self.nothing_reopened(sale.invoice_id):
            found = in_transaction(lambda: ending.end(sale_id, by=OWNER))
        read_again()
        assert self.going_back() - went_back == found.refund_minor, found
        sale = sales.get_sale(sale_id)
        assert sale.invoice_id is not None
        assert ledger.open_minor(sale.invoice_id) <= found.open_minor, found
        promised = sum(books.promised_minor(each.id) for each in queries.payments_for(sale_id))
        assert ledger.credit_for(sale_id) <= promised, found

    # Given back ----------------------------------------------------------------------------------

    @rule(
        payment_id=payments,
        how=st.sampled_from(How),
        way=st.sampled_from(Way),
        minor=CENTS,
    )
    def give_back(self, payment_id: UUID, how: How, way: Way, minor: int) -> None:
        payment = queries.get_payment(payment_id)
        lines: list[UUID] = []
        if how is How.LINES:
            found = given.lines_to_take_back(giving.stands(payment).settles)
            lines = [each.line.id for each in found][:1]
        asked = giving.Asked(how, way, "She asked for it", minor, lines)
        with self.or_refused(CannotGiveBack):
            seen = giving.mark(giving.look(payment, asked))
            in_transaction(
                lambda: giving.carry_out(uuid4(), payment_id, asked, seen=seen, by=OWNER)
            )

    @rule(session=sessions)
    def call_off(self, session: UUID) -> None:
        """Cancel a session free of charge: all that is left for it goes back, nothing else."""
        if papers.find_by_source(f"test:{session}") is not None:
            return
        kept, went_back = accounts.kept_minor([session]).get(session, 0), self.going_back()
        own = {each.invoice_id for each in fees.fees_of(session)}
        with self.nothing_reopened(*own), transaction():
            charging.give_back(session, queries.payments_for(session), by=OWNER)
        assert self.going_back() - went_back <= max(0, kept)

    @rule(session=sessions)
    def turn_into_credit(self, session: UUID) -> None:
        with self.nothing_reopened(), transaction():
            books.set_free(session, by=OWNER)

    @rule(session=sessions)
    def credit(self, session: UUID) -> None:
        invoice = papers.find_by_source(f"test:{session}")
        if invoice is not None:
            with self.or_refused(Conflict), transaction():
                papers.credit(invoice, reason="A mistake", by=OWNER)

    @rule(data=st.data(), state=st.sampled_from([RefundState.SUCCEEDED, RefundState.FAILED]))
    def refund_ends(self, data: st.DataObject, state: RefundState) -> None:
        read_again()
        order = sa.select(Refund).order_by(Refund.created_at, Refund.id)
        cards = [
            each
            for each in db.session.scalars(order.where(Refund.state != RefundState.FAILED))
            if queries.get_payment(each.payment_id).method is PaymentMethod.CARD_ONLINE
        ]
        if not cards:
            return
        refund = cards[data.draw(st.integers(0, len(cards) - 1))]
        with transaction():
            payment = queries.lock_payment(refund.payment_id)
            refunds._move(payment, queries.get_refund(refund.id), state)

    # Codes ---------------------------------------------------------------------------------------

    @rule(session=sessions)
    def use_code(self, session: UUID) -> None:
        with self.or_refused(promos.BadCode), transaction():
            promos.use(
                SPRING,
                client_id=self.client.id,
                for_id=session,
                service_id=uuid4(),
                on=ON,
                list_minor=10_000,
                price_minor=10_000,
            )

    @rule(session=sessions, again=st.booleans())
    def let_code_go(self, session: UUID, again: bool) -> None:
        with transaction():
            promos.let_go(session)
            if again:
                promos.take_again(session)
