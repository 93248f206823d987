"""Pages of the people room: signing up and in, one's account, the practice's settings, its team."""

from practice.people.views import (  # noqa: F401  # they add routes
    settings,
    signing_in,
    signing_up,
    team,
)
from practice.people.views.blueprint import bp

__all__ = ["bp"]
