"""Programs of others that we are measured against, in an environment of their own.

recurring-ical-events wants an older dateutil than we do, and Radicale is under the GPL. Both are
brought once, when a benchmark first asks for them.
"""

from __future__ import annotations

import subprocess
import venv
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from http.client import HTTPConnection
from pathlib import Path

from bench.serving import Request, Served, fetch, free_port
from scripts import bootstrap
from scripts.processes import together
from scripts.run import HOST, is_taken

ROOT = bootstrap.ROOT
REQUIREMENTS = ROOT / "requirements" / "peers.txt"
FOLDER = ROOT / "var" / "peers"
PYTHON = FOLDER / "bin" / "python"
STAMP = FOLDER / "installed.txt"
READER = Path(__file__).with_name("peers_reading.py")

WHO = (("Authorization", f"Basic {b64encode(b'bench:anything').decode()}"),)
CALENDAR = "/bench/calendar/"


def bring() -> None:
    """Install what is pinned, unless it is there.

    Raises:
        SystemExit: if it cannot be had; the lines above say why.
    """
    wanted = REQUIREMENTS.read_text()
    if STAMP.exists() and STAMP.read_text() == wanted:
        return
    venv.create(FOLDER, clear=True, symlinks=True, with_pip=bootstrap.has_ensurepip())
    if not bootstrap.succeeds(*bootstrap.installer(PYTHON), "-r", REQUIREMENTS):
        raise SystemExit("The programs to compare with could not be installed.")
    STAMP.write_text(wanted)


def read(file: Path, first_at: datetime, past_at: datetime) -> tuple[float, str]:
    """Have a calendar read by icalendar and recurring-ical-events.

    Returns:
        The CPU seconds of parsing and expanding, and a line for each time that they found.
    """
    bring()
    between = first_at.isoformat(), past_at.isoformat()
    command = [str(PYTHON), str(READER), str(file), *between]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    seconds, _, found = said.partition("\n")
    return float(seconds), found


@contextmanager
def radicale(body: bytes, logs: Path) -> Iterator[tuple[Served, Request]]:
    """Serve a calendar by Radicale inside the block: the server, and what to ask it for."""
    bring()
    port = free_port()
    settings = {
        "--config": "",
        "--server-hosts": f"{HOST}:{port}",
        "--auth-type": "none",
        "--storage-filesystem-folder": str(logs / "calendars"),
        "--logging-level": "warning",
    }
    arguments = [part for setting in settings.items() for part in setting]
    with together(folder=logs, environment={}, logs=logs, python=PYTHON) as processes:
        processes.start("radicale", "radicale", *arguments)
        processes.wait_for("radicale", lambda: is_taken(port))
        connection = HTTPConnection(HOST, port, timeout=600)
        put = Request(
            CALENDAR,
            method="PUT",
            body=body,
            status=201,
            headers=(*WHO, ("Content-Type", "text/calendar")),
        )
        fetch(connection, put)
        connection.close()
        pids = (processes.running["radicale"].pid,)
        yield Served(port, pids), Request(CALENDAR, headers=WHO)
