"""Taking everything away: ask with the password, wait, take the file."""

from __future__ import annotations

from uuid import UUID

from flask import Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from practice.calendar.rules import zones
from practice.core import clock
from practice.core.db import in_transaction, transaction
from practice.core.errors import TooMany
from practice.moving import queries
from practice.moving.forms import PasswordForm
from practice.moving.rules.runs import ExportState
from practice.moving.service import exporting
from practice.moving.views.blueprint import bp
from practice.people import signing_in
from practice.people.access import current_staff, requires, signed_in
from practice.people.queries import get_practice
from practice.people.rules import Permission


@bp.route("/export", methods=["GET", "POST"])
@requires(Permission.PRACTICE_MANAGE)
def export() -> ResponseReturnValue:
    """Offer all data of the practice as one file, and list the files that were made.

    Asking for one takes the password again: a screen left open must not give everything away.
    """
    form = PasswordForm()
    who = signed_in()
    now = clock.now()
    if form.is_submitted() and who is not None:
        status = 422
        if form.validate():
            try:
                signing_in.confirm(who.email, form.password.data or "", request.remote_addr)
                sign_in_id = who.sign_in_id
                in_transaction(lambda: exporting.ask(sign_in_id, by=current_staff()))
                flash("Your file is being put together. This page shows when it is ready.")
                return redirect(url_for(".export"))
            except signing_in.NotRight:
                form.password.errors = ["That is not your password"]
            except TooMany as wait:
                form.password.errors, status = [wait.message], 429
        return _page(form, now), status
    return _page(form, now)


def _page(form: PasswordForm, now: object) -> str:
    who = signed_in()
    runs = queries.exports()
    return render_template(
        "moving/export.html",
        form=form,
        runs=runs,
        now=now,
        sign_in_id=who.sign_in_id if who else None,
        is_waiting=any(
            each.state is ExportState.WAITING and each.ends_at > clock.now() for each in runs
        ),
    )


@bp.get("/export/<uuid:export_id>.zip")
@requires(Permission.PRACTICE_MANAGE)
def export_file(export_id: UUID) -> ResponseReturnValue:
    """Answer with the file, a piece at a time; who took it stands in the audit log."""
    who = signed_in()
    with transaction():
        run = exporting.take_away(
            export_id, who.sign_in_id if who else UUID(int=0), by=current_staff()
        )
    practice = get_practice()
    on = zones.local_date(run.created_at, practice.time_zone)
    answer = Response(exporting.body_of(run), mimetype="application/zip")
    answer.headers["Content-Disposition"] = f'attachment; filename="{practice.slug}-{on}.zip"'
    answer.content_length = run.bytes_long
    return answer
