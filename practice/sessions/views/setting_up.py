"""Setting up: six steps, each with what is shipped, a short form, and a way past it."""

from __future__ import annotations

from collections.abc import Sequence

from flask import abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from practice.core.db import in_transaction
from practice.people import changing
from practice.people.access import current_staff, requires
from practice.people.queries import get_practice
from practice.people.rules import Permission
from practice.people.seen import mark_of
from practice.sessions.rules.setting_up import (
    LABELS,
    PUT_AWAY,
    How,
    Step,
    after,
    number_words,
    progress,
)
from practice.sessions.views.set_up_steps import PAGES, Page, public_address
from practice.sessions.views.staff import bp


@bp.get("/settings/setup")
@requires(Permission.PRACTICE_MANAGE)
def set_up() -> ResponseReturnValue:
    """Show how far the set-up is, and where it goes on."""
    return render_template(
        "sessions/setup/setup.html",
        steps=list(Step),
        labels=LABELS,
        progress=progress(get_practice().set_up),
        address=public_address(),
    )


@bp.route("/settings/setup/<step>", methods=["GET", "POST"])
@requires(Permission.PRACTICE_MANAGE)
def set_up_step(step: str) -> ResponseReturnValue:
    """Show one step; save it, keep what is shipped, or pass it by."""
    if step not in set(Step):
        abort(404)
    here = Step(step)
    page = PAGES[here]()
    if request.method == "GET" or "look" in request.form:
        return _shown(here, page)
    if "skip" in request.form:
        return _go_on(here, How.SKIPPED)
    if "keep" in request.form:
        return _go_on(here, How.DONE)
    if page.save is None or not page.form.validate():
        return _shown(here, page, 422)
    asked = page.asks()
    if asked and request.form.get("sure") != mark_of(asked):
        return _shown(here, page, 422, asked)
    in_transaction(page.save)
    page.after_saving()
    return _go_on(here, How.DONE)


@bp.post("/settings/setup-put-away")
@requires(Permission.PRACTICE_MANAGE)
def put_set_up_away() -> ResponseReturnValue:
    """Remind nobody of the set-up on Today any more. It stays where it is."""
    in_transaction(lambda: changing.note_step(PUT_AWAY, How.DONE, by=current_staff()))
    flash("Put away. The set-up waits under Settings.")
    return redirect(url_for(".today"), 303)


def _shown(
    step: Step, page: Page, status: int = 200, asked: Sequence[str] = ()
) -> ResponseReturnValue:
    return render_template(
        f"sessions/setup/{step}.html",
        form=page.form,
        step=step,
        label=LABELS[step],
        number=number_words(step),
        progress=progress(get_practice().set_up),
        asked=asked,
        sure=mark_of(asked),
        **page.facts,
    ), status


def _go_on(step: Step, how: How) -> ResponseReturnValue:
    """Remember how a step ended, and lead to the next one that is open, if there is one."""

    def note() -> Step | None:
        changing.note_step(step, how, by=current_staff())
        return after(step, progress(changing.written().set_up))

    following = in_transaction(note)
    if following is None:
        return redirect(url_for(".set_up"), 303)
    return redirect(url_for(".set_up_step", step=following), 303)
