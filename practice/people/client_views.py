"""A client's way in and out: ask for a link, open it or type its code, say whom it is about.

The pages behind it, ``/me/…``, are added by the rooms that know what stands on them.
"""

from __future__ import annotations

from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_login import login_user, logout_user

from practice.core import tokens
from practice.core.db import in_transaction, transaction
from practice.core.errors import TooMany
from practice.people import letting_in
from practice.people.access import leave, public
from practice.people.client_access import (
    HOME,
    KEPT,
    before_choosing,
    client_of,
    for_clients,
    is_cookie_of,
    kept_form,
    signed_in_client,
    whoever,
)
from practice.people.forms import AskLinkForm, BaseForm, CodeForm, PlainForm
from practice.people.queries import clients_at, enter_by_slug, get_practice
from practice.people.rules import safe_path

bp = Blueprint("me", __name__)

ASKED = "asked"  # the nonce in this browser's cookie, since it last asked
NEXT = "after_sign_in"
CODE_PAGE = "me/code.html"
WRONG_CODE = "That is not the code from our last email. Look again, or send a new one."


# In --------------------------------------------------------------------------------------------


@bp.route("/p/<slug>/sign-in", methods=["GET", "POST"])
@public
def sign_in(slug: str) -> ResponseReturnValue:
    """Ask for an address, and mail a link and a code to it if a client has it."""
    practice, form = enter_by_slug(slug), AskLinkForm()
    page = "me/sign_in.html"
    if not form.is_submitted():
        if is_cookie_of(practice.id) and signed_in_client():
            return redirect(_own_page(request.args.get("next")) or url_for(HOME), 303)
        _remember(request.args.get("next"))
        return render_template(page, practice=practice, form=form)
    if not form.validate():
        return render_template(page, practice=practice, form=form), 422
    email, nonce = form.email.data or "", tokens.new()
    tries = letting_in.tries_to_ask(email, request.remote_addr)
    try:
        in_transaction(lambda: letting_in.ask(email, browser=nonce, tries=tries))
    except TooMany as wait:
        return _wait(page, form, wait)
    session[ASKED] = nonce
    return redirect(url_for(".code", slug=slug), 303)


@bp.get("/p/<slug>/sign-in/code")
@public
def code(slug: str) -> ResponseReturnValue:
    """Say the same to everybody who asked, with the place for the code from the mail."""
    practice = enter_by_slug(slug)
    if ASKED not in session:
        return redirect(url_for(".sign_in", slug=slug), 303)
    return render_template(CODE_PAGE, practice=practice, form=CodeForm(formdata=None))


@bp.post("/p/<slug>/sign-in/code")
@public
def enter_code(slug: str) -> ResponseReturnValue:
    """Spend the code."""
    practice, form = enter_by_slug(slug), CodeForm()
    if not form.validate():
        return render_template(CODE_PAGE, practice=practice, form=form), 422
    try:
        token = in_transaction(
            lambda: letting_in.enter_by_code(
                form.code.data or "",
                session.get(ASKED),
                address=request.remote_addr,
                program=request.user_agent.string,
            )
        )
    except letting_in.LinkDead as dead:
        return _ask_again(slug, dead)
    except TooMany as wait:
        return _wait(CODE_PAGE, form, wait)
    if token is None:
        form.code.errors = [WRONG_CODE]
        return render_template(CODE_PAGE, practice=practice, form=form), 422
    return _let_in(practice.id, token)


@bp.get("/p/<slug>/sign-in/link/<token>")
@public
def link(slug: str, token: str) -> ResponseReturnValue:
    """Show the button that signs in. Opening the link spends nothing: scanners do it too."""
    practice = enter_by_slug(slug)
    try:
        letting_in.look_at_link(token, session.get(ASKED))
    except letting_in.LinkDead as dead:
        return _ask_again(slug, dead)
    except letting_in.OtherBrowser:
        return render_template("me/other_browser.html", practice=practice)
    return render_template("me/link.html", practice=practice, form=PlainForm(formdata=None))


@bp.post("/p/<slug>/sign-in/link/<token>")
@public
def enter(slug: str, token: str) -> ResponseReturnValue:
    """Spend the link."""
    practice = enter_by_slug(slug)
    try:
        secret = in_transaction(
            lambda: letting_in.enter_by_link(
                token, session.get(ASKED), program=request.user_agent.string
            )
        )
    except letting_in.LinkDead as dead:
        return _ask_again(slug, dead)
    except letting_in.OtherBrowser:
        return render_template("me/other_browser.html", practice=practice), 403
    return _let_in(practice.id, secret)


def _remember(target: str | None) -> None:
    """Keep where somebody wanted to go, if it is a client's page."""
    if path := _own_page(target):
        session[NEXT] = path


def _own_page(target: str | None) -> str | None:
    """Return where somebody wants to go, if it is a client's page."""
    path = safe_path(target)
    return path if path and path.startswith("/me/") else None


def _wait(page: str, form: BaseForm, wait: TooMany) -> ResponseReturnValue:
    form.form_errors = [wait.message]
    headers = {"Retry-After": str(wait.retry_after_seconds)}
    return render_template(page, practice=get_practice(), form=form), 429, headers


def _ask_again(slug: str, dead: letting_in.LinkDead) -> ResponseReturnValue:
    form = AskLinkForm(formdata=None)
    form.form_errors = [dead.message]
    practice = enter_by_slug(slug)
    return render_template("me/sign_in.html", practice=practice, form=form), 410


def _let_in(practice_id: UUID, token: str) -> ResponseReturnValue:
    """Begin a new session: whoever was signed in here before is not any more."""
    target = session.get(NEXT)
    stays = {name: session[name] for name in ("zone", KEPT) if name in session}
    leave()
    session.clear()  # with it goes the former form token
    session.update(stays)
    login_user(client_of(practice_id, token))
    return redirect(target or url_for(HOME), 303)


# Whom it is about ------------------------------------------------------------------------------


@bp.route("/me/whom", methods=["GET", "POST"])
@before_choosing
def whom() -> ResponseReturnValue:
    """Ask whom of a family with one address the pages are about."""
    who = whoever()
    form = PlainForm()
    if form.is_submitted():
        chosen = _uuid(request.form.get("client", ""))
        with transaction():
            letting_in.choose(who.sign_in_id, chosen)
        return redirect(url_for(".send_again" if KEPT in session else HOME), 303)
    return render_template("me/whom.html", people=clients_at(who.email), who=who, form=form)


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        return UUID(int=0)  # nobody's


@bp.get("/me/send-again")
@for_clients
def send_again() -> ResponseReturnValue:
    """Show what was typed when the last sign-in had ended, with a button that sends it."""
    kept = kept_form()
    if kept is None:
        return redirect(url_for(HOME), 303)
    return render_template("me/send_again.html", kept=kept)


# Out -------------------------------------------------------------------------------------------


@bp.post("/me/sign-out")
@public
def sign_out() -> ResponseReturnValue:
    """End this sign-in, and forget what the browser kept of it."""
    who = signed_in_client()
    back = url_for(".sign_in", slug=get_practice().slug) if who else url_for("people.front")
    leave()
    logout_user()
    session.clear()
    forget = {"Clear-Site-Data": '"cache", "cookies", "storage"'}
    return redirect(back), 303, forget


@bp.post("/me/browsers/<uuid:sign_in_id>/end")
@before_choosing
def end_sign_in(sign_in_id: UUID) -> ResponseReturnValue:
    """Sign one of this address's browsers out."""
    who = whoever()
    with transaction():
        letting_in.end(who.email, sign_in_id)
    flash("That browser is signed out.")
    return redirect(url_for("me.account"), 303)
