"""A process of the application that is killed at its n-th step: a write at Stripe, or a commit.

The child is a fork: it is killed by itself, with SIGKILL, and nothing of it is tidied up. What it
was going to do is counted in the child alone; the program knows nothing of it.
"""

import os
import re
import signal
import traceback
from collections.abc import Callable, Mapping
from typing import Any

import stripe
from flask import current_app
from sqlalchemy import event

from practice.core.db import db, read_again

Work = Callable[[], object]

AN_ID = re.compile(r"/[a-z]+_\w+")
SECONDS = 60
"""A child that takes longer hangs, and is ended."""


def steps_until_killed(work: Work, at: int) -> tuple[list[str], bool]:
    """Do ``work`` in a child that is killed at its step number ``at``, counted from nought.

    Returns the steps that it came to, and whether it ended alive: it had no step of that number.

    Raises:
        AssertionError: if the work failed, or hung.
    """
    read_again()
    db.engine.dispose()  # no connection is shared: the child would close what is not its own
    reads, writes = os.pipe()
    child = os.fork()
    if not child:
        os.close(reads)
        _be_killed(work, at, writes)
    os.close(writes)
    with os.fdopen(reads) as told:
        steps = told.read().splitlines()
    _, status = os.waitpid(child, 0)
    is_killed = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
    assert is_killed or status == 0, "\n".join(steps)
    return steps, not is_killed


def _be_killed(work: Work, at: int, writes: int) -> None:
    signal.alarm(SECONDS)
    steps = 0

    def come_to(step: str) -> None:
        nonlocal steps
        os.write(writes, f"{step}\n".encode())
        if steps == at:
            os.kill(os.getpid(), signal.SIGKILL)
        steps += 1

    try:
        _count(come_to)
        work()
    except BaseException:  # noqa: BLE001 - the parent is told of it, whatever it is
        os.write(writes, traceback.format_exc().encode())
        os._exit(1)
    os._exit(0)


def _count(come_to: Callable[[str], None]) -> None:
    """Have every write of this process told, before and after it is done."""
    current_app.extensions.pop("sanctuary.stripe", None)  # its connections are the parent's
    ask = stripe.RequestsClient.request

    def request(
        self: stripe.RequestsClient,
        method: str,
        url: str,
        headers: Mapping[str, str] | None,
        post_data: Any = None,
    ) -> tuple[bytes, int, Mapping[str, str]]:
        if method != "post":
            return ask(self, method, url, headers, post_data)
        path = AN_ID.sub("/…", url.partition("/v1/")[2])
        come_to(f"before POST {path}")
        answer = ask(self, method, url, headers, post_data)
        come_to(f"after POST {path}")
        return answer

    def before_commit(session: Any) -> None:
        if session.info.get("open"):
            come_to("before a commit")

    def after_commit(session: Any) -> None:
        if session.info.get("open"):
            come_to("after a commit")

    stripe.RequestsClient.request = request  # type: ignore[method-assign]
    event.listen(db.session, "before_commit", before_commit)
    event.listen(db.session, "after_commit", after_commit)
