"""Saying how the practice wants its files. Call inside ``transaction()``."""

from __future__ import annotations

from dataclasses import replace

from practice.audit.rules import Actor
from practice.audit.service import record
from practice.billing import locks
from practice.billing.export_models import ExportWays
from practice.billing.rules.export_ways import Ways
from practice.billing.rules.exporting import Kind
from practice.core import clock
from practice.core.db import db
from practice.people import seen as seen_before
from practice.people.queries import get_practice


def save(ways: Ways, *, seen: str, by: Actor) -> None:
    """Write files like this from now on. Those of locked months stay as they are.

    Raises:
        ChangedMeanwhile: if somebody else was quicker.
    """
    before = locks.ways()
    seen_before.check(seen, mark(before))
    row = locks.find_ways()
    if row is None:
        row = ExportWays(terms=ways.terms(), changed_at=clock.now(), changed_by=by.id)
        db.session.add(row)
    row.terms, row.changed_at, row.changed_by = ways.terms(), clock.now(), by.id
    db.session.flush()
    old, new = before.terms(), ways.terms()
    changed = sorted(name for name in new if new[name] != old[name])
    record("books:ways", by=by, subject_id=get_practice().id, changed=changed)


def rename_columns(kind: Kind, names: dict[str, str], *, seen: str, by: Actor) -> None:
    """Call the columns of a file so; those that are not named keep our name.

    Raises:
        ChangedMeanwhile: if somebody else was quicker.
    """
    ways = locks.ways()
    headers = {each: dict(own) for each, own in ways.headers.items() if each != kind.value}
    if names:
        headers[kind.value] = names
    save(replace(ways, headers=headers), seen=seen, by=by)


def mark(ways: Ways) -> str:
    """Return the mark of how files are written, for forms."""
    return seen_before.mark_of(ways.terms())
