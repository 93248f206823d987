"""Changing when the practice can be booked: weekly hours, single dates, closed days, limits.

Everything is called inside ``transaction()``. What it does to booked sessions is for the room
above to say; nothing here moves one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import astuple
from datetime import date, timedelta

import sqlalchemy as sa

from practice.audit.rules import Actor
from practice.audit.service import record
from practice.calendar.models import BookingRules, Closure, HoursOverride, Resource, WorkingHours
from practice.calendar.opening import rows_of
from practice.calendar.queries import booking_rules
from practice.calendar.rules.weekly import Row, first_clash
from practice.core.db import db, take_turns
from practice.core.errors import Conflict, Invalid
from practice.people.seen import check, mark_of

MOST_ROWS = 60
LONGEST_STRETCH_DAYS = 62


LIMITS = (
    "weekdays",
    "opens_minute",
    "closes_minute",
    "quiet_from_minute",
    "quiet_to_minute",
    "dosing_first_start_minute",
    "dosing_last_start_minute",
    "max_dosings_per_day",
    "max_dosings_per_week",
    "gap_between_clients_minutes",
    "horizon_days",
    "start_step_minutes",
)
"""The limits that can be changed, by the names of their columns."""


def mark_of_rows(resource: Resource) -> str:
    """Return the mark of somebody's weekly hours, for a form that shows them."""
    return mark_of([astuple(row) for row in rows_of(resource.id)])


def mark_of_limits() -> str:
    """Return the mark of the practice's limits, for a form that shows them."""
    rules = booking_rules()
    return mark_of({name: getattr(rules, name) for name in LIMITS})


def keep_rows(resource: Resource, rows: Sequence[Row], *, seen: str = "", by: Actor) -> None:
    """Put these weekly hours in the place of those that somebody or some room has.

    Raises:
        Invalid: if two rows say the same time twice, or there are too many.
        ChangedMeanwhile: if there are others than the form had ``seen``.
    """
    take_turns(f"hours:{resource.id}")
    check(seen, mark_of_rows(resource))
    if len(rows) > MOST_ROWS or first_clash(rows) is not None:
        raise Invalid("These hours say the same time twice.")
    db.session.execute(sa.delete(WorkingHours).where(WorkingHours.resource_id == resource.id))
    db.session.add_all(
        WorkingHours(
            resource_id=resource.id,
            weekday=row.weekday,
            starts_minute=row.starts_minute,
            ends_minute=row.ends_minute,
            kinds=list(row.kinds),
            modality=row.modality,
        )
        for row in rows
    )
    db.session.flush()
    record("resource:keep_hours", by=by, subject_id=resource.id, rows=len(rows))


def override(  # a window with what it is for, on some dates
    resource: Resource,
    first_on: date,
    last_on: date,
    hours: tuple[int, int] | None,
    *,
    kinds: Sequence[str] = (),
    modality: str = "",
    by: Actor,
) -> None:
    """Put other hours, or none, in the place of the weekly ones on some local dates.

    Hours are minutes of the day, for some ``kinds`` of session (none: all) and one way of giving
    them (empty: any). What stood for one of these dates before is replaced.

    Raises:
        Invalid: if the dates are out of order or too many.
    """
    count = (last_on - first_on).days + 1
    if not 1 <= count <= LONGEST_STRETCH_DAYS:
        raise Invalid(
            f"The last day comes after the first, at most {LONGEST_STRETCH_DAYS} days on."
        )
    db.session.execute(
        sa.delete(HoursOverride).where(
            HoursOverride.resource_id == resource.id,
            HoursOverride.on_date.between(first_on, last_on),
        )
    )
    starts, ends = hours or (None, None)
    db.session.add_all(
        HoursOverride(
            resource_id=resource.id,
            on_date=first_on + timedelta(days=n),
            starts_minute=starts,
            ends_minute=ends,
            kinds=list(kinds) if hours else [],
            modality=modality if hours else "",
        )
        for n in range(count)
    )
    db.session.flush()
    record(
        "resource:override",
        by=by,
        subject_id=resource.id,
        first_on=first_on.isoformat(),
        last_on=last_on.isoformat(),
    )


def end_override(override: HoursOverride, *, by: Actor) -> None:
    """Let the weekly hours hold again on a date."""
    db.session.delete(override)
    db.session.flush()
    record(
        "resource:end_override",
        by=by,
        subject_id=override.resource_id,
        on_date=override.on_date.isoformat(),
    )


def close(first_on: date, last_on: date, reason: str, *, by: Actor) -> Closure:
    """Close the practice on some local days, both included.

    Raises:
        Invalid: if the last day comes before the first.
        Conflict: if just these days are closed already.
    """
    if last_on < first_on:
        raise Invalid("The last day comes after the first.")
    same = sa.select(Closure.id).where(Closure.first_on == first_on, Closure.last_on == last_on)
    if db.session.scalar(same) is not None:
        raise Conflict("These days are closed already.")
    closure = Closure(first_on=first_on, last_on=last_on, reason=reason)
    db.session.add(closure)
    db.session.flush()
    record(
        "closure:add",
        by=by,
        subject_id=closure.id,
        first_on=first_on.isoformat(),
        last_on=last_on.isoformat(),
    )
    return closure


def reopen(closure: Closure, *, by: Actor) -> None:
    """Open closed days again."""
    db.session.delete(closure)
    db.session.flush()
    record("closure:end", by=by, subject_id=closure.id)


def change_rules(values: Mapping[str, object], *, seen: str = "", by: Actor) -> BookingRules:
    """Change some limits of the practice, by their names.

    Raises:
        ChangedMeanwhile: if there are others than the form had ``seen``.
    """
    take_turns("limits")
    check(seen, mark_of_limits())
    rules = booking_rules()
    for name, value in values.items():
        setattr(rules, name, value)
    db.session.flush()
    record("rules:change", by=by, subject_id=rules.id)
    return rules
