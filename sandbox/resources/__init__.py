"""The resources that are modelled, one module each. A module's ``HANDLERS`` is its table."""

from sandbox.handlers import Handler
from sandbox.resources import (
    accounts,
    balance_transactions,
    charges,
    checkout,
    customers,
    disputes,
    payment_intents,
    payment_methods,
    payouts,
    refunds,
    setup_intents,
    stored_events,
    webhook_endpoints,
)

HANDLERS: dict[str, Handler] = {
    **accounts.HANDLERS,
    **balance_transactions.HANDLERS,
    **charges.HANDLERS,
    **checkout.HANDLERS,
    **customers.HANDLERS,
    **disputes.HANDLERS,
    **payment_intents.HANDLERS,
    **payment_methods.HANDLERS,
    **payouts.HANDLERS,
    **refunds.HANDLERS,
    **setup_intents.HANDLERS,
    **stored_events.HANDLERS,
    **webhook_endpoints.HANDLERS,
}
"""By Stripe's ``operationId``. An operation of the specification that is missing here is 501."""
