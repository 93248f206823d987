"""A card on file: saved alone or with a payment, charged later, replaced and taken off."""

from collections.abc import Callable
from datetime import timedelta
from uuid import uuid4

import pytest
import sqlalchemy as sa

from practice.audit.rules import Actor, ActorKind
from practice.billing import card_gateway, cards
from practice.billing.card_models import Card, CardConsent
from practice.billing.rules.cards import Failure, SetupState, Use, digest_of
from practice.billing.rules.payments import Label, PaymentState
from practice.billing.service import card_keeping, card_on_file, checkout, reconcile
from practice.billing.service.card_on_file import NoCard
from practice.billing.service.checkout import Agreement
from practice.core import clock
from practice.core.db import db, in_transaction, read_again, require_practice_id
from practice.outbox import jobs
from tests import factories
from tests.integration.billing.conftest import Later, Shelf, Till, mails, tasks
from tests.integration.billing.line import Fate, Line
from tests.integration.billing.test_crashes import kill, made  # noqa: F401  a fixture
from tests.integration.billing.wallet import FEE, FROM, MASTERCARD, SAVED_BUT_DECLINED, Wallet
from tests.stripe_sandbox import DECLINED_CARD, GOOD_CARD, THREE_D_SECURE_CARD, Sandbox


def attached(sandbox: Sandbox, since: int) -> list[str]:
    """Return the cards that the processor was told to forget."""
    return [
        one["path"].split("/")[3]
        for one in sandbox.requests(since=since)
        if one["path"].endswith("/detach") and one["status"] == 200
    ]


def test_a_card_is_saved_alone_with_what_was_agreed_to(wallet: Wallet, served: str) -> None:
    wallet.put(MASTERCARD, (Use.FEE, Use.BALANCE))
    wallet.sandbox.wait_for_deliveries()  # the webhook alone

    found = wallet.on_file()
    consent = db.session.scalars(sa.select(CardConsent)).one()
    assert found is not None
    assert (found.words, found.expires) == ("Mastercard ending in 4444", "12/40")
    assert found.uses == {Use.FEE, Use.BALANCE}
    assert "Fees for sessions" in consent.text
    assert "Instalments" not in consent.text
    assert (consent.text_sha256, consent.address) == (digest_of(consent.text), FROM)


def test_a_card_stays_on_file_with_the_payment_it_made(wallet: Wallet, till: Till) -> None:
    payment = in_transaction(
        lambda: checkout.ask(
            till.payer,
            for_id=uuid4(),
            amount=FEE,
            label=Label.DEPOSIT,
            ends_at=clock.now() + timedelta(minutes=31),
            success_url=f"{till.address}/bookings/a-token-of-the-booking/paid",
            cancel_url=f"{till.address}/bookings/a-token-of-the-booking/",
            by=factories.OWNER,
            keeps=Agreement((Use.FEE,), FROM),
        )
    )
    wallet.sandbox.pay(checkout.start(payment.id))
    checkout.sync(payment.id)

    found = wallet.on_file()
    assert found is not None
    assert (found.last4, set(found.uses)) == ("4242", {Use.FEE})
    assert wallet.charge().state is PaymentState.PAID


@pytest.mark.database("sqlite")
def test_a_declined_card_is_not_saved_and_a_page_that_ran_out_saves_none(
    wallet: Wallet, later: Later
) -> None:
    setup_id = wallet.put(DECLINED_CARD)
    assert card_on_file.sync_setup(setup_id).state is SetupState.OPEN

    later(minutes=33)
    jobs.run_due()

    read_again()
    assert (cards.get_setup(setup_id).state, wallet.on_file()) == (SetupState.EXPIRED, None)


@pytest.mark.database("sqlite")
def test_another_card_takes_its_place_and_the_first_is_forgotten(wallet: Wallet) -> None:
    before = len(wallet.sandbox.requests())
    wallet.save(GOOD_CARD)
    second = wallet.save(MASTERCARD)
    jobs.run_due()

    read_again()
    first = db.session.scalars(sa.select(Card).where(Card.last4 == "4242")).one()
    assert attached(wallet.sandbox, before) == [first.method_id]
    assert first.detached_at is not None
    assert wallet.on_file() == second


def test_a_card_that_was_taken_off_is_charged_no_more(wallet: Wallet) -> None:
    card = wallet.save()
    payment_id = wallet.decide()  # decided before, and carried out after
    by = Actor(ActorKind.CLIENT, wallet.till.payer.id)
    in_transaction(lambda: card_keeping.remove(wallet.till.payer.id, card.id, by=by))

    card_on_file.carry_out(payment_id)
    jobs.run_due()

    assert wallet.till.see(payment_id).state is PaymentState.FAILED
    read_again()
    assert cards.failure_of(payment_id) is Failure.REFUSED
    assert cards.get_card(card.id).detached_at is not None
    with pytest.raises(NoCard):
        wallet.decide("fee:1:2")


@pytest.mark.parametrize("together", [False, True])
def test_news_of_a_card_in_any_order_and_four_times_over_saves_it_once(
    wallet: Wallet, served: str, together: bool
) -> None:
    sandbox = wallet.sandbox
    sandbox.hold_deliveries()
    wallet.put()
    held = [each["id"] for each in sandbox.deliveries("held")]

    sandbox.release_deliveries([*reversed(held), *held] * 2, together=together)
    sandbox.release_deliveries()
    sandbox.wait_for_deliveries()

    card = wallet.on_file()
    assert card is not None
    assert db.session.scalars(sa.select(Card.detached_at)).all() == [None]
    assert (mails(), tasks()) == ([], [])
    assert {each["last_status"] for each in sandbox.deliveries()} == {204}


@pytest.mark.database("sqlite")
def test_a_card_forgotten_at_the_processor_is_off_here_too(wallet: Wallet, served: str) -> None:
    card = wallet.save()
    method_id = cards.get_card(card.id).method_id
    read_again()

    card_gateway.detach(method_id, "")  # as though somebody had done it in the dashboard
    wallet.sandbox.wait_for_deliveries()

    assert wallet.on_file() is None


def test_a_charge_that_goes_through_is_a_payment_like_any_other(
    wallet: Wallet, shelf: Shelf
) -> None:
    wallet.save()

    payment = wallet.charge()
    again = wallet.charge()

    assert (payment.state, payment.amount, again.id) == (PaymentState.PAID, FEE, payment.id)
    assert payment.fee_minor == 291
    assert mails() == ["receipt"]


@pytest.mark.parametrize(
    ("card", "failure", "kinds"),
    [
        (SAVED_BUT_DECLINED, Failure.DECLINED, ["card-not-charged"]),
        (THREE_D_SECURE_CARD, Failure.NEEDS_HOLDER, []),
    ],
)
def test_a_charge_that_fails_is_told_and_tried_no_more(
    wallet: Wallet, card: str, failure: Failure, kinds: list[str]
) -> None:
    wallet.save(card)

    payment = wallet.charge()
    jobs.run_due()

    assert (payment.state, cards.failure_of(payment.id)) == (PaymentState.FAILED, failure)
    assert [kind for kind, _ in tasks()] == kinds
    assert mails() == ["card-not-charged", *["payment-needs-attention"] * len(kinds)]


@pytest.mark.database("sqlite")
def test_nobody_is_charged_for_what_they_did_not_agree_to(wallet: Wallet) -> None:
    wallet.save(GOOD_CARD, (Use.BALANCE,))

    with pytest.raises(NoCard):
        wallet.decide()


def test_a_lost_answer_charges_once(wallet: Wallet, line: Line, later: Later) -> None:
    wallet.save()
    payment_id, before = wallet.decide(), len(wallet.sandbox.requests())

    line.fates["POST /v1/payment_intents"] = [Fate.LOST] * 3
    jobs.run_due()
    assert wallet.till.see(payment_id).state is PaymentState.CREATING
    later(minutes=5)
    jobs.run_due()

    payment = wallet.till.see(payment_id)
    assert payment.state is PaymentState.PAID
    assert made(wallet.sandbox, "/v1/payment_intents", before) == {payment.intent_id}


@pytest.mark.database("sqlite")
@pytest.mark.parametrize(
    ("fate", "ends"), [(Fate.LOST, PaymentState.PAID), (Fate.CUT, PaymentState.FAILED)]
)
def test_a_day_later_a_charge_is_looked_for_and_not_made_again(
    wallet: Wallet, line: Line, fate: Fate, ends: PaymentState, later: Later
) -> None:
    wallet.save()
    payment_id = wallet.decide()
    line.fates["POST /v1/payment_intents"] = [fate] * 3
    jobs.run_due()

    later(hours=25)
    card_on_file.carry_out(payment_id)

    assert wallet.till.see(payment_id).state is ends


def test_a_charge_begun_by_a_dead_process_is_made_once(
    wallet: Wallet,
    kill: Callable[..., None],  # noqa: F811
) -> None:
    wallet.save()
    payment_id, before = wallet.decide(), len(wallet.sandbox.requests())

    kill(lambda: card_on_file.carry_out(payment_id), "POST /v1/payment_intents", Fate.HANGS_AFTER)
    card_on_file.carry_out(payment_id)

    payment = wallet.till.see(payment_id)
    assert payment.state is PaymentState.PAID
    assert made(wallet.sandbox, "/v1/payment_intents", before) == {payment.intent_id}


def test_reconciling_finds_a_card_of_which_nobody_told_us(wallet: Wallet) -> None:
    wallet.put()

    reconcile.run_here(require_practice_id())

    assert wallet.on_file() is not None
