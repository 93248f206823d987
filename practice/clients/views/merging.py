"""Making one client of two: choose, look at what will happen, do it, undo it."""

from __future__ import annotations

from uuid import UUID

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from practice.billing.forms import read_page
from practice.clients import queries
from practice.clients.rules.merging import DETAIL_WORDS, UNDO_WITHIN, in_words
from practice.clients.service import merging
from practice.clients.views.blueprint import bp
from practice.core import clock
from practice.core.db import in_transaction
from practice.core.errors import Invalid
from practice.people import queries as people
from practice.people.access import current_staff, requires
from practice.people.forms import PlainForm
from practice.people.rules import Permission


@bp.get("/<uuid:client_id>/merge")
@requires(Permission.CLIENT_EDIT)
def choose_other(client_id: UUID) -> ResponseReturnValue:
    """Find the other client, who is the same person; ``?q=`` searches as the list does."""
    client = people.get_client(client_id)
    text = request.args.get("q", client.email).strip()
    found = people.search_clients(text, read_page(request.args.get("page", "")))
    return render_template(
        "clients/choose_other.html",
        client=client,
        text=text,
        others=[each for each in found.clients if each.id != client_id],
    )


@bp.route("/<uuid:client_id>/merge/<uuid:other_id>", methods=["GET", "POST"])
@requires(Permission.CLIENT_EDIT)
def merge(client_id: UUID, other_id: UUID) -> ResponseReturnValue:
    """Show what merging the other client into this one will do, then do it."""
    kept, gone = people.get_client(client_id), people.get_client(other_id)
    if client_id == other_id:
        raise Invalid("Choose somebody else: these two are the same client.")
    form = PlainForm()
    if form.validate_on_submit():
        done = in_transaction(lambda: merging.merge(client_id, other_id, by=current_staff()))
        flash(f"{gone.name} is now part of {kept.name}. You can undo this for 30 days.")
        return redirect(url_for(".client", client_id=done.kept_id))
    plan = merging.plan(kept, gone)
    return render_template(
        "clients/merge.html",
        form=form,
        kept=kept,
        gone=gone,
        plan=plan,
        moves=in_words({table: count for table, count in plan.counts.items() if table != "claims"}),
        stays=in_words(plan.stays),
        filled=[DETAIL_WORDS[name] for name in plan.filled],
        undo_until=clock.now() + UNDO_WITHIN,
    )


@bp.route("/merges/<uuid:merge_id>/undo", methods=["GET", "POST"])
@requires(Permission.CLIENT_EDIT)
def undo_merge(merge_id: UUID) -> ResponseReturnValue:
    """Show what goes back, then make two clients of one again."""
    done = queries.get_merge(merge_id)
    kept, gone = people.get_client(done.kept_id), people.get_client(done.gone_id)
    form = PlainForm()
    if form.validate_on_submit():
        in_transaction(lambda: merging.undo(merge_id, by=current_staff()))
        flash(f"{gone.name} and {kept.name} are two clients again.")
        return redirect(url_for(".client", client_id=gone.id))
    counts: dict[str, set[str]] = {}
    for key, ids in done.moved.items():
        counts.setdefault(key.partition(".")[0], set()).update(ids)
    return render_template(
        "clients/undo_merge.html",
        form=form,
        done=done,
        kept=kept,
        gone=gone,
        moves=in_words({table: len(ids) for table, ids in counts.items() if table != "claims"}),
        is_over=clock.now() > done.undo_until,
    )
