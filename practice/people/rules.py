"""Roles and what each may do, how long a sign-in lasts, who may try again when, and doors."""

from __future__ import annotations

import ipaddress
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from urllib.parse import urlsplit


class DoorKind(StrEnum):
    PRACTICE = "practice"  # its name in addresses
    USER_EMAIL = "user_email"
    SIGN_IN = "sign_in"
    BOOKING = "booking"
    FEED = "feed"
    API_TOKEN = "api_token"  # noqa: S105  what kind of door, not what opens it
    PAYMENT = "payment"  # our payment's id, as the processor sends it back
    PROCESSOR = "processor"  # an object of the processor: a checkout, an intent, a charge


class Role(StrEnum):
    OWNER = "owner"
    THERAPIST = "therapist"
    PRESCRIBER = "prescriber"
    MEDICAL_MONITOR = "medical_monitor"
    FRONT_DESK = "front_desk"
    BOOKKEEPER = "bookkeeper"


class Permission(StrEnum):
    """What a route asks for. A page that everybody on staff may see asks for ``WORK``."""

    WORK = "work"
    CALENDAR_VIEW = "calendar:view"
    FEED_SUBSCRIBE = "feed:subscribe"
    APPOINTMENT_BOOK = "appointment:book"
    APPOINTMENT_RUN = "appointment:run"  # arrived, completed, no-show
    WINDOW_OVERRIDE = "window:override"  # a session outside its limits, with a written reason
    CLIENT_VIEW = "client:view"
    CLIENT_EDIT = "client:edit"
    CARE_VIEW = "care:view"  # reason for care, papers
    CARE_EDIT = "care:edit"
    CONSENT_RECORD = "consent:record"
    CLEARANCE_RECORD = "clearance:record"
    MONEY_VIEW = "money:view"
    MONEY_TAKE = "money:take"  # payments at the visit, refunds
    INVOICE_EXPORT = "invoice:export"
    PRACTICE_MANAGE = "practice:manage"


P = Permission
_ALL = frozenset(Permission)
_CLINICAL = frozenset(
    {P.WORK, P.CALENDAR_VIEW, P.FEED_SUBSCRIBE, P.CLIENT_VIEW, P.CARE_VIEW, P.APPOINTMENT_RUN}
)
_DESK = frozenset(
    {
        P.WORK,
        P.CALENDAR_VIEW,
        P.FEED_SUBSCRIBE,
        P.APPOINTMENT_BOOK,
        P.APPOINTMENT_RUN,
        P.CLIENT_VIEW,
        P.CLIENT_EDIT,
        P.MONEY_VIEW,
        P.MONEY_TAKE,
    }
)

_RECORDS = frozenset({P.CARE_EDIT, P.CONSENT_RECORD, P.CLEARANCE_RECORD})

MAY: dict[Role, frozenset[Permission]] = {
    Role.OWNER: _ALL,
    Role.THERAPIST: _CLINICAL | _DESK | _RECORDS | {P.WINDOW_OVERRIDE},
    Role.PRESCRIBER: _CLINICAL | _RECORDS,
    Role.MEDICAL_MONITOR: _CLINICAL,
    Role.FRONT_DESK: _DESK,
    Role.BOOKKEEPER: frozenset({P.WORK, P.MONEY_VIEW, P.MONEY_TAKE, P.INVOICE_EXPORT}),
}


SEES_CLIENTS = frozenset({Role.THERAPIST, Role.PRESCRIBER, Role.MEDICAL_MONITOR})
"""Whoever has one of these has time in the calendar."""


def may(roles: Iterable[Role], permission: Permission) -> bool:
    """Say whether any of ``roles`` allows ``permission``."""
    return any(permission in MAY[role] for role in roles)


# Clients ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ClientDetails:
    """How a person is reached, as a checked form gives it: e-mail in lower case, phone in E.164.

    ``birth_on`` and ``address`` that are ``None`` are not known; editing keeps what is on file.
    ``is_adult_said_on`` is the local day on which somebody ticked that they are 18 or older.
    """

    first_name: str
    last_name: str
    email: str
    phone: str
    birth_on: date | None = None
    address: str | None = None
    is_adult_said_on: date | None = None


def folded(text: str) -> str:
    """Return ``text`` as it is compared in a search: without case, accents and double spaces.

    >>> folded("Élodie  O'Brien")
    "elodie o'brien"
    """
    apart = unicodedata.normalize("NFKD", text.casefold())
    return " ".join("".join(c for c in apart if not unicodedata.combining(c)).split())


# How long a sign-in lasts ----------------------------------------------------------------------

IDLE = timedelta(minutes=15)
LONGEST = timedelta(hours=12)
SEEN_EVERY = timedelta(minutes=1)
"""A sign-in notes at most this often that it is in use, so that reading seldom writes."""


def is_over(
    *, created_at: datetime, seen_at: datetime, ended_at: datetime | None, now: datetime
) -> bool:
    """Say whether a sign-in has ended: by hand, after 15 quiet minutes, or after 12 hours."""
    return ended_at is not None or now - seen_at >= IDLE or now - created_at >= LONGEST


BROWSERS = {
    "Edg": "Edge",
    "OPR": "Opera",
    "Firefox": "Firefox",
    "FxiOS": "Firefox",
    "CriOS": "Chrome",
    "Chrome": "Chrome",
    "Safari": "Safari",
}
SYSTEMS = {
    "Windows": "Windows",
    "Android": "Android",
    "iPhone": "iPhone",
    "iPad": "iPad",
    "Macintosh": "Mac",
    "CrOS": "Chromebook",
    "Linux": "Linux",
}
"""What browsers and systems put into their description; most pretend to be those further down."""


def browser_in_words(description: str) -> str:
    """Say what a browser is, from what it says of itself: ``Firefox on Windows``."""
    browser = next((name for sign, name in BROWSERS.items() if sign in description), "A browser")
    system = next((name for sign, name in SYSTEMS.items() if sign in description), None)
    return f"{browser} on {system}" if system else browser


# Who may try again when ------------------------------------------------------------------------


class Attempt(StrEnum):
    """What tries are counted by: failed ones to sign in, all of those to have links mailed."""

    ACCOUNT = "account"  # the e-mail address that was typed
    NETWORK = "network"  # where it was typed
    LINKS_ADDRESS = "links_address"  # whom the links of bookings would be mailed to
    LINKS_NETWORK = "links_network"  # where that was asked


@dataclass(frozen=True, slots=True)
class Patience:
    """After ``free`` failures the wait is a second, and doubles each time, up to ``longest``."""

    free: int
    longest: timedelta


PATIENCE = {
    # Short, since whoever knows an address can make its owner wait; long enough that a day holds
    # 288 guesses at most.
    Attempt.ACCOUNT: Patience(free=5, longest=timedelta(minutes=5)),
    # A practice behind one address shares this count.
    Attempt.NETWORK: Patience(free=20, longest=timedelta(minutes=15)),
    # A stranger can fill nobody's mailbox, and cannot try many addresses.
    Attempt.LINKS_ADDRESS: Patience(free=3, longest=timedelta(minutes=15)),
    Attempt.LINKS_NETWORK: Patience(free=10, longest=timedelta(minutes=15)),
}
FORGET_FAILURES = timedelta(days=1)


class Often(StrEnum):
    """What anybody may do without saying who they are, but only so often."""

    API_READS = "api_reads"
    API_WRITES = "api_writes"


@dataclass(frozen=True, slots=True)
class Limit:
    """So many times in each ``period`` that begins with the first of them."""

    most: int
    period: timedelta


LIMITS = {
    # A practice's own server may ask for all its visitors from one address.
    Often.API_READS: Limit(most=600, period=timedelta(minutes=1)),
    Often.API_WRITES: Limit(most=60, period=timedelta(minutes=1)),
}


def wait_before_next(attempt: Attempt, *, failures: int, since_last: timedelta) -> timedelta:
    """Return how long the next try must still wait; zero means that it may be made now."""
    patience = PATIENCE[attempt]
    if failures < patience.free:
        return timedelta()
    doublings = min(failures - patience.free, 20)
    delay = min(timedelta(seconds=2**doublings), patience.longest)
    return max(delay - since_last, timedelta())


def network_of(address: str | None) -> str:
    """Return the network that a visitor's address belongs to: /24, or /48 for IPv6."""
    try:
        ip = ipaddress.ip_address(address or "")
    except ValueError:
        return "unknown"
    if isinstance(ip, ipaddress.IPv6Address) and ip.ipv4_mapped:
        ip = ip.ipv4_mapped
    return str(ipaddress.ip_network((ip, 24 if ip.version == 4 else 48), strict=False))


def safe_path(target: str | None) -> str | None:
    """Return ``target`` if it is a path of this site that a browser cannot read otherwise."""
    if not target or not target.startswith("/") or target.startswith("//"):
        return None
    if "\\" in target or any(character <= " " or character == "\x7f" for character in target):
        return None
    parts = urlsplit(target)
    return None if parts.scheme or parts.netloc else target
