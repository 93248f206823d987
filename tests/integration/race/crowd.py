"""Many real processes that all do the same thing at the same moment."""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from multiprocessing.connection import Connection
from multiprocessing.synchronize import Barrier
from random import Random

from flask import Flask, current_app

from practice.core.db import Busy, db
from practice.core.errors import PracticeError

FORK = multiprocessing.get_context("fork")  # an interpreter each would take half a minute
PATIENCE_SECONDS = 120


@dataclass(frozen=True)
class Outcome:
    """How one attempt ended, and how long it took."""

    words: str
    seconds: float


def crowd(
    attempt: Callable[[Random], str],
    *,
    processes: int = 32,
    attempts: int = 8,
) -> list[Outcome]:
    """Let each process make some attempts, all beginning together; return how they ended.

    Call inside an application. ``attempt`` runs inside it too, on connections of its process's
    own, and says how it ended. An error that a page would show counts as its name, such as
    ``SlotTaken`` or ``Busy``; any other is written out.
    """
    db.session.remove()
    db.engine.dispose()  # nobody inherits a connection
    barrier = FORK.Barrier(processes)
    pipes, children = [], []
    for seed in range(processes):
        here, there = FORK.Pipe(duplex=False)
        go = partial(_run, current_app, attempt, attempts=attempts, seed=seed)
        child = FORK.Process(target=go, args=(barrier, there))
        child.start()
        there.close()
        pipes.append(here)
        children.append(child)
    outcomes: list[Outcome] = []
    for pipe, child in zip(pipes, children, strict=True):
        assert pipe.poll(PATIENCE_SECONDS), "a process of the crowd is stuck"
        outcomes += pipe.recv()
        child.join(PATIENCE_SECONDS)
    return outcomes


def _run(
    app: Flask,
    attempt: Callable[[Random], str],
    barrier: Barrier,
    answer: Connection,
    *,
    attempts: int,
    seed: int,
) -> None:
    random = Random(seed)
    with app.app_context():
        barrier.wait(PATIENCE_SECONDS)
        outcomes = [_timed(partial(attempt, random)) for _ in range(attempts)]
    answer.send(outcomes)
    answer.close()


def _timed(attempt: Callable[[], str]) -> Outcome:
    began = time.monotonic()
    try:
        words = attempt()
    except Busy:
        words = "Busy"
    except PracticeError as error:
        words = type(error).__name__
    except Exception as error:  # noqa: BLE001 - whatever it is, the test is to show it
        words = f"{type(error).__name__}: {error}"
    return Outcome(words, time.monotonic() - began)
