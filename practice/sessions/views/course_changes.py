"""Changing one client's course: the same editor as for templates, with a reason."""

from __future__ import annotations

from uuid import UUID

from flask import current_app, flash, redirect, url_for
from flask.typing import ResponseReturnValue

from practice.core.db import in_transaction
from practice.people.access import current_staff, requires
from practice.people.rules import Permission
from practice.sessions.course_forms import ChangeCourseForm
from practice.sessions.models import Course
from practice.sessions.queries.course_changes import (
    changes_of_course,
    course_with_steps,
    settled_keys,
)
from practice.sessions.service.course_changes import change_course
from practice.sessions.service.course_templates import CourseChangedMeanwhile, FaultyCourse
from practice.sessions.views.course_editor import (
    Editor,
    filled,
    page,
    pressed,
    refuse,
    wants_to_look,
)
from practice.sessions.views.staff import bp

COURSE_PAGE = "sessions.course"


@bp.get("/courses/<uuid:course_id>/change")
@requires(Permission.COURSE_CHANGE)
def course_change(course_id: UUID) -> ResponseReturnValue:
    """Show one client's course as a form beside its drawing."""
    course = course_with_steps(course_id)
    return _page(filled(ChangeCourseForm, course.document, course.version), course)


@bp.post("/courses/<uuid:course_id>/change")
@requires(Permission.COURSE_CHANGE)
def keep_course_change(course_id: UUID) -> ResponseReturnValue:
    """Change one client's course, with a reason, or do what a button inside its form says."""
    course = course_with_steps(course_id)
    form, editor = ChangeCourseForm(), _editor(course)
    done = pressed(form, editor)
    if done:
        form, opened = done
        return _page(form, course, opened=opened), 422 if form.problems() else 200
    if wants_to_look():
        return _page(form, course)
    document = editor.document(form)
    if not form.validate():
        form.blame(editor.faults(document), document)
        return _page(form, course), 422
    try:
        in_transaction(
            lambda: change_course(
                course_id,
                document,
                seen=form.version.data or 0,
                reason=form.reason.data or "",
                by=current_staff(),
            )
        )
    except FaultyCourse as refused:
        refuse(form, editor, refused)
        return _page(form, course), 422
    except CourseChangedMeanwhile as refused:
        form.overtaken(refused.message, course_with_steps(course_id).version)
        return _page(form, course), 409
    flash(f"The course of {course.client.name} is changed.")
    return redirect(_way_back(course_id), 303)


def _editor(course: Course) -> Editor:
    return Editor.of(course.document, settled=settled_keys(course))


def _page(form: ChangeCourseForm, course: Course, *, opened: str = "") -> str:
    return page(
        "sessions/courses/change.html",
        form,
        _editor(course),
        opened=opened,
        course=course,
        changes=changes_of_course(course.id),
        crumb=[
            ("Clients", url_for("clients.clients")),
            (course.client.name, url_for("clients.client", client_id=course.client_id)),
        ],
    )


def _way_back(course_id: UUID) -> str:
    """Return the course's own page, where there is one."""
    has_page = COURSE_PAGE in current_app.view_functions
    return url_for(COURSE_PAGE if has_page else ".course_change", course_id=course_id)
