"""The content policy of pages: what they may load, where their forms go, who may frame them."""

from collections.abc import Collection

from config import Config

CHECKOUT = "https://checkout.stripe.com"
ONBOARDING = "https://connect.stripe.com"


def content_policy(config: Config, framed_by: Collection[str] = ()) -> str:
    """Return the ``Content-Security-Policy``; nobody frames a page unless ``framed_by`` says so.

    ``framed_by`` are origins that were checked when they were written down.
    """
    checkout = config.stripe_api_base if config.payments_sandbox else CHECKOUT
    if config.is_platform and not config.payments_sandbox:
        checkout = f"{checkout} {ONBOARDING}"
    ancestors = " ".join(framed_by) or "'none'"
    return "; ".join(
        (
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            "font-src 'self'",
            "img-src 'self' data:",
            "connect-src 'self'",
            f"form-action 'self' {checkout}",
            "base-uri 'none'",
            f"frame-ancestors {ancestors}",
        )
    )
