"""Pages of the billing room."""

from practice.billing.views import documents, invoices, receipts  # noqa: F401  # they add their routes
from practice.billing.views.blueprint import bp

__all__ = ["bp"]
