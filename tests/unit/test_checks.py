"""The table of the checks of calendars names each check, and tests that there are."""

import re

from scripts.bootstrap import ROOT

TABLE = ROOT / "docs" / "trying-by-hand.md"
CHECKS = 25


def test_every_check_of_calendars_has_tests_and_each_that_is_named_after_one_is_listed() -> None:
    written = {
        (int(number), str(file.relative_to(ROOT)), name)
        for file in (ROOT / "tests").rglob("test_*.py")
        for name, numbers in re.findall(
            r"^def (test_check_((?:\d\d_(?:and_)?)+)\w+)", file.read_text(), re.MULTILINE
        )
        for number in re.findall(r"\d\d", numbers)
    }
    listed = {
        (int(number), file, name)
        for number, cell in re.findall(
            r"^\| (\d+) \| (`tests/.*) \|$", TABLE.read_text(), re.MULTILINE
        )
        for part in cell.split("<br>")
        for file, *names in [re.findall(r"`([^`]+)`", part)]
        for name in names
    }

    assert listed == written
    assert {number for number, *_ in written} == set(range(1, CHECKS + 1))
