"""What about money a person must look at: a task, and a mail to the practice that says so."""

from datetime import datetime
from uuid import UUID

from practice.billing.models import Payment
from practice.core import clock
from practice.outbox import service as outbox
from practice.people import queries as people


def call_for(
    kind: str, payment: Payment, *, key: str, what: str, due_at: datetime | None = None
) -> None:
    """Ask a person to look at a payment, once for each ``key``. Inside ``transaction()``.

    Due today, unless ``due_at`` says later.

    ``what`` is one sentence and names nobody: the task leads to the client.
    """
    outbox.assign(
        kind,
        key=key,
        what=what,
        due_at=due_at or clock.now(),
        client_id=payment.client_id,
        about_id=payment.id,
    )
    outbox.post(
        "payment-needs-attention",
        key=key,
        to=people.get_practice().email,
        about_id=payment.id,
        facts={"what": what},
    )


def tell_practice(kind: str, *, key: str, what: str, about_id: UUID) -> None:
    """Ask a person to look at what is no client's alone, once for each ``key``.

    Call inside ``transaction()``. Due today.
    """
    outbox.assign(kind, key=key, what=what, due_at=clock.now(), about_id=about_id)
    outbox.post(
        "payment-needs-attention",
        key=key,
        to=people.get_practice().email,
        about_id=about_id,
        facts={"what": what},
    )
