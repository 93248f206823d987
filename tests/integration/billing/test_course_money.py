"""A course with one price, from its sale to the last cent that goes back, through the processor."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import pytest
import sqlalchemy as sa
from flask import Flask

from practice.audit.rules import Actor, ActorKind
from practice.billing import fees, ledger, ports, sales
from practice.billing.document_models import DocumentKind
from practice.billing.models import LedgerEntry
from practice.billing.rules.fees import FeeFor, FeeState
from practice.billing.rules.ledger import Account
from practice.billing.rules.payments import RefundState
from practice.billing.sale_models import Sale
from practice.billing.service import checkout, selling, verifying
from practice.billing.service import fees as service
from practice.billing.service.documents import Finished, Item, issue
from practice.calendar.rules import zones
from practice.clients.rules.papers import PaperKind
from practice.clients.service import record_paper
from practice.core import clock
from practice.core.db import db, in_transaction, read_again
from practice.core.errors import Conflict
from practice.core.money import Money
from practice.outbox import jobs
from practice.people.models import Client, User
from practice.people.queries import get_client
from practice.people.rules import Role
from practice.sessions.models import Appointment, Course
from practice.sessions.queries.billable import held_by_clinician
from practice.sessions.queries.courses import get_course
from practice.sessions.queries.estimating import scopes
from practice.sessions.queries.services import get_service
from practice.sessions.rules.codes import Codes
from practice.sessions.rules.late import Why
from practice.sessions.rules.lifecycle import AppointmentState
from practice.sessions.service import (
    booking,
    codes,
    course_ends,
    course_money,
    courses,
    day,
    late,
    undoing,
)
from tests import factories
from tests.browsers import sign_in, sign_in_client
from tests.integration.billing.conftest import Later, Till
from tests.integration.billing.wallet import Wallet
from tests.integration.papers.test_documents import LINES
from tests.integration.sessions.courses.conftest import first_choice
from tests.integration.sessions.pages.conftest import text_of

INTAKE, PREP, FIRST, HALF_DOSE = 22_500, 17_500, 45_000, 20_000


@dataclass
class Course6:
    """``sl-psycholytic-6``, sold to the payer, and the one clock."""

    till: Till
    wallet: Wallet
    later: Later
    id: UUID
    by: Actor

    @property
    def now(self) -> Course:
        read_again()
        return get_course(self.id)

    @property
    def sale(self) -> Sale:
        read_again()
        found = sales.sale_for(self.id)
        assert found is not None
        return found

    def session(self, key: str) -> Appointment:
        [row] = [each for each in self.now.steps if each.key == key]
        assert row.appointment is not None
        return row.appointment

    def go_to(self, instant: datetime) -> None:
        self.later(seconds=(instant - clock.now()).total_seconds())
        read_again()

    def pay(self) -> None:
        """Pay what is due by card."""
        here = f"{self.till.address}/me/money"
        payment = in_transaction(
            lambda: selling.start_checkout(
                self.till.payer,
                self.sale.id,
                whole=False,
                ends_at=clock.now() + timedelta(minutes=31),
                success_url=here,
                cancel_url=here,
                by=Actor(ActorKind.CLIENT, self.till.payer.id),
            )
        )
        self.wallet.sandbox.pay(checkout.start(payment.id))
        checkout.sync(payment.id)
        read_again()

    def hold(self, key: str) -> None:
        self.go_to(self.session(key).starts_at)
        in_transaction(lambda: day.arrive(self.session(key), by=self.by))
        in_transaction(lambda: day.complete(self.session(key), by=self.by))

    def cancel(self, key: str, hours: float | None = None) -> None:
        """Cancel a session for its client, so many hours ahead, and let the undo pass."""
        if hours is not None:
            self.go_to(self.session(key).starts_at - timedelta(hours=hours))
        wish = late.Wish(Why.CLIENT)
        in_transaction(
            lambda: booking.cancel(self.session(key), by=self.by, can_be_undone=True, wish=wish)
        )
        self.later(minutes=3, seconds=1)
        jobs.run_due()
        read_again()

    def packages(self) -> int:
        read_again()
        return ledger.balances([self.till.payer.id])[self.till.payer.id].packages_minor

    def left(self) -> set[str]:
        read_again()
        return {each.what for each in sales.standings([self.sale])[0].left if each.free}


def totals() -> dict[Account, int]:
    read_again()
    summed = sa.select(LedgerEntry.account, sa.func.sum(LedgerEntry.minor))
    rows = db.session.execute(summed.group_by(LedgerEntry.account))
    return {account: int(minor) for account, minor in rows if minor}


@pytest.fixture
def sold(till: Till, wallet: Wallet, later: Later, payer: Client, app: Flask) -> Iterator[Course6]:
    app.config["SERVER_NAME"] = till.address.removeprefix("http://")
    [therapist] = in_transaction(factories.furnish)
    ports.paid.bind(booking.paid)  # the real one, in place of the shelf
    ports.checkout_ended.bind(booking.checkout_ended)
    assert therapist.user_id is not None
    by = Actor(ActorKind.STAFF, therapist.user_id)
    offered = in_transaction(factories.offer_course)
    course_id = in_transaction(lambda: courses.propose(payer, offered, by=by)).id
    course = get_course(course_id)
    chosen = first_choice(course)
    in_transaction(lambda: courses.confirm(course_id, chosen, seen=course.version, by=by))
    later(minutes=4)
    today = zones.local_date(clock.now(), "America/New_York")
    kind = PaperKind.CONSENT_TREATMENT
    in_transaction(lambda: record_paper(payer, kind, dated_on=today, today=today, by=by))
    yield Course6(till, wallet, later, course_id, by)
    read_again()
    assert verifying.problems() == []


def test_a_course_is_sold_paid_in_part_used_missed_and_ended_to_the_cent(
    sold: Course6, app: Flask, payer: Client
) -> None:
    assert (sold.sale.price, sold.packages()) == (Money(387_500, "USD"), 387_500)
    sold.pay()
    assert totals()[Account.RECEIVABLE] == 387_500 - 193_750

    for key in ("intake", "prep_1", "prep_2"):
        sold.hold(key)
    assert totals()[Account.REVENUE] == -(21_395 + 2 * 16_641)

    sold.cancel("dose_1", hours=20)  # all of it would be charged: it counts as used
    assert fees.fees_of(sold.session("dose_1").id)[0].takes_unit
    assert totals()[Account.FEE_INCOME] == -42_791
    sold.cancel("integration_1")  # early enough
    sold.cancel("dose_6")
    assert sold.left() == {"integration_1", "dose_6"}
    sold.cancel("dose_2", hours=30)  # half of it is charged, and the session is not lost
    [fee] = fees.fees_of(sold.session("dose_2").id)
    assert (fee.amount.minor, fees.open_of(fee).minor) == (HALF_DOSE, HALF_DOSE)
    assert sold.packages() == 387_500 - 21_395 - 2 * 16_641 - 42_791
    assert "dose_2" in sold.left()

    now = sold.now
    shown = course_money.preview(now, course_ends.still_to_come(now), Why.CLIENT)
    assert shown is not None
    charged = INTAKE + 2 * PREP + FIRST
    back = 193_750 - charged - HALF_DOSE
    assert (shown.charged_minor, shown.settled_minor, shown.refund_minor) == (
        charged,
        HALF_DOSE,
        back,
    )
    with pytest.raises(Conflict, match="Look at the amounts again"):
        end(sold, expected=back + 1)
    end(sold, expected=back)
    jobs.run_due()

    assert sold.till.seen() == [(Money(back, "USD"), RefundState.SUCCEEDED)]
    found = totals()
    kept = found.pop(Account.CLEARING) + found.pop(Account.PROCESSOR_FEES, 0)
    assert kept == charged + HALF_DOSE
    assert found == {
        Account.REVENUE: -(charged - 42_791),
        Account.FEE_INCOME: -(42_791 + HALF_DOSE),
    }
    assert fees.open_of(fees.fees_of(sold.session("dose_2").id)[0]).minor == 0

    today = zones.local_date(clock.now(), "America/New_York")
    [(_, held)] = held_by_clinician(payer, today - timedelta(days=120), today)
    assert [(each.fee.minor, each.paid.minor) for each in held] == [
        (INTAKE, INTAKE),
        (PREP, PREP),
        (PREP, PREP),
    ]
    browser = app.test_client()
    sign_in_client(browser, payer)
    page = text_of(browser.get("/me/money"))
    assert "$712.50" in page
    assert "You are all paid up" in page
    assert "$575.00" in superbill_without_birth_date(app, payer)


def superbill_without_birth_date(app: Flask, client: Client) -> str:
    """Return the preview of the papers of a client of whom something is not on file."""

    def forget() -> User:
        get_client(client.id).birth_on = None
        for slug in ("intake", "prep_60"):
            codes.keep(get_service(slug).id, Codes(lines=LINES), by=factories.OWNER)
        return factories.create_user(*Role)

    browser = app.test_client()
    sign_in(browser, in_transaction(forget))
    today = zones.local_date(clock.now(), "America/New_York")
    period = {"from": (today - timedelta(days=120)).isoformat(), "until": today.isoformat()}
    answer = browser.get(f"/clients/{client.id}/superbill", query_string=period)
    assert answer.status_code == 200
    return text_of(answer)


def end(sold: Course6, *, expected: int) -> None:
    now = sold.now
    in_transaction(
        lambda: course_ends.stop(
            now.id, "Moves away", seen=now.version, by=sold.by, why=Why.CLIENT, expected=expected
        )
    )


@pytest.mark.database("sqlite")
def test_a_session_that_counts_as_used_is_taken_back_or_forgiven(sold: Course6) -> None:
    sold.go_to(sold.session("intake").starts_at - timedelta(hours=3))
    wish = late.Wish(Why.CLIENT)
    [shown, *_] = late.choices(sold.session("intake"), FeeFor.CANCELLED)

    def cancel() -> None:
        in_transaction(
            lambda: booking.cancel(
                sold.session("intake"), by=sold.by, can_be_undone=True, wish=wish
            )
        )

    cancel()
    in_transaction(lambda: undoing.undo(sold.session("intake"), by=sold.by))
    assert (sold.session("intake").state, sold.left()) == (AppointmentState.CONFIRMED, set())
    cancel()
    assert (shown.takes_unit, shown.split.fee.minor, sold.left()) == (True, 0, set())
    fee_id = fees.fees_of(sold.session("intake").id)[0].id
    sold.later(minutes=4)
    jobs.run_due()
    assert (sold.packages(), fees.get_fee(fee_id).state) == (387_500 - 21_395, FeeState.DUE)

    in_transaction(lambda: service.waive(fee_id, "A storm", by=sold.by))

    assert (sold.packages(), sold.left()) == (387_500, {"intake"})


@pytest.mark.database("sqlite")
def test_an_estimate_of_a_sold_course_has_the_shares_of_its_price(
    sold: Course6, payer: Client
) -> None:
    [scope] = scopes([payer.id])

    assert sum(each.price.minor for each in scope.expected) == 387_500


@pytest.mark.database("sqlite")
def test_a_course_that_ends_far_above_its_estimate_says_so_before(
    sold: Course6, app: Flask, payer: Client
) -> None:
    held = ("intake", "prep_1", "prep_2")

    def agree() -> None:
        """Estimate the shares of the price; alone, each session costs $200 more than it did."""
        sessions = [(sold.session(key).id, key) for key in held]
        sale = sold.sale
        dearer = [{**each, "list_minor": each["list_minor"] + 20_000} for each in sale.items]
        sale.items = dearer
        shares = [(for_id, sale.share(key)) for for_id, key in sessions]
        items = [Item(for_id, None, None, share.minor) for for_id, share in shares if share]
        issue(
            Finished(
                kind=DocumentKind.ESTIMATE,
                client_id=payer.id,
                facts={},
                items=items,
                total=Money(sum(each.amount_minor for each in items), "USD"),
            ),
            by=sold.by,
        )

    in_transaction(agree)
    sold.pay()
    user = in_transaction(lambda: factories.create_user(*Role))

    def look() -> str:
        browser = app.test_client()
        sign_in(browser, user)
        return text_of(browser.get(f"/courses/{sold.now.id}/stop"))

    before = look()
    for key in held:
        sold.hold(key)
    after = look()

    assert "Far above the estimate" not in before
    assert "Ended now, $1,175.00 is billed where estimate GFE-" in after
