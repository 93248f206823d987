"""For staff: who asked to be called, and what the practice's own website shows of it."""

from __future__ import annotations

from uuid import UUID

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from practice.core.db import in_transaction, transaction
from practice.core.settings import settings
from practice.people import enquiries, public_face
from practice.people.access import current_staff, requires
from practice.people.forms import PlainForm
from practice.people.queries import get_practice
from practice.people.rules import Permission
from practice.people.seen import ChangedMeanwhile, mark_of
from practice.sessions.staff_forms import OriginsForm, OwnWordsForm
from practice.sessions.views.staff import bp


@bp.get("/enquiries/<uuid:enquiry_id>")
@requires(Permission.CLIENT_VIEW)
def enquiry(enquiry_id: UUID) -> ResponseReturnValue:
    """Show whom to call, when, and whether somebody did."""
    return render_template(
        "sessions/enquiry.html",
        enquiry=enquiries.get(enquiry_id),
        task=enquiries.task_of(enquiry_id),
        form=PlainForm(),
    )


@bp.post("/enquiries/<uuid:enquiry_id>/called")
@requires(Permission.CLIENT_VIEW)
def called(enquiry_id: UUID) -> ResponseReturnValue:
    """Note that the call was made. Doing so twice is harmless."""
    with transaction():
        enquiries.called(enquiry_id, by=current_staff())
    flash("Noted: you called.")
    return redirect(url_for(".enquiry", enquiry_id=enquiry_id))


@bp.route("/settings/booking-button", methods=["GET", "POST"])
@requires(Permission.PRACTICE_MANAGE)
def booking_button() -> ResponseReturnValue:
    """Show what to put into one's own website, and say which websites may frame it."""
    practice, form, status = get_practice(), OriginsForm(), 422
    now = mark_of(practice.frame_origins)
    if form.is_submitted() and form.validate():
        origins, mark, by = form.origins.origins, form.mark, current_staff()
        try:
            in_transaction(lambda: public_face.allow_frames(origins, seen=mark, by=by))
        except ChangedMeanwhile as changed:
            form.changed(changed, now)
            status = 409
        else:
            flash("Saved. The frame works on these websites now.")
            return redirect(url_for(".booking_button"), 303)
    if not form.is_submitted():
        form.origins.data, form.seen.data = "\n".join(practice.frame_origins), now
    base = settings().base_url
    return render_template(
        "sessions/booking_button.html",
        form=form,
        book_url=f"{base}/p/{practice.slug}/book/",
        embed_url=f"{base}/p/{practice.slug}/embed/",
        allowed=practice.frame_origins,
    ), status if form.errors else 200


@bp.route("/settings/own-words", methods=["GET", "POST"])
@requires(Permission.PRACTICE_MANAGE)
def own_words() -> ResponseReturnValue:
    """Write what stands on the page "Is this right for me?" besides."""
    form, words, status = OwnWordsForm(), get_practice().own_words, 422
    if form.is_submitted() and form.validate():
        typed, mark, by = form.words.data or "", form.mark, current_staff()
        try:
            in_transaction(lambda: public_face.write_own_words(typed, seen=mark, by=by))
        except ChangedMeanwhile as changed:
            form.changed(changed, mark_of(words))
            status = 409
        else:
            flash("Saved. It stands on your page now.")
            return redirect(url_for(".own_words"), 303)
    if not form.is_submitted():
        form.words.data, form.seen.data = words, mark_of(words)
    return render_template("sessions/own_words.html", form=form), status if form.errors else 200
