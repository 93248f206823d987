"""Calendar links: the list, a new one with its secret shown once, another address, ending one."""

from __future__ import annotations

from urllib.parse import quote
from uuid import UUID

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from practice.calendar import subscriptions
from practice.calendar.accounts import user_name
from practice.calendar.forms import LEVEL_WORDS, AccountForm, MailForm, SubscribeForm
from practice.calendar.models import FeedSubscription, Resource
from practice.calendar.rules.reading import ACCOUNT_PROGRAMS, PROGRAMS
from practice.calendar.service import accounts, feeds
from practice.calendar.views.blueprint import bp
from practice.core.db import in_transaction
from practice.core.settings import settings
from practice.people.access import current_member, current_staff, may, requires
from practice.people.rules import Permission

NAME, ACCOUNT = "calendar", "account"


@bp.route("/subscriptions", methods=["GET", "POST"])
@requires(Permission.FEED_SUBSCRIBE)
def calendar_links() -> ResponseReturnValue:
    """List the calendar links of whoever asks, and make a new one."""
    people = _people()
    form = SubscribeForm()
    form.offer(people)
    if not form.is_submitted() or not form.validate():
        return _page(people, form), 422 if form.is_submitted() else 200
    person = next(person for person in people if person.id == form.person.data)
    subscription, secret = in_transaction(
        lambda: feeds.subscribe(
            person,
            form.wish(form.level.data),
            by=current_staff(),
            made_by=current_member().id,
        )
    )
    return _shown_once(subscription, secret)


@bp.post("/subscriptions/by-mail")
@requires(Permission.FEED_SUBSCRIBE)
def calendar_by_mail() -> ResponseReturnValue:
    """Have one's own sessions mailed, for one's calendar to take in."""
    people, form = _people(), MailForm()
    if not form.validate():
        return _page(people, mail_form=form), 422
    own = subscriptions.person_of(current_member().id)
    in_transaction(
        lambda: feeds.subscribe_by_mail(
            own, form.mail_level.data, by=current_staff(), made_by=current_member().id
        )
    )
    flash(f"Your sessions come to {current_member().email} from now on.")
    return redirect(url_for(".calendar_links"), 303)


@bp.post("/subscriptions/app-password")
@requires(Permission.FEED_SUBSCRIBE)
def open_calendar_account() -> ResponseReturnValue:
    """Make an app password, with which a program keeps in step with one calendar."""
    people, form = _people(), AccountForm(prefix=ACCOUNT)
    form.offer(people)
    if not form.validate():
        return _page(people, account_form=form), 422
    person = next(person for person in people if person.id == form.person.data)
    account, password = in_transaction(
        lambda: accounts.open_account(
            person,
            form.wish(form.level.data),
            by=current_staff(),
            made_by=current_member().id,
        )
    )
    base = settings().base_url
    return render_template(
        "calendar/account_opened.html",
        account=account,
        user_name=user_name(account.id),
        password=password,
        host=base.partition("://")[2],
        address=f"{base}{url_for('dav.calendars')}",
        account_programs=ACCOUNT_PROGRAMS,
    )


@bp.post("/subscriptions/<uuid:subscription_id>/renew")
@requires(Permission.FEED_SUBSCRIBE)
def renew_calendar_link(subscription_id: UUID) -> ResponseReturnValue:
    """Give a calendar link another address; the old one ends at once."""
    own = {person.id for person in _people()}

    def work() -> tuple[FeedSubscription, str]:
        subscription = subscriptions.get_own(subscription_id, own)
        return subscription, feeds.renew(subscription, by=current_staff())

    return _shown_once(*in_transaction(work))


@bp.post("/subscriptions/<uuid:subscription_id>/end")
@requires(Permission.FEED_SUBSCRIBE)
def end_calendar_link(subscription_id: UUID) -> ResponseReturnValue:
    """End a calendar link at once."""
    own = {person.id for person in _people()}

    def work() -> str:
        subscription = subscriptions.get_own(subscription_id, own)
        feeds.revoke(subscription, by=current_staff())
        return subscription.label

    flash(f"{in_transaction(work)} is ended. Programs that use it get nothing any more.")
    return redirect(url_for(".calendar_links"))


def links_of(secret: str) -> dict[str, str]:
    """Return the ways to a secret: to copy, for programs of this device, and for Google."""
    address = f"{settings().base_url}{url_for('calendar.feed', token=secret, name=NAME)}"
    webcal = "webcal" + address.removeprefix("https").removeprefix("http")
    google = f"https://calendar.google.com/calendar/r?cid={quote(webcal, safe='')}"
    return {"address": address, "webcal": webcal, "google": google}


def _shown_once(subscription: FeedSubscription, secret: str) -> str:
    """Show a secret in answer to the POST itself: a redirect would have to keep it somewhere."""
    return render_template(
        "calendar/subscribed.html",
        subscription=subscription,
        programs=PROGRAMS,
        **links_of(secret),
    )


def _page(
    people: list[Resource],
    form: SubscribeForm | None = None,
    *,
    mail_form: MailForm | None = None,
    account_form: AccountForm | None = None,
) -> str:
    """Draw the page with what was sent in one of its forms, and the others blank."""
    form = form or SubscribeForm(formdata=None)
    account_form = account_form or AccountForm(formdata=None, prefix=ACCOUNT)
    for each in (form, account_form):
        each.offer(people)
    own, listed = current_member().id, subscriptions.subscriptions([each.id for each in people])
    has_own = any(person.user_id == own for person in people)
    return render_template(
        "calendar/subscriptions.html",
        form=form,
        account_form=account_form,
        mail_form=mail_form or MailForm(formdata=None),
        people=people,
        may_mail=has_own
        and not any(
            each.subscription.by_mail and each.subscription.made_by == own for each in listed
        ),
        email=current_member().email,
        subscribed=listed,
        level_words=LEVEL_WORDS,
        programs=PROGRAMS,
        account_programs=ACCOUNT_PROGRAMS,
        user_name=user_name,
    )


def _people() -> list[Resource]:
    """Return whose calendars whoever asks may subscribe to, their own first."""
    own = current_member().id
    everybody = may(Permission.PRACTICE_MANAGE)
    people = subscriptions.calendars_to_subscribe(None if everybody else own)
    return sorted(people, key=lambda person: (person.user_id != own, person.user_id is None))
