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
        return int(time.time() + seconds_ahead(path))

    return now


def from_environment() -> Clock:
    """Return the clock that ``CLOCK_FILE`` asks for."""
    return moved_by_file(file())


def file() -> Path | None:
    """Return the file that ``CLOCK_FILE`` names, if it names one."""
    name = os.environ.get("CLOCK_FILE")
    return Path(name) if name else None


def clock_time(seconds: float) -> str:
    """Spell an instant (Unix seconds) for people, in UTC."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%b %d, %Y, %H:%M:%S UTC")


def set_ahead(path: Path, seconds: float) -> None:
    """Let every clock that reads ``path`` run ahead by ``seconds``; 0 is real time.

    Whoever reads it meanwhile reads the old number or the new one, never half of it.
    """
    half_made = path.with_name(f"{path.name}.half-made")
    half_made.write_text(f"{seconds:.3f}\n", encoding="ascii")
    half_made.replace(path)


def seconds_ahead(path: Path | None) -> float:
    """Return the number in ``path``; 0 for a missing or empty file, or none."""
    if path is None:
        return 0.0
    try:
        text = path.read_text(encoding="ascii").strip()
    except FileNotFoundError:
        return 0.0
    return float(text) if text else 0.0
