"""The legal clock of good faith estimates (45 CFR 149.610), and when a bill goes too far past one.

All dates are local dates of the practice.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

from practice.billing.rules.business_days import after, before

WELL_AHEAD, AHEAD = 10, 3
"""Business days between the booking and the session, from which on an estimate is owed."""

SLOW, QUICK = 3, 1
"""Business days that there are to write it: for what is well ahead and on request; for the rest."""

CHANGED_BEFORE = 1
"""Business days before the session by which a change must be on a new estimate."""

LONGEST_MONTHS = 12
"""How far one estimate for recurring sessions may reach."""

MAY_PASS_MINOR = 399_99
"""How far a bill may lie above what was estimated without being open to dispute, in cents."""


def due_on(*, booked_on: date, service_on: date) -> date | None:
    """Return the last date on which the estimate for a booking may reach the client.

    ``None`` where none is owed unless the client asks: booked fewer than three business days ahead.
    """
    if booked_on <= before(service_on, WELL_AHEAD):
        return after(booked_on, SLOW)
    if booked_on <= before(service_on, AHEAD):
        return after(booked_on, QUICK)
    return None


def due_on_request(asked_on: date) -> date:
    """Return the last date for an estimate that a client asked for; any question on cost counts."""
    return after(asked_on, SLOW)


def due_on_change(service_on: date) -> date:
    """Return the last date for a new estimate when scope or price of a session has changed."""
    return before(service_on, CHANGED_BEFORE)


def counts_for(service_on: date, issued_on: date) -> bool:
    """Say whether an estimate came early enough to be the one that a session's bill is held to."""
    return issued_on <= due_on_change(service_on)


def reaches_until(first_on: date) -> date:
    """Return the last date that an estimate which begins on ``first_on`` may cover."""
    year = first_on.year + LONGEST_MONTHS // 12
    try:
        again = first_on.replace(year=year)
    except ValueError:  # a 29th of February
        again = date(year, 3, 1)
    return again - timedelta(days=1)


def passes(*, estimated_minor: int, billed_minor: int) -> bool:
    """Say whether a client could dispute a bill: it is 400 dollars or more above the estimate.

    Both are one provider's, in cents.
    """
    return billed_minor > estimated_minor + MAY_PASS_MINOR


@dataclass(frozen=True, slots=True)
class Priced:
    """What is expected for one thing: by whom, for how much. Not booked yet: without its id."""

    for_id: UUID | None
    provider_id: UUID | None
    minor: int


def is_changed(each: Priced, said: Collection[Priced]) -> bool:
    """Say whether an estimate named this very thing with another price or provider."""
    return any(one.for_id == each.for_id and one != each for one in said if one.for_id is not None)


def not_covered(expected: Iterable[Priced], said: Collection[Priced]) -> list[Priced]:
    """Return what an estimate does not say of what is expected.

    What it foresaw without a date covers one thing each of the same provider and price, booked by
    now or not.
    """
    by_id = {one.for_id: one for one in said if one.for_id is not None}
    foreseen = Counter((one.provider_id, one.minor) for one in said if one.for_id is None)
    missing = []
    for each in expected:
        if each.for_id is not None and each.for_id in by_id:
            if by_id[each.for_id] != each:
                missing.append(each)
        elif foreseen[each.provider_id, each.minor] > 0:
            foreseen[each.provider_id, each.minor] -= 1
        else:
            missing.append(each)
    return missing
