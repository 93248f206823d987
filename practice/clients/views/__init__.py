"""The pages of the clients: finding one, one's page, what is on file, merging two."""

from practice.clients.views import listing, merging, one, treatments  # noqa: F401  # their routes
from practice.clients.views.blueprint import bp

__all__ = ["bp"]
