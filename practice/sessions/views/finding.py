"""Find my booking: the same answer for everybody, and the links by mail to whom they belong."""

from __future__ import annotations

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from practice.core.db import in_transaction
from practice.core.errors import TooMany
from practice.people import signing_in
from practice.people.access import public
from practice.people.queries import enter_by_slug
from practice.people.rules import Attempt, network_of
from practice.sessions.forms import FindForm
from practice.sessions.service.finding import send_links
from practice.sessions.views.public import bp


@bp.route("/p/<slug>/find", methods=["GET", "POST"])
@public
def find(slug: str) -> ResponseReturnValue:
    """Ask for an address; mail the links of its bookings to it."""
    practice = enter_by_slug(slug)
    form = FindForm()
    page = "public/find.html"
    if not form.is_submitted():
        return render_template(page, practice=practice, form=form)
    if not form.validate():
        return render_template(page, practice=practice, form=form), form.status
    email = form.email.data or ""
    tries = (
        (Attempt.LINKS_ADDRESS, email),
        (Attempt.LINKS_NETWORK, network_of(request.remote_addr)),
    )
    try:
        in_transaction(lambda: signing_in.spend(tries))
    except TooMany as wait:
        form.form_errors = [wait.message]
        headers = {"Retry-After": str(wait.retry_after_seconds)}
        return render_template(page, practice=practice, form=form), 429, headers
    in_transaction(lambda: send_links(email))
    return redirect(url_for(".found", slug=slug), 303)


@bp.get("/p/<slug>/find/sent")
@public
def found(slug: str) -> ResponseReturnValue:
    """Say the same to everybody who asked."""
    return render_template("public/found.html", practice=enter_by_slug(slug))
