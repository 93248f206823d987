"""What must come of a booking and its payment, plainly: the model of ``programs.py``."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

STRICT = {
    "tiers": [[0, 50]],
    "no_show_percent": 100,
    "late_grace_minutes": 15,
    "late": "is_shortened",
}
"""Half of the price for whoever cancels, however early."""


@dataclass
class Booked:
    """What the model knows of one booking. Money in cents.

    ``is_known`` says whether the application has heard how its payment ended.
    """

    id: UUID
    payment_id: UUID
    at: int
    price: int
    is_hold: bool
    is_strict: bool
    ends_at: datetime
    is_live: bool = True
    is_open: bool = True
    has_paid: bool = False
    is_known: bool = False
    decided: int = 0
    elsewhere: int = 0
    dispute: str | None = None
    was_disputed: bool = False
    stays: int | None = None

    def learn(self) -> None:
        """Let the application hear how the payment ended."""
        self.is_known = True
        if not self.has_paid:
            self.is_live = self.is_live and not self.is_hold
        elif not self.is_live:
            self.stays = 0
        else:
            self.is_hold = False

    @property
    def left(self) -> int:
        return self.price * self.has_paid - self.decided - self.elsewhere
