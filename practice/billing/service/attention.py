"""What about money a person must look at: a task, and a mail to the practice that says so."""

from practice.billing.models import Payment
from practice.core import clock
from practice.outbox import service as outbox
from practice.people import queries as people


def call_for(kind: str, payment: Payment, *, key: str, what: str) -> None:
    """Ask a person to look at a payment, today, once for each ``key``. Inside ``transaction()``.

    ``what`` is one sentence and names nobody: the task leads to the client.
    """
    outbox.assign(
        kind,
        key=key,
        what=what,
        due_at=clock.now(),
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
