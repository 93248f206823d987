"""How values stand in a file that leaves the house: text that no spreadsheet runs."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from enum import Enum
from typing import Any
from uuid import UUID

STARTS_A_FORMULA = ("=", "+", "-", "@", "\t", "\r")
MARK = "\ufeff"


def line(cells: Iterable[Any]) -> str:
    """Write one row, with the line end that spreadsheets expect."""
    written = io.StringIO()
    csv.writer(written, lineterminator="\r\n").writerow([cell(each) for each in cells])
    return written.getvalue()


def cell(value: Any) -> str:
    """Write one value. Words that a spreadsheet would run get a leading apostrophe."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Enum):
        return str(value.value)
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, int | date | UUID):
        return str(value)
    if isinstance(value, Mapping | list):
        value = json.dumps(value, sort_keys=True, ensure_ascii=False)
    text = str(value)
    return f"'{text}" if text.startswith(STARTS_A_FORMULA) else text


def money(minor: int | None) -> str:
    """Write cents as an amount: ``175.00``; minus stands in front."""
    if minor is None:
        return ""
    sign = "-" if minor < 0 else ""
    return f"{sign}{abs(minor) // 100}.{abs(minor) % 100:02d}"
