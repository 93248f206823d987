"""Finding a client, taking one on, putting one away."""

from __future__ import annotations

from enum import StrEnum
from typing import TypeVar
from uuid import UUID

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from practice.billing.forms import read_page
from practice.clients import service
from practice.clients.directory import Wish, directory
from practice.clients.forms import ClientForm
from practice.clients.rules.listing import EMPTY, LISTS, Show, Sort
from practice.clients.views.blueprint import bp
from practice.core.db import in_transaction
from practice.core.errors import Invalid, NotAllowed
from practice.people import queries as people
from practice.people.access import current_staff, may, requires
from practice.people.forms import PlainForm
from practice.people.rules import Permission
from practice.people.service import add_client

Chosen = TypeVar("Chosen", bound=StrEnum)


@bp.get("/")
@requires(Permission.CLIENT_VIEW)
def clients() -> ResponseReturnValue:
    """List clients, 50 a page: ``?show=`` a saved list, ``?sort=`` by a column, ``?q=`` a search.

    The search takes a name, an e-mail address or a phone number, however it is written.
    """
    sees_money = may(Permission.MONEY_VIEW)
    wish = Wish(
        text=request.args.get("q", "").strip(),
        show=_choose(Show, request.args.get("show") or Show.ALL),
        sort=_choose(Sort, request.args.get("sort") or Sort.NAME),
        page=read_page(request.args.get("page", "")),
    )
    if not sees_money and (wish.show is Show.OWES or wish.sort is Sort.OWES):
        raise NotAllowed("Your role does not include this. The owner of the practice can add it.")
    return render_template(
        "clients/clients.html",
        wish=wish,
        found=directory(wish, with_money=sees_money),
        lists=[each for each in LISTS.items() if sees_money or each[0] is not Show.OWES],
        nobody=EMPTY[wish.show],
    )


def _choose(choices: type[Chosen], text: str) -> Chosen:
    if text not in set(choices):
        raise Invalid("Choose one of the lists on the page of the clients.")
    return choices(text)


@bp.route("/new", methods=["GET", "POST"])
@requires(Permission.CLIENT_EDIT)
def new() -> ResponseReturnValue:
    """Take somebody on. One with the same address is never overwritten: a task says to merge."""
    form = ClientForm()
    page = "clients/contact.html"
    if not form.is_submitted():
        return render_template(page, form=form, client=None, now=None)
    if not form.validate():
        return render_template(page, form=form, client=None, now=None), 422
    client = in_transaction(lambda: add_client(form.details(), by=current_staff()))
    flash(f"{client.name} is taken on.")
    return redirect(url_for(".client", client_id=client.id))


@bp.route("/<uuid:client_id>/archive", methods=["GET", "POST"])
@requires(Permission.CLIENT_EDIT)
def archive(client_id: UUID) -> ResponseReturnValue:
    """Say what putting a client away means, then do it; or bring them back."""
    client = people.get_client(client_id)
    form = PlainForm()
    if not form.validate_on_submit():
        return render_template("clients/archive.html", form=form, client=client)
    if client.archived_at is None:
        in_transaction(lambda: service.archive_client(client_id, by=current_staff()))
        flash(f"{client.name} is archived. Nothing was deleted.")
    else:
        in_transaction(lambda: service.bring_back(client_id, by=current_staff()))
        flash(f"{client.name} is back in the list.")
    return redirect(url_for(".client", client_id=client_id))
