"""Whether one client's mails reach into their calendar, where they asked the practice by phone."""

from __future__ import annotations

from uuid import UUID

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from practice.calendar.queries import booking_rules
from practice.clients.forms import INVITED, InvitationsForm
from practice.clients.views.blueprint import bp
from practice.core.db import in_transaction
from practice.people import queries as people
from practice.people.access import current_staff, requires
from practice.people.rules import Permission
from practice.people.service import invite


@bp.route("/<uuid:client_id>/invitations", methods=["GET", "POST"])
@requires(Permission.CLIENT_EDIT)
def invitations(client_id: UUID) -> ResponseReturnValue:
    """Choose for a client what they can choose on their own page, or leave it to the practice."""
    client = people.get_client(client_id)
    form = InvitationsForm(
        data={"wants": next(word for word, wants in INVITED.items() if wants is client.is_invited)}
    )
    if not form.validate_on_submit():
        page = render_template(
            "clients/invitations.html",
            form=form,
            client=client,
            as_practice=booking_rules().invites_clients,
        )
        return page, 422 if form.is_submitted() else 200
    in_transaction(
        lambda: invite(people.get_client(client_id), wants=form.wanted, by=current_staff())
    )
    flash("The choice is saved. It counts from the next mail on.")
    return redirect(url_for(".client", client_id=client_id), 303)
