"""A client's account: how they are reached, whose clock counts, and where they are signed in."""

from __future__ import annotations

from flask import flash, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue

from practice.calendar.rules import zones
from practice.core.db import in_transaction
from practice.people import letting_in
from practice.people.client_access import current_client, for_clients, this_client, whoever
from practice.people.client_views import bp
from practice.people.forms import OwnDetailsForm, PlainForm
from practice.people.models import Client
from practice.people.queries import clients_at, get_practice
from practice.people.rules import US_ZONES, ClientDetails
from practice.people.service import edit_client


@bp.get("/me/account")
@for_clients
def account() -> ResponseReturnValue:
    """Show what we know of how to reach them, and the browsers that are signed in."""
    who, client = whoever(), this_client()
    return render_template(
        "me/account.html",
        client=client,
        zone_words=zones.zone_words(client.time_zone or get_practice().time_zone),
        sign_ins=letting_in.open_sign_ins(who.email),
        this_id=who.sign_in_id,
        is_family=len(clients_at(who.email)) > 1,
        form=PlainForm(),
    )


@bp.route("/me/account/details", methods=["GET", "POST"])
@for_clients
def details() -> ResponseReturnValue:
    """Change name, phone, postal address and time zone. The email is the key: staff change it."""
    client = this_client()
    form = OwnDetailsForm(obj=client)
    form.time_zone.choices = _zones_for(client)
    if not form.is_submitted():
        form.time_zone.data = client.time_zone or get_practice().time_zone
        return render_template("me/details.html", client=client, form=form)
    if not form.validate():
        return render_template("me/details.html", client=client, form=form), 422
    in_transaction(lambda: _write(form))
    session["zone"] = form.time_zone.data
    flash("Your details are saved.")
    return redirect(url_for(".account"), 303)


def _write(form: OwnDetailsForm) -> None:
    client = this_client()
    client.time_zone = form.time_zone.data
    edit_client(
        client,
        ClientDetails(
            first_name=form.first_name.data or "",
            last_name=form.last_name.data or "",
            email=client.email,
            phone=form.phone.data or "",
            address=form.address.data if form.address.data or client.address else None,
        ),
        by=current_client(),
    )


def _zones_for(client: Client) -> list[tuple[str, str]]:
    """Offer the zones of the country, the practice's own, and the one that was chosen before."""
    offered = dict(US_ZONES)
    for name in (get_practice().time_zone, client.time_zone, request.args.get("tz")):
        if name and name in zones.zone_names():
            offered.setdefault(name, zones.zone_words(name).removesuffix(" time"))
    return list(offered.items())
