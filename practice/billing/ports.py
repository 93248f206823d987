"""News that goes up from here. ``app.py`` says who listens."""

from collections.abc import Collection, Mapping
from datetime import date
from typing import NamedTuple
from uuid import UUID

import sqlalchemy as sa

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


class Days(NamedTuple):
    """When something was booked, and on which day it is to take place; ``None``: not known."""

    booked_on: date | None
    on: date | None


due_days: Port[[Collection[UUID]], Mapping[UUID, Mapping[str, Days]]] = Port("billing.due_days")
"""When that happens which makes instalments due, by what was sold and by its key: they are never
written down here, so that an instalment moves with it. One statement."""

delivered: Port[[], sa.Subquery] = Port("billing.delivered")
"""What invoices and units were for, to join: ``practice_id``, ``id``, and ``name``, its kind."""

sale_paid: Port[[UUID], None] = Port("billing.sale_paid")
"""Money came in for something that was sold to this client: look again at what waited for it."""
