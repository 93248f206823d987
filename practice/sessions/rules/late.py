"""Why a session does not take place as booked, and what share of its fee that asks for."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from practice.core.money import Money
from practice.sessions.rules import policies
from practice.sessions.rules.policies import Policy
from practice.sessions.rules.templates import shipped


class Why(StrEnum):
    """A reason as staff choose it. Clients change their own sessions for the first or the third."""

    CLIENT = "client"
    NOT_READY = "client_not_ready"
    ILLNESS = "illness_first_time"
    PRACTICE = "practitioner_cancelled"
    WEATHER = "weather_closure"
    CLINICAL = "clinical_hold"
    PRESCRIBER = "prescriber_hold"


NOT_THERE = "The client did not come"

WORDS: dict[Why, str] = {
    Why.CLIENT: "The client’s own wish",
    Why.NOT_READY: "The client was not ready: not fasted, no escort, alcohol or cannabis",
    Why.ILLNESS: "Illness, for the first time",
    Why.PRACTICE: "It is our own doing",
    Why.WEATHER: "Weather, or the home is closed",
    Why.CLINICAL: "A clinician holds it",
    Why.PRESCRIBER: "The prescriber holds it",
}

CLIENT_WORDS: dict[Why, str] = {
    Why.CLIENT: "Something came up",
    Why.ILLNESS: "I am ill, for the first time",
}
"""The same in the words of a client."""

WAIVED = frozenset(Why(each) for each in shipped()["policies"]["cancellation"]["waived_reasons"])
"""The reasons for which nobody is ever charged."""

REDUCED: dict[Why, int] = {
    Why(each["reason"]): each["fee_pct"]
    for each in shipped()["policies"]["cancellation"]["reduced_reasons"]
}
"""The reasons for which at most so many percent of the price are charged."""


def percent(policy: Policy, why: Why, *, starts_at: datetime, now: datetime) -> int:
    """Return what share of the price changing a session costs at an instant, for a reason."""
    if why in WAIVED:
        return 0
    return min(policies.percent_at(policy, starts_at - now), REDUCED.get(why, 100))


def fee(policy: Policy, price: Money, why: Why, *, starts_at: datetime, now: datetime) -> Money:
    """Return what changing a session costs at an instant, rounded down."""
    return policies.share(price, percent(policy, why, starts_at=starts_at, now=now))


def missed_fee(policy: Policy, price: Money, why: Why) -> Money:
    """Return what it costs that a client did not come, or could not be let in."""
    if why in WAIVED:
        return Money(0, price.currency)
    return policies.share(price, min(policy.no_show_percent, REDUCED.get(why, 100)))
