"""Processes that start together and end together."""

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, NoReturn

SECONDS_TO_START = 60
SECONDS_TO_STOP = 10
LINES_TO_SHOW = 20

LIBC = ctypes.CDLL(None)
PR_SET_PDEATHSIG = 1


class Ended(Exception):
    """A process is over, or never came up. The message is for the person at the terminal."""


@dataclass(frozen=True)
class Processes:
    """Python programs, each in a group of its own, writing to ``<logs>/<name>.log``."""

    folder: Path
    environment: Mapping[str, str]
    logs: Path
    python: Path | str = sys.executable
    running: dict[str, subprocess.Popen[str]] = field(default_factory=dict)

    def start(self, name: str, *module: str) -> None:
        """Start ``python -m <module>`` and go on."""
        with self._log(name).open("w") as log:
            self._launch(name, module, stdout=log, stderr=log)

    def finish(self, name: str, *module: str) -> str:
        """Run ``python -m <module>`` to its end; return what it said.

        Raises:
            Ended: if it ended with an error.
        """
        with self._log(name).open("w") as log:
            process = self._launch(name, module, stdout=subprocess.PIPE, stderr=log)
            said, _ = process.communicate()
        if process.returncode:
            self._lament(name)
        del self.running[name]
        return said

    def wait_for(
        self, name: str, is_ready: Callable[[], bool], *, seconds: int = SECONDS_TO_START
    ) -> None:
        """Wait until ``name`` is ready.

        Raises:
            Ended: if it ends instead, or is not ready after ``seconds``.
        """
        enough = time.monotonic() + seconds
        while not is_ready():
            if self.running[name].poll() is not None or time.monotonic() > enough:
                self._lament(name)
            time.sleep(0.05)

    def wait_until_one_ends(self) -> NoReturn:
        """Wait, for hours or days.

        Raises:
            Ended: always, as soon as one of them is over, naming it.
        """
        while True:
            for name, process in self.running.items():
                if process.poll() is not None:
                    self._lament(name)
            time.sleep(0.2)

    def stop(self) -> None:
        """End all of them and all that they have started: politely first, then not."""
        _signal_groups(self.running.values(), signal.SIGTERM)
        enough = time.monotonic() + SECONDS_TO_STOP
        for process in self.running.values():
            with suppress(subprocess.TimeoutExpired):
                process.wait(max(0, enough - time.monotonic()))
        _signal_groups(self.running.values(), signal.SIGKILL)
        for process in self.running.values():
            process.wait()

    def _launch(
        self, name: str, module: tuple[str, ...], *, stdout: IO[str] | int, stderr: IO[str]
    ) -> subprocess.Popen[str]:
        self.running[name] = subprocess.Popen(
            [self.python, "-m", *module],
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=stderr,
            text=True,
            start_new_session=True,
            preexec_fn=_end_with_the_parent,  # noqa: PLW1509  there are no threads here
        )
        return self.running[name]

    def _log(self, name: str) -> Path:
        return self.logs / f"{name}.log"

    def _lament(self, name: str) -> NoReturn:
        last = self._log(name).read_text(errors="replace").splitlines()[-LINES_TO_SHOW:]
        raise Ended("\n".join([f"{name} is not running. {self._log(name)} ends with:", *last]))


@contextmanager
def together(
    *,
    folder: Path,
    environment: Mapping[str, str],
    logs: Path,
    python: Path | str = sys.executable,
) -> Iterator[Processes]:
    """Start processes in ``folder`` inside the block; leaving it, none of them is left.

    On Linux they end with this process even if it is killed.
    """
    logs.mkdir(parents=True, exist_ok=True)
    processes = Processes(folder, {**environment, "PYTHONUNBUFFERED": "1"}, logs, python)
    try:
        yield processes
    finally:
        processes.stop()


def _end_with_the_parent() -> None:
    if sys.platform == "linux":
        LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def _signal_groups(processes: Iterable[subprocess.Popen[str]], sign: signal.Signals) -> None:
    for process in processes:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, sign)
