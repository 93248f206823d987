"""Pages of the sessions room: what everybody sees, one booking's own page, and the staff's."""

from practice.sessions.views import (  # noqa: F401  # they add routes
    appointment,
    booking,
    cancelling,
    choosing,
    copies,
    finding,
    moving,
    setting_up,
    settings,
    today,
)
from practice.sessions.views.public import bp as public
from practice.sessions.views.staff import bp as staff

__all__ = ["public", "staff"]
