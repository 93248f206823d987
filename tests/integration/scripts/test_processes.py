"""Nothing outlives the program that started it, however that ends."""

import fcntl
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from scripts.processes import Ended, together

ROOT = Path(__file__).parents[3]

HOLDS_A_LOCK = """
import fcntl, pathlib, time
held = open("held", "w")
fcntl.flock(held, fcntl.LOCK_EX)
pathlib.Path("ready").touch()
time.sleep(600)
"""

HAS_A_STUBBORN_CHILD = """
import subprocess, sys, time
ignore = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); import holder"
subprocess.Popen([sys.executable, "-c", ignore])
time.sleep(600)
"""

STARTS_A_HOLDER = """
import os, pathlib, sys, time
from scripts.processes import together
here = pathlib.Path(sys.argv[1])
with together(folder=here, environment=os.environ, logs=here) as processes:
    processes.start("holder", "holder")
    time.sleep(600)
"""


@pytest.fixture
def here(tmp_path: Path) -> Path:
    (tmp_path / "holder.py").write_text(HOLDS_A_LOCK)
    (tmp_path / "parent.py").write_text(HAS_A_STUBBORN_CHILD)
    return tmp_path


def test_together_ends_children_of_children_that_do_not_listen(here: Path) -> None:
    with together(folder=here, environment=os.environ, logs=here) as processes:
        processes.start("parent", "parent")
        processes.wait_for("parent", (here / "ready").exists)
        assert is_held(here / "held")

    assert is_let_go(here / "held")


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells children of it")
def test_together_ends_its_processes_even_when_it_is_killed(here: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", STARTS_A_HOLDER, here], cwd=ROOT) as program:
        while not (here / "ready").exists():
            assert program.poll() is None
            time.sleep(0.01)
        program.kill()

    assert is_let_go(here / "held")


def test_together_shows_the_last_words_of_who_has_ended(here: Path) -> None:
    (here / "short.py").write_text("import sys; sys.exit('The disk is full.')")

    with together(folder=here, environment=os.environ, logs=here) as processes:
        processes.start("short", "short")

        with pytest.raises(Ended, match=r"short is not running(.|\n)*The disk is full\."):
            processes.wait_until_one_ends()


def test_finish_returns_what_was_said_and_keeps_warnings_out_of_it(here: Path) -> None:
    (here / "says.py").write_text("import sys; print('done'); print('careful', file=sys.stderr)")

    with together(folder=here, environment=os.environ, logs=here) as processes:
        said = processes.finish("says", "says")

    assert said == "done\n"
    assert (here / "says.log").read_text() == "careful\n"


def is_held(lock: Path) -> bool:
    with lock.open() as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        return False


def is_let_go(lock: Path) -> bool:
    """Tell whether whoever holds ``lock`` is gone; a signal takes a moment to arrive."""
    patience_ends = time.monotonic() + 20
    while is_held(lock):
        if time.monotonic() > patience_ends:
            return False
        time.sleep(0.01)
    return True
