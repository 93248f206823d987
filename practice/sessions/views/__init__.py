"""Pages of the sessions room: what everybody sees, and one booking's own page."""

from practice.sessions.views import booking, cancelling, choosing, copies, finding  # noqa: F401
from practice.sessions.views.public import bp as public

__all__ = ["public"]
