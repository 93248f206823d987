"""Bringing over: choose a file, say which column is which, look, do it, watch it, undo it."""

from __future__ import annotations

from collections import Counter
from typing import Any
from uuid import UUID

from flask import abort, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from practice.core.db import in_transaction
from practice.core.errors import Conflict, Invalid
from practice.moving import queries
from practice.moving.forms import UploadForm, columns_form
from practice.moving.models import ImportRun
from practice.moving.rules.columns import COLUMNS, missing
from practice.moving.rules.runs import NAMES, RunState, What
from practice.moving.rules.tables import LARGEST_BYTES, MOST_ROWS
from practice.moving.service import importing
from practice.moving.views.blueprint import bp
from practice.moving.views.events import look_at_events
from practice.people.access import current_staff, requires, takes
from practice.people.forms import PlainForm
from practice.people.rules import Permission

PROBLEMS_SHOWN = 100
ROWS_SHOWN = 5
UNDONE = "The import is undone. Everything is as it was before it."
UNDONE_CALENDAR = (
    "The import is undone: its sessions are cancelled without a fee, and its time is free again."
)


@bp.get("/import")
@requires(Permission.PRACTICE_MANAGE)
def imports() -> ResponseReturnValue:
    """Offer what can be brought over, and list what was."""
    return render_template(
        "moving/imports.html", names=NAMES, runs=queries.imports(), form=PlainForm()
    )


@bp.route("/import/<what>", methods=["GET", "POST"])
@requires(Permission.PRACTICE_MANAGE)
@takes(LARGEST_BYTES + 100_000)
def upload(what: str) -> ResponseReturnValue:
    """Take a file in, and look at it. Nothing of it is in the practice yet."""
    if what not in set(What):
        abort(404)
    kind = What(what)
    form = UploadForm()
    page: dict[str, Any] = {
        "what": kind,
        "name": NAMES[kind],
        "columns": COLUMNS.get(kind, ()),
        "most_rows": MOST_ROWS,
        "most_mb": LARGEST_BYTES // 1_000_000,
        "form": form,
    }
    if not form.is_submitted():
        return render_template("moving/upload.html", **page)
    if not form.validate():
        return render_template("moving/upload.html", **page), 422
    try:
        body = form.body(most_rows=None if kind is What.CALENDAR else MOST_ROWS)
        name = form.file.data.filename or ""
        seen, by = importing.look(kind, body), current_staff()
        run = in_transaction(lambda: importing.receive(kind, name, seen, by=by))
    except Invalid as wrong:
        form.file.errors = [wrong.message]
        return render_template("moving/upload.html", **page), 422
    return redirect(url_for(".import_run", run_id=run.id))


@bp.route("/import/runs/<uuid:run_id>", methods=["GET", "POST"])
@requires(Permission.PRACTICE_MANAGE)
def import_run(run_id: UUID) -> ResponseReturnValue:
    """Show an import where it stands. POST says which column is which, or whose time it is."""
    run = queries.get_import(run_id)
    if run.state is not RunState.CHECKED:
        notes = [(*note, "")[:4] for note in run.notes["rows"]]
        return render_template(
            "moving/run.html", run=run, name=NAMES[run.what], notes=notes, form=PlainForm()
        )
    return look_at_events(run) if run.what is What.CALENDAR else _look_at_table(run)


def _look_at_table(run: ImportRun) -> ResponseReturnValue:
    table = importing.table_of(run)
    columns = COLUMNS[run.what]
    form = columns_form(columns, table, run.choices)
    status = 200
    if form.is_submitted():
        if form.validate():
            try:
                in_transaction(lambda: importing.choose(run.id, form.chosen()))
                return redirect(url_for(".import_run", run_id=run.id))
            except Invalid as wrong:
                form.form_errors = [wrong.message]
        status = 422
    lacking = missing(columns, run.choices)
    judged = None if lacking else importing.check(run).judged
    problems = judged.problems if judged else []
    labels = {column.name: column.label for column in columns}
    page = render_template(
        "moving/columns.html",
        run=run,
        name=NAMES[run.what],
        form=form,
        columns=columns,
        table=table,
        rows=table.rows[:ROWS_SHOWN],
        lacking=lacking,
        good=len(judged.good) if judged else 0,
        left_out=len({each.row for each in problems}),
        problems=problems[:PROBLEMS_SHOWN],
        more_problems=max(0, len(problems) - PROBLEMS_SHOWN),
        labels=labels,
        kinds=Counter(each.words for each in problems).most_common(5),
    )
    return page, status


@bp.post("/import/runs/<uuid:run_id>/start")
@requires(Permission.PRACTICE_MANAGE)
def start_import(run_id: UUID) -> ResponseReturnValue:
    """Have a worker bring everything over that can be."""
    in_transaction(lambda: importing.start(run_id, by=current_staff()))
    return redirect(url_for(".import_run", run_id=run_id))


@bp.post("/import/runs/<uuid:run_id>/discard")
@requires(Permission.PRACTICE_MANAGE)
def discard_import(run_id: UUID) -> ResponseReturnValue:
    """Throw a file away that was only looked at."""
    in_transaction(lambda: importing.discard(run_id, by=current_staff()))
    flash("The file is thrown away. Nothing was brought over.")
    return redirect(url_for(".imports"))


@bp.route("/import/runs/<uuid:run_id>/undo", methods=["GET", "POST"])
@requires(Permission.PRACTICE_MANAGE)
def undo_import(run_id: UUID) -> ResponseReturnValue:
    """Say what an undo takes back, then take back all of it or nothing."""
    run = queries.get_import(run_id)
    form = PlainForm()
    page = "moving/undo.html"
    if not form.validate_on_submit():
        return render_template(page, run=run, name=NAMES[run.what], form=form, refused=None)
    try:
        in_transaction(lambda: importing.undo(run_id, by=current_staff()))
    except Conflict as refused:
        run = queries.get_import(run_id)
        shown = render_template(
            page, run=run, name=NAMES[run.what], form=form, refused=refused.message
        )
        return shown, 409
    flash(UNDONE_CALENDAR if run.what is What.CALENDAR else UNDONE)
    return redirect(url_for(".imports"))
