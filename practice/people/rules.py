"""Roles and what each may do, how long a sign-in lasts, who may try again when, and doors."""

from __future__ import annotations

import ipaddress
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from urllib.parse import urlsplit


class DoorKind(StrEnum):
    PRACTICE = "practice"  # its name in addresses
    USER_EMAIL = "user_email"
    SIGN_UP = "sign_up"  # the owner of a practice that nobody has confirmed yet
    INVITATION = "invitation"
    SIGN_IN = "sign_in"
    BOOKING = "booking"
    FEED = "feed"
    CALENDAR_ACCOUNT = "calendar_account"  # a user name and an app password
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
    TIME_BLOCK = "time:block"  # keep a person, a room or the home from clients
    WINDOW_OVERRIDE = "window:override"  # a session outside its limits, with a written reason
    COURSE_TEMPLATE_VIEW = "course_template:view"
    COURSE_TEMPLATE_EDIT = "course_template:edit"
    COURSE_CHANGE = "course:change"  # one client's own copy, with a written reason
    CLIENT_VIEW = "client:view"
    CLIENT_EDIT = "client:edit"
    CARE_VIEW = "care:view"  # reason for care, papers
    CARE_EDIT = "care:edit"
    CONSENT_RECORD = "consent:record"
    CLEARANCE_RECORD = "clearance:record"
    CLEARANCE_SUSPEND = "clearance:suspend"
    CHECKS_RECORD = "checks:record"  # vital signs, questionnaires, risk, the checks of the day
    GATE_PASS = "gate:pass"  # noqa: S105  where the gate's own rule lets somebody of this role
    MONEY_VIEW = "money:view"
    MONEY_TAKE = "money:take"  # payments at the visit, refunds
    INVOICE_EXPORT = "invoice:export"
    HOURS_OWN = "hours:own"  # when one works oneself
    PRACTICE_MANAGE = "practice:manage"


P = Permission
_ALL = frozenset(Permission)
_CLINICAL = frozenset(
    {
        P.WORK,
        P.CALENDAR_VIEW,
        P.FEED_SUBSCRIBE,
        P.CLIENT_VIEW,
        P.CARE_VIEW,
        P.APPOINTMENT_RUN,
        P.CHECKS_RECORD,
        P.HOURS_OWN,
        P.TIME_BLOCK,
    }
)
_DESK = frozenset(
    {
        P.WORK,
        P.CALENDAR_VIEW,
        P.FEED_SUBSCRIBE,
        P.APPOINTMENT_BOOK,
        P.APPOINTMENT_RUN,
        P.TIME_BLOCK,
        P.CLIENT_VIEW,
        P.CLIENT_EDIT,
        P.MONEY_VIEW,
        P.MONEY_TAKE,
    }
)

_RECORDS = frozenset({P.CARE_EDIT, P.CONSENT_RECORD, P.CLEARANCE_RECORD, P.GATE_PASS})

_COURSES = frozenset({P.COURSE_TEMPLATE_VIEW, P.COURSE_CHANGE})

MAY: dict[Role, frozenset[Permission]] = {
    Role.OWNER: _ALL,
    Role.THERAPIST: _CLINICAL
    | _DESK
    | _RECORDS
    | _COURSES
    | {P.WINDOW_OVERRIDE, P.COURSE_TEMPLATE_EDIT},
    Role.PRESCRIBER: _CLINICAL | _RECORDS | _COURSES | {P.CLEARANCE_SUSPEND},
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


US_ZONES = (
    ("America/New_York", "Eastern, New York"),
    ("America/Chicago", "Central, Chicago"),
    ("America/Denver", "Mountain, Denver"),
    ("America/Phoenix", "Arizona, Phoenix"),
    ("America/Los_Angeles", "Pacific, Los Angeles"),
    ("America/Anchorage", "Alaska, Anchorage"),
    ("Pacific/Honolulu", "Hawaii, Honolulu"),
)


# A practice's name in addresses ----------------------------------------------------------------

LONGEST_SLUG = 60


def is_slug(text: str) -> bool:
    """Say whether a practice can have this name in addresses."""
    return len(text) <= LONGEST_SLUG and bool(re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", text))


def slug_of(name: str) -> str:
    """Propose a name in addresses; empty where ``name`` has no letter or digit of these.

    >>> slug_of("Élan & Quiet Waters, LLC")
    'elan-quiet-waters-llc'
    """
    words = re.findall(r"[a-z0-9]+", folded(name).replace("'", "").replace("’", ""))
    return "-".join(words)[:LONGEST_SLUG].rstrip("-")


def numbered_slug(slug: str, number: int) -> str:
    """Return ``slug`` with a number behind it: what to take where the plain one is taken."""
    return f"{slug[: LONGEST_SLUG - len(str(number)) - 1].rstrip('-')}-{number}"


_HIDDEN = frozenset({"Cc", "Cs", "Zl", "Zp"})
_TURNING = frozenset({"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"})


def tidied(text: str) -> str:
    """Return what was typed: trimmed, with composed characters and plain line ends."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return unicodedata.normalize("NFC", text).strip()


def has_hidden(text: str, *, allowed: str = "") -> bool:
    """Say whether ``text`` holds control characters, or such as turn writing around."""
    if text.isascii() and text.isprintable():
        return False
    return any(
        (unicodedata.category(character) in _HIDDEN and character not in allowed)
        or unicodedata.bidirectional(character) in _TURNING
        for character in text
    )


# How long a sign-in lasts ----------------------------------------------------------------------

IDLE = timedelta(minutes=15)
LONGEST = timedelta(hours=12)
CLIENT_IDLE = timedelta(minutes=30)
CLIENT_LONGEST = timedelta(hours=24)
SEEN_EVERY = timedelta(minutes=1)
"""A sign-in notes at most this often that it is in use, so that reading seldom writes."""


def is_over(
    *,
    created_at: datetime,
    seen_at: datetime,
    ended_at: datetime | None,
    now: datetime,
    idle: timedelta = IDLE,
    longest: timedelta = LONGEST,
) -> bool:
    """Say whether a sign-in has ended: by hand, after 15 quiet minutes, or after 12 hours.

    ``idle`` and ``longest`` are others for clients, who have 30 minutes and a day.
    """
    return ended_at is not None or now - seen_at >= idle or now - created_at >= longest


LINK_LASTS = timedelta(minutes=15)
"""How long the link and the code of one mail let a client in."""

CODE_DIGITS = 8
WRONG_CODES = 5
"""So many wrong codes, and the right one is worth nothing either."""


def is_spent(
    *, asked_at: datetime, spent_at: datetime | None, wrong_codes: int, now: datetime
) -> bool:
    """Say whether a link to sign in lets nobody in any more: used, too old, or guessed at."""
    return spent_at is not None or now - asked_at >= LINK_LASTS or wrong_codes >= WRONG_CODES


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


UNCONFIRMED = timedelta(days=2)
"""How long a link that starts a practice holds; a week later all of it is forgotten."""

INVITED = timedelta(days=7)
"""How long an invitation to join the staff holds."""


# Who may try again when ------------------------------------------------------------------------


class Attempt(StrEnum):
    """What tries are counted by: failed ones to sign in, all of those that have links mailed."""

    ACCOUNT = "account"  # the e-mail address that was typed
    NETWORK = "network"  # where it was typed
    LINKS_ADDRESS = "links_address"  # whom the links of bookings would be mailed to
    LINKS_NETWORK = "links_network"  # where that was asked
    CLIENT_ADDRESS = "client_address"  # whom a link to sign in would be mailed to
    CLIENT_NETWORK = "client_network"  # where that was asked
    CODES = "codes"  # where codes to sign in are typed
    ENQUIRIES = "enquiries"  # where somebody asks to be called
    SIGN_UP_ADDRESS = "sign_up_address"  # whom a link to start a practice would be mailed to
    SIGN_UP_NETWORK = "sign_up_network"  # where that was asked
    APP_PASSWORD = "app_password"  # noqa: S105  the user name that a calendar program gave
    APP_NETWORK = "app_network"  # where that was


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
    Attempt.CLIENT_ADDRESS: Patience(free=4, longest=timedelta(minutes=15)),
    Attempt.CLIENT_NETWORK: Patience(free=20, longest=timedelta(minutes=15)),
    Attempt.CODES: Patience(free=20, longest=timedelta(minutes=15)),
    # Nobody needs a second call back soon; staff should not find a hundred.
    Attempt.ENQUIRIES: Patience(free=3, longest=timedelta(hours=1)),
    Attempt.SIGN_UP_ADDRESS: Patience(free=3, longest=timedelta(minutes=15)),
    Attempt.SIGN_UP_NETWORK: Patience(free=10, longest=timedelta(hours=1)),
    # A right one never waits: nobody guesses 120 bits, and colleagues' programs ask all day.
    Attempt.APP_PASSWORD: Patience(free=5, longest=timedelta(minutes=5)),
    Attempt.APP_NETWORK: Patience(free=20, longest=timedelta(minutes=15)),
}
FORGET_FAILURES = timedelta(days=1)


class Often(StrEnum):
    """What anybody, or a client on their own pages, may do only so often."""

    API_READS = "api_reads"
    API_WRITES = "api_writes"
    COURSE_PLANS = "course_plans"
    FEED = "feed"
    FEEDS_OF_A_NETWORK = "feeds_of_a_network"


@dataclass(frozen=True, slots=True)
class Limit:
    """So many times in each ``period`` that begins with the first of them."""

    most: int
    period: timedelta


LIMITS = {
    # A practice's own server may ask for all its visitors from one address.
    Often.API_READS: Limit(most=600, period=timedelta(minutes=1)),
    Often.API_WRITES: Limit(most=60, period=timedelta(minutes=1)),
    # Each may take two seconds of a processor.
    Often.COURSE_PLANS: Limit(most=20, period=timedelta(minutes=1)),
    # Calendar programs ask every few minutes; Google's ask for everybody from one network.
    Often.FEED: Limit(most=60, period=timedelta(minutes=1)),
    Often.FEEDS_OF_A_NETWORK: Limit(most=600, period=timedelta(minutes=1)),
}


def wait_before_next(attempt: Attempt, *, failures: int, since_last: timedelta) -> timedelta:
    """Return how long the next try must still wait; zero means that it may be made now."""
    patience = PATIENCE[attempt]
    if failures < patience.free:
        return timedelta()
    doublings = min(failures - patience.free, 20)
    delay = min(timedelta(seconds=2**doublings), patience.longest)
    return max(delay - since_last, timedelta())


@lru_cache(maxsize=1024)
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
