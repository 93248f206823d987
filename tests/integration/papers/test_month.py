"""The month at a glance says what the books say, entry by entry."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable
from datetime import UTC, date, datetime
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa

from practice.billing import ledger, owing, reports
from practice.billing.models import Invoice, Journal, LedgerEntry, Payment
from practice.billing.rules.invoices import Line
from practice.billing.rules.ledger import Account, processor_kept
from practice.billing.rules.months import Month
from practice.billing.rules.payments import PaymentMethod
from practice.billing.rules.reports import KEPT_OF_ENDED, NOT_TOLD, Age, Aged, Earned, Flow, Way
from practice.billing.rules.selling import Item, Part, RefundRule
from practice.billing.sale_models import Sale
from practice.billing.service import ending, openings, papers, refunds, selling, units, visit
from practice.billing.service import ledger as books
from practice.billing.service.openings import Opening
from practice.calendar.models import Resource
from practice.core import clock
from practice.core.db import db, transaction
from practice.core.money import Money
from practice.people.models import Client
from practice.people.rules import Role
from practice.sessions.models import Appointment, Service
from practice.sessions.queries import get_service
from tests import factories
from tests.factories import OWNER
from tests.integration.sessions.conftest import Clock, practice, therapist, time
from tests.integration.sessions.staff.conftest import SignedIn, signed_in

__all__ = ["practice", "signed_in", "therapist", "time"]  # fixtures

A = Account
PREP, INTEGRATION = "Preparation session, 60 min", "Integration session, 60 min"
MARCH = Month(2027, 3)


def session(slug: str, client: Client, host: Resource) -> Appointment:
    """Write a session of now down."""
    return factories.create_appointment(
        get_service(slug), host=host, starts_at=clock.now(), client=client
    )


def bill(client: Client, for_id: UUID, minor: int) -> Invoice:
    line = Line(clock.now().date(), "Whatever it was called then", 1, Money(minor, "USD"))
    return papers.issue_invoice(
        client, for_id=for_id, source_key=f"session:{for_id}", lines=[line], by=OWNER
    )


def pay(client: Client, for_id: UUID, minor: int, way: PaymentMethod) -> Payment:
    return visit.record(client.id, for_id, Money(minor, "USD"), way, OWNER)


@pytest.fixture
def closed(therapist: Resource, time: Clock) -> None:
    """A winter of one practice: January to March, as the bookkeeper finds it in April."""

    def on(month: int, day: int) -> None:
        time.now = datetime(2027, month, day, 17, tzinfo=UTC)

    on(1, 12)
    with transaction():
        alex, noor = factories.create_client(), factories.create_client(first_name="Noor")
        old = Opening(noor.id, "OLD-7", date(2026, 12, 1), 5_000, 1_000)
        openings.bring([old], by=OWNER)
        held = session("prep_60", alex, therapist)
        bill(alex, held.id, 17_500)  # never paid
    on(2, 9)
    with transaction():
        sale = sell(alex, get_service("integration_60"))
        one = session("integration_60", alex, therapist)
        pay(noor, one.id, 9_000, PaymentMethod.CASH)
        kept = session("prep_60", noor, therapist)
        pay(noor, kept.id, 17_500, PaymentMethod.CHECK)
        bill(noor, kept.id, 17_500)
        used(sale.id, one.id)
    on(3, 2)
    with transaction():
        two = session("integration_60", alex, therapist)
        pay(alex, sale.id, 15_000, PaymentMethod.CARD_AT_VISIT)
        used(sale.id, two.id)
        back = pay(noor, uuid4(), 4_000, PaymentMethod.CASH)
        refunds.decide(back, Money(1_500, "USD"), "asked for", OWNER)
        bill(noor, uuid4(), 2_000)  # for what no session is known
        wrong = session("prep_60", noor, therapist)
        papers.credit(bill(noor, wrong.id, 17_500), reason="a mistake", by=OWNER)
        again = session("prep_60", noor, therapist)
        bill(noor, again.id, 12_000)
        late = papers.issue_invoice(
            noor,
            for_id=uuid4(),
            source_key=f"fee:{uuid4()}",
            lines=[Line(date(2027, 3, 2), "Cancellation fee", 1, Money(8_700, "USD"))],
            by=OWNER,
        )
        assert late.total.minor == 8_700
        books.post("fee:of-march", processor_kept(None, 290), by=OWNER)
        gone = sell(noor, get_service("prep_60"))
        three = session("prep_60", noor, therapist)
        units.reserve(gone.id, "prep_60", three.id, OWNER)
        selling.deliver(gone.id, "prep_60", three.id, by=OWNER)
    on(3, 20)
    with transaction():
        ending.end(gone.id, by=OWNER)
    on(4, 3)
    with transaction():
        pay(alex, held.id, 17_500, PaymentMethod.CASH)  # not in any month asked for


def sell(client: Client, service: Service) -> Sale:
    item = Item(service.slug, service.label, 3, service.price.minor)
    terms = selling.Terms(
        title="Three",
        items=[item],
        price=Money(45_000, "USD"),
        rule=RefundRule.AT_LIST,
        parts=[Part(40), Part(30, days=10), Part(30, days=90)],
    )
    sale = selling.sell(client, terms, by=OWNER)
    selling.bill(sale, client, by=OWNER)
    return sale


def used(sale_id: UUID, session_id: UUID) -> None:
    units.reserve(sale_id, "integration_60", session_id, OWNER)
    selling.deliver(sale_id, "integration_60", session_id, by=OWNER)


def test_a_month_says_what_was_earned_came_in_and_is_owed(closed: None) -> None:
    report = reports.report_of(MARCH)

    assert [each.month for each in report.books] == [
        Month(2026, 12),  # of the balance that was brought along
        *(Month(2027, n) for n in (1, 2, 3)),
    ]
    assert report.earned == [
        Earned(PREP, alone=12_000, of_packages=15_000, before=17_500),
        Earned(INTEGRATION, alone=0, of_packages=15_000, before=15_000),
        Earned(KEPT_OF_ENDED, of_packages=2_500),
        Earned(NOT_TOLD, alone=2_000),
    ]
    assert report.ways == [
        Way("card_at_visit", 15_000, 0, 0),
        Way("cash", 4_000, 1_500, 9_000),
        Way("check", 0, 0, 17_500),
    ]
    now = report.now
    assert (now.fee_income, now.processor_fees, now.packages) == (8_700, 290, 15_000)
    assert report.ages == [
        Aged(Age.NOT_DUE, 1, 13_500),
        Aged(Age.MONTH, 1, 40_200),
        Aged(Age.TWO_MONTHS, 1, 16_500),
        Aged(Age.THREE_MONTHS, 1, 17_500),
        Aged(Age.LONGER, 1, 4_000),
    ]


def test_every_table_of_a_month_adds_up_to_the_books(closed: None) -> None:
    rows = db.session.execute(
        sa.select(LedgerEntry, Journal.source_key).join(
            Journal, Journal.id == LedgerEntry.journal_id
        )
    ).all()
    for n in (1, 2, 3, 4):
        month = Month(2027, n)
        report, now = reports.report_of(month), reports.report_of(month).now
        slow: dict[Account, Counter[str]] = defaultdict(Counter)
        flows: Counter[str] = Counter()
        for entry, key in rows:
            if entry.on_day <= month.last_on:
                slow[entry.account]["closing"] += entry.minor
            if Month.of(entry.on_day) == month:
                slow[entry.account]["debit"] += max(0, entry.minor)
                slow[entry.account]["credit"] += max(0, -entry.minor)
                if entry.account in {A.CASH, A.CLEARING}:
                    flows[key.split(":")[0]] += entry.minor

        assert ledger.totals(month.first_on, month.last_on) == {
            account: (sums["debit"], sums["credit"])
            for account, sums in slow.items()
            if sums["debit"] or sums["credit"]
        }
        for account in Account:
            sums, turnover = slow[account], now.turnover(account)
            assert (turnover.debit, turnover.credit) == (sums["debit"], sums["credit"])
            if account in reports.STANDING:
                assert now.closing.get(account, 0) == sums["closing"]
        assert sum(each.minor for each in report.earned) == now.revenue
        assert sum(each.before for each in report.earned) == report.before.revenue
        assert sum(each.minor for each in report.ages) == now.outstanding
        assert sum(each.kept for each in report.ways) == flows["charge"] + flows["refund"]
        assert {flow: minor for flow, minor in report.flows.items() if minor} == {
            Flow(word): minor for word, minor in flows.items() if minor
        }
        assert sum(report.flows.values()) == sum(
            now.turnover(account).net for account in reports.HELD
        )


def test_what_is_owed_by_now_grows_with_the_instalments(closed: None, time: Clock) -> None:
    sale = db.session.scalars(sa.select(Sale).where(Sale.ended_at.is_(None))).one()
    ended = db.session.scalars(sa.select(Sale).where(Sale.ended_at.is_not(None))).one()

    def owed(month: int, day: int) -> tuple[int, int]:
        time.now = datetime(2027, month, day, 17, tzinfo=UTC)
        found = owing.due_minor([sale.client_id, ended.client_id])
        return found[sale.client_id], found[ended.client_id]

    billed = 4_000 + 2_000 + 12_000 + 8_700
    assert owed(2, 18) == (3_000, billed)
    assert owed(2, 19) == (16_500, billed)
    assert owed(5, 9) == (16_500, billed + 17_500)
    assert owed(5, 10) == (30_000, billed + 17_500)


def test_the_page_shows_it_to_whoever_closes_the_month(
    closed: None,
    signed_in: SignedIn,
    count_statements: Callable[[Callable[[], object]], int],
) -> None:
    browser = signed_in(Role.BOOKKEEPER)
    counts = [
        count_statements(lambda n=n: browser.get(f"/billing/month/2027-0{n}"))  # type: ignore[misc]
        for n in (2, 3)
    ]
    page = browser.get("/billing/month/2027-03")

    assert counts[0] == counts[1] <= 14
    assert "Session revenue $46,500.00" not in page.text
    for words in (PREP, KEPT_OF_ENDED, "Card at visit", "More than 90 days", "$465.00"):
        assert words in page.text
    assert 'role="img"' in page.text
    assert "February 2027" in browser.get("/billing/month?month=2027-02").text
    assert "April 2027" in browser.get("/billing/month").text


@pytest.mark.database("sqlite")
def test_what_is_no_month_has_no_page(therapist: Resource, signed_in: SignedIn) -> None:
    browser = signed_in(Role.OWNER)
    odd = ("2027-13", "2027-00", "0000-01", "9999-12", "2027-3", "march", "２０２７-03", "2027-04")

    answers = [browser.get(f"/billing/month/{each}") for each in odd]
    chosen = [browser.get("/billing/month", query_string={"month": each}) for each in odd]

    assert {each.status_code for each in [*answers, *chosen]} == {404}
    assert "like 2026-11" in answers[0].text
    assert "has not begun yet" in answers[-1].text
    assert browser.get("/billing/month/2027-03").status_code == 200  # of empty books
    assert signed_in(Role.FRONT_DESK).get("/billing/month/2027-03").status_code == 403
