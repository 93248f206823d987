"""A short-lived program that reads one foreign calendar, so that a hostile one harms nobody.

On its input it finds a line of JSON that says what is asked, then the file; it answers in JSON.
Before it looks at anything it gives up most of its time and memory, files and the network. It
knows the rules alone, and one file: what one calendar calls its zones, the next never hears.
"""

from __future__ import annotations

import json
import os
import resource
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any, NoReturn

from practice.calendar.rules.foreign.busy import Choices, busy
from practice.calendar.rules.foreign.cutting import Between, Refused, Unreadable
from practice.calendar.rules.foreign.titled import titled

CPU_SECONDS = 10
MEMORY_BYTES = 768 * 1024 * 1024
EVENT_SECONDS = 1.0
"""Of processor time, for the components of one name."""

FORBIDDEN = ("socket.", "subprocess.", "os.system", "os.exec", "os.fork", "os.posix_spawn")


class TooLong(Exception):
    """Reading one event took longer than any honest one takes."""


def main() -> None:
    asked = json.loads(sys.stdin.buffer.readline())
    _give_up(asked.get("cpu_seconds", CPU_SECONDS))
    try:
        answer = _answer(asked, sys.stdin.buffer.read())
    except Unreadable as refused:
        answer = {"refused": refused.why.value}
    except (MemoryError, RecursionError):
        answer = {"refused": Refused.TOO_HARD.value}
    json.dump(answer, sys.stdout)


def _answer(asked: dict[str, Any], body: bytes) -> dict[str, Any]:
    between = Between(
        datetime.fromisoformat(asked["first_at"]), datetime.fromisoformat(asked["past_at"])
    )
    given = dict(asked["choices"])
    choices = Choices(**given | {"own_addresses": frozenset(given.get("own_addresses", ()))})
    if "titles_at" in asked:
        now = datetime.fromisoformat(asked["titles_at"])
        return titled(body, choices, between, now, watch=watched)
    found = busy(body, choices, between, watch=watched)
    return {
        "spans": [[int(one.timestamp()), int(other.timestamp())] for one, other in found.spans],
        "events": found.events,
        "unreadable": found.unreadable,
        "guessed": found.guessed,
    }


def _give_up(cpu_seconds: int) -> None:
    for what, most in (
        (resource.RLIMIT_CPU, cpu_seconds),
        (resource.RLIMIT_AS, MEMORY_BYTES),
        (resource.RLIMIT_NOFILE, 64),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(what, (most, most))
    os.nice(10)  # whoever waits for a page goes first
    signal.signal(signal.SIGVTALRM, _too_long)
    sys.addaudithook(_forbid)


def _forbid(event: str, arguments: tuple[Any, ...]) -> None:
    """Stop what reading a calendar has no need of, should a file ever bring it about."""
    writes = event == "open" and arguments[2] & (os.O_WRONLY | os.O_RDWR)
    if writes or event.startswith(FORBIDDEN):
        raise PermissionError(event)


def _too_long(*_: object) -> NoReturn:
    raise TooLong


@contextmanager
def watched() -> Iterator[None]:
    """Raise ``TooLong`` inside a block that takes more than a second of processor time."""
    signal.setitimer(signal.ITIMER_VIRTUAL, EVENT_SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)


if __name__ == "__main__":
    main()
