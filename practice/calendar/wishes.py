"""What somebody asks for who subscribes to a calendar."""

from __future__ import annotations

from dataclasses import dataclass

from practice.calendar.models import DetailLevel
from practice.calendar.rules import ics


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """How much a calendar's address says, how far it reaches, and an alarm before each session."""

    label: str
    level: DetailLevel
    days_back: int = ics.DAYS_BACK
    days_ahead: int = ics.DAYS_AHEAD
    alarm_minutes: int | None = None
