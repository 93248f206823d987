"""Programs of everything that happens around payments, and a model of what must come of them.

The model is plain: for each booking whether it is held, in the book or gone, whether its client has
paid, and what must stay here. Stripe is the sandbox, over HTTP; its news is held back, doubled,
shuffled and dropped; the application dies at some step and another process goes on.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import pytest
import requests
import sqlalchemy as sa
from flask import Flask
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from practice.billing import fees, ports
from practice.billing import queries as billing
from practice.billing.gateway import gateway
from practice.billing.models import Receipt
from practice.billing.rules.payments import LIVE, PaymentState, RefundState
from practice.billing.service import checkout, reconcile, refunds, verifying
from practice.core import clock
from practice.core.db import db, in_transaction, practice_scope, read_again
from practice.core.errors import Conflict
from practice.core.money import Money
from practice.core.settings import KEY
from practice.outbox import jobs
from practice.outbox.models import Job, Task
from practice.outbox.rules import JobState
from practice.sessions import queries
from practice.sessions.models import Appointment
from practice.sessions.rules.late import Why
from practice.sessions.rules.lifecycle import AppointmentState, Modality
from practice.sessions.service import booking, late, taking
from tests import databases, factories
from tests.integration.billing.conftest import Later
from tests.integration.billing.killing import steps_until_killed
from tests.integration.billing.model import STRICT, Booked
from tests.integration.billing.test_with_sessions import Visitor, kept, payment_of, see
from tests.stripe_sandbox import Sandbox

S = AppointmentState
TIMES = 4
LONGEST = timedelta(days=9)
NEVER = {"payment-differs", "books-differ", "books", "job-failed", "payment-out-of-sight"}
"""What nobody is to be bothered with: it would mean that something got out of step."""


@dataclass(frozen=True)
class Where:
    """What all programs of one run share."""

    app: Flask
    kind: str
    sandbox: Sandbox
    clock_file: Path
    hook: Callable[[], None]


class Program(RuleBasedStateMachine):
    """One program, on a database of its own."""

    def __init__(self, where: Where) -> None:
        super().__init__()
        self.sandbox, self.booked = where.sandbox, list[Booked]()
        self.later = Later(where.clock_file)
        self.later()
        self.sandbox.reset()
        self.ended = ExitStack()
        url = self.ended.enter_context(databases.fresh(where.kind))
        app = where.app
        app.extensions[KEY] = replace(app.extensions[KEY], database_url=url)
        self.ended.enter_context(app.app_context())
        self.ended.callback(db.engine.dispose)
        self.ended.callback(db.session.remove)
        db.session.remove()
        db.engine.dispose()
        where.hook()
        self.sandbox.hold_deliveries()

    @initialize()
    def open_the_practice(self) -> None:
        practice = factories.create_practice()
        self.ended.enter_context(practice_scope(practice.id))
        in_transaction(factories.furnish)
        ports.paid.bind(booking.paid)
        ports.checkout_ended.bind(booking.checkout_ended)
        self.visitor = Visitor()
        intake = queries.get_service("intake")
        first = clock.now().date() + timedelta(days=14)
        free = queries.free_times(intake, Modality.IN_PERSON, first, 21)
        days = {each.starts_at.date(): each.starts_at for each in reversed(free)}
        self.times = sorted(days.values())[:TIMES]

    # Booking and paying --------------------------------------------------------------------------

    @rule(at=st.integers(0, TIMES - 1), is_strict=st.booleans())
    def hold(self, at: int, is_strict: bool) -> None:
        intake = queries.get_service("intake")
        booking.settle_blockers(intake, starts_at=self.times[at])
        self.observe()
        if self.is_taken(at):
            with pytest.raises(booking.SlotTaken):
                self.visitor.hold(self.times[at])
            return
        self._note(self.visitor.hold(self.times[at]), at, is_hold=True, is_strict=is_strict)

    @rule(at=st.integers(0, TIMES - 1), is_strict=st.booleans())
    def be_booked(self, at: int, is_strict: bool) -> None:
        client = in_transaction(factories.create_client)

        def book() -> Appointment:
            return booking.book(
                client,
                queries.get_service("intake"),
                starts_at=self.times[at],
                modality=Modality.IN_PERSON,
                by=factories.OWNER,
            )

        if self.is_taken(at):
            with pytest.raises(Conflict):
                in_transaction(book)
            return
        self._note(in_transaction(book), at, is_hold=False, is_strict=is_strict)

    def _note(self, appointment: Appointment, at: int, *, is_hold: bool, is_strict: bool) -> None:
        if is_strict:

            def agree() -> None:
                taking.lock(appointment.id).cancellation = STRICT

            in_transaction(agree)
        payment_id = self.visitor.go_to_pay(see(appointment))
        payment = payment_of(payment_id)
        assert payment.checkout_ends_at is not None
        self.booked.append(
            Booked(
                id=appointment.id,
                payment_id=payment_id,
                at=at,
                price=payment.amount.minor,
                is_hold=is_hold,
                is_strict=is_strict,
                ends_at=payment.checkout_ends_at,
            )
        )

    def is_taken(self, at: int) -> bool:
        return any(each.is_live and each.at == at for each in self.booked)

    @precondition(lambda self: self.booked)
    @rule(data=st.data())
    def pay(self, data: st.DataObject) -> None:
        one = self._one_of(data)
        checkout_id = payment_of(one.payment_id).checkout_id
        assert checkout_id is not None
        can_pay = one.is_open and clock.now() < one.ends_at
        answer = self.sandbox.pay(checkout_id)
        assert answer.status_code == 303 or not (can_pay and one.is_live)
        one.has_paid = one.has_paid or (answer.status_code == 303 and can_pay)
        one.is_open = False

    @precondition(lambda self: self.booked)
    @rule(data=st.data())
    def give_up(self, data: st.DataObject) -> None:
        one = self._one_of(data)
        checkout.expire(one.payment_id)
        one.is_open = False
        self._heard(one)

    @precondition(lambda self: self.booked)
    @rule(data=st.data())
    def come_back(self, data: st.DataObject) -> None:
        one = self._one_of(data)
        checkout.sync(one.payment_id)
        if one.has_paid or not one.is_open or clock.now() >= one.ends_at:
            self._heard(one)

    # What becomes of sessions --------------------------------------------------------------------

    @precondition(lambda self: any(each.is_live for each in self.booked))
    @rule(data=st.data(), can_be_undone=st.booleans())
    def cancel(self, data: st.DataObject, can_be_undone: bool) -> None:
        one = self._one_of(data, lambda each: each.is_live)
        wish = late.Wish(Why.CLIENT) if one.is_strict else None
        session = queries.get_appointment(one.id)

        def work() -> None:
            booking.cancel(session, by=factories.OWNER, can_be_undone=can_be_undone, wish=wish)

        if one.is_hold:
            with pytest.raises(Conflict):
                in_transaction(work)
            return
        in_transaction(work)
        one.is_live = False
        if one.is_known and one.has_paid:
            one.stays = min(one.price // 2 if one.is_strict else 0, one.left)

    @precondition(lambda self: any(each.is_live and not each.is_hold for each in self.booked))
    @rule(data=st.data(), at=st.integers(0, TIMES - 1))
    def move(self, data: st.DataObject, at: int) -> None:
        one = self._one_of(data, lambda each: each.is_live and not each.is_hold)
        session = queries.get_appointment(one.id)

        def work() -> None:
            booking.move(session, starts_at=self.times[at], by=factories.OWNER)

        if self.is_taken(at) and one.at != at:
            with pytest.raises(Conflict):
                in_transaction(work)
            return
        in_transaction(work)
        one.at = at

    # Money that goes back ------------------------------------------------------------------------

    @precondition(lambda self: any(each.is_known and each.has_paid for each in self.booked))
    @rule(data=st.data(), cents=st.sampled_from([1, 5_000, 12_500, 22_500]))
    def refund(self, data: st.DataObject, cents: int) -> None:
        one = self._one_of(data, lambda each: each.is_known and each.has_paid)
        if one.stays is not None:
            return
        payment = payment_of(one.payment_id)
        known = refunds.left_of(payment).minor

        def work() -> None:
            refunds.decide(payment, Money(cents, "USD"), "goodwill", factories.OWNER)

        if cents > known:
            with pytest.raises(refunds.NothingToGiveBack):
                in_transaction(work)
            return
        in_transaction(work)
        one.decided += cents

    @precondition(lambda self: any(each.has_paid for each in self.booked))
    @rule(data=st.data(), cents=st.sampled_from([1, 5_000, 12_500, 22_500]))
    def refund_elsewhere(self, data: st.DataObject, cents: int) -> None:
        one = self._one_of(data, lambda each: each.has_paid)
        try:
            self.sandbox.refund_in_dashboard(self._charge_of(one), cents)
        except requests.HTTPError:
            return
        one.elsewhere += cents

    @precondition(lambda self: any(each.has_paid and not each.dispute for each in self.booked))
    @rule(data=st.data())
    def dispute(self, data: st.DataObject) -> None:
        one = self._one_of(data, lambda each: each.has_paid and not each.dispute)
        try:
            one.dispute = self.sandbox.dispute(self._charge_of(one))["id"]
        except requests.HTTPError:
            return
        one.was_disputed = True

    @precondition(lambda self: any(each.dispute for each in self.booked))
    @rule(data=st.data(), won=st.booleans())
    def decide_dispute(self, data: st.DataObject, won: bool) -> None:
        one = self._one_of(data, lambda each: bool(each.dispute))
        try:
            self.sandbox.close_dispute(one.dispute or "", won=won)
        except requests.HTTPError:
            return

    # News, time, workers, crashes ----------------------------------------------------------------

    @rule(seed=st.integers(0, 99), dropped=st.sampled_from([0, 0.3, 1]))
    def tell(self, seed: int, dropped: float) -> None:
        self.sandbox.release_in_disorder(
            seed, duplicated=0.4, dropped=dropped, together=seed % 2 == 1
        )
        self.sandbox.wait_for_deliveries()
        self.sandbox.hold_deliveries()

    @precondition(lambda self: self.later.moved < LONGEST)
    @rule(minutes=st.sampled_from([1, 5, 20, 40, 26 * 60]))
    def wait(self, minutes: int) -> None:
        self.later(minutes=minutes)

    @rule()
    def work(self) -> None:
        read_again()
        jobs.run_due()

    @rule()
    def compare(self) -> None:
        read_again()
        reconcile.run()

    @rule(kind=st.sampled_from(["lost_after", "lost_before"]))
    def lose_an_answer(self, kind: str) -> None:
        self.sandbox.clear_faults()  # one at a time: more than three are a processor out of reach
        self.sandbox.fault(kind, times=1)

    @rule(step=st.integers(0, 12))
    def die(self, step: int) -> None:
        def work() -> None:
            jobs.run_due()
            reconcile.run()

        steps_until_killed(work, step)

    # What is so ----------------------------------------------------------------------------------

    @invariant()
    def observe(self) -> None:
        """Let the model hear what the application has heard, and look whether they agree."""
        if not self.booked:
            return
        read_again()
        for one in self.booked:
            if not one.is_known and payment_of(one.payment_id).state not in LIVE:
                has_ended = not one.is_open or clock.now() >= one.ends_at
                assert one.has_paid or has_ended or not one.is_live  # which closes it, too
                self._heard(one)
        for one in self.booked:
            session = queries.get_appointment(one.id)
            is_live = session.state in (S.TENTATIVE, S.CONFIRMED)
            assert is_live == one.is_live, (session.state, one)
            assert session.starts_at == self.times[one.at]

    def teardown(self) -> None:
        try:
            if self.booked:
                self._settle()
                self._look()
        finally:
            self.sandbox.clear_faults()
            self.sandbox.drop_deliveries()
            self.sandbox.set_webhook(None)
            self.ended.close()

    def _settle(self) -> None:
        """Let everything come to its end, without any more news."""
        self.sandbox.clear_faults()
        for _ in range(3):
            self.later(hours=2)
            read_again()
            jobs.run_due()
            read_again()
            reconcile.run()
        self.observe()

    def _look(self) -> None:
        """Compare the end with the model, and with Stripe."""
        for one in self.booked:
            payment = payment_of(one.payment_id)
            assert one.is_known
            assert (payment.state is PaymentState.PAID) == one.has_paid
            session = queries.get_appointment(one.id)
            here = sum(
                each.amount.minor
                for each in billing.refunds_of(payment.id)
                if each.state is RefundState.SUCCEEDED
            )
            seen = gateway().list_refunds(payment.intent_id) if payment.intent_id else []
            there = [each.amount.minor for each in seen if each.state is RefundState.SUCCEEDED]
            assert here == sum(there)
            assert kept(session) == one.price * one.has_paid - here
            receipts = sa.select(sa.func.count()).where(Receipt.payment_id == payment.id)
            assert db.session.scalar(receipts) == one.has_paid
            if one.has_paid and not (one.was_disputed or one.elsewhere):
                stays = one.left if one.stays is None else one.stays
                assert kept(session) == stays, one
            if not one.is_live and one.is_strict and one.stays:
                (fee,) = fees.fees_of(one.id)
                assert fees.open_of(fee).minor == one.price // 2 - one.stays
        assert verifying.problems() == []
        assert reconcile.run().differences == []
        read_again()
        asked = set(db.session.scalars(sa.select(Task.kind)))
        assert asked & NEVER == set()
        parked = sa.select(Job.kind).where(Job.state == JobState.PARKED)
        assert db.session.scalars(parked).all() == []

    def _heard(self, one: Booked) -> None:
        if not one.is_known:
            one.learn()

    def _one_of(
        self, data: st.DataObject, which: Callable[[Booked], bool] = lambda _: True
    ) -> Booked:
        found = [each for each in self.booked if which(each)]
        return data.draw(st.sampled_from(found))

    def _charge_of(self, one: Booked) -> str:
        checkout_id = payment_of(one.payment_id).checkout_id
        read_again()
        return gateway().get_checkout(checkout_id or "").charge_id or ""
