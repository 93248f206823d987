"""The courses that the practice offers: the list, and one editor for each with its drawing."""

from __future__ import annotations

from uuid import UUID

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from practice.core.db import in_transaction
from practice.people.access import current_staff, may, requires
from practice.people.forms import PlainForm
from practice.people.rules import Permission
from practice.sessions.course_forms import CourseForm
from practice.sessions.models import CourseTemplateRow
from practice.sessions.queries.course_templates import (
    every_template,
    get_template,
    not_taken_over,
    versions_of,
)
from practice.sessions.rules.course_differences import course_in_words
from practice.sessions.rules.course_writing import price_cents
from practice.sessions.service import course_templates as service
from practice.sessions.service.course_templates import CourseChangedMeanwhile, FaultyCourse
from practice.sessions.views.catalog import settings_crumb
from practice.sessions.views.course_editor import (
    Editor,
    filled,
    page,
    pressed,
    refuse,
    wants_to_look,
)
from practice.sessions.views.staff import bp


@bp.get("/settings/courses")
@requires(Permission.COURSE_TEMPLATE_VIEW)
def course_templates() -> ResponseReturnValue:
    """List all courses, retired ones last, and the shipped ones that can be taken over."""
    rows = [(each, price_cents(each.document)) for each in every_template()]
    return render_template(
        "sessions/courses/templates.html",
        offered=[each for each in rows if each[0].ended_at is None],
        retired=[each for each in rows if each[0].ended_at is not None],
        shipped=not_taken_over() if may(Permission.COURSE_TEMPLATE_EDIT) else [],
        button_form=PlainForm(formdata=None),
        crumb=_settings_crumb(),
    )


@bp.post("/settings/courses/take-over")
@requires(Permission.COURSE_TEMPLATE_EDIT)
def take_over_course() -> ResponseReturnValue:
    """Offer a shipped course that the practice does not have."""
    slug = request.form.get("slug", "")
    row = in_transaction(lambda: service.take_over(slug, by=current_staff()))
    flash(f"{row.title} is offered now. Look through it: it is yours to change.")
    return redirect(url_for(".course_template", template_id=row.id), 303)


@bp.get("/settings/courses/<uuid:template_id>")
@requires(Permission.COURSE_TEMPLATE_VIEW)
def course_template(template_id: UUID) -> ResponseReturnValue:
    """Show one course: as a form beside its drawing, or for who may not change it as it is."""
    row = get_template(template_id)
    return _page(filled(CourseForm, row.document, row.version), row)


@bp.post("/settings/courses/<uuid:template_id>")
@requires(Permission.COURSE_TEMPLATE_EDIT)
def change_course_template(template_id: UUID) -> ResponseReturnValue:
    """Change one course, or do what a button inside its form says."""
    row = get_template(template_id)
    form, editor = CourseForm(), Editor.of(row.document)
    done = pressed(form, editor)
    if done:
        form, opened = done
        return _page(form, row, opened=opened), 422 if form.problems() else 200
    if wants_to_look():
        return _page(form, row)
    if not form.validate():
        form.blame(editor.faults(editor.document(form)), editor.document(form))
        return _page(form, row), 422
    document = editor.document(form)
    try:
        changed = in_transaction(
            lambda: service.change(
                template_id, document, seen=form.version.data or 0, by=current_staff()
            )
        )
    except FaultyCourse as refused:
        refuse(form, editor, refused)
        return _page(form, row), 422
    except CourseChangedMeanwhile as refused:
        form.overtaken(refused.message, get_template(template_id).version)
        return _page(form, row), 409
    flash(f"{changed.title} is saved. Courses that clients have stay as they are.")
    return redirect(url_for(".course_template", template_id=template_id), 303)


@bp.post("/settings/courses/<uuid:template_id>/copy")
@requires(Permission.COURSE_TEMPLATE_EDIT)
def copy_course_template(template_id: UUID) -> ResponseReturnValue:
    """Offer a copy of a course, to be changed."""
    row = in_transaction(lambda: service.copy(template_id, by=current_staff()))
    flash(f"This is the copy. Give it a name of its own: {row.title}.")
    return redirect(url_for(".course_template", template_id=row.id), 303)


@bp.post("/settings/courses/<uuid:template_id>/retire")
@requires(Permission.COURSE_TEMPLATE_EDIT)
def retire_course_template(template_id: UUID) -> ResponseReturnValue:
    """Offer a course no longer."""
    row = in_transaction(lambda: service.retire(template_id, by=current_staff()))
    flash(f"{row.title} is no longer offered. Courses that clients have stay.")
    return redirect(url_for(".course_templates"), 303)


@bp.post("/settings/courses/<uuid:template_id>/bring-back")
@requires(Permission.COURSE_TEMPLATE_EDIT)
def bring_back_course_template(template_id: UUID) -> ResponseReturnValue:
    """Offer a retired course again."""
    row = in_transaction(lambda: service.bring_back(template_id, by=current_staff()))
    flash(f"{row.title} is offered again.")
    return redirect(url_for(".course_templates"), 303)


def _page(form: CourseForm, row: CourseTemplateRow, *, opened: str = "") -> str:
    editor = Editor.of(row.document)
    labels = {slug: each.label for slug, each in editor.services.items()}
    return page(
        "sessions/courses/template.html",
        form,
        editor,
        opened=opened,
        row=row,
        told=course_in_words(row.document, labels),
        versions=[
            (version, told)
            for version in versions_of(row, dict(editor.services))
            for told in version.differences
        ],
        button_form=PlainForm(formdata=None),
        crumb=[*_settings_crumb(), ("Courses", url_for(".course_templates"))],
    )


def _settings_crumb() -> list[tuple[str, str]]:
    return settings_crumb() if may(Permission.PRACTICE_MANAGE) else []
