"""Several things paid at once: split in the books, and what none of them needs goes back."""

from collections.abc import Callable
from datetime import date, timedelta
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa

from practice.billing import accounts, archive, bundles, ledger, ports, sales
from practice.billing.models import Invoice, Payment, Receipt, Refund
from practice.billing.rules.invoices import Line
from practice.billing.rules.payments import (
    PaymentMethod,
    PaymentOutcome,
    PaymentState,
    RefundState,
)
from practice.billing.service import bundles as service
from practice.billing.service import checkout, ending, openings, papers, verifying, visit
from practice.core import clock
from practice.core.db import db, in_transaction, read_again, transaction
from practice.core.money import Money
from practice.people.models import Client, Practice
from practice.sessions.models import Service
from practice.sessions.service import setup
from tests import factories
from tests.integration.billing.conftest import Till
from tests.stripe_sandbox import Sandbox

ON = date(2027, 3, 1)


def bill(client: Client, minor: int, source: str = "test") -> Invoice:
    session = uuid4()
    with transaction():
        return papers.issue_invoice(
            client,
            for_id=session,
            source_key=f"{source}:{session}",
            lines=[Line(ON, "A session", 1, Money(minor, "USD"))],
            by=factories.OWNER,
        )


def bring(client: Client, minor: int) -> UUID:
    with transaction():
        (brought,) = openings.bring(
            [openings.Opening(client.id, "OLD-1", ON, minor, 0)], by=factories.OWNER
        )
    return brought


def keys(client: Client) -> list[str]:
    return [each.key for each in bundles.payable([client.id])]


def record(client: Client, chosen: list[str], minor: int | None = None, **more: object) -> Payment:
    asked: dict[str, object] = {"method": PaymentMethod.CASH, "payment_id": uuid4()} | more
    return in_transaction(
        lambda: service.record(
            client,
            chosen,
            None if minor is None else Money(minor, "USD"),
            of=[client.id],
            by=factories.OWNER,
            **asked,  # type: ignore[arg-type]
        )
    )


def open_of(*invoices: Invoice) -> list[int]:
    read_again()
    return [archive.get_listed(each.id).open.minor for each in invoices]


@pytest.fixture
def ask(till: Till) -> Callable[[list[str]], UUID]:
    """Ask the payer by card for what they chose, with what listens above billing left out."""
    ports.paid.bind(service.paid)

    def start(chosen: list[str]) -> UUID:
        link = f"{till.address}/me/money"
        return in_transaction(
            lambda: service.start_checkout(
                till.payer,
                chosen,
                ends_at=clock.now() + timedelta(minutes=31),
                success_url=link,
                cancel_url=link,
                by=factories.OWNER,
            )
        ).id

    return start


def test_one_payment_settles_several_things_and_its_receipt_names_each(payer: Client) -> None:
    brought = bring(payer, 3_000)
    one, other = bill(payer, 17_500), bill(payer, 9_999)
    form = uuid4()

    for _ in range(2):
        payment = record(payer, keys(payer) or ["gone"], 25_000, payment_id=form)

    assert open_of(one, other) == [0, 5_499]
    assert [each.open.minor for each in accounts.openings_of([payer.id])] == [0]
    receipt = db.session.scalars(sa.select(Receipt)).one()
    assert [(each["number"], each["minor"]) for each in receipt.facts["parts"]] == [
        ("OLD-1", 3_000),
        (one.number, 17_500),
        (other.number, 4_500),
    ]
    assert all(receipt.facts[name] for name in ("business_name", "business_address"))
    assert payment.for_id not in {one.for_id, other.for_id, brought}
    assert accounts.kept_minor([one.for_id or form, other.for_id or form]) == {
        one.for_id: 17_500,
        other.for_id: 4_500,
    }
    assert ledger.balances([payer.id])[payer.id].credit_minor == 0
    assert verifying.problems() == []


def test_what_is_not_so_any_more_is_refused_and_nothing_is_written(payer: Client) -> None:
    bill(payer, 17_500)
    fee = bill(payer, 5_000, source="fee")
    shown = keys(payer)
    whole: dict[str, object] = {"chosen": shown, "minor": None, "method": PaymentMethod.CASH}

    refusals: list[tuple[dict[str, object], tuple[str, str]]] = [
        ({"chosen": []}, ("items", "Choose at least one")),
        ({"chosen": [*shown, f"{uuid4()}:100"]}, ("items", service.CHANGED)),
        ({"chosen": [f"{fee.id}:4000"]}, ("items", service.CHANGED)),
        ({"minor": 22_501}, ("amount", "Only $225.00 is to pay of what you chose")),
        (
            {"method": PaymentMethod.HSA_CARD},
            ("method", "An HSA card does not pay for missed visits. Leave the fee out."),
        ),
    ]
    for wrong, (field, words) in refusals:
        with pytest.raises(service.NotSo) as refused:
            record(payer, **(whole | wrong))  # type: ignore[arg-type]
        assert (refused.value.field, refused.value.message) == (field, words)

    read_again()
    assert db.session.scalars(sa.select(Payment)).all() == []
    record(payer, shown[:1], method=PaymentMethod.HSA_CARD)
    assert open_of(fee) == [5_000]


def test_what_a_client_pays_by_card_is_split_and_asked_for_once(
    till: Till, sandbox: Sandbox, ask: Callable[[list[str]], UUID]
) -> None:
    one, other, left = (bill(till.payer, minor) for minor in (17_500, 9_999, 5_000))
    chosen = keys(till.payer)[:2]
    payment_id = ask(chosen)
    assert ask(chosen) == payment_id

    checkout.start(payment_id)
    sandbox.pay(till.url(payment_id))
    checkout.sync(payment_id)

    payment = till.see(payment_id)
    assert (payment.amount.minor, payment.state) == (27_499, PaymentState.PAID)
    assert open_of(one, other, left) == [0, 0, 5_000]


def test_what_was_paid_meanwhile_goes_back_and_the_rest_is_kept(
    till: Till, sandbox: Sandbox, ask: Callable[[list[str]], UUID]
) -> None:
    one, other = bill(till.payer, 17_500), bill(till.payer, 9_999)
    payment_id, again = ask(keys(till.payer)), ask(keys(till.payer)[:1])
    with transaction():
        visit.record(
            till.payer.id,
            one.for_id or one.id,
            Money(10_000, "USD"),
            PaymentMethod.CASH,
            factories.OWNER,
        )

    outcomes = []
    for each in (payment_id, again):
        checkout.start(each)
        sandbox.pay(till.url(each))
        outcomes.append(checkout.sync(each).outcome)
    till.give_back()

    assert outcomes == [PaymentOutcome.CONFIRMED, PaymentOutcome.DUPLICATE]
    assert till.seen() == [
        (Money(10_000, "USD"), RefundState.SUCCEEDED),
        (Money(17_500, "USD"), RefundState.SUCCEEDED),
    ]
    assert open_of(one, other) == [0, 0]
    assert ledger.balances([till.payer.id])[till.payer.id].credit_minor == 0
    assert verifying.problems() == []


def test_what_was_sold_ahead_and_paid_together_goes_back_when_it_ends(
    payer: Client, practice: Practice
) -> None:
    with transaction():
        setup.furnish(practice, factories.OWNER)
        offered = db.session.scalars(sa.select(Service).where(Service.slug == "prep_60")).one()
        sale = factories.sell_package(payer, offered)
    other = bill(payer, 5_000)
    payment = record(payer, keys(payer))
    assert sales.standings([sale])[0].paid.minor == 45_000

    with transaction():
        ended = ending.end(sale.id, by=factories.OWNER)

    read_again()
    refund = db.session.scalars(sa.select(Refund)).one()
    assert (refund.payment_id, refund.amount.minor) == (payment.id, ended.refund_minor)
    assert ended.refund_minor == 45_000
    assert open_of(other) == [0]
    assert ledger.balances([payer.id])[payer.id] == ledger.Balance()
    assert verifying.problems() == []
