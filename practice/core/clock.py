"""The only clock of the house."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from flask import current_app, g

from practice.core.settings import KEY


def now() -> datetime:
    """Return the present instant in UTC, moved by ``CLOCK_FILE`` where a sandbox has one.

    Raises:
        RuntimeError: outside an application, where no configuration says which clock counts.
    """
    pretended: datetime | None = g.get("pretended_now")
    return pretended or datetime.now(UTC) + _shift(current_app.extensions[KEY].clock_file)


@contextmanager
def pretend(instant: datetime) -> Iterator[None]:
    """Let the clock stand at ``instant`` inside the block: for the demo's past, and for tests.

    It counts in this application context alone; no request ever enters the block.

    Raises:
        ValueError: for a naive instant, which would be an hour nobody can name.
    """
    if instant.tzinfo is None:
        raise ValueError("an instant needs a time zone")
    before = g.get("pretended_now")
    g.pretended_now = instant.astimezone(UTC)
    try:
        yield
    finally:
        g.pretended_now = before


def _shift(file: Path | None) -> timedelta:
    if file is None:
        return timedelta()
    try:
        text = file.read_text()
    except FileNotFoundError:
        return timedelta()
    return timedelta(seconds=float(text.strip() or 0))
