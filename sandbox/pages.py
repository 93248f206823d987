"""The pages that a payer sees: pay, prove who you are, paid, too late. No scripts on them."""

from datetime import UTC, datetime

from flask import Blueprint, Response, current_app, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from sandbox import payform
from sandbox.cards import TestCard
from sandbox.clock import clock_time
from sandbox.errors import ApiError
from sandbox.payform import PayForm
from sandbox.resources import accounts, checkout, payment_intents, setup_intents
from sandbox.resources.payment_methods import Holder
from sandbox.store import Account, Context, Json, World
from sandbox.timetable import catch_up

bp = Blueprint("pages", __name__)
bp.add_app_template_filter(clock_time)

LISTED = 50
AUTHENTICATE = {
    "payment_intent": payment_intents.authenticate,
    "setup_intent": setup_intents.authenticate,
}
CONTENT_POLICY = "default-src 'none'; style-src 'self'; base-uri 'none'; frame-ancestors 'none'"
"""Without ``form-action``: browsers apply that to the redirect back to the shop as well."""


@bp.app_template_filter("money")
def money(amount: int, currency: str) -> str:
    """Spell an amount of cents, such as ``$120.00``."""
    figure = f"{amount / 100:,.2f}"
    return f"${figure}" if currency == "usd" else f"{figure} {currency.upper()}"


@bp.after_request
def harden(response: Response) -> Response:
    response.headers["Content-Security-Policy"] = CONTENT_POLICY
    response.headers["Cache-Control"] = "no-store"
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response


@bp.get("/")
def home() -> str:
    """Say what this server is, and list the newest payments."""
    world = _world()
    with world.lock:
        catch_up(world)
        sessions = [
            session
            for account in world.accounts.values()
            for session in account.all("checkout.session")
        ]
        return render_template("home.html", sessions=sessions[: -LISTED - 1 : -1])


@bp.get("/checkout/pay/<wanted>")
def show(wanted: str) -> AnyResponse | tuple[str, int] | str:
    """Show the pay page, or what became of the session."""
    world = _world()
    with world.lock:
        catch_up(world)
        found = world.locate("checkout.session", wanted)
        if found is None:
            return _gone()
        account, session = found
        closed = _closed(session)
        if closed is not None:
            return closed
        return _pay_page(account, session, payform.empty(_known_email(account, session)))


@bp.post("/checkout/pay/<wanted>")
def submit(wanted: str) -> AnyResponse | tuple[str, int] | str:
    """Try to pay. The clock decides first whether there is still something to pay."""
    world = _world()
    now = world.clock()
    form, card, holder = payform.read(request.form, datetime.fromtimestamp(now, UTC).date())
    with world.lock:
        catch_up(world)
        found = world.locate("checkout.session", wanted)
        if found is None:
            return _gone()
        account, session = found
        closed = _closed(session)
        if closed is not None:
            return closed
        if card is None or holder is None:
            return _pay_page(account, session, form), 422
        return _attempt(Context(world, account, now), session, form, card, holder)


@bp.get("/checkout/authenticate/<wanted>")
def challenge(wanted: str) -> AnyResponse | tuple[str, int] | str:
    """Show the bank's question whether it is really the holder who pays."""
    world = _world()
    with world.lock:
        catch_up(world)
        found = _located(world, wanted)
        if found is None:
            return _gone()
        account, intent = found
        if intent["status"] != "requires_action":
            return _after_challenge(Context(world, account, world.clock()), intent)
        return render_template("authenticate.html", intent=intent)


@bp.post("/checkout/authenticate/<wanted>")
def answer_challenge(wanted: str) -> AnyResponse | tuple[str, int] | str:
    """Take the payer's answer: ``outcome`` is ``complete`` or anything else."""
    world = _world()
    with world.lock:
        catch_up(world)
        found = _located(world, wanted)
        if found is None:
            return _gone()
        account, intent = found
        context = Context(world, account, world.clock())
        if intent["status"] == "requires_action":
            passed = request.form.get("outcome") == "complete"
            AUTHENTICATE[intent["object"]](context, intent, passed=passed)
        return _after_challenge(context, intent)


def _attempt(
    context: Context, session: Json, form: PayForm, card: TestCard, holder: Holder
) -> AnyResponse | tuple[str, int]:
    try:
        accounts.may_charge(context)
    except ApiError:  # it was open when its account was forbidden to take money
        form.refusal = "This business cannot take payments at the moment."
        return _pay_page(context.account, session, form), 402
    decline = checkout.pay(context, session, card, holder)
    if decline is not None:
        form.refusal = decline.message
        return _pay_page(context.account, session, form), 402
    if session["status"] == "complete":
        return redirect(checkout.return_url(session), 303)
    wanted = session["payment_intent"] or session["setup_intent"]
    return redirect(url_for(".challenge", wanted=wanted), 303)


def _after_challenge(context: Context, intent: Json) -> AnyResponse | tuple[str, int] | str:
    hidden = context.account.hidden[intent["id"]]
    session = context.account.find("checkout.session", hidden["session"])
    if session is None:
        if hidden["return_url"]:
            return redirect(hidden["return_url"], 303)
        return _gone()
    checkout.complete_if_paid(context, session)
    if session["status"] == "complete":
        return redirect(checkout.return_url(session), 303)
    closed = _closed(session)
    if closed is not None:
        return closed
    form = payform.empty(context.account.hidden[session["id"]]["holder"]["email"])
    error = intent.get("last_payment_error") or intent.get("last_setup_error")
    if error:
        form.refusal = error["message"]
    return _pay_page(context.account, session, form), 402


def _pay_page(account: Account, session: Json, form: PayForm) -> str:
    hidden = account.hidden[session["id"]]
    return render_template(
        "pay.html",
        session=session,
        items=hidden["line_items"],
        keeps_card=bool(hidden["setup_future_usage"]),
        takes_money=session["mode"] == "payment",
        email_is_known=_known_email(account, session) is not None,
        form=form,
    )


def _closed(session: Json) -> tuple[str, int] | None:
    """Return the page of a session that can no longer be paid, or None if it can."""
    if session["status"] == "complete":
        page = render_template("paid.html", session=session, go=checkout.return_url(session))
        return page, 200
    if session["status"] == "expired":
        return render_template("expired.html", session=session), 410
    return None


def _gone() -> tuple[str, int]:
    return render_template("missing.html"), 404


def _located(world: World, wanted: str) -> tuple[Account, Json] | None:
    """Find a payment or setup intent in whichever account has it."""
    return world.locate("payment_intent", wanted) or world.locate("setup_intent", wanted)


def _known_email(account: Account, session: Json) -> str | None:
    customer = account.find("customer", session["customer"])
    email: str | None = customer["email"] if customer else session["customer_email"]
    return email


def _world() -> World:
    world: World = current_app.extensions["world"]
    return world
