"""Pages of the billing room. Each of them adds its routes."""

from practice.billing.views import (  # noqa: F401
    disputes,
    documents,
    exports,
    invoices,
    linking,
    payments,
    payouts,
    receipts,
    reports,
)
from practice.billing.views.blueprint import bp

__all__ = ["bp"]
