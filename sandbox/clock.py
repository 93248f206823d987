"""The sandbox's clock: real time, moved by the seconds that a file holds."""

import os
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

Clock = Callable[[], int]
"""Returns whole Unix seconds."""


def moved_by_file(path: Path | None) -> Clock:
    """Return a clock that runs ahead by the number in ``path``, read afresh each time.

    The application reads the same file, so both move together. A missing or empty file,
    or no path at all, means real time.
    """

    def now() -> int:
        return int(time.time() + _offset_seconds(path))

    return now


def from_environment() -> Clock:
    """Return the clock that ``CLOCK_FILE`` asks for."""
    name = os.environ.get("CLOCK_FILE")
    return moved_by_file(Path(name) if name else None)


def clock_time(seconds: float) -> str:
    """Spell an instant (Unix seconds) for people, in UTC."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%b %d, %Y, %H:%M:%S UTC")


def _offset_seconds(path: Path | None) -> float:
    if path is None:
        return 0.0
    try:
        text = path.read_text(encoding="ascii").strip()
    except FileNotFoundError:
        return 0.0
    return float(text) if text else 0.0
