"""Finding what other programs ask for, a page at a time, and tokens, webhooks and their news."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple, TypeVar
from uuid import UUID

import sqlalchemy as sa
from flask import g

from practice.api.models import ApiToken, Delivery, DeliveryState, Webhook
from practice.api.rules.events import Event
from practice.api.rules.scopes import Scope
from practice.api.rules.wording import practice_in
from practice.billing import archive
from practice.billing.models import Invoice, Payment
from practice.billing.rules.payments import PaymentState
from practice.core import tokens
from practice.core.db import db, enter_practice
from practice.core.errors import NotFound, NotKnown
from practice.people.models import Client, Door, Practice, User
from practice.people.rules import DoorKind
from practice.sessions.models import Appointment
from practice.sessions.queries.appointments import WITH_ALL
from practice.sessions.rules.lifecycle import AppointmentState

T = TypeVar("T")
DELIVERIES_SHOWN = 50


# Tokens ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Holder:
    """Who asks: a token, as plain values. ``used_at`` is when it was last noted to be used."""

    token_id: UUID
    scopes: frozenset[Scope]
    used_at: datetime | None


def enter_by_token(token: str) -> Holder:
    """Return whose token this is, and enter its practice. One statement.

    The token names its practice, so that this is not asked first; its digest alone opens.

    Raises:
        NotKnown: if it opens nothing, or no longer.
    """
    practice_id = practice_in(token)
    if practice_id is not None:
        enter_practice(practice_id)
        asked = {"hash": tokens.digest(token), "practice_id": practice_id}
        row = db.session.connection().execute(_TOKEN, asked).one_or_none()
        if row is not None:
            known = row._asdict()
            holder = Holder(
                known.pop("token_id"),
                frozenset(map(Scope, known.pop("scopes"))),
                known.pop("used_at"),
            )
            g.practice = Practice(**known)  # of no session: it stands by itself
            return holder
    raise NotKnown("This token opens nothing. Make a new one under Settings, API.")


_TOKEN = (
    sa.select(
        *(getattr(Practice, column.key) for column in sa.inspect(Practice).columns),
        ApiToken.id.label("token_id"),
        ApiToken.scopes,
        ApiToken.used_at,
    )
    .join(ApiToken, ApiToken.practice_id == Practice.id)
    .join(Door, sa.and_(Door.practice_id == ApiToken.practice_id, Door.subject_id == ApiToken.id))
    .where(
        Door.kind == DoorKind.API_TOKEN,
        Door.hash == sa.bindparam("hash"),
        Practice.id == sa.bindparam("practice_id"),
        ApiToken.revoked_at.is_(None),
    )
)
"""Put together once, and asked of the connection: it names the practice itself."""


class ShownToken(NamedTuple):
    """A token in the list of them, with the name of who made it."""

    token: ApiToken
    made_by: str


def tokens_shown() -> list[ShownToken]:
    """Return the tokens that open something, newest first."""
    rows = db.session.execute(
        sa.select(ApiToken, User.name)
        .join(User, sa.and_(User.practice_id == ApiToken.practice_id, User.id == ApiToken.made_by))
        .where(ApiToken.revoked_at.is_(None))
        .order_by(ApiToken.created_at.desc(), ApiToken.id)
    )
    return [ShownToken(token, name) for token, name in rows]


def get_token(token_id: UUID) -> ApiToken:
    """Return one token, revoked or not.

    Raises:
        NotFound: if there is none.
    """
    return _one(sa.select(ApiToken).where(ApiToken.id == token_id), "There is no such token.")


# Pages -----------------------------------------------------------------------------------------


class After(NamedTuple):
    """Where a page begins: behind the row with this instant and id."""

    at: datetime
    id: UUID


@dataclass(frozen=True, slots=True)
class Page:
    """Some rows in order, and where the next page begins; ``None`` if this is the last."""

    rows: list[Any]
    next: After | None


def bookings(
    after: After | None,
    limit: int,
    *,
    from_at: datetime | None = None,
    until_at: datetime | None = None,
    client_id: UUID | None = None,
    state: AppointmentState | None = None,
) -> Page:
    """Return bookings by their start, whatever became of them."""
    wanted = sa.select(Appointment).options(*WITH_ALL)
    if from_at is not None:
        wanted = wanted.where(Appointment.starts_at >= from_at)
    if until_at is not None:
        wanted = wanted.where(Appointment.starts_at < until_at)
    if client_id is not None:
        wanted = wanted.where(Appointment.client_id == client_id)
    if state is not None:
        wanted = wanted.where(Appointment.state == state)
    return _page(wanted, Appointment, "starts_at", after, limit)


def clients(after: After | None, limit: int, *, email: str | None = None) -> Page:
    """Return clients in the order in which they came; those with an address only, if given."""
    wanted = sa.select(Client)
    if email is not None:
        wanted = wanted.where(Client.email == email)
    return _page(wanted, Client, "created_at", after, limit)


def invoices(after: After | None, limit: int, *, client_id: UUID | None = None) -> Page:
    """Return invoices and credit notes in the order of issue."""
    wanted = sa.select(Invoice)
    if client_id is not None:
        wanted = wanted.where(Invoice.client_id == client_id)
    return _page(wanted, Invoice, "issued_at", after, limit)


def payments(
    after: After | None,
    limit: int,
    *,
    client_id: UUID | None = None,
    booking_id: UUID | None = None,
    state: PaymentState | None = None,
) -> Page:
    """Return payments in the order in which they were asked for, whatever became of them."""
    wanted = sa.select(Payment)
    if client_id is not None:
        wanted = wanted.where(Payment.client_id == client_id)
    if booking_id is not None:
        wanted = wanted.where(Payment.for_id == booking_id)
    if state is not None:
        wanted = wanted.where(Payment.state == state)
    return _page(wanted, Payment, "created_at", after, limit)


def _page(wanted: sa.Select[Any], model: Any, key: str, after: After | None, limit: int) -> Page:
    column = getattr(model, key)
    if after is not None:
        wanted = wanted.where(
            sa.or_(column > after.at, sa.and_(column == after.at, model.id > after.id))
        )
    rows = list(db.session.scalars(wanted.order_by(column, model.id).limit(limit + 1)))
    more, rows = len(rows) > limit, rows[:limit]
    return Page(rows, After(getattr(rows[-1], key), rows[-1].id) if more else None)


# News ------------------------------------------------------------------------------------------


def webhooks() -> list[Webhook]:
    """Return the addresses that want news, newest first."""
    return list(
        db.session.scalars(
            sa.select(Webhook)
            .where(Webhook.ended_at.is_(None))
            .order_by(Webhook.created_at.desc(), Webhook.id)
        )
    )


def get_webhook(webhook_id: UUID) -> Webhook:
    """Return an address that wants news, or did.

    Raises:
        NotFound: if there is none.
    """
    return _one(sa.select(Webhook).where(Webhook.id == webhook_id), "There is no such webhook.")


def get_delivery(delivery_id: UUID) -> Delivery:
    """Return one piece of news.

    Raises:
        NotFound: if there is none.
    """
    return _one(sa.select(Delivery).where(Delivery.id == delivery_id), "There is no such news.")


def deliveries(webhook_id: UUID) -> list[Delivery]:
    """Return the latest news for one address, newest first."""
    return list(
        db.session.scalars(
            sa.select(Delivery)
            .where(Delivery.webhook_id == webhook_id)
            .order_by(Delivery.created_at.desc(), Delivery.ordinal.desc(), Delivery.id)
            .limit(DELIVERIES_SHOWN)
        )
    )


def earlier_waiting(delivery: Delivery) -> Delivery | None:
    """Return a piece of news that has to be taken first: about the same subject, and earlier."""
    return db.session.scalar(
        sa.select(Delivery)
        .where(
            Delivery.webhook_id == delivery.webhook_id,
            Delivery.subject_id == delivery.subject_id,
            Delivery.ordinal < delivery.ordinal,
            Delivery.state == DeliveryState.WAITING,
        )
        .order_by(Delivery.ordinal)
        .limit(1)
    )


def state_of(event: Event, subject_id: UUID) -> str | None:
    """Return the state that the subject of some news is in; ``None`` where it has none."""
    return STATES[event.value.partition(".")[0]](subject_id)


def _appointment_state(subject_id: UUID) -> str | None:
    found = db.session.scalar(sa.select(Appointment.state).where(Appointment.id == subject_id))
    return found.value if found else None


def _payment_state(subject_id: UUID) -> str | None:
    found = db.session.scalar(sa.select(Payment.state).where(Payment.id == subject_id))
    return found.value if found else None


def _invoice_state(subject_id: UUID) -> str | None:
    return archive.get_listed(subject_id).state.value


def _client_state(_subject_id: UUID) -> str | None:
    return None


STATES: dict[str, Callable[[UUID], str | None]] = {
    "booking": _appointment_state,
    "payment": _payment_state,
    "invoice": _invoice_state,
    "client": _client_state,
}


def _one(statement: sa.Select[T], missing: str) -> T:
    found = db.session.scalars(statement).one_or_none()
    if found is None:
        raise NotFound(missing)
    return found
