"""Connected accounts: made by the platform, filled in by their owner, let go by either."""

from sandbox.errors import ApiError, invalid
from sandbox.events import emit
from sandbox.handlers import Handler
from sandbox.metadata import merged
from sandbox.paging import page
from sandbox.store import PLATFORM, Context, Json, World, new_id

LINK_LIVES_SECONDS = 5 * 60
_STANDARD = {
    "fees": {"payer": "account"},
    "losses": {"payments": "stripe"},
    "requirement_collection": "stripe",
    "stripe_dashboard": {"type": "full"},
}
_ASKED_FOR = ["business_profile.url", "external_account", "tos_acceptance.date"]


def check_access(world: World, wanted: str) -> None:
    """Refuse a ``Stripe-Account`` that the platform does not have, or no longer.

    Raises:
        ApiError: 403 ``account_invalid``. Which of the two it is, nobody is told.
    """
    kept = world.account(PLATFORM).find("account", wanted)
    if kept is None or world.account(PLATFORM).hidden[wanted]["is_let_go"]:
        raise ApiError(
            403,
            "invalid_request_error",
            f"The provided key does not have access to account '{wanted}' (or that account does "
            "not exist). Application access may have been revoked.",
            code="account_invalid",
        )


def create(context: Context, params: Json) -> Json:
    """Make a standard account: its owner pays fees, bears losses and has a dashboard."""
    if context.account.id != PLATFORM:
        raise invalid("Only the platform makes accounts.")
    controller = params.get("controller") or {}
    if controller != _STANDARD and params.get("type") != "standard":
        raise invalid("The sandbox makes standard accounts alone.", param="controller")
    return context.account.add(
        _account(
            new_id("acct_", 16),
            context.now,
            email=params.get("email"),
            country=params.get("country", "US"),
            metadata=merged({}, params.get("metadata")),
        ),
        is_let_go=False,
    )


def retrieve(context: Context, _params: Json, account: str) -> Json:
    if context.account.id == account:
        return own(context, {})
    check_access(context.world, account)
    return context.world.account(PLATFORM).get("account", account)


def own(context: Context, _params: Json) -> Json:
    """Return the account in whose name is asked; the platform's own is there from the start."""
    platform = context.world.account(PLATFORM)
    if context.account.id != PLATFORM:
        return platform.get("account", context.account.id)
    for kept in platform.all("account"):
        if platform.hidden[kept["id"]].get("is_platform"):
            return kept
    made = _account(new_id("acct_", 16), context.now, email=None, country="US", metadata={})
    _allow(made)
    return platform.add(made, is_let_go=False, is_platform=True)


def listed(context: Context, params: Json) -> Json:
    platform = context.account
    found = [
        kept
        for kept in platform.all("account")
        if not platform.hidden[kept["id"]]["is_let_go"]
        and not platform.hidden[kept["id"]].get("is_platform")
    ]
    return page(found, params, url="/v1/accounts")


def link(context: Context, params: Json) -> Json:
    """Make the address of an onboarding page: good once, for five minutes."""
    if params["type"] != "account_onboarding":
        raise invalid("The sandbox knows account_onboarding alone.", param="type")
    for name in ("refresh_url", "return_url"):
        if not params.get(name):
            raise invalid(f"Missing required param: {name}.", param=name)
    check_access(context.world, params["account"])
    token = new_id("", 32)
    context.account.add(
        {
            "id": token,
            "object": "sandbox.account_link",
            "account": params["account"],
            "refresh_url": params["refresh_url"],
            "return_url": params["return_url"],
            "expires_at": context.now + LINK_LIVES_SECONDS,
            "is_used": False,
        }
    )
    return {
        "object": "account_link",
        "created": context.now,
        "expires_at": context.now + LINK_LIVES_SECONDS,
        "url": f"{context.world.base_url}/connect/onboarding/{token}",
    }


def onboard(world: World, wanted: str, *, name: str) -> Json:
    """Take down what the owner typed: from now on the account charges and is paid out."""
    account = world.account(PLATFORM).get("account", wanted)
    account["business_profile"]["name"] = name
    account["details_submitted"] = True
    return switch(world, wanted, on=True)


def switch(world: World, wanted: str, *, on: bool) -> Json:
    """Let an account charge, or forbid it as Stripe does when something is missing."""
    account = world.account(PLATFORM).get("account", wanted)
    before = {"charges_enabled": account["charges_enabled"]}
    if on:
        _allow(account)
    else:
        account.update(charges_enabled=False, payouts_enabled=False)
        account["capabilities"] = {"card_payments": "inactive", "transfers": "inactive"}
        account["requirements"].update(
            disabled_reason="requirements.past_due",
            past_due=["individual.verification.document"],
            currently_due=["individual.verification.document"],
        )
    emit(_here(world, wanted), "account.updated", account, before)
    return account


def let_go(world: World, wanted: str) -> Json:
    """End the connection from the account's side, as its owner's dashboard does."""
    platform = world.account(PLATFORM)
    account = platform.get("account", wanted)
    platform.hidden[wanted]["is_let_go"] = True
    application = {"id": "ca_sandbox", "object": "application", "name": "Sandbox"}
    emit(_here(world, wanted), "account.application.deauthorized", application)
    return account


def may_charge(context: Context) -> None:
    """Refuse new money for an account that cannot charge.

    Raises:
        ApiError: 400, as Stripe words it.
    """
    if context.account.id == PLATFORM:
        return
    account = context.world.account(PLATFORM).find("account", context.account.id)
    if account is not None and not account["charges_enabled"]:
        raise invalid("Your account cannot currently make live charges.")


HANDLERS = {
    "PostAccounts": Handler(create, ("controller", "country", "email", "metadata", "type")),
    "PostAccountLinks": Handler(link, ("account", "refresh_url", "return_url", "type")),
    "GetAccountsAccount": Handler(retrieve),
    "GetAccounts": Handler(listed, ("created",)),
    "GetAccount": Handler(own),
}


def _here(world: World, wanted: str) -> Context:
    return Context(world, world.account(wanted), world.clock())


def _allow(account: Json) -> None:
    account.update(charges_enabled=True, payouts_enabled=True, details_submitted=True)
    account["capabilities"] = {"card_payments": "active", "transfers": "active"}
    account["requirements"] = _requirements([])


def _requirements(due: list[str]) -> Json:
    return {
        "alternatives": [],
        "current_deadline": None,
        "currently_due": due,
        "disabled_reason": "requirements.past_due" if due else None,
        "errors": [],
        "eventually_due": due,
        "past_due": due,
        "pending_verification": [],
    }


def _account(wanted: str, now: int, *, email: str | None, country: str, metadata: Json) -> Json:
    return {
        "id": wanted,
        "object": "account",
        "business_profile": {
            "annual_revenue": None,
            "estimated_worker_count": None,
            "mcc": None,
            "minority_owned_business_designation": None,
            "name": None,
            "product_description": None,
            "support_address": None,
            "support_email": None,
            "support_phone": None,
            "support_url": None,
            "url": None,
        },
        "business_type": None,
        "capabilities": {"card_payments": "inactive", "transfers": "inactive"},
        "charges_enabled": False,
        "controller": {"type": "application", "is_controller": True, **_STANDARD},
        "country": country,
        "created": now,
        "default_currency": "usd",
        "details_submitted": False,
        "email": email,
        "metadata": metadata,
        "payouts_enabled": False,
        "requirements": _requirements(list(_ASKED_FOR)),
        "type": "standard",
    }
