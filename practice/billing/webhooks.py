"""The door for Stripe's events: check the signature, keep the event, try it at once.

A validly signed event is always answered with success: what does not work now is tried again by
our own worker, from our own row.
"""

import json
import logging

import stripe
from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from practice.billing.gateway import gateway
from practice.billing.linked import OWN
from practice.billing.rules import news
from practice.billing.service import inbox, linking
from practice.core.db import enter_practice, in_transaction
from practice.core.errors import Invalid
from practice.core.settings import settings
from practice.people.access import public

log = logging.getLogger(__name__)

TOLERANCE_SECONDS = 300

bp = Blueprint("stripe", __name__, url_prefix="/billing/webhooks")


@bp.post("/stripe")
@public
def receive() -> ResponseReturnValue:
    """Take an event of the installation's own account, under its secrets."""
    return _receive(settings().stripe_webhook_secrets, of_linked=False)


@bp.post("/stripe/connect")
@public
def receive_of_linked() -> ResponseReturnValue:
    """Take an event of an account that a practice has linked, under secrets of its own."""
    return _receive(settings().stripe_connect_secrets, of_linked=True)


def _receive(secrets: tuple[str, ...], *, of_linked: bool) -> ResponseReturnValue:
    """Take an event. Unsigned, stale, forged or foreign ones change nothing."""
    signed = _signed(secrets, request.get_data(), request.headers.get("Stripe-Signature"))
    if signed is None:
        log.warning("an event without a valid signature was refused")
        return "", 400
    try:
        event = news.read(json.loads(signed))
    except (ValueError, RecursionError, Invalid):
        return "", 400
    if event is None:
        return "", 204
    if event.is_live != gateway(OWN).is_live or bool(event.account) is not of_linked:
        return "", 400
    found = inbox.find(event)
    if found is None:
        if event.account:
            in_transaction(lambda: linking.park(event.account, event.id, event.kind))
        return "", 204
    enter_practice(found.practice_id)
    kept = in_transaction(lambda: inbox.keep(event, found.subject_id))
    try:
        inbox.handle(kept.id)
    except Exception:  # the event is kept, and so is the job that tries it again
        log.exception("event %s is left to the worker", event.id)
    return "", 204


def _signed(secrets: tuple[str, ...], body: bytes, signature: str | None) -> str | None:
    """Return the text of a body that one of ``secrets`` has signed in the last five minutes.

    Several secrets are tried, so that one can be replaced while both are in use.
    """
    for secret in secrets:
        try:
            stripe.WebhookSignature.verify_header(body, signature, secret, TOLERANCE_SECONDS)
            return body.decode()
        except (stripe.SignatureVerificationError, UnicodeDecodeError):
            continue
    return None
