"""Codes for a lower price: how they are written, when they hold, and what they make of a price.

A code never adds to a client's own price: the lower of the two is the one that is paid.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date

from practice.billing.rules.prices import PriceWay, part_of

LONGEST_CODE = 20
MOST_USES = 100_000


def tidy(text: str) -> str:
    """Return a code as it is kept and compared: upper case, without spaces."""
    return "".join(text.split()).upper()


def is_code(text: str) -> bool:
    """Say whether a tidied text may be a code: 3 to 20 letters, digits and hyphens."""
    return bool(re.fullmatch(rf"[A-Z0-9][A-Z0-9-]{{1,{LONGEST_CODE - 2}}}[A-Z0-9]", text))


@dataclass(frozen=True, slots=True)
class Promo:
    """What a code takes off the list price: cents, or percent of it, between two local days.

    ``services`` are the ids of those it is for; none are all of them.
    """

    way: PriceWay
    value: int
    from_on: date
    until_on: date | None
    services: Collection[str]

    def problem(self, service_id: str, on: date) -> str | None:
        """Say why it cannot be used on a day for a service, or ``None`` if it can."""
        if on < self.from_on:
            return f"This code can be used from {_day(self.from_on)}"
        if self.until_on is not None and on > self.until_on:
            return f"This code could be used until {_day(self.until_on)}"
        if self.services and service_id not in self.services:
            return "This code is not for this kind of session"
        return None

    def minor(self, list_minor: int) -> int:
        """Return what it makes of a list price, in cents. Cents of what is taken off go down."""
        return list_minor - part_of(list_minor, self.way, self.value)


def _day(on: date) -> str:
    return f"{on:%B} {on.day}, {on.year}"
