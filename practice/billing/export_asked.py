"""What is asked of an export, and what a row of a file is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from uuid import UUID

import sqlalchemy as sa

from practice.billing.exports import safe
from practice.billing.rules.export_ways import Ways
from practice.core.db import db
from practice.people.models import Client

CHUNK = 500

Row = tuple[list[str], tuple[int, ...]]


@dataclass(frozen=True)
class Asked:
    """Which days, both included, and how the practice wants its files."""

    first_on: date
    last_on: date
    ways: Ways
    currency: str

    @cached_property
    def names(self) -> dict[UUID | None, str]:
        """The clients' names as they stand in cells. Read once a file."""
        rows = db.session.execute(sa.select(Client.id, Client.first_name, Client.last_name))
        return {row[0]: safe(f"{row[1]} {row[2]}".strip()) for row in rows}


Write = Callable[[date], str]
"""Writes a day as the program wants it."""
