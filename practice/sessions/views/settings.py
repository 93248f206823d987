"""Settings that reach into the calendar and the money: places, time zone, payments."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from practice.billing import linked
from practice.billing.rules.linked import Standing
from practice.billing.rules.names import telling_words
from practice.calendar.queries import booking_rules
from practice.calendar.rules import zones
from practice.calendar.service import weekly
from practice.core import clock
from practice.core.db import in_transaction, take_turns
from practice.core.settings import settings
from practice.people import changing
from practice.people.access import current_staff, requires
from practice.people.forms import PlainForm
from practice.people.models import Practice
from practice.people.queries import get_practice
from practice.people.rules import US_ZONES, Permission
from practice.people.seen import ChangedMeanwhile, check, mark_of
from practice.sessions import queries
from practice.sessions.rules.lifecycle import LIVE
from practice.sessions.rules.setting_up import Step
from practice.sessions.service import moving_in
from practice.sessions.settings_forms import CalendarsForm, ZoneForm, cards_form, places_form
from practice.sessions.views.staff import bp

FAR = timedelta(days=800)
SHOWN = 5  # sessions whose times are written out in the other zone


@bp.route("/settings/places", methods=["GET", "POST"])
@requires(Permission.PRACTICE_MANAGE)
def places() -> ResponseReturnValue:
    """Say where clients come to, how they arrive, and where sessions by video are.

    Whoever came from the set-up, by ``?back=setup``, goes on there.
    """
    rules = booking_rules()
    people = weekly.people()
    form = places_form(people, address=rules.sanctuary_address, arrival_notes=rules.arrival_notes)
    shown = {"form": form, "hours_before": rules.address_hours_before}
    if not form.is_submitted():
        form.seen.data = _mark_of_places()
        return render_template("sessions/places.html", **shown)
    if not form.validate():
        return render_template("sessions/places.html", **shown), 422

    def save() -> None:
        by = current_staff()
        take_turns("places")
        check(form.mark, _mark_of_places())
        moving_in.keep_places(form.address.data or "", form.arrival_notes.data or "", by=by)
        moving_in.keep_video_rooms(form.links(), by=by)

    try:
        in_transaction(save)
    except ChangedMeanwhile as changed:
        form.changed(changed, _mark_of_places())
        return render_template("sessions/places.html", **shown), 409
    flash("The places are saved.")
    if request.args.get("back") == "setup":
        return redirect(url_for(".set_up_step", step=Step.PRACTICE), 303)
    return redirect(url_for("people.settings"), 303)


@bp.route("/settings/calendars", methods=["GET", "POST"])
@requires(Permission.PRACTICE_MANAGE)
def calendars() -> ResponseReturnValue:
    """Say what reaches into clients' calendars, and whether these know the street."""
    rules = booking_rules()
    where = "calendar" if rules.address_in_calendars else "portal"
    form = CalendarsForm(data={"invites_clients": rules.invites_clients, "address": where})
    if not form.is_submitted() or not form.validate():
        hours = rules.address_hours_before
        page = render_template("sessions/calendars.html", form=form, hours_before=hours)
        return page, 422 if form.is_submitted() else 200
    in_transaction(
        lambda: moving_in.keep_calendars(
            invites_clients=form.invites_clients.data,
            address_in_calendars=form.address.data == "calendar",
            by=current_staff(),
        )
    )
    flash("Saved. Calendars follow within minutes.")
    return redirect(url_for("people.settings"), 303)


def _mark_of_places() -> str:
    """Return the mark of where clients come to and where sessions by video are."""
    rules = booking_rules()
    links = [(each.id, each.video_link) for each in weekly.people()]
    return mark_of(rules.sanctuary_address, rules.arrival_notes, links)


# The time zone ---------------------------------------------------------------------------------


@bp.route("/settings/zone", methods=["GET", "POST"])
@requires(Permission.PRACTICE_MANAGE)
def zone() -> ResponseReturnValue:
    """Say what moving to another zone (``?zone=``) changes and what it leaves; then move."""
    practice = get_practice()
    form = ZoneForm(request.args) if request.method == "GET" else ZoneForm()
    form.zone.offer(practice.time_zone)
    if form.is_submitted():
        if not form.validate():
            return _zone_page(form, None), 422
        chosen = form.zone.data
        in_transaction(lambda: changing.move_zone(chosen, by=current_staff()))
        flash(
            f"Your practice is in {zones.zone_words(chosen)} now. What is booked kept its moment."
        )
        return redirect(url_for(".zone"), 303)
    chosen = form.zone.data if form.zone.data in dict(US_ZONES) else None
    return _zone_page(form, None if chosen == practice.time_zone else chosen)


def _zone_page(form: ZoneForm, chosen: str | None) -> str:
    now = clock.now()
    ahead = queries.between(now, now + FAR, states=LIVE) if chosen else []
    return render_template(
        "sessions/zone.html",
        form=form,
        zones=US_ZONES,
        zone_words=zones.zone_words,
        chosen=chosen,
        ahead=ahead[:SHOWN],
        total=len(ahead),
        now=now,
    )


# Payments --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Cards:
    """How cards are taken. They ``can_be`` on, if the practice wants that.

    ``telling`` are words of the business name that banks should not see.

    ``standing`` is where the practice's own account at Stripe stands; nothing where it has none,
    or where ``links`` says that here nobody links one.
    """

    are_on: bool
    can_be: bool
    links: bool
    standing: Standing | None
    account_name: str
    are_pretend: bool
    are_real: bool
    telling: list[str]


def cards_of(practice: Practice) -> Cards:
    """Say how a practice is paid by card, and what its name gives away."""
    config = settings()
    account = linked.current() if config.is_platform else None
    name = account.name if account else ""
    return Cards(
        are_on=linked.takes_cards(),
        can_be=linked.can_take_cards(),
        links=config.is_platform,
        standing=account.standing if account else None,
        account_name=name,
        are_pretend=config.payments_sandbox,
        are_real=config.moves_real_money,
        telling=telling_words(practice.business_name, practice.neutral_name, name),
    )


@bp.route("/settings/payments", methods=["GET", "POST"])
@requires(Permission.PRACTICE_MANAGE)
def payment_settings() -> ResponseReturnValue:
    """Show whether cards are on, whether they are real, and what banks see; switch them."""
    form = cards_form(get_practice())
    if form.is_submitted() and form.validate():
        in_transaction(lambda: changing.switch_cards(are_on=form.are_on, by=current_staff()))
        flash(
            "Cards are on." if form.are_on else "Cards are off for now. Clients pay at the visit."
        )
        return redirect(url_for(".payment_settings"), 303)
    page = render_template(
        "sessions/payments.html",
        form=form,
        cards=cards_of(get_practice()),
        button_form=PlainForm(formdata=None),
    )
    return page, 422 if form.errors else 200
