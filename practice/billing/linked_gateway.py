"""What is asked of Stripe about a practice's account: making, linking and reading it.

Accounts are made in ``create`` alone: Stripe offers a second kind of them to new platforms, and
calls this one legacy.
"""

from __future__ import annotations

from uuid import UUID

import stripe

from practice.billing.gateway import gateway
from practice.billing.linked import OWN
from practice.billing.rules.linked import SeenAccount


def create(account_id: UUID) -> str:
    """Make an account whose owner pays its fees, bears its losses and has Stripe's dashboard.

    Nothing of the practice is sent: its owner tells Stripe who they are. Asking again makes none.
    """
    return (
        gateway(OWN)
        .ask(
            lambda v1: v1.accounts.create(
                {
                    "country": "US",
                    "controller": {
                        "fees": {"payer": "account"},
                        "losses": {"payments": "stripe"},
                        "requirement_collection": "stripe",
                        "stripe_dashboard": {"type": "full"},
                    },
                    "metadata": {"kind": "practice"},
                },
                {"idempotency_key": f"account:{account_id}"},
            )
        )
        .id
    )


def link(processor_id: str, *, return_url: str, refresh_url: str) -> str:
    """Return the address at which an account's owner answers Stripe's questions: good once."""
    return (
        gateway(OWN)
        .ask(
            lambda v1: v1.account_links.create(
                {
                    "account": processor_id,
                    "type": "account_onboarding",
                    "return_url": return_url,
                    "refresh_url": refresh_url,
                }
            )
        )
        .url
    )


def read(processor_id: str) -> SeenAccount:
    """Read an account as it is now, in its own name.

    Raises:
        NoAccess: its owner has ended the connection.
    """
    account = gateway(processor_id).ask(lambda v1: v1.accounts.retrieve_current())
    return seen_account(account)


def seen_account(account: stripe.Account) -> SeenAccount:
    """Read an account."""
    wants = account.requirements
    profile = account.business_profile
    return SeenAccount(
        id=account.id,
        charges_enabled=bool(account.charges_enabled),
        payouts_enabled=bool(account.payouts_enabled),
        details_submitted=bool(account.details_submitted),
        missing=bool(wants and (wants.currently_due or wants.past_due)),
        refused=bool(wants and wants.disabled_reason),
        name=(profile.name if profile else None) or "",
    )
