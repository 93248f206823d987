"""What is typed to keep a course legal: which way to go on, why, and what was decided."""

from __future__ import annotations

from wtforms import HiddenField, RadioField, TextAreaField
from wtforms.validators import InputRequired

from practice.people.forms import BaseForm, at_most
from practice.sessions.forms import PublicForm
from practice.sessions.service.booking import LONGEST_REASON


class WayForm(BaseForm):
    """How a course goes on after a session moves: one of the ways that were shown.

    ``way`` are the times of it; ``seal`` is what the course was when they were shown. ``reason``
    is asked for beyond the limits of the course alone.
    """

    way = RadioField("How to go on", validators=[InputRequired("Choose how to go on")])
    seal = HiddenField()
    reason = TextAreaField(
        "Why is this right for this client?",
        [at_most(LONGEST_REASON)],
        render_kw={"rows": 3},
    )


class ClientWayForm(PublicForm):
    """How a client's course goes on after they move a session: one of the ways that were shown."""

    way = RadioField("How to go on", validators=[InputRequired("Choose how to go on")])
    seal = HiddenField()


class WhyForm(BaseForm):
    """Why something is decided about a course. ``seal`` is what the course was when shown."""

    seal = HiddenField()
    reason = TextAreaField(
        "Why?",
        [InputRequired("Write down why"), at_most(LONGEST_REASON)],
        render_kw={"rows": 3},
    )


class DecideForm(BaseForm):
    """What was decided at a review point."""

    decision = RadioField("Decision", validators=[InputRequired("Choose what was decided")])
    reason = TextAreaField(
        "What led to this?",
        [InputRequired("Write down what led to this"), at_most(LONGEST_REASON)],
        render_kw={"rows": 4},
    )
