"""Whether a calendar must be told of a session by mail, from what it was told last."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from practice.calendar.rules.ics import EventFacts, Status


@dataclass(frozen=True, slots=True)
class Known:
    """The last that somebody's calendar was told: which version, and what it showed."""

    sequence: int
    mark: str
    is_cancelled: bool


def mark_of(event: EventFacts) -> str:
    """Return what stands for everything about a session that is worth a mail.

    When it is, whether it is, and where. Not its title: nobody is written to for a name.
    """
    parts = (event.starts_at.timestamp(), event.ends_at.timestamp(), event.status, event.location)
    return hashlib.sha256("\x1f".join([event.uid, *map(str, parts)]).encode()).hexdigest()


def is_due(known: Known | None, event: EventFacts, *, wants: bool) -> bool:
    """Say whether to send a message: to whom ``wants`` them, and to whom one was sent before.

    What stands in somebody's calendar because of us is kept right there, whatever they want by
    now. What is not confirmed yet is announced to nobody, and what nobody has is not called off.
    """
    if known is None:
        return wants and event.status is Status.CONFIRMED
    if event.status is Status.CANCELLED and known.is_cancelled:
        return False
    if known.is_cancelled and event.status is not Status.CONFIRMED:
        return False
    return event.sequence >= known.sequence and mark_of(event) != known.mark
