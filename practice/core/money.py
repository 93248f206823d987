"""Amounts of money: whole minor units of one currency, never floats."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=False)
class Money:
    """``minor`` whole minor units (cents, for ``USD``) of one ISO 4217 currency, upper case."""

    minor: int
    currency: str

    def __post_init__(self) -> None:
        if len(self.currency) != 3 or not self.currency.isupper():
            raise ValueError(f"not an ISO 4217 code: {self.currency!r}")

    def __add__(self, other: Money) -> Money:
        self._require_same_currency(other)
        return Money(self.minor + other.minor, self.currency)

    def __sub__(self, other: Money) -> Money:
        self._require_same_currency(other)
        return Money(self.minor - other.minor, self.currency)

    def __neg__(self) -> Money:
        return Money(-self.minor, self.currency)

    def __bool__(self) -> bool:
        return self.minor != 0

    def __str__(self) -> str:
        sign = "-" if self.minor < 0 else ""
        whole, cents = divmod(abs(self.minor), 100)
        mark = "$" if self.currency == "USD" else f"{self.currency} "
        return f"{sign}{mark}{whole:,}.{cents:02d}"

    def split(self, weights: list[int]) -> list[Money]:
        """Share this amount in proportion to ``weights``, losing no minor unit.

        Each share is floored; the units left over go to the largest remainders, so the
        shares always sum to the whole.

        Raises:
            ValueError: if a weight or the amount is negative, or no weight is positive.
        """
        total = sum(weights)
        if self.minor < 0 or total <= 0 or min(weights) < 0:
            raise ValueError("split needs a non-negative amount and weights")
        shares = [self.minor * weight // total for weight in weights]
        by_remainder = sorted(
            range(len(weights)),
            key=lambda i: self.minor * weights[i] % total,
            reverse=True,
        )
        for i in by_remainder[: self.minor - sum(shares)]:
            shares[i] += 1
        return [Money(share, self.currency) for share in shares]

    def _require_same_currency(self, other: Money) -> None:
        if self.currency != other.currency:
            raise ValueError(f"{self.currency} and {other.currency} do not mix")
