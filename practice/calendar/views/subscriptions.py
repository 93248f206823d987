"""Calendar links: the list, a new one with its secret shown once, and ending one."""

from __future__ import annotations

from urllib.parse import quote
from uuid import UUID

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from practice.calendar import subscriptions
from practice.calendar.forms import LEVEL_WORDS, SubscribeForm
from practice.calendar.models import Resource
from practice.calendar.service import feeds
from practice.calendar.views.blueprint import bp
from practice.core.db import in_transaction, transaction
from practice.core.errors import NotFound
from practice.core.settings import settings
from practice.people.access import current_member, current_staff, may, requires
from practice.people.rules import Permission

NAME = "calendar"


@bp.route("/subscriptions", methods=["GET", "POST"])
@requires(Permission.FEED_SUBSCRIBE)
def calendar_links() -> ResponseReturnValue:
    """List the calendar links of whoever asks, and make a new one."""
    people = _people()
    form = SubscribeForm()
    form.offer(people)
    if not form.is_submitted() or not form.validate():
        page = render_template(
            "calendar/subscriptions.html",
            form=form,
            people=people,
            subscribed=subscriptions.subscriptions([person.id for person in people]),
            level_words=LEVEL_WORDS,
        )
        return page, 422 if form.is_submitted() else 200
    person = next(person for person in people if person.id == form.person.data)
    subscription, secret = in_transaction(
        lambda: feeds.subscribe(
            person,
            feeds.Wish(label=form.label.data or "", level=form.level.data),
            by=current_staff(),
            made_by=current_member().id,
        )
    )
    address = f"{settings().base_url}{url_for('.feed', token=secret, name=NAME)}"
    webcal = "webcal" + address.removeprefix("https").removeprefix("http")
    # Shown in answer to the POST itself: a redirect would have to keep the secret somewhere.
    return render_template(
        "calendar/subscribed.html",
        subscription=subscription,
        address=address,
        webcal=webcal,
        google=f"https://calendar.google.com/calendar/r?cid={quote(webcal, safe='')}",
    )


@bp.post("/subscriptions/<uuid:subscription_id>/end")
@requires(Permission.FEED_SUBSCRIBE)
def end_calendar_link(subscription_id: UUID) -> ResponseReturnValue:
    """End a calendar link at once."""
    own = {person.id for person in _people()}
    with transaction():
        subscription = subscriptions.get_subscription(subscription_id)
        if subscription.resource_id not in own:
            raise NotFound("There is no such calendar link.")
        feeds.revoke(subscription, by=current_staff())
    flash(f"The link for {subscription.label} is ended. Programs that use it get nothing any more.")
    return redirect(url_for(".calendar_links"))


def _people() -> list[Resource]:
    """Return whose calendars whoever asks may subscribe to, their own first."""
    own = current_member().id
    people = subscriptions.people_with_calendars(None if may(Permission.PRACTICE_MANAGE) else own)
    return sorted(people, key=lambda person: person.user_id != own)
