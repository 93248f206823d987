"""The pages of moving in and out."""

from practice.moving.views import exporting, importing  # noqa: F401  # they add their routes
from practice.moving.views.blueprint import bp

__all__ = ["bp"]
