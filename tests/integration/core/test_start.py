"""Starting with wrong settings: all of them are named, and nothing starts."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests import databases

ROOT = Path(__file__).parents[3]
SETTINGS = ("DATABASE_URL", "SECRET_KEY", "FIELD_KEYS", "BASE_URL")


def start(*command: str, **settings: str) -> subprocess.CompletedProcess[str]:
    plain = {name: value for name, value in os.environ.items() if name not in SETTINGS}
    return subprocess.run(
        [sys.executable, *command],
        cwd=ROOT,
        env=plain | settings,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    "command", [("-c", "import wsgi"), ("-m", "flask", "--app", "wsgi", "db", "upgrade")]
)
def test_the_program_does_not_start_with_wrong_settings(command: tuple[str, ...]) -> None:
    done = start(*command, SECRET_KEY="short")

    assert done.returncode == 1
    assert [line.split()[0] for line in done.stderr.splitlines()] == ["The", *SETTINGS]
    assert "Traceback" not in done.stderr


@pytest.mark.database("sqlite")
def test_the_program_starts_with_the_smallest_settings(database_url: str) -> None:
    done = start("-c", "import wsgi; print(wsgi.app.name)", **databases.settings(database_url))

    assert (done.returncode, done.stdout) == (0, "practice.app\n")


@pytest.mark.database("sqlite")
def test_the_pinned_zones_count_and_not_the_machines(database_url: str) -> None:
    show = "import wsgi, zoneinfo; print(zoneinfo.TZPATH)"

    assert start("-c", show, **databases.settings(database_url)).stdout == "()\n"


def test_a_rule_can_be_imported_without_the_program() -> None:
    lean = """
import sys
import practice.calendar.rules.timeline, practice.sessions.rules.gates, practice.people.rules
print(sorted({"flask", "sqlalchemy", "stripe", "wtforms"} & set(sys.modules)))
"""

    assert start("-c", lean).stdout == "[]\n"
