"""The week, calendar links, and the feeds that calendar programs read."""

from practice.calendar.views import blocks, feeds, subscriptions, week  # noqa: F401  # they add routes
from practice.calendar.views.blueprint import bp
from practice.calendar.views.dav import bp as dav
from practice.calendar.views.imported import settings

__all__ = ["bp", "dav", "settings"]
