"""What cancelling a session costs, from how far ahead it is done; and how clients read that.

A policy belongs to a service and is copied onto each session that is made, so that what was
agreed holds, whatever the practice writes afterwards. Notice is elapsed time up to the start. A
fee is a whole percentage of the agreed price, rounded down: a broken cent is the client's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from functools import cache
from itertools import pairwise
from typing import Any, NamedTuple

from practice.calendar.rules import zones
from practice.core.errors import Invalid
from practice.core.money import Money
from practice.sessions.rules.lifecycle import GIVES_MEDICINE, SessionKind
from practice.sessions.rules.templates import shipped

MOST_TIERS = 5
LONGEST_NOTICE_HOURS = 14 * 24
LONGEST_GRACE_MINUTES = 120


class Late(StrEnum):
    """What becomes of a session whose client comes later than the grace allows."""

    CANNOT_START = "cannot_start"
    IS_SHORTENED = "is_shortened"


class Tier(NamedTuple):
    """With at least this much notice, cancelling costs this share of the price."""

    notice_hours: int
    percent: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """The terms of cancelling, missing and being late. Tiers go from much notice to none.

    Raises:
        Invalid: if the tiers are out of order, do not end at no notice, or cost less for less
            notice; or if something is out of bounds.
    """

    tiers: tuple[Tier, ...]
    no_show_percent: int
    late_grace_minutes: int
    late: Late

    def __post_init__(self) -> None:
        if not 1 <= len(self.tiers) <= MOST_TIERS:
            raise Invalid(f"A policy has between 1 and {MOST_TIERS} steps.")
        if self.tiers[-1].notice_hours != 0:
            raise Invalid("The last step says what it costs right up to the start: 0 hours.")
        if self.tiers[0].notice_hours > LONGEST_NOTICE_HOURS:
            raise Invalid(f"Notice is at most {LONGEST_NOTICE_HOURS} hours.")
        if any(more.notice_hours <= less.notice_hours for more, less in pairwise(self.tiers)):
            raise Invalid("Each step asks for fewer hours of notice than the one before.")
        percents = [*(tier.percent for tier in self.tiers), self.no_show_percent]
        if not all(0 <= percent <= 100 for percent in percents):
            raise Invalid("A fee is between 0 and 100 percent of the price.")
        if any(early > late for early, late in pairwise(percents)):
            raise Invalid("Less notice never costs less, and missing it costs the most.")
        if not 0 <= self.late_grace_minutes <= LONGEST_GRACE_MINUTES:
            raise Invalid(f"The grace is at most {LONGEST_GRACE_MINUTES} minutes.")


# As it is written down --------------------------------------------------------------------------


def as_terms(policy: Policy) -> dict[str, Any]:
    """Return a policy as rows keep it."""
    return {
        "tiers": [list(tier) for tier in policy.tiers],
        "no_show_percent": policy.no_show_percent,
        "late_grace_minutes": policy.late_grace_minutes,
        "late": policy.late.value,
    }


def from_terms(terms: Mapping[str, Any]) -> Policy:
    """Return the policy that a row keeps."""
    return Policy(
        tiers=tuple(Tier(*tier) for tier in terms["tiers"]),
        no_show_percent=terms["no_show_percent"],
        late_grace_minutes=terms["late_grace_minutes"],
        late=Late(terms["late"]),
    )


@cache
def shipped_policy(kind: SessionKind) -> Policy:
    """Return the policy that a new practice begins with."""
    is_medicine = kind in GIVES_MEDICINE
    written = shipped()["policies"]["cancellation"]["dosing" if is_medicine else "other"]
    return Policy(
        tiers=tuple(Tier(t["notice_hours_at_least"], t["fee_pct"]) for t in written["tiers"]),
        no_show_percent=written["no_show_pct"],
        late_grace_minutes=written["late_grace_minutes"],
        late=Late.CANNOT_START if is_medicine else Late.IS_SHORTENED,
    )


# What it costs ----------------------------------------------------------------------------------


def percent_at(policy: Policy, notice: timedelta) -> int:
    """Return the share of the price that cancelling costs with so much notice.

    Exactly the notice of a tier is enough for it. After the start it is a session missed.
    """
    for hours, percent in policy.tiers:
        if notice >= timedelta(hours=hours):
            return percent
    return policy.no_show_percent


def fee(policy: Policy, price: Money, notice: timedelta) -> Money:
    """Return what cancelling costs with so much notice, rounded down."""
    return share(price, percent_at(policy, notice))


def fee_now(policy: Policy, *, price: Money, starts_at: datetime, now: datetime) -> Money:
    """Return what cancelling a session costs at an instant. ``price`` is the agreed one."""
    return fee(policy, price, starts_at - now)


def no_show_fee(policy: Policy, price: Money) -> Money:
    """Return what a session costs that its client missed, rounded down."""
    return share(price, policy.no_show_percent)


def free_until(policy: Policy, starts_at: datetime) -> datetime | None:
    """Return the last instant at which cancelling costs nothing; ``None`` if it always does."""
    free = [tier.notice_hours for tier in policy.tiers if tier.percent == 0]
    return starts_at - timedelta(hours=min(free)) if free else None


class Step(NamedTuple):
    """Up to and including an instant, cancelling costs so much."""

    until: datetime
    fee: Money


def steps(policy: Policy, *, price: Money, starts_at: datetime) -> list[Step]:
    """Lay a policy out in time for one session; neighbours that cost the same are one."""
    found: list[Step] = []
    for hours, percent in policy.tiers:
        step = Step(starts_at - timedelta(hours=hours), share(price, percent))
        if found and found[-1].fee == step.fee:
            found[-1] = step
        else:
            found.append(step)
    return found


def share(price: Money, percent: int) -> Money:
    """Return a whole percentage of a price, rounded down."""
    return Money(price.minor * percent // 100, price.currency)


COUNTS = "counts as used"
"""What becomes of a session that was sold ahead, where all of its price would be to pay."""


# How clients read it ----------------------------------------------------------------------------


def sentence(
    policy: Policy,
    *,
    price: Money,
    starts_at: datetime,
    zone: str,
    now: datetime | None = None,
    uses_unit: bool = False,
) -> str:
    """Say what cancelling one session costs and until when, by the practice's clock.

    ``Cancel free of charge until Sun, Nov 29, 10:30 AM. After that it costs $90.00.`` With
    ``now``, only what still lies ahead is said. A session without a fee at any time says when
    it starts. With ``uses_unit`` the session was sold ahead: where all of its price would be to
    pay, it counts as used instead.
    """

    def costs(fee: Money) -> str:
        return COUNTS if uses_unit and fee and fee.minor >= price.minor else f"costs {fee}"

    ahead = [
        step
        for step in steps(policy, price=price, starts_at=starts_at)
        if now is None or step.until >= now
    ]
    if not ahead:
        missed = costs(no_show_fee(policy, price))
        return f"Missed, it {missed}." if missed == COUNTS else f"Missing it {missed}."
    first, *later = ahead

    def when(step: Step) -> str:
        return zones.instant_words(step.until, zone)

    if not later:
        starts = f"{zones.instant_words(starts_at, zone)}, when it starts"
        if first.fee and costs(first.fee) == COUNTS:
            return f"Cancelled at any time until {starts}, it {COUNTS}."
        cost = costs(first.fee) if first.fee else "is free of charge"
        return f"Cancelling {cost} until {starts}."
    opening = (
        f"Cancelling costs {first.fee} until {when(first)}."
        if first.fee
        else f"Cancel free of charge until {when(first)}."
    )
    rest = f" After that it {costs(later[0].fee)}"
    for before, step in pairwise(later):
        more = costs(step.fee)
        rest += f", after {when(before)} {'it ' * (more == COUNTS)}{more.removeprefix('costs ')}"
    return f"{opening}{rest}."


def late_sentence(policy: Policy) -> str:
    """Say what happens to somebody who comes late."""
    minutes = policy.late_grace_minutes
    allowed = f"more than {minutes} minutes late" if minutes else "late"
    if policy.late is Late.CANNOT_START:
        return f"If you come {allowed}, the session cannot start, and counts as cancelled then."
    return f"If you come {allowed}, the session is shorter and ends on time."


def missed_sentence(policy: Policy, price: Money) -> str:
    """Say what it costs not to come."""
    missed = no_show_fee(policy, price)
    return f"Not coming costs {missed}." if missed else "Not coming costs nothing."


def in_brief(policy: Policy) -> str:
    """Say a policy without a date or a price: ``Free up to 48 hours before, then 50 %, …``."""
    words = []
    for number, (hours, percent) in enumerate(policy.tiers):
        cost = f"{percent}%" if percent else "free"
        if number == 0 and hours:
            words.append(f"{cost} up to {hours} hours before")
        elif number == 0:
            words.append(f"{cost} at any time before it starts")
        else:
            above = policy.tiers[number - 1].notice_hours
            words.append(f"{cost} with less than {above} hours")
    if policy.no_show_percent != policy.tiers[-1].percent:
        words.append(f"{policy.no_show_percent}% when missed")
    text = ", ".join(words)
    return text[:1].upper() + text[1:]


def in_full(policy: Policy) -> str:
    """Say a policy without a date or a price, with what happens to those who are late."""
    minutes = policy.late_grace_minutes
    after = f"{minutes} minutes late" if minutes else "late"
    what = "cannot start" if policy.late is Late.CANNOT_START else "is shortened"
    return f"{in_brief(policy)}; {what} when {after}"
