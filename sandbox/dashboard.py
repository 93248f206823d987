"""What happens at Stripe without the application: in a dashboard, at a bank, at Stripe itself.

Under ``/_sandbox`` like ``control``, for this machine alone. An ``account`` that is left out, or
empty, is the platform's own.
"""

from flask import Blueprint, Response, jsonify

from sandbox import control
from sandbox.control import given, place, world_here
from sandbox.errors import ApiError, invalid
from sandbox.resources import accounts, balance_transactions, checkout, disputes, payouts, refunds
from sandbox.store import PLATFORM, Context
from sandbox.timetable import catch_up

bp = Blueprint("dashboard", __name__, url_prefix="/_sandbox")
bp.before_request(control.only_this_machine)
bp.register_error_handler(ApiError, control.refuse)


@bp.post("/refunds")
def refund() -> Response:
    """Refund a ``charge`` (all of it, or ``amount`` cents) without the application's doing."""
    asked = given()
    with place("charge", asked.get("charge", "")) as (context, charge):
        return jsonify(refunds.give_back(context, charge, amount=asked.get("amount")))


@bp.post("/refunds/<wanted>/settle")
def settle_refund(wanted: str) -> Response:
    """Bring a pending refund, or one to a failing card, to its end now."""
    with place("refund", wanted) as (context, kept):
        return jsonify(refunds.settle(context, kept["id"]))


@bp.post("/sessions/<wanted>/expire")
def expire_session(wanted: str) -> Response:
    """Let an open Checkout Session expire now, as if its time had come."""
    with place("checkout.session", wanted) as (context, session):
        checkout.end(context, session)
        return jsonify(session)


# Disputes ----------------------------------------------------------------------------------------


@bp.post("/disputes")
def dispute() -> Response:
    """Let the bank dispute a ``charge`` for a ``reason``; as an ``inquiry`` it only asks."""
    asked = given()
    with place("charge", asked.get("charge", "")) as (context, charge):
        return jsonify(
            disputes.begin(
                context,
                charge,
                reason=asked.get("reason", "general"),
                inquiry=bool(asked.get("inquiry")),
            )
        )


@bp.post("/disputes/<wanted>/submit")
def submit_evidence(wanted: str) -> Response:
    """Answer a dispute with ``evidence``, as its owner does in the dashboard."""
    with place("dispute", wanted) as (context, kept):
        return jsonify(disputes.submit(context, kept, given().get("evidence") or {}))


@bp.post("/disputes/<wanted>/close")
def close_dispute(wanted: str) -> Response:
    """Let the bank decide: ``won`` is true or false."""
    with place("dispute", wanted) as (context, kept):
        return jsonify(disputes.close(context, kept, won=bool(given().get("won"))))


# Money -------------------------------------------------------------------------------------------


@bp.post("/payouts")
def pay_out() -> Response:
    """Pay out what an ``account`` has available, with ``pending`` true all that it has."""
    world, asked = world_here(), given()
    with world.lock:
        catch_up(world)
        context = Context(world, world.account(asked.get("account", PLATFORM)), world.clock())
        return jsonify(payouts.send(context, with_pending=bool(asked.get("pending"))))


@bp.post("/payouts/<wanted>/arrive")
def let_arrive(wanted: str) -> Response:
    """Let a payout reach the bank now."""
    with place("payout", wanted) as (context, payout):
        return jsonify(payouts.arrive(context, payout["id"]))


@bp.post("/payouts/<wanted>/fail")
def let_fail(wanted: str) -> Response:
    """Let the bank send a payout back."""
    with place("payout", wanted) as (context, payout):
        return jsonify(payouts.fail(context, payout))


@bp.post("/fees")
def take_fee() -> Response:
    """Let Stripe take ``amount`` cents of an ``account`` for a service of its own."""
    world, asked = world_here(), given()
    amount = asked.get("amount")
    if not isinstance(amount, int) or amount <= 0:
        raise invalid("`amount` must be a positive number of cents.", param="amount")
    with world.lock:
        context = Context(world, world.account(asked.get("account", PLATFORM)), world.clock())
        moved = balance_transactions.post(
            context, "stripe_fee", source=None, amount=-amount, currency="usd", category="fee"
        )
        return jsonify(moved)


# Connected accounts ------------------------------------------------------------------------------


@bp.post("/accounts/<wanted>/onboard")
def onboard(wanted: str) -> Response:
    """Fill in the onboarding page of an account, with the business ``name`` that banks see."""
    with world_here().lock:
        return jsonify(accounts.onboard(world_here(), wanted, name=given().get("name", "Sandbox")))


@bp.post("/accounts/<wanted>/switch")
def switch(wanted: str) -> Response:
    """Let an account charge (``charges`` true), or forbid it as Stripe does."""
    with world_here().lock:
        return jsonify(accounts.switch(world_here(), wanted, on=bool(given().get("charges"))))


@bp.post("/accounts/<wanted>/let-go")
def let_go(wanted: str) -> Response:
    """End the connection from the account's side."""
    with world_here().lock:
        return jsonify(accounts.let_go(world_here(), wanted))
