"""A client's calendars: addresses to subscribe to, one for each device, and invitations by mail."""

from __future__ import annotations

from uuid import UUID

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from practice.calendar import subscriptions
from practice.calendar.forms import DeviceForm
from practice.calendar.models import DetailLevel, FeedSubscription, Resource
from practice.calendar.queries import booking_rules
from practice.calendar.rules.reading import PROGRAMS
from practice.calendar.service import claims, feeds
from practice.calendar.views.subscriptions import links_of
from practice.core.db import db, in_transaction
from practice.people.client_access import current_client, for_clients, this_client
from practice.people.client_views import bp
from practice.people.queries import get_practice
from practice.people.service import invite


@bp.route("/me/calendar", methods=["GET", "POST"])
@for_clients
def calendar() -> ResponseReturnValue:
    """List the client's calendar links, and make a new one."""
    form = DeviceForm()
    if not form.is_submitted() or not form.validate():
        return _page(form), 422 if form.is_submitted() else 200

    def work() -> tuple[FeedSubscription, str]:
        client_id = this_client().id
        own = db.session.get_one(Resource, (get_practice().id, claims.open_for_client(client_id)))
        wish = form.wish(DetailLevel.PLAIN)
        return feeds.subscribe(own, wish, by=current_client(), made_by=client_id)

    return _shown_once(*in_transaction(work))


@bp.post("/me/calendar/<uuid:subscription_id>/renew")
@for_clients
def renew_calendar(subscription_id: UUID) -> ResponseReturnValue:
    """Give one of the client's links another address; the old one ends at once."""

    def work() -> tuple[FeedSubscription, str]:
        own = subscriptions.get_own(subscription_id, {this_client().id})
        return own, feeds.renew(own, by=current_client())

    return _shown_once(*in_transaction(work))


@bp.post("/me/calendar/<uuid:subscription_id>/end")
@for_clients
def end_calendar(subscription_id: UUID) -> ResponseReturnValue:
    """End one of the client's links at once."""

    def work() -> str:
        own = subscriptions.get_own(subscription_id, {this_client().id})
        feeds.revoke(own, by=current_client())
        return own.label

    flash(f"{in_transaction(work)} is ended. Programs that use it get nothing any more.")
    return redirect(url_for(".calendar"), 303)


@bp.post("/me/calendar/mail")
@for_clients
def calendar_mail() -> ResponseReturnValue:
    """Say whether mails about appointments reach into the client's calendar."""
    wants = request.form.get("wants") == "yes"
    in_transaction(lambda: invite(this_client(), wants=wants, by=current_client()))
    flash("From now on, mails put appointments into your calendar." if wants else _LEFT_ALONE)
    return redirect(url_for(".calendar"), 303)


_LEFT_ALONE = "New appointments stay out of your calendar. Those that are in it are kept right."


def _shown_once(subscription: FeedSubscription, secret: str) -> str:
    """Show a secret in answer to the POST itself: a redirect would have to keep it somewhere."""
    return render_template(
        "me/calendar_link.html", subscription=subscription, programs=PROGRAMS, **links_of(secret)
    )


def _page(form: DeviceForm) -> str:
    client = this_client()
    as_practice = booking_rules().invites_clients
    return render_template(
        "me/calendar.html",
        form=form,
        subscribed=subscriptions.subscriptions([client.id]),
        programs=PROGRAMS,
        invited=as_practice if client.is_invited is None else client.is_invited,
        email=client.email,
        zone=get_practice().time_zone,
    )
