"""Asking a person, where a page cannot help: too late to change, or something is missing."""

from __future__ import annotations

from flask import flash, redirect, request, url_for
from flask.typing import ResponseReturnValue

from practice.core.db import in_transaction
from practice.people.access import public
from practice.sessions.forms import PublicForm
from practice.sessions.service import asking
from practice.sessions.service.asking import About
from practice.sessions.views.public import bp
from practice.sessions.views.showing import by_client, page, show


@bp.route("/bookings/<token>/ask", methods=["GET", "POST"])
@public
def ask(token: str) -> ResponseReturnValue:
    """Offer to have somebody call about this session, then put it on their list."""
    shown = show(token)
    asked = request.args.get("about")
    about = About.MISSING if asked == About.MISSING else About.CHANGE
    if not shown.is_ahead:
        flash("This session is over or off. Call us with any question.", "wait")
        return redirect(url_for(".booking", token=token), 303)
    form = PublicForm() if request.method == "POST" else PublicForm(formdata=None)
    if request.method == "GET":
        return page("ask", shown, form=form, about=about)
    if not form.validate():
        return page("ask", shown, form=form, about=about), form.status
    in_transaction(lambda: asking.ask(shown.appointment, about, by=by_client(shown.appointment)))
    flash("We have it, and call you. Until then nothing changes.")
    return redirect(url_for(".booking", token=token), 303)
