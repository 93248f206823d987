"""The table of races names tests that exist."""

import ast
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TABLE = (ROOT / "docs" / "payments-races.md").read_text()
ROWS = [line for line in TABLE.splitlines() if line.startswith("| ")][2:]


def names_in(name: str) -> set[str]:
    """Return the tests of a file."""
    body = ast.parse((ROOT / "tests" / "integration" / name).read_text()).body
    return {each.name for each in body if isinstance(each, ast.FunctionDef)}


def test_every_race_names_tests_that_are_there() -> None:
    named = {row: re.findall(r"`([\w/]+\.py)::(test_\w+)`", row) for row in ROWS}

    assert len(ROWS) == 22
    assert [row for row, tests in named.items() if not tests] == []
    assert [
        (file, test)
        for tests in named.values()
        for file, test in tests
        if test not in names_in(file)
    ] == []
