"""Pages of the sessions room: what everybody sees, one booking's own page, and the staff's."""

from practice.sessions.views import appointment, moving, today  # noqa: F401
from practice.sessions.views import booking, cancelling, choosing, copies, finding  # noqa: F401
from practice.sessions.views.public import bp as public
from practice.sessions.views.staff import bp as staff

__all__ = ["public", "staff"]
