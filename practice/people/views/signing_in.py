"""Signing in and out, one's own account, and the front door."""

from uuid import UUID

from flask import flash, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_login import login_user, logout_user

from practice.core import clock
from practice.core.db import transaction
from practice.core.errors import TooMany
from practice.people import queries, signing_in, typed
from practice.people.access import (
    Staff,
    current_member,
    current_staff,
    home,
    leave,
    public,
    requires,
    signed_in,
    staff_of,
)
from practice.people.forms import PlainForm, SignInForm
from practice.people.rules import Permission, safe_path
from practice.people.views.blueprint import bp


@bp.get("/")
@public
def front() -> ResponseReturnValue:
    """Send staff to their first page; show everybody else the way in, and no practice's name."""
    return redirect(home()) if signed_in() else render_template("people/front.html")


@bp.route("/sign-in", methods=["GET", "POST"])
@public
def sign_in() -> ResponseReturnValue:
    """Sign in with an e-mail address and a password."""
    form = SignInForm()
    target = safe_path(request.args.get("next"))
    page = "people/sign_in.html"
    if not form.is_submitted():
        return redirect(target or home()) if signed_in() else render_template(page, form=form)
    if not form.validate():
        return render_template(page, form=form), 422

    try:
        token = signing_in.sign_in(
            form.email.data or "",
            form.password.data or "",
            address=request.remote_addr,
            program=request.user_agent.string,
        )
    except signing_in.NotRight as wrong:
        form.form_errors = [wrong.message]
        return render_template(page, form=form), 422
    except TooMany as wait:
        form.form_errors = [wait.message]
        headers = {"Retry-After": str(wait.retry_after_seconds)}
        return render_template(page, form=form), 429, headers

    who = begin(token)
    kept = typed.take(form.typed.data or "", queries.get_practice().id, who.id)
    if kept:
        return render_template("people/send_again.html", kept=kept)
    return redirect(target or home())


def begin(token: str) -> Staff:
    """Let this browser go on as whoever has just signed in with ``token``."""
    leave()  # staff or a client: a browser is signed in as one
    session.clear()  # with it goes the former form token
    who = staff_of(token)
    login_user(who)
    return who


@bp.post("/sign-out")
@public
def sign_out() -> ResponseReturnValue:
    """End this sign-in, and forget what the browser kept of it."""
    leave()
    logout_user()
    session.clear()
    forget = {"Clear-Site-Data": '"cache", "cookies", "storage"'}
    return redirect(url_for(".sign_in")), 303, forget


@bp.get("/account")
@requires(Permission.WORK)
def account() -> ResponseReturnValue:
    """Show who is signed in, and in which browsers."""
    member = current_member()
    who = signed_in()
    return render_template(
        "people/account.html",
        member=member,
        sign_ins=queries.open_sign_ins(member.id, now=clock.now()),
        this_id=who.sign_in_id if who else None,
        form=PlainForm(),
    )


@bp.post("/account/browsers/<uuid:sign_in_id>/end")
@requires(Permission.WORK)
def end_sign_in(sign_in_id: UUID) -> ResponseReturnValue:
    """Sign one of one's own browsers out."""
    with transaction():
        signing_in.end(current_member().id, sign_in_id, by=current_staff())
    flash("That browser is signed out.")
    return redirect(url_for(".account"))
