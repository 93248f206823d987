"""A foreign calendar's times with their titles: for bringing sessions over, once.

Nothing of it is kept longer than the import lasts.
"""

from __future__ import annotations

from datetime import datetime
from operator import attrgetter
from typing import Any

from practice.calendar.rules.foreign.busy import (
    LONGEST_PIECE,
    Choices,
    Found,
    Watch,
    blocks,
    happenings,
)
from practice.calendar.rules.foreign.cutting import Between, Refused, Unreadable, cut
from practice.calendar.rules.foreign.expanding import Happening

MOST_AHEAD = 2_000
MOST_PAST = 5_000  # the newest: only the sessions among them are of use
LONGEST_TITLE = 200
MOST_ADDRESSES = 20


def titled(
    body: bytes, choices: Choices, between: Between, now: datetime, *, watch: Watch
) -> dict[str, Any]:
    """Return what is busy, each time with its title and the addresses of those who take part.

    What lasts longer than a month is no session and no block, and counts as not read.

    Raises:
        Unreadable: if nothing of the file can be used, or too much lies ahead.
    """
    found, times = Found([]), list[Happening]()
    for calendar in cut(body, between, with_titles=True):
        for each in happenings(calendar, choices, between, found, watch=watch):
            if isinstance(each, Happening) and blocks(each, choices):
                times.append(each)
            if len(times) > 10 * (MOST_AHEAD + MOST_PAST):
                raise Unreadable(Refused.TOO_MANY)
    short = [each for each in times if each.ends_at - each.starts_at <= LONGEST_PIECE]
    short.sort(key=attrgetter("starts_at", "ends_at"))
    past = [each for each in short if each.ends_at <= now]
    ahead = [each for each in short if each.ends_at > now]
    if len(ahead) > MOST_AHEAD:
        raise Unreadable(Refused.TOO_MANY)
    return {
        "times": [_said(each) for each in past[-MOST_PAST:] + ahead],
        "unreadable": found.unreadable + len(times) - len(short),
    }


def _said(each: Happening) -> dict[str, Any]:
    return {
        "starts_at": each.starts_at.isoformat(),
        "ends_at": each.ends_at.isoformat(),
        "title": each.event.title[:LONGEST_TITLE],
        "emails": [address[:254] for address, _ in each.event.attendees[:MOST_ADDRESSES]],
    }
