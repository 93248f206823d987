"""Collecting instalments on their day: told some days before, charged or asked for, never pressed.

A worker's part, every hour of the day. Whether there is a card that may be charged for it, or the
client gets the link to pay, an instalment is tried three times; then a person decides.
"""

from __future__ import annotations

from datetime import date
from functools import partial
from uuid import UUID
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from practice.billing import queries, sales
from practice.billing.rules import selling
from practice.billing.rules.cards import Use
from practice.billing.rules.payments import Label
from practice.billing.rules.selling import Due
from practice.billing.sale_models import Instalment, Sale
from practice.billing.service import card_on_file, units
from practice.core import clock
from practice.core.db import db, in_transaction
from practice.core.money import Money
from practice.core.settings import settings
from practice.outbox import service as outbox
from practice.people import queries as people

MAIL = "instalment"
STOPPED = "instalment-open"
FROM_HOUR, UNTIL_HOUR = 9, 19
"""Between which hours, on the practice's clock, anybody is charged or written to."""


def collect(_practice_id: UUID) -> None:
    """Tell of instalments that come soon, and collect those whose day has come."""
    practice = people.get_practice()
    local = clock.now().astimezone(ZoneInfo(practice.time_zone))
    if not FROM_HOUR <= local.hour < UNTIL_HOUR:
        return
    today = local.date()
    for sale_id in _with_something_near(today):
        in_transaction(partial(_look, sale_id, today))


def pay_page() -> str:
    """Return the address of the page where a client pays, behind their sign-in."""
    return f"{settings().base_url}/p/{people.get_practice().slug}/sign-in?next=/me/money"


def _with_something_near(today: date) -> list[UUID]:
    waiting = db.session.scalars(
        sa.select(Sale)
        .where(
            Sale.charged_minor > 0,
            sa.exists(
                sa.select(Instalment.id).where(
                    Instalment.practice_id == Sale.practice_id,
                    Instalment.sale_id == Sale.id,
                    Instalment.stopped_at.is_(None),
                )
            ),
        )
        .order_by(Sale.id)
    ).all()
    return [
        each.sale.id
        for each in sales.standings(waiting)
        if each.open and any(due.open_minor and _is_near(due, today) for due in each.dues)
    ]


def _is_near(due: Due, today: date) -> bool:
    return due.on is not None and (due.on - today).days <= selling.NOTICE_DAYS


def _look(sale_id: UUID, today: date) -> None:
    """Do for a sale what is due today: one thing at most for each instalment."""
    sale = units.lock(sale_id)
    [standing] = sales.standings([sale])
    rows = {
        each.position: each
        for each in db.session.scalars(sa.select(Instalment).where(Instalment.sale_id == sale_id))
    }
    for due in standing.dues:
        if not due.open_minor or due.on is None or not _is_near(due, today):
            continue
        row = rows[due.position]
        if due.on > today:
            _tell_ahead(sale, row, due)
        elif queries.find_live(sale.id) is None and row.stopped_at is None:
            _collect(sale, row, due, today)
    db.session.flush()


def _tell_ahead(sale: Sale, row: Instalment, due: Due) -> None:
    if due.on is None or row.noticed_on == due.on:
        return
    row.noticed_on = due.on
    _write(sale, row, due, key=f"{MAIL}:{row.id}:{due.on.isoformat()}")


def _collect(sale: Sale, row: Instalment, due: Due, today: date) -> None:
    if due.on is None:
        return
    following = selling.next_try_on(row.tries, row.tried_on, due.on)
    if following is None:
        if row.tried_on is not None and (today - row.tried_on).days < selling.NOTICE_DAYS:
            return  # the last try may still be answered
        row.stopped_at = clock.now()
        outbox.assign(
            STOPPED,
            key=f"{STOPPED}:{row.id}",
            what="An instalment was asked for three times and is not paid. Talk to the client.",
            due_at=clock.now(),
            client_id=sale.client_id,
            about_id=sale.id,
        )
        return
    if following > today:
        return
    row.tries, row.tried_on = row.tries + 1, today
    key = f"{MAIL}:{row.id}:try:{row.tries}"
    if card_on_file.chargeable(sale.client_id, Use.INSTALMENT) is None:
        _write(sale, row, due, key=key)
        return
    card_on_file.charge(
        sale.client_id,
        for_id=sale.id,
        amount=Money(due.open_minor, sale.price.currency),
        label=Label.PACKAGE,
        use=Use.INSTALMENT,
        key=key,
        page=pay_page(),
    )


def _write(sale: Sale, row: Instalment, due: Due, *, key: str) -> None:
    outbox.post(
        MAIL,
        key=key,
        to=people.get_client(sale.client_id).email,
        about_id=sale.id,
        client_id=sale.client_id,
        facts={"position": row.position, "on": due.on.isoformat() if due.on else None},
    )
