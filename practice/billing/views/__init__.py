"""Pages of the billing room."""

from practice.billing.views import (  # noqa: F401  # they add their routes
    disputes,
    invoices,
    linking,
    payouts,
    receipts,
)
from practice.billing.views.blueprint import bp

__all__ = ["bp"]
