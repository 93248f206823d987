"""Sessions cancelled, moved or missed too late: shown, decided, charged after the undo, waived."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from practice.billing import cards, fees, ledger, ports
from practice.billing.archive import get_listed, notes_on
from practice.billing.fee_models import Fee
from practice.billing.models import Invoice, Payment
from practice.billing.rules.cards import Failure
from practice.billing.rules.fees import FeeFor, FeeState
from practice.billing.rules.invoices import InvoiceState
from practice.billing.rules.ledger import Account
from practice.billing.rules.payments import PaymentOutcome, PaymentState
from practice.billing.service import card_on_file, checkout, verifying
from practice.billing.service import fees as service
from practice.calendar.rules import zones
from practice.core import clock
from practice.core.db import db, in_transaction, practice_scope, read_again
from practice.core.errors import Conflict
from practice.core.money import Money
from practice.outbox import jobs
from practice.people.models import Client, Practice
from practice.people.rules import Role
from practice.sessions import queries
from practice.sessions.links import booking_link
from practice.sessions.models import Appointment
from practice.sessions.rules.late import Why
from practice.sessions.rules.lifecycle import AppointmentState
from practice.sessions.service import booking, late, taking
from tests import factories
from tests.browsers import send, sign_in, sign_in_client
from tests.integration.billing.conftest import Later, Till, mails
from tests.integration.billing.test_with_sessions import INTAKE, Visitor, kept, see
from tests.integration.billing.wallet import SAVED_BUT_DECLINED, Wallet
from tests.stripe_sandbox import GOOD_CARD, THREE_D_SECURE_CARD

HALF = Money(INTAKE.minor // 2, "USD")
TERMS = {
    "tiers": [[24, 0], [0, 50]],
    "no_show_percent": 100,
    "late_grace_minutes": 15,
    "late": "is_shortened",
}


@dataclass
class House:
    """One session close to its start, its client, and the time."""

    till: Till
    wallet: Wallet
    later: Later
    session: Appointment
    browser: FlaskClient

    @property
    def link(self) -> str:
        return booking_link(self.session).removeprefix(self.till.address)

    def pay(self) -> UUID:
        payment = in_transaction(lambda: booking.start_checkout(self.session, by=factories.OWNER))
        self.wallet.sandbox.pay(checkout.start(payment.id))
        checkout.sync(payment.id)
        return payment.id

    def close_to(self, hours: float = 5) -> None:
        wait = see(self.session).starts_at - timedelta(hours=hours) - clock.now()
        self.later(seconds=wait.total_seconds())

    def work(self) -> None:
        """Let the three minutes of undo pass, and all that is due be done."""
        self.later(minutes=3, seconds=1)
        jobs.run_due()
        read_again()

    def fee(self) -> Fee:
        read_again()
        return fees.fees_of(self.session.id)[0]

    def invoice(self) -> tuple[Money, Money, InvoiceState]:
        invoice_id = self.fee().invoice_id
        assert invoice_id is not None
        found = get_listed(invoice_id)
        return found.total, found.open, found.state

    def cancel(
        self,
        why: Why = Why.CLIENT,
        waived_why: str | None = None,
        *,
        rest_is_credit: bool = False,
    ) -> None:
        in_transaction(
            lambda: booking.cancel(
                queries.get_appointment(self.session.id),
                by=factories.OWNER,
                can_be_undone=True,
                wish=late.Wish(why, waived_why, None, rest_is_credit),
            )
        )

    def pay_link(self, card: str = GOOD_CARD) -> None:
        """Go by the link of the mail, and pay the fee."""
        fee_id = self.fee().id
        to = send(self.browser, f"{self.link}fees/{fee_id}/pay").location
        assert self.wallet.sandbox.pay(to, card=card).status_code == 303
        self.browser.get(f"{self.link}fees/{fee_id}/waiting")


@pytest.fixture
def house(till: Till, wallet: Wallet, later: Later, app: Flask) -> Iterator[House]:
    """A session booked well ahead. Whatever a test does, the books are whole afterwards."""
    app.config["SERVER_NAME"] = till.address.removeprefix("http://")
    in_transaction(factories.furnish)
    ports.paid.bind(booking.paid)  # the real one, in place of the shelf
    ports.checkout_ended.bind(booking.checkout_ended)
    session = Visitor().be_booked(till.payer)

    def agree() -> None:
        booked = taking.lock(session.id)
        booked.cancellation = TERMS

    in_transaction(agree)
    later(minutes=4)
    jobs.run_due()
    yield House(till, wallet, later, see(session), app.test_client())
    read_again()
    assert verifying.problems() == []


def test_a_client_cancels_late_reads_what_it_costs_and_can_take_it_back(house: House) -> None:
    house.pay()
    house.close_to()
    page = house.browser.get(f"{house.link}cancel").text
    answers = {"sequence": str(see(house.session).sequence), "why": f"client:{HALF.minor}"}

    send(house.browser, f"{house.link}cancel", answers)
    waiting = house.fee().state
    send(house.browser, f"{house.link}undo")
    undone = (see(house.session).state, kept(house.session))
    send(
        house.browser,
        f"{house.link}cancel",
        answers | {"sequence": str(see(house.session).sequence)},
    )
    house.work()

    assert "$112.50" in page
    assert (waiting, undone) == (FeeState.WAITING, (AppointmentState.CONFIRMED, INTAKE.minor))
    assert house.invoice() == (HALF, Money(0, "USD"), InvoiceState.PAID)
    assert kept(house.session) == HALF.minor
    assert house.till.seen() == [(INTAKE - HALF, house.till.seen()[0][1])]
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Invoice)) == 1


def test_the_rest_may_stay_as_credit_and_the_fee_is_income_of_its_own_kind(house: House) -> None:
    house.pay()
    house.close_to()
    today = zones.local_date(clock.now(), "America/New_York")

    house.cancel(rest_is_credit=True)
    house.work()

    client_id = house.till.payer.id
    assert ledger.free_credit(client_id) == (INTAKE - HALF).minor
    assert house.till.seen() == []
    found = ledger.totals(today, today)
    assert found[Account.FEE_INCOME] == (0, HALF.minor)
    assert Account.REVENUE not in found
    fee_id = house.fee().id
    in_transaction(lambda: service.waive(fee_id, "Sorry", by=factories.OWNER))
    assert ledger.totals(today, today)[Account.FEE_INCOME] == (HALF.minor, HALF.minor)


@pytest.mark.database("sqlite")
def test_a_free_reason_or_a_waiver_charges_nothing_and_gives_everything_back(
    house: House,
) -> None:
    house.pay()
    house.close_to()

    house.cancel(Why.WEATHER)
    house.work()

    assert (fees.fees_of(house.session.id), kept(house.session)) == ([], 0)


@pytest.mark.parametrize(
    ("card", "failure"),
    [
        (GOOD_CARD, None),
        (SAVED_BUT_DECLINED, Failure.DECLINED),
        (THREE_D_SECURE_CARD, Failure.NEEDS_HOLDER),
        (None, None),
    ],
)
def test_what_is_owed_is_taken_from_the_card_or_paid_by_the_link(
    house: House, card: str | None, failure: Failure | None
) -> None:
    if card:
        house.wallet.save(card)
    house.close_to()

    house.cancel()
    house.work()

    charged = card == GOOD_CARD
    assert house.invoice()[1] == Money(0 if charged else HALF.minor, "USD")
    payments = db.session.scalars(sa.select(Payment)).all()
    assert [cards.failure_of(each.id) for each in payments] == [failure] * bool(card)
    assert ("card-not-charged" in mails()) is bool(failure)
    if not charged:
        house.pay_link()
        assert house.invoice()[2] is InvoiceState.PAID


def test_two_who_cancel_at_once_cause_one_fee(house: House, app: Flask, practice: Practice) -> None:
    house.close_to()
    sequence, practice_id, session_id = house.session.sequence, practice.id, house.session.id
    both = threading.Barrier(2)

    def cancel() -> bool:
        with app.app_context(), practice_scope(practice_id):
            both.wait()
            try:
                in_transaction(
                    lambda: booking.cancel(
                        queries.get_appointment(session_id),
                        by=factories.OWNER,
                        sequence=sequence,
                        can_be_undone=True,
                        wish=late.Wish(Why.CLIENT),
                    )
                )
            except Conflict:
                return False
            return True

    read_again()
    with ThreadPoolExecutor(2) as pool:
        done = sorted(each.result() for each in [pool.submit(cancel), pool.submit(cancel)])
    house.work()

    assert done == [False, True]
    assert len(fees.fees_of(session_id)) == 1


def test_paying_by_the_link_while_the_card_is_charged_gives_one_of_them_back(
    house: House,
) -> None:
    house.close_to()
    house.cancel()
    house.work()  # there is no card yet
    to = send(house.browser, f"{house.link}fees/{house.fee().id}/pay").location
    house.wallet.save()
    fee = house.fee()
    charge = in_transaction(lambda: service.collect(fees.lock_fee(fee.id)))
    assert charge is not None

    house.wallet.sandbox.pay(to)
    card_on_file.carry_out(charge.id)
    house.browser.get(f"{house.link}fees/{fee.id}/waiting")
    jobs.run_due()

    read_again()
    payments = db.session.scalars(sa.select(Payment).order_by(Payment.created_at)).all()
    assert {each.state for each in payments} == {PaymentState.PAID}
    assert {each.outcome for each in payments} == {
        PaymentOutcome.CONFIRMED,
        PaymentOutcome.DUPLICATE,
    }
    assert kept(house.session) == HALF.minor


def test_moving_late_costs_and_leaves_what_was_paid_with_the_session(house: House) -> None:
    house.pay()
    house.close_to()
    session = see(house.session)
    new = session.starts_at + timedelta(days=7)

    in_transaction(
        lambda: booking.move(
            session, starts_at=new, by=factories.OWNER, wish=late.Wish(Why.CLIENT, None, HALF)
        )
    )
    house.work()

    assert house.invoice() == (HALF, HALF, InvoiceState.OPEN)
    assert kept(house.session) == INTAKE.minor
    house.pay_link()
    assert house.invoice()[2] is InvoiceState.PAID
    assert kept(house.session) == INTAKE.minor


def test_staff_mark_a_session_missed_and_waive_its_fee_later(house: House) -> None:
    house.pay()
    house.close_to(-0.5)
    sign_in(house.browser, in_transaction(lambda: factories.create_user(*Role)))
    url = f"/sessions/{house.session.id}"
    leads = send(house.browser, f"{url}/miss").location
    page = house.browser.get(leads).text

    send(house.browser, f"{url}/missed", {"why": f"client_not_ready:{HALF.minor}"})
    house.work()
    assert (house.invoice()[2], kept(house.session)) == (InvoiceState.PAID, HALF.minor)
    send(house.browser, f"/fees/{house.fee().id}/waive", {"reason": "Her first time."})
    jobs.run_due()

    fee = house.fee()
    assert "$225.00 fee" in page
    assert (fee.state, fee.waived_why) == (FeeState.WAIVED, "Her first time.")
    assert [note.total for note in notes_on(fee.invoice_id or fee.id)] == [-HALF]
    assert kept(house.session) == 0
    assert "missed" in mails()


@pytest.mark.database("sqlite")
def test_a_fee_that_is_waived_before_it_falls_due_is_never_charged(house: House) -> None:
    house.pay()
    house.close_to()
    house.cancel()

    fee_id = house.fee().id
    in_transaction(lambda: service.waive(fee_id, "A family matter", by=factories.OWNER))
    house.work()

    assert (house.fee().invoice_id, kept(house.session)) == (None, 0)


@pytest.mark.database("sqlite")
def test_an_illness_is_free_the_first_time_alone(house: House, payer: Client) -> None:
    house.close_to()
    house.cancel(Why.ILLNESS)
    house.work()
    again = Visitor().be_booked(payer)

    with pytest.raises(Conflict, match="There was one before"):
        in_transaction(
            lambda: booking.cancel(
                queries.get_appointment(again.id), by=factories.OWNER, wish=late.Wish(Why.ILLNESS)
            )
        )
    assert fees.fees_of(house.session.id) == []


@pytest.mark.database("sqlite")
def test_what_was_shown_is_what_it_costs_or_nothing_happens(house: House) -> None:
    house.close_to(24.01)
    shown = late.choices(see(house.session), FeeFor.CANCELLED)[0].split.fee
    house.later(minutes=2)

    with pytest.raises(late.CostsOtherwise):
        in_transaction(
            lambda: booking.cancel(
                queries.get_appointment(house.session.id),
                by=factories.OWNER,
                wish=late.Wish(Why.CLIENT, None, shown),
            )
        )
    assert see(house.session).state is AppointmentState.CONFIRMED


@pytest.mark.database("sqlite")
def test_a_client_sees_and_pays_a_fee_among_their_money(house: House) -> None:
    house.close_to()
    house.cancel()
    house.work()
    sign_in_client(house.browser, house.till.payer)

    page = house.browser.get("/me/money").text
    house.pay_link()
    after = house.browser.get("/me/money").text

    assert ("Cancellation fee" in page, "Pay $112.50" in page) == (True, True)
    assert "Pay $112.50" not in after
