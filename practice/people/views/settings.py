"""The settings of a practice that this room keeps: what it is called, and how it looks."""

from __future__ import annotations

from flask import flash, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from practice.core import colour
from practice.core.db import in_transaction
from practice.core.errors import Invalid
from practice.people import changing
from practice.people.access import current_staff, public, requires
from practice.people.queries import changes, enter_by_slug, get_practice
from practice.people.rules import Permission
from practice.people.seen import ChangedMeanwhile
from practice.people.settings import entries
from practice.people.settings_forms import LookForm, PracticeForm
from practice.people.views.blueprint import bp

KEPT_SECONDS = 7 * 24 * 60 * 60
"""A browser asks for a look again after a week; a new colour has a new address at once."""


@bp.get("/settings/")
@requires(Permission.PRACTICE_MANAGE)
def settings() -> ResponseReturnValue:
    """List what can be set, each with what it is for, and what was set lately."""
    return render_template("people/settings.html", entries=entries(), changes=changes())


@bp.route("/settings/practice", methods=["GET", "POST"])
@requires(Permission.PRACTICE_MANAGE)
def practice_settings() -> ResponseReturnValue:
    """Change what the practice says of itself."""
    page, form = "people/practice.html", PracticeForm(obj=get_practice())
    now = changing.mark_of_facts(get_practice(), form.facts())
    if not form.is_submitted():
        form.seen.data = now
        return render_template(page, form=form)
    if not form.validate():
        return render_template(page, form=form), 422
    try:
        in_transaction(lambda: changing.edit(form.facts(), seen=form.mark, by=current_staff()))
    except ChangedMeanwhile as refused:
        form.changed(refused, now)
        return render_template(page, form=form), 409
    flash("The practice is saved.")
    return redirect(url_for(".settings"), 303)


@bp.route("/settings/look", methods=["GET", "POST"])
@requires(Permission.PRACTICE_MANAGE)
def look() -> ResponseReturnValue:
    """Choose the one colour of the pages for clients."""
    form = LookForm(obj=get_practice())
    now = changing.mark_of_facts(get_practice(), ["accent"])
    if not form.is_submitted():
        form.seen.data = now
        return render_template("people/look.html", form=form)
    if not form.validate():
        return render_template("people/look.html", form=form), 422
    try:
        in_transaction(lambda: changing.paint(form.colour, seen=form.mark, by=current_staff()))
    except ChangedMeanwhile as refused:
        form.changed(refused, now)
        return render_template("people/look.html", form=form), 409
    except Invalid as refused:
        form.accent.errors = [refused.message]
        return render_template("people/look.html", form=form), 422
    flash("The color is saved." if form.colour else "Your pages have the color they came with.")
    return redirect(url_for(".look"), 303)


@bp.get("/p/<slug>/look.css")
@public
def look_css(slug: str) -> ResponseReturnValue:
    """Return the practice's colour as the few lines that follow the style sheet of all."""
    accent = enter_by_slug(slug).accent
    text = render_template("people/look.css", look=colour.look_of(accent)) if accent else ""
    answer = make_response(text, {"Content-Type": "text/css; charset=utf-8"})
    answer.headers["Cache-Control"] = f"public, max-age={KEPT_SECONDS}"
    answer.add_etag()
    return answer.make_conditional(request)
