"""The only clock of the house."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from flask import current_app

from practice.core.settings import KEY


def now() -> datetime:
    """Return the present instant in UTC, moved by ``CLOCK_FILE`` where a sandbox has one.

    Raises:
        RuntimeError: outside an application, where no configuration says which clock counts.
    """
    return datetime.now(UTC) + _shift(current_app.extensions[KEY].clock_file)


def _shift(file: Path | None) -> timedelta:
    if file is None:
        return timedelta()
    try:
        text = file.read_text()
    except FileNotFoundError:
        return timedelta()
    return timedelta(seconds=float(text.strip() or 0))
