"""The step from a page to the processor's, whatever is paid for."""

from __future__ import annotations

from collections.abc import Callable

from flask import flash, redirect
from flask.typing import ResponseReturnValue

from practice.billing.models import Payment
from practice.billing.rules.payments import PaymentState
from practice.billing.service import checkout
from practice.core.db import in_transaction
from practice.core.errors import Conflict, Unavailable


def send(ask: Callable[[], Payment], *, here: str, silent: str) -> ResponseReturnValue:
    """Send somebody to the processor's page for what ``ask`` asks for, in one transaction.

    They come to ``here`` where that cannot be: ``silent`` is said if the processor does not answer.
    """
    try:
        payment = in_transaction(ask)
        if payment.state is PaymentState.OPEN:  # perhaps it was paid in another window
            payment = checkout.sync(payment.id)
        if payment.state is PaymentState.PAID:
            return redirect(here, 303)
        return redirect(checkout.start(payment.id), 303)
    except Unavailable:
        flash(silent, "wait")
    except Conflict as refused:
        flash(refused.message, "wait")
    return redirect(here, 303)
