"""An account of what a client was billed and has paid in a period."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

LONGEST_DAYS = 3 * 366


@dataclass(frozen=True, slots=True)
class Movement:
    """Something that changed what a client owes: above nothing a charge, below it a payment.

    Cents, on a local date of the practice.
    """

    on: date
    what: str
    number: str
    minor: int


def what_is_wrong(first_on: date, last_on: date) -> str | None:
    """Say what is wrong with a period, or return ``None``."""
    if last_on < first_on:
        return "The last day lies before the first."
    if (last_on - first_on).days > LONGEST_DAYS:
        return "A period is at most three years long."
    return None


def facts(
    movements: Iterable[Movement], first_on: date, last_on: date, *, currency: str
) -> Mapping[str, Any]:
    """Return what a statement says of a period, both days included, fit for JSON.

    ``movements`` are all there ever were, in order.
    """
    opening, balance, lines = 0, 0, []
    for each in sorted(movements, key=lambda each: each.on):
        if each.on > last_on:
            break
        balance += each.minor
        if each.on < first_on:
            opening = balance
            continue
        lines.append(
            {
                "on": each.on.isoformat(),
                "what": each.what,
                "number": each.number,
                "charge_minor": max(each.minor, 0),
                "paid_minor": max(-each.minor, 0),
                "balance_minor": balance,
            }
        )
    return {
        "first_on": first_on.isoformat(),
        "last_on": last_on.isoformat(),
        "opening_minor": opening,
        "lines": lines,
        "charged_minor": sum(each["charge_minor"] for each in lines),
        "paid_minor": sum(each["paid_minor"] for each in lines),
        "closing_minor": balance,
        "currency": currency,
    }
