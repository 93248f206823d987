"""Who reads a calendar's address, how soon they follow, and how it stands, in words."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Program:
    """A kind of calendar program: how to subscribe in it, and how long a change takes at most."""

    name: str
    marks: tuple[str, ...]
    at_most: timedelta
    soon: str
    steps: str


PROGRAMS = (
    Program(
        "Google Calendar",
        ("google",),
        DAY,
        "4 to 24 hours, and it cannot be hurried",
        "On a computer: Other calendars, the plus sign, From URL. Paste the address. The app on "
        "your phone shows it after that.",
    ),
    Program(
        "Apple Calendar",
        ("ios/", "macos/", "mac os x/", "mac+os", "calendaragent", "dataaccessd", "accountsd"),
        7 * DAY,
        "5 minutes to a week, as you choose under Auto-refresh",
        "Press Subscribe on this device. Or on a Mac: File, New Calendar Subscription. On an "
        "iPhone: Calendars, Add Calendar, Add Subscription Calendar.",
    ),
    Program(
        "Outlook",
        ("outlook", "microsoft", "office"),
        DAY,
        "about 3 hours on the web, at most a day; within an hour while classic Outlook is open",
        "On the web and in the new Outlook: Add calendar, Subscribe from web. In classic Outlook: "
        "File, Account Settings, Internet Calendars, New. Paste the address.",
    ),
    Program(
        "Thunderbird",
        ("thunderbird", "lightning"),
        DAY,
        "30 minutes while it is open, unless you change it",
        "New Calendar, On the Network, iCalendar. Paste the address. No user name.",
    ),
)
ACCOUNT_PROGRAMS = (
    Program(
        "Mac",
        (),
        DAY,
        "1 to 15 minutes, as you choose under Settings, Accounts, Refresh Calendars",
        "Calendar, Add Account, Other CalDAV Account. Choose Manual, and enter the user name, the "
        "app password and the server.",
    ),
    Program(
        "iPhone and iPad",
        (),
        DAY,
        "15 minutes, and whenever you open Calendar",
        "Settings, Apps, Calendar, Calendar Accounts, Add Account, Other, Add CalDAV Account. "
        "Enter the server, the user name and the app password.",
    ),
    Program(
        "Thunderbird",
        (),
        DAY,
        "1 to 30 minutes, as you choose in the calendar's Properties",
        "New Calendar, On the Network. Enter the user name and the location, press Find Calendars, "
        "and enter the app password.",
    ),
)
"""Programs in which a calendar can be added as an account."""

OTHER_AT_MOST = 7 * DAY
UNUSED_FOR = 120 * DAY
"""How long an address lives that no program reads."""


def program_of(agent: str) -> Program | None:
    """Return which program says this of itself, if it is one of those that we know."""
    said = agent.lower()
    return next((each for each in PROGRAMS if any(mark in said for mark in each.marks)), None)


class Standing(StrEnum):
    """How a subscription stands."""

    NEW = "new"  # nobody has read it yet
    CURRENT = "current"
    BEHIND = "behind"  # a change has not been read, which is usual for some time
    STALE = "stale"  # it should have been read by now


def standing(
    *, agent: str | None, fetched_at: datetime | None, changed_at: datetime | None, now: datetime
) -> Standing:
    """Say how a subscription stands, from when it was read last and when it last changed."""
    if fetched_at is None:
        return Standing.NEW
    program = program_of(agent or "")
    if now - fetched_at > (program.at_most if program else OTHER_AT_MOST):
        return Standing.STALE
    is_behind = changed_at is not None and changed_at > fetched_at
    return Standing.BEHIND if is_behind else Standing.CURRENT


WORDS = {
    Standing.NEW: "No program has read it yet",
    Standing.CURRENT: "Up to date",
    Standing.BEHIND: "The last change has not been read yet",
    Standing.STALE: "Not read for long: the program may have dropped it",
}


def ago(instant: datetime, now: datetime) -> str:
    """Say how long ago something was, roughly: ``5 minutes ago``, ``3 days ago``."""
    passed = max(now - instant, timedelta())
    for length, word in ((DAY, "day"), (HOUR, "hour"), (timedelta(minutes=1), "minute")):
        count = passed // length
        if count:
            return f"{count} {word}{'s' if count > 1 else ''} ago"
    return "just now"
