"""Rules of the house that no linter knows: what stands in one place stands in one place alone."""

import ast
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PRACTICE = ROOT / "practice"
TEMPLATES = ROOT / "templates"


def files_where(found: Callable[[ast.AST], bool]) -> set[str]:
    """Return the files of the product that hold such a piece of code."""
    return {
        str(file.relative_to(PRACTICE))
        for file in PRACTICE.rglob("*.py")
        if any(found(node) for node in ast.walk(ast.parse(file.read_text())))
    }


def calls(*methods: str) -> Callable[[ast.AST], bool]:
    """Return a test for a call of one of ``methods``: ``"now"`` of anything, ``"date.today"``."""

    def found(node: ast.AST) -> bool:
        if not isinstance(node, ast.Call):
            return False
        name = ast.unparse(node.func)
        return any(name == method or name.endswith(f".{method}") for method in methods)

    return found


def mentions(word: str) -> Callable[[ast.AST], bool]:
    """Return a test for a name, an attribute or a named argument."""

    def found(node: ast.AST) -> bool:
        return word in (
            getattr(node, "attr", None),
            getattr(node, "id", None),
            getattr(node, "arg", None),
        )

    return found


def test_one_commit_in_the_whole_house() -> None:
    assert files_where(calls("commit", "begin_nested")) == {"core/db.py"}


def test_one_clock_in_the_whole_house() -> None:
    reading = calls(
        "datetime.now", "datetime.utcnow", "datetime.today", "date.today", "time.time", "localtime"
    )

    assert files_where(reading) == {"core/clock.py"}


def test_nobody_waits_by_sleeping() -> None:
    assert files_where(calls("time.sleep")) == set()


def test_crossing_the_wall_between_practices_is_for_workers_and_the_doctor() -> None:
    assert files_where(mentions("across_practices")) == {"outbox/jobs.py", "doctor.py"}


def test_only_the_floor_says_that_a_statement_is_inside_the_practice_already() -> None:
    assert files_where(mentions("inside_the_practice")) == {"core/often.py"}


def test_going_around_the_rows_is_for_the_floor_and_the_operators_tools() -> None:
    # What such statements ask is not held by the program's own wall.
    around = files_where(calls("exec_driver_sql", "text")) | files_where(mentions("__table__"))

    assert around == {
        "core/connections.py",
        "core/db.py",
        "guards.py",
        "health.py",
        "doctor.py",
        "billing/export_models.py",  # the condition of an index
        "calendar/models.py",  # the same
        "clients/models.py",  # the same
    }


def test_a_lock_or_a_transaction_is_opened_at_the_edge() -> None:
    opening = files_where(calls("transaction", "in_transaction"))

    inner = {name for name in opening if re.search(r"/(rules|queries|models|forms)", name)}
    assert inner == set()


# Templates ---------------------------------------------------------------------------------------


def templates() -> Iterator[tuple[str, str]]:
    for file in sorted(TEMPLATES.rglob("*.html")):
        yield str(file.relative_to(TEMPLATES)), file.read_text()


PAGES = [(name, text) for name, text in templates() if not name.startswith("email/")]


@pytest.mark.parametrize(
    "forbidden",
    [r"<script(?![^>]*\ssrc=)", r"<style\b", r"\sstyle=", r"\son[a-z]+=\"", r"javascript:"],
)
def test_no_page_carries_a_script_or_a_style_of_its_own(forbidden: str) -> None:
    assert [name for name, text in PAGES if re.search(forbidden, text)] == []


def test_what_people_type_is_never_trusted_as_markup() -> None:
    trusting = {name for name, text in templates() if re.search(r"\|\s*safe\b|autoescape", text)}

    assert trusting == {"_icons.html"}


def test_every_form_that_changes_something_carries_its_token() -> None:
    forms = [
        (name, form)
        for name, text in PAGES
        for form in re.findall(r'<form\b[^>]*method="post".*?</form>', text, re.DOTALL)
    ]

    assert len(forms) > 10
    assert [name for name, form in forms if not re.search(r"csrf_token|hidden_tag", form)] == []


def test_every_address_in_a_page_is_asked_from_the_program() -> None:
    # A path written by hand would not survive being moved.
    written = [
        (name, address)
        for name, text in PAGES
        for address in re.findall(r'(?:href|action|src)="(/[^"]*)"', text)
    ]

    assert written == []
