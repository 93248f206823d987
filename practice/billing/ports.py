"""News that goes up from here. ``app.py`` says who listens."""

from uuid import UUID

from practice.billing.models import Payment
from practice.billing.rules.evidence import Visit
from practice.billing.rules.payments import PaymentOutcome
from practice.core.ports import Port

paid: Port[[Payment], PaymentOutcome] = Port("billing.paid")
"""Money has come for what the payment is for. Called once for each payment, in the transaction
that makes it paid; answers what it did. What was paid twice, or too late, is given back here."""

checkout_ended: Port[[Payment], None] = Port("billing.checkout_ended")
"""This payment will bring no money any more: whatever waited for it alone may be let go."""

visit_paid_for: Port[[UUID], Visit | None] = Port("billing.visit_paid_for")
"""What a payment was for, as a bank may know it; ``None`` if it was no appointment."""
