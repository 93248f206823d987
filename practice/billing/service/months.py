"""Locking months of the books, and unlocking them. Call inside ``transaction()``."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from practice.audit.rules import Actor
from practice.audit.service import record
from practice.billing import export_ties, ledger, locks
from practice.billing.export_models import MonthLock
from practice.billing.rules.ledger import Account
from practice.billing.rules.months import last_of, why_not_locked
from practice.core import clock
from practice.core.db import db, take_turns
from practice.core.errors import Conflict, Invalid, NotFound
from practice.people.queries import today_here
from practice.people.seen import ChangedMeanwhile, mark_of

TURNS = "books"
"""What a journal and a lock take turns at: the database's own guard names it too."""


def seal_of(totals: Mapping[Account, tuple[int, int]]) -> str:
    """Return a mark of what the books say of some days."""
    return mark_of(export_ties.as_text(totals))


def lock(first_on: date, *, seen: str, by: Actor) -> MonthLock:
    """Lock a month by its first day: nothing counts to it, or to a day before it, any more.

    ``seen`` is the mark of the totals that whoever locks it has looked at.

    Raises:
        Invalid: while the month is not over.
        ChangedMeanwhile: if the totals are others by now.
        Conflict: if it is locked already.
    """
    if why := why_not_locked(first_on, today_here()):
        raise Invalid(why)
    take_turns(TURNS)  # what is being written comes first, what comes after it finds the lock
    if locks.standing(first_on) is not None:
        raise Conflict(f"{first_on:%B %Y} is locked already.")
    totals = ledger.totals(first_on, last_of(first_on))
    if seal_of(totals) != seen:
        raise ChangedMeanwhile("The books of this month changed just now. Look at them once more.")
    made = MonthLock(
        first_on=first_on,
        totals=export_ties.as_text(totals),
        locked_at=clock.now(),
        locked_by=by.id,
    )
    db.session.add(made)
    db.session.flush()
    record("books:lock", by=by, subject_id=made.id, month=f"{first_on:%Y-%m}")
    return made


def unlock(first_on: date, *, reason: str, by: Actor) -> None:
    """Open a locked month again. What was kept of it stays, and a new lock keeps its own.

    Raises:
        NotFound: if it is not locked.
        Conflict: while a later month is locked, which closes this one too.
    """
    found = locks.standing(first_on)
    if found is None:
        raise NotFound("This month is not locked.")
    last = locks.locked()
    if last is not None and last > first_on:
        raise Conflict(f"{last:%B %Y} is locked too. Unlock that month first.")
    found.unlocked_at, found.unlocked_by = clock.now(), by.id
    found.unlock_reason = reason
    db.session.flush()
    record("books:unlock", by=by, subject_id=found.id, month=f"{first_on:%Y-%m}", reason=reason)
