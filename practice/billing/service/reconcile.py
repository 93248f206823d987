"""Comparing our payments with the processor's own records, so that lost news costs nothing.

Everything found is put right by ``sync``, the same function that webhooks use; running it often,
or several times at once, changes nothing more.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from practice.billing import cards, queries
from practice.billing.gateway import Refused, gateway
from practice.billing.models import Payment, Reconciliation
from practice.billing.rules.news import Event
from practice.billing.rules.payments import LIVE
from practice.billing.service import attention, checkout, inbox, refunds
from practice.core import clock
from practice.core.db import db, in_transaction, practice_scope
from practice.core.settings import settings
from practice.people import doors

OVERLAP = timedelta(hours=1)
"""Events can turn up in the list a little after the instant they carry."""

EVENTS_LIVE = timedelta(days=30)
"""How long Stripe keeps events."""

NEWS_TAKES = timedelta(minutes=5)
"""Money younger than this may simply have been quicker than its news."""


@dataclass(frozen=True, slots=True)
class Report:
    """What one run found: how many payments it looked at, and each difference in words."""

    payments: int
    differences: list[str]


def run() -> Report:
    """Compare every practice's payments with the processor. Call outside transactions and scopes.

    Looks at every payment of which the end is not known, and at every one of which there was
    news since the last run that was not worked on here.

    Raises:
        CardsOff: if there is no processor.
        Unavailable: if it cannot be asked. What was put right stays; the next run begins anew.
    """
    began = clock.now()
    practices = doors.every_practice()
    starts = []
    for practice_id in practices:
        with practice_scope(practice_id):
            starts.append(_since(began))
    news = _news_since(min(starts, default=began))
    reports = []
    for practice_id in practices:
        with practice_scope(practice_id):
            reports.append(_compare(news[practice_id], began))
    return Report(
        sum(report.payments for report in reports),
        [words for report in reports for words in report.differences],
    )


def run_here(practice_id: UUID) -> None:
    """Compare the current practice's payments, now and then, as a job."""
    if settings().takes_cards:
        began = clock.now()
        _compare(_news_since(_since(began))[practice_id], began)


def _since(began: datetime) -> datetime:
    oldest, last = began - EVENTS_LIVE, queries.reconciled_until()
    return max(last - OVERLAP, oldest) if last else oldest


def _news_since(since: datetime) -> dict[UUID, list[tuple[Event, UUID]]]:
    """Return, by practice, the processor's events and the payment that each is about."""
    news: dict[UUID, list[tuple[Event, UUID]]] = defaultdict(list)
    for event in gateway().list_events(since):
        found = inbox.find(event)
        if found is not None:
            news[found.practice_id].append((event, found.subject_id))
    return news


def _compare(news: list[tuple[Event, UUID]], began: datetime) -> Report:
    missed = {
        payment_id for event, payment_id in news if not queries.is_handled(event.account, event.id)
    }
    known = queries.payments_among(missed)
    for subject_id in sorted({*(missed - known), *cards.live_setups()}):
        inbox.look(subject_id)  # cards, and the pages on which they are saved
    waiting = {refund.payment_id for refund in queries.pending_refunds()}
    payments = sorted({*known, *waiting, *queries.live_online_payments()})
    found = [words for payment_id in payments for words in _put_right(payment_id, began)]
    run = Reconciliation(until_at=began, payments=len(payments), differences=len(found))
    in_transaction(lambda: db.session.add(run))
    return Report(len(payments), found)


def _put_right(payment_id: UUID, began: datetime) -> list[str]:
    before = _facts(payment_id)
    try:
        payment = checkout.sync(payment_id)
        for refund_id in [refund.id for refund in queries.refunds_of(payment_id)]:
            refunds.carry_out(refund_id)
    except Refused as refused:
        return [f"payment {payment_id}: the processor refuses it ({refused.code})"]
    after = _facts(payment_id)
    changes = [
        f"{thing}: {before.get(thing, 'unknown')} -> {state}"
        for thing, state in after.items()
        if before.get(thing) != state
    ]
    if changes and payment.paid_at is not None and began - payment.paid_at > NEWS_TAKES:
        in_transaction(lambda: _tell_of_lost_news(payment))
    return changes + _stuck(payment, began)


def _facts(payment_id: UUID) -> dict[str, str]:
    """Return what can differ, as a person would read it."""
    payment = queries.get_payment(payment_id)
    return {
        f"payment {payment.id}": payment.state.value,
        **{
            f"refund {one.id} of {one.amount}": one.state.value
            for one in queries.refunds_of(payment_id)
        },
    }


def _tell_of_lost_news(payment: Payment) -> None:
    attention.call_for(
        "payment-differed",
        payment,
        key=f"payment-differed:{payment.id}",
        what=f"The processor knew more of a payment of {payment.amount} than we did. "
        "It is put right here; see whether the session still agrees.",
    )


def _stuck(payment: Payment, began: datetime) -> list[str]:
    """Name a payment that should have ended long ago: what was asked for and paid may differ."""
    ended_at = payment.checkout_ends_at
    if payment.state not in LIVE or ended_at is None or began - ended_at < NEWS_TAKES:
        return []
    return [f"payment {payment.id}: still {payment.state} after its end"]
