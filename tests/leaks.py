"""What must never reach the payment processor, looked for in everything that was sent to it.

Twice over: every parameter stands on a list, with the shape its value may have; and whatever is
sent, on the list or not, holds no word of the treatment, no code of it and no birth date.
"""

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from practice.billing.rules.payments import Label

Json = dict[str, Any]

BORN = "1984-03-17"
LIVES = "12 Harbor Lane, Norfolk"
"""What the practice knows of the clients who pay in tests, and nobody else may."""

UUID = r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"
NUMBER = r"\d+"
OUR_PAGE = (
    r"https?://[^/\s]+(/bookings/[A-Za-z0-9_-]+(/[a-z-]+)*/?"
    r"|/bookings/[A-Za-z0-9_-]+/fees/[0-9a-f-]{36}/waiting"
    r"|/me/money|/me/(balances|cards)/[0-9a-f-]{36}/waiting)"
)
OUR_SETTINGS = r"https?://[^/\s]+/billing/account/(back|again)|https?://[^/\s]+/settings/payments"
PERSON = r"[^<>{}\n]{1,200}"
METADATA = {"pay": UUID, "client": UUID, "kind": rf"client|payment|card|refund:{UUID}"}
PAGES = {"limit": NUMBER, "starting_after": r"[a-z]+_[A-Za-z0-9_]+"}


def _sent_along(place: str = "metadata") -> dict[str, str]:
    return {f"{place}.{key}": shape for key, shape in METADATA.items()}


MAY_BE_SENT: dict[tuple[str, str], dict[str, str]] = {
    ("POST", "/v1/customers"): {"name": PERSON, "email": r"[^@\s]+@[^@\s]+", **_sent_along()},
    ("POST", "/v1/checkout/sessions"): {
        "mode": "payment|setup",
        "ui_mode": "hosted_page",
        "payment_method_types": "card",
        "customer": r"cus_\w+",
        "line_items.quantity": "1",
        "line_items.price_data.currency": "[a-z]{3}",
        "line_items.price_data.unit_amount": NUMBER,
        "line_items.price_data.product_data.name": "|".join(Label),
        "expires_at": NUMBER,
        "success_url": OUR_PAGE,
        "cancel_url": OUR_PAGE,
        **_sent_along(),
        **_sent_along("payment_intent_data.metadata"),
        "payment_intent_data.setup_future_usage": "off_session",
        **_sent_along("setup_intent_data.metadata"),
    },
    ("POST", "/v1/payment_intents"): {
        "amount": NUMBER,
        "currency": "[a-z]{3}",
        "customer": r"cus_\w+",
        "payment_method": r"pm_\w+",
        "payment_method_types": "card",
        "off_session": "true",
        "confirm": "true",
        **_sent_along(),
    },
    ("POST", "/v1/payment_methods/{id}/detach"): {},
    ("GET", "/v1/payment_methods/{id}"): {},
    ("GET", "/v1/payment_intents"): {"customer": r"cus_\w+", **PAGES},
    ("GET", "/v1/payment_intents/{id}"): {"expand": r"latest_charge\.balance_transaction"},
    ("POST", "/v1/refunds"): {"payment_intent": r"pi_\w+", "amount": NUMBER, **_sent_along()},
    ("POST", "/v1/checkout/sessions/{id}/expire"): {},
    ("GET", "/v1/checkout/sessions/{id}"): {
        "expand": r"payment_intent\.(latest_charge\.balance_transaction|payment_method)"
        r"|setup_intent\.payment_method"
    },
    ("GET", "/v1/checkout/sessions"): {"customer": r"cus_\w+", **PAGES},
    ("POST", "/v1/accounts"): {
        "country": "US",
        "controller.fees.payer": "account",
        "controller.losses.payments": "stripe",
        "controller.requirement_collection": "stripe",
        "controller.stripe_dashboard.type": "full",
        "metadata.kind": "practice",
    },
    ("POST", "/v1/account_links"): {
        "account": r"acct_\w+",
        "type": "account_onboarding",
        "return_url": OUR_SETTINGS,
        "refresh_url": OUR_SETTINGS,
    },
    ("GET", "/v1/account"): {},
    ("GET", "/v1/balance_transactions"): {"created.gte": NUMBER, "payout": r"po_\w+", **PAGES},
    ("GET", "/v1/charges/{id}"): {},
    ("GET", "/v1/disputes/{id}"): {},
    ("GET", "/v1/payouts/{id}"): {},
    ("GET", "/v1/refunds/{id}"): {},
    ("GET", "/v1/refunds"): {"payment_intent": r"pi_\w+", **PAGES},
    ("GET", "/v1/events"): {"created.gte": NUMBER, "types": r"[a-z_.]+", **PAGES},
}

TEMPLATES = Path(__file__).parent.parent / "practice" / "sessions" / "data"
WORDS = re.compile(  # whole words, since a random token may spell a short one
    r"\b(dos(e|es|ing)|lozenges?|boosters?|intakes?|consents?|trauma|ptsd|anxiety|anxious)\b"
    r"|ketamine|psychedelic|psycholytic|psychotherap|intramuscular|infusion|integration"
    r"|preparation|eligibility|evaluation|prescriber|prescription|medication|medicine"
    r"|clearance|screening|diagnos[ei]|depressi|suicid",
    re.IGNORECASE,
)
CODES = re.compile(
    r"\b[A-TV-Z]\d[0-9A-Z]\.[0-9A-Z]{1,4}\b"  # ICD-10-CM
    r"|\b(908\d\d|907\d\d|961\d\d|992\d\d|993\d\d|[GJS]\d{4})\b"  # CPT and HCPCS
)
DATES = re.compile(r"\b(19|20)\d\d-\d\d-\d\d\b|\b\d{1,2}/\d{1,2}/(19|20)?\d\d\b")
AMOUNTS_AND_INSTANTS = re.compile(r"(^|\.)(unit_amount|amount|expires_at|gte|limit|quantity)$")


def service_names() -> list[str]:
    """Return the names of everything a demo practice offers."""
    templates = json.loads((TEMPLATES / "course-templates.json").read_text())
    services: list[Json] = templates["services"]
    return [service["label"] for service in services]


def found_in(requests: Iterable[Json], *, secrets: Sequence[str] = (BORN, LIVES)) -> list[str]:
    """Name everything in recorded requests that the processor should not have been sent.

    ``secrets`` are texts that the run has written down about its clients: notes, birth dates.
    """
    texts = [text.lower() for text in (*secrets, *service_names())]
    return [
        f"request {request['number']}, {place or 'path'}: {problem}"
        for request in requests
        for place, value in _sent(request)
        for problem in (*_misplaced(request, place, value), *_clinical(place, value, texts))
    ]


def _misplaced(request: Json, place: str, value: str) -> Iterator[str]:
    allowed = MAY_BE_SENT.get((request["method"], _pattern(request["path"])))
    if allowed is None:
        yield "nothing may be asked here"
    elif place and place not in allowed:
        yield "may not be sent at all"
    elif place and not re.fullmatch(allowed[place], value):
        yield f"{value!r} does not have the shape that it may have"


def _clinical(place: str, value: str, texts: list[str]) -> Iterator[str]:
    if not AMOUNTS_AND_INSTANTS.search(place) and (code := CODES.search(value)):
        yield f"the code {code[0]!r}"
    if word := WORDS.search(value) or DATES.search(value):
        yield f"the words {word[0]!r}"
    yield from (f"{text!r} of a client or service" for text in texts if text in value.lower())


def _sent(request: Json) -> Iterator[tuple[str, str]]:
    """Yield the path under no name, then every parameter; places in lists have no number."""
    yield "", request["path"]
    yield from _leaves("", request["params"])


def _leaves(place: str, value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            named = place if key.isdecimal() else f"{place}.{key}".lstrip(".")
            yield from _leaves(named, inner)
    else:
        yield place or "body", str(value)


def _pattern(path: str) -> str:
    return re.sub(r"/(acct|ch|cs|cus|du|evt|pi|pm|po|re|seti)_[A-Za-z0-9_]+", "/{id}", path)
