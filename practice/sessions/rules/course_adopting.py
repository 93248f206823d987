"""Which sessions that a client has already may count as steps of a new course."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from practice.sessions.rules.lifecycle import SessionKind
from practice.sessions.rules.windows import Unit

K = SessionKind
COME_BEFORE = frozenset({K.INTAKE, K.MEDICAL_EVAL, K.PREP})
"""What a new course may take over. Dosings and what follows them belong to their own course."""


@dataclass(frozen=True, slots=True)
class Had:
    """A session that is booked, or was held, and belongs to no course."""

    id: UUID
    kind: SessionKind
    service: str
    starts_at: datetime
    on: date
    is_held: bool


def adoptable(
    steps: Sequence[Mapping[str, Any]], sessions: Iterable[Had], *, today: date
) -> dict[str, Had]:
    """Return the sessions that fit steps of a course, by the keys of the steps.

    In order: a session never counts before one that its step comes after. One of the same service
    is taken rather than one of the same kind. What was held so long ago that nothing could follow
    it in time does not count.
    """
    left = sorted(sessions, key=lambda each: each.starts_at)
    found: dict[str, Had] = {}
    for step in steps:
        kind = K(step["kind"])
        if kind not in COME_BEFORE or step.get("external"):
            continue
        after = [found[each["step"]].starts_at for each in step["after"] if each["step"] in found]
        reach = _reach(steps, step["key"])
        fitting = [
            each
            for each in left
            if each.kind is kind
            and all(each.starts_at > moment for moment in after)
            and (not each.is_held or today - each.on <= reach)
        ]
        same = [each for each in fitting if each.service == step["service"]]
        if chosen := next(iter(same or fitting), None):
            found[step["key"]] = chosen
            left = [each for each in left if each.starts_at > chosen.starts_at]
    return found


def _reach(steps: Sequence[Mapping[str, Any]], key: str) -> timedelta:
    """Return how long after a step the next one that is measured against it may be, at most."""
    limits = [
        timedelta(days=window["hard_max"])
        if window["unit"] == Unit.DAYS
        else timedelta(hours=window["hard_max"])
        for step in steps
        for window in step["after"]
        if window["step"] == key
    ]
    return min(limits, default=timedelta.max)
