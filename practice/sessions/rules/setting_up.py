"""The six steps until a practice can be booked, and how far somebody is, in words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Step(StrEnum):
    """A step of the set-up, by its name in addresses, in order."""

    PRACTICE = "practice"
    HOURS = "hours"
    SERVICES = "services"
    POLICIES = "policies"
    PAYMENTS = "payments"
    FIRST_BOOKING = "first-booking"


class How(StrEnum):
    """How a step ended. A step that was skipped can be done later."""

    DONE = "done"
    SKIPPED = "skipped"


LABELS: dict[Step, str] = {
    Step.PRACTICE: "Practice and time zone",
    Step.HOURS: "Hours",
    Step.SERVICES: "Services and prices",
    Step.POLICIES: "Policies",
    Step.PAYMENTS: "Payments",
    Step.FIRST_BOOKING: "First booking, as a test",
}


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a practice is. ``next`` is the first step that is neither done nor skipped."""

    ended: Mapping[Step, How]
    next: Step | None

    @property
    def words(self) -> str:
        done = [step for step, how in self.ended.items() if how is How.DONE]
        skipped = len(self.ended) - len(done)
        words = f"{len(done)} of {len(Step)} steps done"
        return f"{words}, {skipped} skipped" if skipped else words


def progress(kept: Mapping[str, str]) -> Progress:
    """Read what a practice keeps of its set-up. What is no step of today's is left out."""
    ended = {step: How(kept[step]) for step in Step if kept.get(step) in set(How)}
    return Progress(ended, next((step for step in Step if step not in ended), None))


PUT_AWAY = "put-away"
"""What is kept beside the steps once nobody wants to be reminded of those that are open."""


def left_of(kept: Mapping[str, str]) -> Progress | None:
    """Return how far a set-up is that is still open, unless nobody wants to hear of it."""
    found = progress(kept)
    return found if found.next is not None and PUT_AWAY not in kept else None


def number_words(step: Step) -> str:
    """Say where a step stands: ``Step 2 of 6``."""
    return f"Step {list(Step).index(step) + 1} of {len(Step)}"


def after(step: Step, ended: Progress) -> Step | None:
    """Return where to go on from ``step``: the next one that is open, around the corner too."""
    steps = list(Step)
    place = steps.index(step) + 1
    return next(
        (each for each in (*steps[place:], *steps[:place]) if each not in ended.ended), None
    )
