"""Comparing our payments with the processor's own records, so that lost news costs nothing.

Everything found is put right by ``sync``, the same function that webhooks use; running it often,
or several times at once, changes nothing more.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from practice.billing import cards, linked, queries
from practice.billing.gateway import NoAccess, Refused, gateway
from practice.billing.models import Payment, Reconciliation
from practice.billing.rules.news import About, Event, about
from practice.billing.rules.payments import LIVE
from practice.billing.service import attention, checkout, comparing, inbox, linking, refunds
from practice.billing.service.comparing import FAR_BACK
from practice.core import clock
from practice.core.db import db, in_transaction, practice_scope
from practice.core.settings import settings
from practice.people import doors
from practice.people.doors import Found

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


News = list[tuple[Event, Found]]


def run() -> Report:
    """Compare every practice's rows with the processor. Call outside transactions and scopes.

    Looks at every payment of which the end is not known, at everything of which there was news
    since the last run that was not worked on here, and at the processor's books of the last
    weeks.

    Raises:
        CardsOff: if there is no processor.
        Unavailable: if it cannot be asked. What was put right stays; the next run begins anew.
    """
    began = clock.now()
    gateway(linked.OWN)  # which says so where no processor is set up
    shared = None if settings().is_platform else _news_since(_since_all(began), linked.OWN)
    reports = []
    for practice_id in doors.every_practice():
        with practice_scope(practice_id):
            reports.append(_reconcile(practice_id, began, shared, first_at=began - FAR_BACK))
    words = [words for report in reports for words in report.differences]
    if parked := linked.parked():
        words.append(f"{parked} events of accounts that no practice here has linked")
    return Report(sum(report.payments for report in reports), words)


def run_here(practice_id: UUID) -> None:
    """Compare the current practice's rows, now and then, as a job."""
    if settings().takes_cards:
        began = clock.now()
        _reconcile(practice_id, began, None, first_at=_since(began))


def _since(began: datetime) -> datetime:
    oldest, last = began - EVENTS_LIVE, queries.reconciled_until()
    return max(last - OVERLAP, oldest) if last else oldest


def _since_all(began: datetime) -> datetime:
    """Return from when on news is needed for all practices that share one account."""
    starts = []
    for practice_id in doors.every_practice():
        with practice_scope(practice_id):
            starts.append(_since(began))
    return min(starts, default=began)


def _news_since(since: datetime, account: str) -> News:
    """Return an account's events with what each is about, those of other houses left out."""
    news = []
    for listed in gateway(account).list_events(since):
        event = replace(listed, account=account)  # a list may leave it out: it is asked by account
        found = inbox.find(event)
        if found is not None:
            news.append((event, found))
    return news


def _reconcile(
    practice_id: UUID, began: datetime, news: News | None, *, first_at: datetime
) -> Report:
    """Compare the current practice, in the account that it uses."""
    account = linked.current() if settings().is_platform else None
    try:
        if account is not None and account.processor_id is not None:
            linking.sync(account.id)
        if news is None:
            used = linked.in_use()
            is_there = bool(used) or not settings().is_platform
            news = _news_since(_since(began), used) if is_there else []
        mine = [(event, found) for event, found in news if found.practice_id == practice_id]
        return _compare(mine, began, first_at)
    except NoAccess as gone:
        return Report(0, [f"practice {practice_id}: {gone.message}"])


def _compare(news: News, began: datetime, first_at: datetime) -> Report:
    missed = [
        (event, found.subject_id)
        for event, found in news
        if not queries.is_handled(event.account, event.id)
    ]
    subjects = {subject for event, subject in missed if about(event.kind) is About.PAYMENT}
    known = queries.payments_among(subjects)
    for subject_id in sorted({*(subjects - known), *cards.live_setups()}):
        inbox.look(subject_id)  # cards, and the pages on which they are saved
    waiting = {refund.payment_id for refund in queries.pending_refunds()}
    payments = sorted({*known, *waiting, *queries.live_online_payments()})
    found = [words for payment_id in payments for words in _put_right(payment_id, began)]
    for event, subject_id in missed:
        if about(event.kind) not in (About.PAYMENT, About.ACCOUNT):  # the account was read
            with suppress(Refused):
                inbox.follow(event.kind, event.account, event.objects[0], subject_id)
    found += comparing.compare(first_at, began)
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
