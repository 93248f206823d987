"""Starting a practice: the form, the same answer for everybody, and the link in the mail."""

from __future__ import annotations

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from practice.core.errors import Conflict, PracticeError, TooMany
from practice.people import doors, signing_up
from practice.people.access import public
from practice.people.rules import DoorKind, slug_of
from practice.people.service import PracticeFacts
from practice.people.settings_forms import SLUG_RULE, SignUpForm, StartForm
from practice.people.signing_in import NotRight
from practice.people.views.blueprint import bp
from practice.people.views.signing_in import begin


@bp.route("/sign-up", methods=["GET", "POST"])
@public
def sign_up() -> ResponseReturnValue:
    """Ask for what a practice needs, and mail a link that starts it."""
    signing_up.check_open()
    form = SignUpForm()
    if not form.is_submitted():
        return _form(form)
    if not form.validate() or not _settle_slug(form):
        return _form(form, 422)
    try:
        signing_up.ask(
            _facts(form),
            owner=form.owner.data or "",
            password=form.password.data or "",
            address=request.remote_addr,
        )
    except TooMany as wait:
        form.form_errors = [wait.message]
        return (*_form(form, 429), {"Retry-After": str(wait.retry_after_seconds)})
    except Conflict:  # taken in this very moment
        form.slug.errors = [_taken(form.slug.data or "")]
        return _form(form, 422)
    return redirect(url_for(".sign_up_sent"), 303)


def _form(form: SignUpForm, status: int = 200) -> tuple[str, int]:
    return render_template("people/sign_up.html", form=form), status


def _settle_slug(form: SignUpForm) -> bool:
    """Take the name in addresses that was typed if it is free, or else make one from the name."""
    typed = form.slug.data
    if not typed:
        made = slug_of(form.name.data or "")
        form.slug.data = signing_up.propose_slug(made) if made else ""
        form.slug.errors = [] if made else [SLUG_RULE]
    elif doors.find(DoorKind.PRACTICE, typed):
        form.slug.errors = [_taken(typed)]
    return not form.slug.errors


def _taken(slug: str) -> str:
    return f"That name is taken. {signing_up.propose_slug(slug)} is free."


def _facts(form: SignUpForm) -> PracticeFacts:
    return PracticeFacts(
        name=form.name.data or "",
        slug=form.slug.data or "",
        time_zone=form.time_zone.data or "",
        locality=form.locality.data or "",
        email=form.email.data or "",
        phone=form.phone.data or "",
    )


@bp.get("/sign-up/sent")
@public
def sign_up_sent() -> ResponseReturnValue:
    """Say the same to everybody who asked."""
    signing_up.check_open()
    return render_template("people/sign_up_sent.html")


@bp.route("/sign-up/<token>", methods=["GET", "POST"])
@public
def start(token: str) -> ResponseReturnValue:
    """Start the practice that a link is about, with the password that was chosen for it."""
    practice, owner = signing_up.asked_for(token)
    form = StartForm()
    page = "people/start.html"
    shown = {"form": form, "asked": practice, "owner": owner}
    if not form.is_submitted():
        return render_template(page, **shown)
    if not form.validate():
        return render_template(page, **shown), 422
    try:
        started = signing_up.start(
            token,
            form.password.data or "",
            address=request.remote_addr,
            program=request.user_agent.string,
        )
    except (NotRight, Conflict, TooMany) as error:
        form.form_errors = [error.message]
        return render_template(page, **shown), _status(error), _headers(error)
    begin(started.token)
    if started.was_renamed:
        flash(f"Your name in addresses was taken meanwhile: it is {started.slug} now.", "wait")
    return redirect(url_for("sessions.set_up"), 303)


def _status(error: PracticeError) -> int:
    return 429 if isinstance(error, TooMany) else 409 if isinstance(error, Conflict) else 422


def _headers(error: PracticeError) -> dict[str, str]:
    if not isinstance(error, TooMany):
        return {}
    return {"Retry-After": str(error.retry_after_seconds)}
