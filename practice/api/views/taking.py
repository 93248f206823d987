"""Holding a time and paying for it: the steps that a token and a link share."""

from __future__ import annotations

from collections.abc import Callable

from flask import Response
from pydantic import BaseModel

from practice.api import schemas
from practice.api.views import told
from practice.api.views.asking import form_token, write
from practice.audit.rules import VISITOR, Actor
from practice.billing.rules.payments import PaymentState
from practice.billing.service import checkout as billing
from practice.core import clock, tokens
from practice.core.db import in_transaction
from practice.people.rules import ClientDetails
from practice.sessions import queries
from practice.sessions.models import Appointment
from practice.sessions.service import booking as service


def hold(
    asked: schemas.HoldAsked,
    shown: Callable[[Appointment], BaseModel],
    *,
    by: Actor = VISITOR,
    address: str | None = None,
) -> Response:
    """Hold a time, and answer with what ``shown`` makes of it.

    ``address`` is the digest of where a visitor is, who may hold five times; a program with a
    token holds as many as it likes. Every request is a visitor of its own.
    """
    wanted = queries.get_service(asked.service)
    modality = told.way_of(wanted, asked.modality)
    token = tokens.digest(form_token() or tokens.new())
    service.settle_blockers(wanted, starts_at=asked.starts_at)
    return write(
        lambda: shown(
            service.hold(
                queries.get_service(asked.service),
                starts_at=asked.starts_at,
                modality=modality,
                browser=token,
                address=address or token,
                form_token=token,
                by=by,
            )
        ),
        status=201,
    )


def details_of(sent: schemas.Details) -> ClientDetails:
    """Return who comes, as the people room takes it."""
    return ClientDetails(
        first_name=sent.first_name,
        last_name=sent.last_name,
        email=sent.email,
        phone=sent.phone,
        is_adult_said_on=clock.now().date(),
    )


def checkout(find: Callable[[], Appointment], *, by: Actor) -> schemas.Checkout:
    """Ask for the money, and say where it is paid.

    No key is needed: while it can be paid, asking again finds the same payment.
    """
    payment = in_transaction(lambda: service.start_checkout(find(), by=by))
    if payment.state is PaymentState.OPEN:  # perhaps it was paid a moment ago
        payment = billing.sync(payment.id)
    return schemas.Checkout(
        url=billing.start(payment.id),
        amount=told.amount(payment.amount),
        ends_at=payment.checkout_ends_at,
    )
