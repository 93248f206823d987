"""What a bookkeeper takes away: the files of some days, and the lock on a month."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

from flask import Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from practice.audit.service import record
from practice.billing import export_ties, locks, pdf
from practice.billing.export_forms import (
    ColumnsForm,
    LockForm,
    PeriodForm,
    UnlockForm,
    WaysForm,
)
from practice.billing.export_models import KeptExport
from practice.billing.handing_out import hand_out
from practice.billing.rules.export_ways import Ways
from practice.billing.rules.exporting import SHAPES, WORDS, Kind
from practice.billing.rules.ledger import NAMES
from practice.billing.rules.months import last_of, read_month, whole_month, why_not_locked
from practice.billing.service import export_ways, keeping_files, months
from practice.billing.views.blueprint import bp
from practice.core.db import in_transaction, transaction
from practice.core.errors import Invalid, NotFound, PracticeError
from practice.people.access import current_staff, requires
from practice.people.queries import get_practice, names_of_staff, today_here
from practice.people.rules import Permission
from practice.people.seen import ChangedMeanwhile


@bp.get("/exports")
@requires(Permission.INVOICE_EXPORT)
def exports() -> ResponseReturnValue:
    """Show the books of some days with what each file of them comes to."""
    form = _asked()
    return _page(form, 200 if form.validate() else 422)


@bp.get("/exports/file")
@requires(Permission.INVOICE_EXPORT)
def export_file() -> ResponseReturnValue:
    """Answer with one file: ``?kind=journal&month=2026-11``, or ``from=`` and ``to=``."""
    form = _asked()
    is_period = form.validate()
    wanted = request.args.get("kind", "")
    if wanted not in set(Kind):
        return _page(form, 422, wrong_kind="There is no such file. Choose one of these.")
    if not is_period:
        return _page(form, 422)
    try:
        made = hand_out(Kind(wanted), *form.period)
    except Invalid as refused:
        return _page(form, 422, wrong_kind=refused.message)
    with transaction():
        record(
            "books:export",
            by=current_staff(),
            subject_id=get_practice().id,
            file=made.name,
            sha256=made.sha256,
            adds_up=made.ties,
        )
    answer = Response(made.pieces(), content_type=made.type)
    answer.content_length = made.bytes_long
    answer.headers["Content-Disposition"] = f'attachment; filename="{made.name}"'
    answer.call_on_close(made.body.close)
    return answer


def _asked() -> PeriodForm:
    form = PeriodForm(request.args)
    form.offer(today_here(), request.args)
    return form


def _page(form: PeriodForm, status: int, *, wrong_kind: str = "") -> ResponseReturnValue:
    """Draw the page; without a period that can be read it is the form alone."""
    shown: dict[str, Any] = {"books": None}
    if not form.errors:
        first_on, last_on = form.period
        month = whole_month(first_on, last_on)
        lock = locks.standing(month) if month else None
        last = locks.locked()
        shown = {
            "books": export_ties.of_days(first_on, last_on),
            "first_on": first_on,
            "last_on": last_on,
            "month": month,
            "lock": lock,
            "is_closed": last is not None and month is not None and month < last,
            "may_lock": month is not None and not why_not_locked(month, today_here()),
            "kept": {each.kind: each for each in locks.kept(lock.id)} if lock else {},
            "days": form.as_address(),
        }
        shown["differs"] = _differs(shown["kept"].values(), shown["books"])
    every = locks.all_locks()
    return render_template(
        "billing/exports.html",
        form=form,
        wrong_kind=wrong_kind,
        locks=every,
        staff=names_of_staff(
            {one for each in every for one in (each.locked_by, each.unlocked_by) if one}
        ),
        currency=get_practice().currency,
        kinds=WORDS,
        shapes=SHAPES,
        names=NAMES,
        makes_pdf=pdf.missing() is None,
        **shown,
    ), status


def _differs(kept: Iterable[KeptExport], books: export_ties.Books) -> list[str]:
    """Name the kept files that do not come to what the books say now. There should be none."""
    return [
        SHAPES[kind].words
        for kind, each in ((Kind(each.kind), each) for each in kept)
        if kind in SHAPES
        and tuple(each.sums[column] for column in SHAPES[kind].summed) != books.sums[kind]
    ]


# The lock ----------------------------------------------------------------------------------------


@bp.route("/exports/lock", methods=["GET", "POST"])
@requires(Permission.INVOICE_EXPORT)
def lock_month() -> ResponseReturnValue:
    """Have a last look at a month, ``?month=2026-11``; on POST, lock it and keep its files."""
    month, form = _month(), LockForm()
    books = export_ties.of_days(month, last_of(month))
    now = months.seal_of(books.totals)
    if form.validate_on_submit():
        try:
            lock = in_transaction(lambda: months.lock(month, seen=form.mark, by=current_staff()))
            keeping_files.keep(lock)
            flash(f"{month:%B %Y} is locked, and its files are kept.")
            return redirect(url_for(".exports", month=f"{month:%Y-%m}"), 303)
        except ChangedMeanwhile as refused:
            books = export_ties.of_days(month, last_of(month))
            form.changed(refused, months.seal_of(books.totals))
            return _last_look(form, month, books), 409
    if not form.is_submitted():
        form.seen.data = now
    return _last_look(form, month, books), 422 if form.errors else 200


def _last_look(form: LockForm, month: date, books: export_ties.Books) -> str:
    return render_template(
        "billing/lock_month.html",
        form=form,
        month=month,
        books=books,
        lock=locks.standing(month),
        why_not=why_not_locked(month, today_here()),
        names=NAMES,
        currency=get_practice().currency,
    )


@bp.route("/exports/unlock", methods=["GET", "POST"])
@requires(Permission.PRACTICE_MANAGE)
def unlock_month() -> ResponseReturnValue:
    """Open a locked month again, with a reason."""
    month, form = _month(), UnlockForm()
    status = 422 if form.is_submitted() else 200
    if form.validate_on_submit():
        reason = form.reason.data or ""
        try:
            in_transaction(lambda: months.unlock(month, reason=reason, by=current_staff()))
            flash(f"{month:%B %Y} is open again.")
            return redirect(url_for(".exports", month=f"{month:%Y-%m}"), 303)
        except PracticeError as refused:
            form.form_errors, status = [refused.message], 409
    return render_template("billing/unlock_month.html", form=form, month=month), status


def _month() -> date:
    month = read_month(request.args.get("month", ""))
    if month is None:
        raise NotFound("Choose a month on the page of exports.")
    return month


# How files are written ---------------------------------------------------------------------------


@bp.route("/exports/ways", methods=["GET", "POST"])
@requires(Permission.INVOICE_EXPORT)
def export_settings() -> ResponseReturnValue:
    """Say how files are written: words, dates, accounts."""
    before, form = locks.ways(), WaysForm()
    if not form.is_submitted():
        form.show(before)
        form.seen.data = export_ways.mark(before)
        return _ways_page(form)
    if not form.validate():
        return _ways_page(form), 422
    try:
        in_transaction(
            lambda: export_ways.save(form.ways(locks.ways()), seen=form.mark, by=current_staff())
        )
    except ChangedMeanwhile as refused:
        form.changed(refused, export_ways.mark(locks.ways()))
        return _ways_page(form), 409
    flash("Files are written like this from now on.")
    return redirect(url_for(".exports"), 303)


def _ways_page(form: WaysForm) -> str:
    return render_template("billing/export_ways.html", form=form, names=NAMES, shapes=SHAPES)


@bp.route("/exports/columns/<file>", methods=["GET", "POST"])
@requires(Permission.INVOICE_EXPORT)
def export_columns(file: str) -> ResponseReturnValue:
    """Say what the columns of one file are called."""
    if file not in {each.value for each in SHAPES}:
        raise NotFound("There is no such file.")
    kind, before, form = Kind(file), locks.ways(), ColumnsForm()
    form.show(kind, before)
    if not form.is_submitted():
        form.seen.data = export_ways.mark(before)
        return _columns_page(form, before)
    if not form.validate():
        return _columns_page(form, before), 422
    try:
        in_transaction(
            lambda: export_ways.rename_columns(kind, form.names, seen=form.mark, by=current_staff())
        )
    except ChangedMeanwhile as refused:
        form.changed(refused, export_ways.mark(locks.ways()))
        return _columns_page(form, before), 409
    flash(f"The columns of {WORDS[kind][0]} are saved.")
    return redirect(url_for(".export_settings"), 303)


def _columns_page(form: ColumnsForm, ways: Ways) -> str:
    return render_template(
        "billing/export_columns.html",
        form=form,
        kind=form.kind,
        words=WORDS[form.kind][0],
        renamed=ways.headers.get(form.kind, {}),
    )
