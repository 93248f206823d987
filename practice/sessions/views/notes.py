"""The note to a session: what everybody who runs the day should know, with its history."""

from __future__ import annotations

from uuid import UUID

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from practice.core.db import in_transaction
from practice.people.access import current_staff, requires
from practice.people.rules import Permission
from practice.sessions import queries
from practice.sessions.queries.notes import notes_of
from practice.sessions.service import notes
from practice.sessions.staff_forms import NoteForm, read_uuid
from practice.sessions.views.staff import bp


@bp.route("/sessions/<uuid:appointment_id>/note", methods=["GET", "POST"])
@requires(Permission.APPOINTMENT_RUN)
def note(appointment_id: UUID) -> ResponseReturnValue:
    """Show the note to a session and what it said before; on POST, write it."""
    session = queries.get_appointment(appointment_id)
    written = notes_of(appointment_id)
    newest = written[0].note if written else None
    form = NoteForm(data={"text": newest.text, "seen": newest.id} if newest else None)

    def page() -> str:
        return render_template(
            "sessions/note.html", session=session, form=form, written=notes_of(appointment_id)
        )

    if not form.is_submitted():
        return page()
    if not form.validate():
        return page(), 422
    by, seen = current_staff(), read_uuid(form.seen.data) if form.seen.data else None
    try:
        in_transaction(
            lambda: notes.write(
                queries.get_appointment(appointment_id), form.text.data or "", seen=seen, by=by
            )
        )
    except notes.WrittenMeanwhile as meanwhile:
        form.text.errors = [meanwhile.message]
        form.seen.data = str(meanwhile.note.id)
        return page(), 409
    flash("The note is kept.")
    return redirect(url_for(".appointment", appointment_id=appointment_id, _anchor="note"))
