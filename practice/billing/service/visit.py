"""Money that is handed over at the visit."""

from uuid import UUID

from practice.audit import service as audit
from practice.audit.rules import Actor
from practice.billing import queries
from practice.billing.models import Payment
from practice.billing.rules.payments import TAKEN_AT_VISIT, Label, PaymentMethod, PaymentState
from practice.billing.service import papers
from practice.core import clock
from practice.core.db import db
from practice.core.errors import Invalid
from practice.core.money import Money
from practice.outbox import service as outbox
from practice.people import queries as people

NO_FEES = "An HSA card does not pay for missed visits. Choose another way."


def record(
    client_id: UUID,
    for_id: UUID,
    amount: Money,
    method: PaymentMethod,
    by: Actor,
    *,
    payment_id: UUID | None = None,
    label: Label = Label.APPOINTMENT,
    settles_many: bool = False,
) -> Payment:
    """Write down what a client paid in person, with its receipt. Call inside ``transaction()``.

    ``payment_id`` is made with the form, so that sending it twice records one payment.

    Raises:
        Invalid: for no amount or a negative one, a method that is not used in person, or a fee
            that a health savings account does not pay.
    """
    if payment_id is not None and (known := queries.find_payment(payment_id)) is not None:
        return known
    if amount.minor <= 0:
        raise Invalid("Enter an amount of more than zero.")
    if method not in TAKEN_AT_VISIT:
        raise Invalid("Choose how it was paid at the visit.")
    if method is PaymentMethod.HSA_CARD and label is Label.CANCELLATION:
        raise Invalid(NO_FEES)
    now = clock.now()
    payment = Payment(
        id=payment_id,
        client_id=client_id,
        for_id=for_id,
        amount=amount,
        label=label,
        method=method,
        state=PaymentState.PAID,
        account="",
        settles_many=settles_many,
        created_at=now,
        paid_at=now,
    )
    db.session.add(payment)
    db.session.flush()
    audit.record(
        "payment:record",
        by=by,
        subject_id=payment.id,
        amount_minor=amount.minor,
        method=method.value,
    )
    outbox.post(
        "receipt",
        key=f"receipt:{payment.id}",
        to=people.get_client(client_id).email,
        about_id=payment.id,
        client_id=payment.client_id,
    )
    papers.issue_receipt(payment)
    return payment
