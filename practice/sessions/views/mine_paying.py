"""Paying by card for what is no single session: a sale, or a balance that was brought along."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from practice.billing import queries
from practice.billing.models import Payment
from practice.billing.rules.payments import PaymentState
from practice.billing.service import checkout
from practice.calendar.queries import booking_rules
from practice.core import clock
from practice.core.errors import Unavailable
from practice.core.settings import settings
from practice.sessions.forms import PublicForm
from practice.sessions.views.to_checkout import send

SILENT = (
    "The payment page does not answer just now. Nothing is charged twice. Try again in a minute."
)
ON_ITS_WAY = (PaymentState.CREATING, PaymentState.PROCESSING)


@dataclass(frozen=True, slots=True)
class Way:
    """Until when a checkout can be paid, and where the processor sends its client afterwards."""

    ends_at: datetime
    success_url: str
    cancel_url: str


def pay(ask: Callable[[Way], Payment], *, back: str) -> ResponseReturnValue:
    """Send a client to the processor's page for what ``ask`` asks for, in one transaction.

    ``back`` is the path of the page that waits for the money. What goes wrong is told under Money.
    """
    form, here = PublicForm(), url_for("me.money")
    if not form.validate():
        flash(next(error for errors in form.errors.values() for error in errors), "wait")
        return redirect(here, 303)
    base = settings().base_url
    ends_at = clock.now() + timedelta(minutes=booking_rules().checkout_minutes)
    way = Way(ends_at, f"{base}{back}", f"{base}{here}")
    return send(lambda: ask(way), here=here, silent=SILENT)


def wait(for_id: UUID, *, again: str) -> ResponseReturnValue:
    """Look whether the money for something has come; ``again`` is the path of this page.

    Says that it failed only after the processor did.
    """
    payment = queries.find_live(for_id)
    if payment is not None:
        try:
            payment = checkout.sync(payment.id)
        except Unavailable:
            return render_template("me/waiting.html", again=again)
        if payment.state in ON_ITS_WAY:
            return render_template("me/waiting.html", again=again)
        if payment.state is PaymentState.OPEN:
            flash("We have not seen your payment yet. Nothing was charged.", "wait")
    return redirect(url_for("me.money"), 303)
