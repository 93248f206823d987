"""The application in a process of its own, so that it can be killed, or be there four times."""

import multiprocessing
from collections.abc import Callable
from multiprocessing.process import BaseProcess

from flask import current_app

from practice.core.db import db, read_again

FORK = multiprocessing.get_context("fork")  # an interpreter each would take three seconds
PATIENCE_SECONDS = 60


def begin(work: Callable[[], object]) -> BaseProcess:
    """Have a process of its own do something. Call inside an application."""
    read_again()
    db.engine.dispose()  # nobody inherits a connection
    process = FORK.Process(target=_do, args=(work,), daemon=True)
    process.start()
    return process


def _do(work: Callable[[], object]) -> None:
    current_app.extensions.pop("sanctuary.stripe", None)  # its connections are the parent's
    work()
