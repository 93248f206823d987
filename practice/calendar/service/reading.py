"""Having a foreign calendar read by a child program, under limits of time and memory.

Call outside transactions: it takes up to 20 seconds.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from practice.calendar.rules.foreign.busy import Choices, Span
from practice.calendar.rules.foreign.cutting import Between, Refused
from practice.calendar.rules.imported import REFUSED_WORDS
from practice.core.errors import Invalid

CHILD = "practice.calendar.reading_child"
ROOT = Path(__file__).parents[3]
WALL_SECONDS = 20.0


class NotRead(Invalid):
    """Nothing of the calendar could be used; the message says why, in words for staff."""


@dataclass(frozen=True, slots=True)
class Read:
    """What a calendar says of busy time, and how many of its events were left out or guessed."""

    spans: tuple[Span, ...]
    events: int
    unreadable: int
    guessed: int


def busy_times(
    body: bytes, choices: Choices, between: Between, *, seconds: float = WALL_SECONDS
) -> Read:
    """Return the busy times of a calendar that touch some time.

    Raises:
        NotRead: if nothing of it can be used, or it takes too long or too much memory.
    """
    found = ask(body, question_of(choices, between), seconds=seconds)
    return Read(
        spans=tuple((_instant(first), _instant(past)) for first, past in found["spans"]),
        events=found["events"],
        unreadable=found["unreadable"],
        guessed=found["guessed"],
    )


def titled_times(body: bytes, choices: Choices, between: Between, now: datetime) -> dict[str, Any]:
    """Return its busy times with their titles: for an import, which forgets them.

    Raises:
        NotRead: likewise.
    """
    return ask(body, question_of(choices, between) | {"titles_at": now.isoformat()})


def ask(
    body: bytes, question: Mapping[str, Any], *, seconds: float = WALL_SECONDS
) -> dict[str, Any]:
    """Start the child program, hand it a question and a file, and return its answer.

    Raises:
        NotRead: if it refuses, or does not come to an end.
    """
    try:
        done = subprocess.run(  # noqa: S603  # our own program, and no word of the file among these
            [sys.executable, "-m", CHILD],
            input=json.dumps(question).encode() + b"\n" + body,
            capture_output=True,
            timeout=seconds,
            check=False,
            cwd=ROOT,
            env={"PATH": os.environ.get("PATH", ""), "PYTHONTZPATH": ""},
        )
        found: dict[str, Any] = json.loads(done.stdout) if done.returncode == 0 else {}
    except (subprocess.TimeoutExpired, ValueError):
        found = {}
    if not found:
        raise NotRead(REFUSED_WORDS[Refused.TOO_HARD])
    if "refused" in found:
        raise NotRead(REFUSED_WORDS[Refused(found["refused"])])
    return found


def question_of(choices: Choices, between: Between) -> dict[str, Any]:
    """Return what the child is asked: how to read, and for which time."""
    return {
        "choices": asdict(choices) | {"own_addresses": sorted(choices.own_addresses)},
        "first_at": between.first_at.isoformat(),
        "past_at": between.past_at.isoformat(),
    }


def _instant(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
