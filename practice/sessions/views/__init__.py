"""Pages of the sessions room: what everybody sees, one booking's own page, and the staff's."""

from practice.sessions.views import (  # noqa: F401  # they add routes
    answering,
    appointment,
    asking,
    booking,
    cancelling,
    catalog,
    changing,
    choosing,
    copies,
    course_adjusting,
    course_changes,
    course_kept,
    course_moving,
    course_planning,
    course_templates,
    courses,
    deciding,
    finding,
    gates,
    holding,
    hours,
    mine,
    mine_account,
    mine_balances,
    mine_calendar,
    mine_course,
    mine_money,
    mine_planning,
    moving,
    notes,
    policies,
    series,
    setting_up,
    settings,
    today,
    website,
)
from practice.sessions.views.public import bp as public
from practice.sessions.views.staff import bp as staff

__all__ = ["public", "staff"]
