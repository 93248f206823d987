"""Changing what a practice says of itself. Call inside ``transaction()``."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa

from practice.audit.rules import Actor
from practice.audit.service import record
from practice.core import colour
from practice.core.db import db, require_practice_id
from practice.core.errors import Invalid
from practice.outbox.service import look_at_calendars
from practice.people.models import Practice
from practice.people.seen import check, mark_of
from practice.people.service import check_zone


def written() -> Practice:
    """Return the practice's row, locked, so that what is set on it is kept.

    ``queries.get_practice`` returns one that stands by itself during a request.
    """
    return db.session.scalars(
        sa.select(Practice).where(Practice.id == require_practice_id()).with_for_update()
    ).one()


def mark_of_facts(practice: Practice, names: Iterable[str]) -> str:
    """Return the mark of what a form shows of a practice, by the names of the columns."""
    return mark_of({name: getattr(practice, name) for name in names})


SHOWN_IN_CALENDARS = frozenset({"neutral_name", "locality", "phone"})


def edit(facts: dict[str, Any], *, seen: str = "", by: Actor) -> None:
    """Write down names, contact and the address on papers, by the names of the columns.

    Raises:
        ChangedMeanwhile: if they are no longer what the form had ``seen``.
    """
    practice = written()
    check(seen, mark_of_facts(practice, facts))
    changed = sorted(name for name, value in facts.items() if getattr(practice, name) != value)
    for name in changed:
        setattr(practice, name, facts[name])
    if changed:
        db.session.flush()
        record("practice:edit", by=by, subject_id=practice.id, fields=changed)
    if SHOWN_IN_CALENDARS.intersection(changed):
        look_at_calendars()


def move_zone(zone: str, *, by: Actor) -> None:
    """Let another zone's clock count from now on. What is booked keeps its zone and its moment.

    Raises:
        Invalid: unless it is a zone of a place.
    """
    check_zone(zone)
    practice = written()
    if practice.time_zone != zone:
        record(
            "practice:move_zone", by=by, subject_id=practice.id, zone=zone, was=practice.time_zone
        )
        practice.time_zone = zone
        db.session.flush()


def paint(accent: str, *, seen: str = "", by: Actor) -> None:
    """Give the pages for clients one colour, ``#rrggbb``, or the house's own with an empty text.

    Raises:
        Invalid: for a colour that is too pale to be read, with the nearest that is not.
        ChangedMeanwhile: if there is another than the form had ``seen``.
    """
    refused = colour.why_refused(accent) if accent else None
    if refused:
        raise Invalid(refused)
    practice = written()
    check(seen, mark_of_facts(practice, ["accent"]))
    if practice.accent != accent:
        practice.accent = accent
        db.session.flush()
        record("practice:paint", by=by, subject_id=practice.id, accent=accent)


def switch_cards(*, are_on: bool, by: Actor) -> None:
    """Say whether clients are asked to pay by card, where cards can be taken."""
    practice = written()
    if practice.cards_off is are_on:
        practice.cards_off = not are_on
        db.session.flush()
        record("practice:switch_cards", by=by, subject_id=practice.id, are_on=are_on)


def note_step(step: str, how: str, *, by: Actor) -> None:
    """Remember how a step of the set-up ended."""
    practice = written()
    if practice.set_up.get(step) != how:
        practice.set_up = {**practice.set_up, step: how}
        db.session.flush()
        record("practice:set_up", by=by, subject_id=practice.id, step=step, how=how)
