"""The pages of the clients: finding one, one's page, what is on file, merging two."""

from practice.clients.views import (  # noqa: F401  # their routes
    diagnoses,
    inviting,
    listing,
    merging,
    one,
    treatments,
)
from practice.clients.views.blueprint import bp

__all__ = ["bp"]
