"""A calendar file: its times become blocks of one person's time, sessions are pointed out.

What looks like a session with a client is not blocked but named, so that it can be booked as
one. The file is read by a child program under limits; what it said is kept sealed until the
import is done, titles and all, and thrown away then.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from practice.audit.rules import Actor
from practice.calendar.models import Resource, ResourceKind
from practice.calendar.rules import zones
from practice.calendar.service import blocks as blocked_time
from practice.core import clock
from practice.core.db import db
from practice.core.errors import Conflict, Invalid
from practice.moving.models import ImportRun
from practice.moving.rules.reading import Problem
from practice.people.models import Client
from practice.people.queries import get_practice
from practice.people.rules import folded

CHILD = Path(__file__).parent.parent / "ics_child.py"
WALL_SECONDS = 20
BROUGHT_OVER = "From another calendar"
UNREADABLE = "This calendar file could not be read. Export it again as .ics and choose that file."


@dataclass(frozen=True, slots=True)
class Event:
    """One busy time of the file, and the client whose session it looks like."""

    number: int
    starts_at: datetime
    ends_at: datetime
    title: str
    client_id: UUID | None
    client_name: str


def received(body: bytes) -> tuple[str, dict[str, Any], int]:
    """Read a calendar file; return what is kept of it, the choices so far, and how many times.

    Raises:
        Invalid: if it is no calendar, takes too long, or holds nothing from now on.
    """
    read = _read(body)
    if not read["times"]:
        raise Invalid("Nothing in this calendar lies ahead, so there is nothing to bring over.")
    return json.dumps(read), {}, len(read["times"])


def _read(body: bytes) -> dict[str, Any]:
    asked = [sys.executable, str(CHILD), get_practice().time_zone, clock.now().isoformat()]
    try:
        done = subprocess.run(  # noqa: S603  # our own program, and no word of the file among these
            asked,
            input=body,
            capture_output=True,
            timeout=WALL_SECONDS,
            check=False,
            env={"PATH": os.environ.get("PATH", ""), "PYTHONTZPATH": ""},
        )
        found: dict[str, Any] = json.loads(done.stdout) if done.returncode == 0 else {}
    except (subprocess.TimeoutExpired, ValueError):
        found = {}
    if "times" not in found:
        raise Invalid(UNREADABLE)
    return found


def unreadable(run: ImportRun) -> int:
    """Return how many events of the file could not be read."""
    return int(json.loads(run.body or "{}").get("unreadable", 0))


def events_of(run: ImportRun) -> list[Event]:
    """Return the times of a calendar file, the next one first, with the clients they look like.

    Raises:
        Conflict: if the file is no longer kept.
    """
    if run.body is None:
        raise Conflict("The file of this import is no longer kept.")
    by_email, by_name = _clients()
    return [
        _event(number, each, by_email, by_name)
        for number, each in enumerate(json.loads(run.body)["times"], start=1)
    ]


Known = tuple[UUID, str]


def _clients() -> tuple[dict[str, Known], list[tuple[str, Known]]]:
    rows = db.session.execute(
        sa.select(Client.id, Client.first_name, Client.last_name, Client.email)
        .where(Client.archived_at.is_(None))
        .order_by(Client.created_at.desc(), Client.id)
    ).all()
    known = [(row, (row.id, f"{row.first_name} {row.last_name}")) for row in rows]
    return (
        {row.email: who for row, who in known},
        [(folded(who[1]), who) for _, who in known],
    )


def _event(
    number: int,
    said: dict[str, Any],
    by_email: dict[str, Known],
    by_name: list[tuple[str, Known]],
) -> Event:
    title = folded(said["title"])
    found = next((by_email[each] for each in said["emails"] if each in by_email), None)
    found = found or next((who for name, who in by_name if name in title), None)
    return Event(
        number,
        datetime.fromisoformat(said["starts_at"]),
        datetime.fromisoformat(said["ends_at"]),
        said["title"],
        found[0] if found else None,
        found[1] if found else "",
    )


def people() -> list[Resource]:
    """Return whose time can be blocked, by name."""
    return list(
        db.session.scalars(
            sa.select(Resource)
            .where(Resource.kind == ResourceKind.PERSON, Resource.ended_at.is_(None))
            .order_by(Resource.name, Resource.id)
        )
    )


def block(
    run: ImportRun, events: Sequence[Event], *, by: Actor
) -> tuple[list[tuple[int, UUID]], list[Problem]]:
    """Block the time of events that are no sessions. Call inside ``transaction()``.

    Returns:
        What was made, by number, and what was not. ``Problem.column`` is the id of the client
        whose session it looks like, or empty.
    """
    person = UUID(run.choices["person"])
    zone = get_practice().time_zone
    made: list[tuple[int, UUID]] = []
    problems: list[Problem] = []
    for each in events:
        when = _when(each, zone)
        if each.client_id is not None:
            words = f"{when} looks like a session with a client. Book it as one."
            problems.append(Problem(each.number, str(each.client_id), words))
            continue
        try:
            (kept,) = blocked_time.block(
                [person], [(each.starts_at, each.ends_at)], reason=BROUGHT_OVER, by=by
            )
        except blocked_time.TimeTaken:
            problems.append(Problem(each.number, "", f"{when} is taken already."))
        else:
            made.append((each.number, kept.id))
    return made, problems


def take_back(block_ids: Sequence[UUID], *, by: Actor) -> None:
    """Give all that time back. Call inside ``transaction()``."""
    for block_id in block_ids:
        blocked_time.remove(block_id, and_later=False, by=by)


def _when(event: Event, zone: str) -> str:
    local = event.starts_at.astimezone(zones.zone(zone))
    return f"{zones.day_words(local.date())}, {zones.clock_words(local)}"
