"""What a session costs one client: list price, own price; and what is due to book it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any
from uuid import UUID

from practice.core.errors import Invalid
from practice.core.money import Money


class PriceWay(StrEnum):
    AMOUNT = "amount"  # cents
    PERCENT = "percent"


def check_value(way: PriceWay, value: int, *, least: int = 0) -> None:
    """Refuse what is no amount and no percentage.

    Raises:
        Invalid: below ``least``, or more than 100 percent.
    """
    if value < least:
        raise Invalid("Enter more than nothing." if least else "Enter nothing or more.")
    if way is PriceWay.PERCENT and value > 100:
        raise Invalid("A percentage is at most 100.")


def part_of(price_minor: int, way: PriceWay, value: int) -> int:
    """Return an amount, at most the price, or that share of it, rounded down."""
    if way is PriceWay.AMOUNT:
        return min(value, price_minor)
    return price_minor * value // 100


@dataclass(frozen=True, slots=True)
class Asked:
    """What has to be paid to book something, where that is not all of it.

    ``first`` is for somebody's first visit, where that differs.
    """

    way: PriceWay
    value: int
    first: Asked | None = None

    def __post_init__(self) -> None:
        check_value(self.way, self.value)

    def minor(self, price_minor: int, *, is_first: bool = False) -> int:
        """Return what is due when booking, in cents."""
        asked = self.first if is_first and self.first is not None else self
        return part_of(price_minor, asked.way, asked.value)


def as_terms(asked: Asked | None) -> dict[str, Any]:
    """Return a deposit as rows keep it; nothing where all of the price is due."""
    if asked is None:
        return {}
    first = {"first": as_terms(asked.first)} if asked.first else {}
    return {"way": asked.way.value, "value": asked.value, **first}


def from_terms(terms: Mapping[str, Any]) -> Asked | None:
    """Return the deposit that a row keeps, if there is one."""
    if not terms:
        return None
    return Asked(PriceWay(terms["way"]), terms["value"], from_terms(terms.get("first") or {}))


@dataclass(frozen=True, slots=True)
class Own:
    """A client's own price for one thing, or for everything, between two local days."""

    for_id: UUID | None
    way: PriceWay
    value: int
    from_on: date
    until_on: date | None
    reason: str

    def holds(self, for_id: UUID, on: date) -> bool:
        is_for = self.for_id is None or self.for_id == for_id
        return is_for and self.from_on <= on and (self.until_on is None or on <= self.until_on)

    def minor(self, list_minor: int) -> int:
        """Return what it makes of a list price. Never more than that."""
        return part_of(list_minor, self.way, self.value)


LONGEST_WHY = 200


@dataclass(frozen=True, slots=True)
class Agreed:
    """Another price for one thing that is sold, and why: an amount, or a part of its price.

    Raises:
        Invalid: for a value that is none, or without a reason.
    """

    way: PriceWay
    value: int
    why: str

    def __post_init__(self) -> None:
        check_value(self.way, self.value)
        if not 0 < len(self.why.strip()) <= LONGEST_WHY:
            raise Invalid(f"Give the reason in at most {LONGEST_WHY} characters.")

    def minor(self, list_minor: int) -> int:
        """Return what it makes of a price. Never more than that."""
        return part_of(list_minor, self.way, self.value)


def own_price(prices: Iterable[Own], for_id: UUID, on: date) -> Own | None:
    """Return which of a client's own prices holds on a day: one for the thing itself goes first."""
    holding = [each for each in prices if each.holds(for_id, on)]
    return max(holding, key=lambda each: (each.for_id is not None, each.from_on), default=None)


def in_words(asked: Asked, currency: str) -> str:
    """Say what is asked for: ``$100.00`` or ``25%``."""
    if asked.way is PriceWay.PERCENT:
        return f"{asked.value}%"
    return str(Money(asked.value, currency))
