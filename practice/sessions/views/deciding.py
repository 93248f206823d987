"""Before anybody books: is this right for me, what it costs, call me, and the button elsewhere."""

from __future__ import annotations

from collections.abc import Sequence

from flask import make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from practice.billing import linked
from practice.core import tokens
from practice.core.db import in_transaction
from practice.core.errors import TooMany
from practice.core.policy import content_policy
from practice.core.settings import settings
from practice.people import enquiries
from practice.people.access import public
from practice.people.enquiries import CallBack
from practice.people.queries import enter_by_slug
from practice.sessions import queries
from practice.sessions.forms import EnquiryForm
from practice.sessions.models import Service
from practice.sessions.rules.lifecycle import SessionKind
from practice.sessions.views.public import bp, card_of


@bp.get("/p/<slug>/right-for-me/")
@public
def right_for_me(slug: str) -> ResponseReturnValue:
    """Say what it is, what it can do, what it risks, where it ends, and for whom it is not."""
    practice = enter_by_slug(slug)
    return render_template(
        "public/right_for_me.html", practice=practice, first=first_call(queries.services())
    )


@bp.get("/p/<slug>/prices/")
@public
def prices(slug: str) -> ResponseReturnValue:
    """List every session type with its length, its price and how one comes to it."""
    practice = enter_by_slug(slug)
    services = queries.services()
    return render_template(
        "public/prices.html",
        practice=practice,
        cards=[card_of(service) for service in services],
        first=first_call(services),
        takes_cards=linked.takes_cards(),
    )


@bp.route("/p/<slug>/call-me/", methods=["GET", "POST"])
@public
def call_me(slug: str) -> ResponseReturnValue:
    """Ask whom to call and when: staff get a task. No clinical question."""
    practice = enter_by_slug(slug)
    page = "public/call_me.html"
    if request.method == "GET":
        form = EnquiryForm(formdata=None, data={"form_token": tokens.new()})
        return render_template(page, practice=practice, form=form)
    form = EnquiryForm()
    if not form.validate():
        return render_template(page, practice=practice, form=form), form.status
    wish = CallBack(
        name=form.name.data or "",
        phone=form.phone.data or "",
        email=form.email.data or "",
        when=form.when.data or "",
    )
    token = form.form_token.data or tokens.new()
    try:
        in_transaction(
            lambda: enquiries.ask_for_call(wish, form_token=token, address=request.remote_addr)
        )
    except TooMany as wait:
        form.form_errors = [wait.message]
        headers = {"Retry-After": str(wait.retry_after_seconds)}
        return render_template(page, practice=practice, form=form), 429, headers
    return redirect(url_for(".will_call", slug=slug), 303)


@bp.get("/p/<slug>/call-me/sent")
@public
def will_call(slug: str) -> ResponseReturnValue:
    """Say what happens next."""
    return render_template("public/will_call.html", practice=enter_by_slug(slug))


@bp.get("/p/<slug>/embed/")
@public
def embed(slug: str) -> ResponseReturnValue:
    """Show what can be booked, in a frame of the practice's own website.

    The one page that may be framed, by the websites that the practice named. Its links open in
    a window of their own: a frame on another site is given no cookies to book with.
    """
    practice = enter_by_slug(slug)
    cards = [card_of(service) for service in queries.services()]
    answer = make_response(
        render_template(
            "public/embed.html",
            practice=practice,
            cards=[card for card in cards if not card.comes_first],
        )
    )
    answer.headers["Content-Security-Policy"] = content_policy(settings(), practice.frame_origins)
    return answer


def first_call(services: Sequence[Service]) -> Service | None:
    """Return the service of the first call, if the practice offers one."""
    return next((each for each in services if each.kind is SessionKind.CONSULT), None)
