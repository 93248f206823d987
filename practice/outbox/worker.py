"""A worker: it runs what is due, as it becomes due, until it is asked to stop."""

import logging
import signal
from queue import Empty, SimpleQueue

from practice.outbox import jobs, periods

log = logging.getLogger(__name__)

SHORTEST_PAUSE_SECONDS = 0.05
LONGEST_PAUSE_SECONDS = 1.0


def run() -> None:
    """Work until SIGTERM or SIGINT; the job at hand is finished first.

    A database that does not answer is asked again every second, for as long as it takes.
    """
    # Of all queues and events this one alone may be filled while it is being read.
    asked: SimpleQueue[int] = SimpleQueue()
    for stop in (signal.SIGTERM, signal.SIGINT):
        signal.signal(stop, lambda number, _frame: asked.put(number))

    known: set[periods.Slot] = set()
    trouble = ""
    pause = SHORTEST_PAUSE_SECONDS
    while asked.empty():
        try:
            known = periods.lay_out(known)
            ran = jobs.run_due(going=asked.empty)
            trouble = ""
        except Exception as error:  # noqa: BLE001 - a worker outlives whatever happens
            ran = None
            trouble = note(error, trouble)
        pause = SHORTEST_PAUSE_SECONDS if ran else min(2 * pause, LONGEST_PAUSE_SECONDS)
        try:
            asked.get(timeout=pause)
        except Empty:
            continue
        return


def note(error: Exception, before: str) -> str:
    """Log what keeps the worker from its work, unless that was it ``before``; return it.

    So a night without a database is one line.
    """
    trouble = f"{type(error).__name__} at {jobs.place(error)}"
    if trouble != before:
        log.warning("waiting: %s", trouble)
    return trouble
