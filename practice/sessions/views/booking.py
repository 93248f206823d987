"""One booking at one address, from its hold on: who, check and pay, wait, and what came of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import flash, redirect, request, url_for
from flask.typing import ResponseReturnValue

from practice.billing.rules.cards import USES, terms_of
from practice.billing.service import checkout
from practice.core import clock, tokens
from practice.core.db import in_transaction
from practice.core.errors import Conflict, Unavailable
from practice.people.access import public
from practice.people.rules import ClientDetails
from practice.sessions.forms import PLACE_OF, DetailsForm, PayForm, PublicForm, StartForm, written
from practice.sessions.models import Appointment
from practice.sessions.promo_forms import CodeForm
from practice.sessions.rules.for_clients import Step
from practice.sessions.rules.lifecycle import FIRST_VISIT
from practice.sessions.service import booking as service
from practice.sessions.service import pricing, undoing
from practice.sessions.views import kept
from practice.sessions.views.late_shown import fees_shown
from practice.sessions.views.public import bp
from practice.sessions.views.showing import by_client, page, show
from practice.sessions.views.shown import Shown
from practice.sessions.views.to_checkout import send

SILENT = (
    "The payment page does not answer just now. Your time is kept, and nothing is charged twice."
    " Try again in a minute."
)
PAGES = {
    Step.DETAILS: "details",
    Step.CHECK: "check",
    Step.ENDED: "ended",
    Step.BOOKED: "booked",
}


@bp.get("/bookings/<token>/")
@public
def booking(token: str) -> ResponseReturnValue:
    """Show a booking as it stands: the step that is next, or what was booked."""
    shown = show(token)
    if shown.step is Step.WAITING:
        return redirect(url_for(".waiting", token=token), 303)
    return at_its_step(shown)


def at_its_step(shown: Shown, *, problem: PublicForm | None = None) -> str:
    """Show the page of the step that a booking is at, and what was wrong with a button of it."""
    form = problem
    if shown.step is Step.DETAILS:
        form = details_form(shown, problem)
    shown.remember()
    again = hold_again(shown) if shown.step is Step.ENDED else None
    return page(
        PAGES[shown.step],
        shown,
        form=form,
        code_form=form if isinstance(form, CodeForm) else CodeForm(formdata=None),
        again=again,
        times=times_of(shown),
        card_terms=terms_of(shown.practice.business_name, USES).splitlines(),
        fees=fees_shown(shown.appointment),
    )


def times_of(shown: Shown) -> str:
    """Return the address of the free times of the same session type, given in the same way."""
    a = shown.appointment
    slug, place = shown.practice.slug, PLACE_OF[a.modality]
    return url_for(".times", slug=slug, service=a.service.slug, place=place)


def hold_again(shown: Shown) -> StartForm | None:
    """Return the form that holds the same time once more, where a stranger may."""
    a = shown.appointment
    if a.kind not in FIRST_VISIT or a.starts_at <= shown.now or shown.balance.paid:
        return None
    return StartForm(
        formdata=None, data={"start": written(a.starts_at), "form_token": tokens.new()}
    )


# Who comes --------------------------------------------------------------------------------------


@bp.route("/bookings/<token>/details", methods=["GET", "POST"])
@public
def details(token: str) -> ResponseReturnValue:
    """Ask who comes, or change it while the time is held."""
    shown = show(token)
    if shown.step not in (Step.DETAILS, Step.CHECK) and request.method == "GET":
        return redirect(url_for(".booking", token=token), 303)
    form = DetailsForm() if request.method == "POST" else details_form(shown)
    if request.method == "GET":
        return page("details", shown, form=form)
    kept.keep_details(form)
    if not form.validate():
        return page("details", shown, form=form), form.status
    try:
        in_transaction(
            lambda: service.give_details(
                shown.appointment, client_details(form), by=by_client(shown.appointment)
            )
        )
    except service.HoldEnded:
        return _as_it_is_now(token)
    return redirect(url_for(".booking", token=token), 303)


def details_form(shown: Shown, problem: PublicForm | None = None) -> DetailsForm:
    """Return the form of who comes: filled with who it is, or with what was typed before."""
    client = shown.appointment.client
    known: dict[str, Any] = {"adult": True} if client else {}
    for name in kept.TYPED:
        known.setdefault(name, getattr(client, name, None))
    form = DetailsForm(formdata=None, data=known | kept.details(shown.practice.id))
    if problem is not None:
        form.form_errors = [error for errors in problem.errors.values() for error in errors]
    return form


def client_details(form: DetailsForm) -> ClientDetails:
    """Return what a valid form says, as the people room takes it."""
    return ClientDetails(
        first_name=form.first_name.data or "",
        last_name=form.last_name.data or "",
        email=form.email.data or "",
        phone=form.phone.data or "",
        is_adult_said_on=clock.now().date(),
    )


@bp.post("/bookings/<token>/keep")
@public
def keep(token: str) -> ResponseReturnValue:
    """Hold the time longer. What was typed so far comes along, and stays."""
    shown, back = show(token), ".booking"
    if "first_name" in request.form:
        kept.keep_details(DetailsForm())
        back = ".details"
    return _press(shown, lambda a: service.renew(a, by=by_client(a)), back=back)


@bp.post("/bookings/<token>/undo")
@public
def undo(token: str) -> ResponseReturnValue:
    """Take back what the client did last, while nobody was told of it."""
    return _press(
        show(token),
        lambda a: undoing.undo(a, by=by_client(a)),
        done="Undone. Everything is as it was.",
    )


# Check, pay or book -----------------------------------------------------------------------------


@bp.post("/bookings/<token>/code")
@public
def code(token: str) -> ResponseReturnValue:
    """Use a code for the price that is about to be paid."""
    form, shown = CodeForm(), show(token)
    by = by_client(shown.appointment)
    if shown.step is not Step.CHECK:
        return redirect(url_for(".booking", token=token), 303)
    if not form.validate():
        return at_its_step(shown, problem=form), form.status
    text = form.code.data or ""
    try:
        done = in_transaction(lambda: pricing.use_code(shown.appointment, text, by=by))
        flash(f"Your code is used: the price is {done.price} now.")
    except service.HoldEnded:
        return _as_it_is_now(token)
    except Conflict as refused:
        form.code.errors = [refused.message]
        return at_its_step(show(token), problem=form), 409
    return redirect(url_for(".booking", token=token), 303)


@bp.post("/bookings/<token>/confirm")
@public
def confirm(token: str) -> ResponseReturnValue:
    """Book what costs nothing now."""
    return _press(show(token), lambda a: service.confirm(a, by=by_client(a)))


@bp.post("/bookings/<token>/pay")
@public
def pay(token: str) -> ResponseReturnValue:
    """Ask for the money, and send the client to the processor's page."""
    form = PayForm()
    shown = show(token)
    if not form.validate():
        return at_its_step(shown, problem=form), form.status
    here, keeps = url_for(".booking", token=token), None
    if form.keeps_card.data:
        keeps = checkout.Agreement(USES, request.remote_addr or "")
    by = by_client(shown.appointment)
    return send(
        lambda: service.start_checkout(shown.appointment, by=by, keeps=keeps),
        here=here,
        silent=SILENT,
    )


@bp.get("/bookings/<token>/waiting")
@public
def waiting(token: str) -> ResponseReturnValue:
    """Look whether the money has come. Says that it failed only after the processor did."""
    shown = show(token)
    if shown.payment_to_come is not None:
        try:
            checkout.sync(shown.payment_to_come.id)
        except Unavailable:
            return page("waiting", shown)
        shown = show(token)
    if shown.step is Step.WAITING:
        return page("waiting", shown)
    return redirect(url_for(".booking", token=token), 303)


# Buttons ----------------------------------------------------------------------------------------


def _press(
    shown: Shown,
    work: Callable[[Appointment], Appointment],
    *,
    back: str = ".booking",
    done: str = "",
) -> ResponseReturnValue:
    """Do what a button of the page asks for, then show the page as it is by then.

    ``done`` is said where the page does not show what was done.
    """
    form = PublicForm()
    if not form.validate():
        return at_its_step(shown, problem=form), form.status
    try:
        in_transaction(lambda: work(shown.appointment))
        if done:
            flash(done)
    except service.HoldEnded:
        return _as_it_is_now(shown.token)
    except Conflict as refused:
        flash(refused.message, "wait")
    return redirect(url_for(back, token=shown.token), 303)


def _as_it_is_now(token: str) -> ResponseReturnValue:
    """Show a booking that has moved on since the page that was sent."""
    shown = show(token)
    if shown.step is Step.WAITING:
        return redirect(url_for(".waiting", token=token), 303)
    if shown.step is Step.BOOKED:
        flash("This is booked already. What you sent just now changed nothing.", "wait")
    return at_its_step(shown), 409
