"""The courses of all clients, and one course: its timeline, what is next, what is missing."""

from __future__ import annotations

from uuid import UUID

from flask import render_template
from flask.typing import ResponseReturnValue

from practice.people.access import requires
from practice.people.queries import get_practice
from practice.people.rules import Permission
from practice.sessions.queries.course_drawn import drawn
from practice.sessions.queries.courses import changes_of, get_course, services_named
from practice.sessions.rules import course_deeds, course_states
from practice.sessions.views.staff import bp


@bp.get("/courses/<uuid:course_id>")
@requires(Permission.CLIENT_VIEW)
def course(course_id: UUID) -> ResponseReturnValue:
    """Show one course."""
    found, zone = get_course(course_id), get_practice().time_zone
    labels = {
        slug: each.label
        for slug, each in services_named(
            step["service"] for step in found.document["steps"]
        ).items()
    }
    return render_template(
        "sessions/courses/course.html",
        course=found,
        drawing=drawn(found, zone, labels),
        state=course_states.IN_WORDS[found.state],
        changes=[
            (each, course_deeds.in_words(each.deed, each.facts)) for each in changes_of(course_id)
        ],
    )
