"""The life of an import: received, looked at, carried out by a worker, undone.

A file is kept sealed until its last row is in. Nothing is in the practice before somebody has
seen what will be: the dry run reads and compares with the very code that writes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any, NamedTuple
from uuid import UUID

import sqlalchemy as sa

from practice.audit.rules import Actor, ActorKind
from practice.audit.service import record
from practice.core import clock
from practice.core.db import db, in_transaction
from practice.core.errors import Conflict, Invalid
from practice.moving import queries
from practice.moving.models import ImportRow, ImportRun
from practice.moving.rules.columns import COLUMNS, cells, guess, is_ragged, missing
from practice.moving.rules.reading import Problem, Reader
from practice.moving.rules.runs import RunState, What
from practice.moving.rules.tables import Row, Table, read_table, text_of
from practice.moving.service import blocks, bookings
from practice.moving.service.kinds import KINDS, Judged, judge
from practice.outbox.service import enqueue
from practice.people.queries import today_here

JOB = "import"
BATCH = 200  # rows in one transaction: others write in between, and the page sees progress
TIMES_AT_ONCE = 20  # of a calendar: booking a session is more work than writing a row
NOTES_KEPT = 200
RAGGED = "The row has more cells than there are columns. Is a comma not in quotation marks?"


@dataclass(frozen=True, slots=True)
class Checked:
    """A table as it would be brought over now."""

    table: Table
    judged: Judged


class Seen(NamedTuple):
    """A file that was looked at: what is kept of it, the choices so far, and how many rows."""

    text: str
    choices: dict[str, Any]
    total: int


def look(what: What, body: bytes) -> Seen:
    """Look at a file that was sent. Outside ``transaction()``: a calendar may take 20 seconds.

    Raises:
        Invalid: if it cannot be read; the words are for whoever sent it.
    """
    if what is What.CALENDAR:
        return Seen(*blocks.received(body))
    text = text_of(body)
    table = read_table(text)
    return Seen(text, dict(guess(COLUMNS[what], table.header)), len(table.rows))


def receive(what: What, file_name: str, seen: Seen, *, by: Actor) -> ImportRun:
    """Keep a file that was looked at. Call inside ``transaction()``."""
    run = ImportRun(
        what=what,
        state=RunState.CHECKED,
        file_name=_plain_name(file_name),
        choices=seen.choices,
        notes={"rows": []},
        total=seen.total,
        done=0,
        added=0,
        created_by=by.id,
        created_at=clock.now(),
    )
    run.body = seen.text
    db.session.add(run)
    db.session.flush()
    record("import:receive", by=by, subject_id=run.id, what=what.value)
    return run


def _plain_name(file_name: str) -> str:
    """Return the last part of a name without what no page should show; it is never a path here."""
    name = PurePath(file_name.replace("\\", "/")).name
    return "".join(each for each in name if each.isprintable())[:120] or "file"


def check(run: ImportRun) -> Checked:
    """Do everything but write: the dry run. Nothing is changed."""
    table = table_of(run)
    return Checked(table, _judge(run, table, table.rows))


def table_of(run: ImportRun) -> Table:
    """Return the table of an import whose file is still kept.

    Raises:
        Conflict: if it was brought over or thrown away.
    """
    if run.body is None:
        raise Conflict("The file of this import is no longer kept.")
    return read_table(run.body)


def _judge(run: ImportRun, table: Table, rows: tuple[Row, ...]) -> Judged:
    today = today_here()
    readers = []
    for row in rows:
        reader = Reader(row.number, cells(table, row, run.choices), today=today)
        if is_ragged(table, row):
            reader.say("", RAGGED)
        readers.append(reader)
    return judge(KINDS[run.what], readers)


def choose(run_id: UUID, choices: dict[str, Any]) -> ImportRun:
    """Say which column is which. Call inside ``transaction()``.

    Raises:
        Conflict: if the import has begun.
        Invalid: without a column that is needed, or for one column chosen twice.
    """
    run = _still_open(run_id)
    if run.what is not What.CALENDAR:
        columns = COLUMNS[run.what]
        if lacking := missing(columns, choices):
            raise Invalid(f"Choose the column for: {', '.join(each.label for each in lacking)}.")
        if len(set(choices.values())) < len(choices):
            raise Invalid("One column of the file is chosen twice.")
    run.choices = choices
    db.session.flush()
    return run


def start(run_id: UUID, *, by: Actor) -> ImportRun:
    """Have a worker bring everything over. Call inside ``transaction()``.

    Raises:
        Conflict: if it has begun already, or nothing would be brought over.
    """
    run = _still_open(run_id)
    if run.what is What.CALENDAR:
        if "person" not in run.choices:
            raise Invalid("Choose whose time the calendar takes.")
    elif missing(COLUMNS[run.what], run.choices):
        raise Invalid("Choose the columns first.")
    run.state = RunState.RUNNING
    db.session.flush()
    record("import:start", by=by, subject_id=run.id, what=run.what.value)
    enqueue(JOB, key=f"{JOB}:{run.id}", subject_id=run.id)
    return run


def discard(run_id: UUID, *, by: Actor) -> None:
    """Throw a file away that was only looked at. Call inside ``transaction()``.

    Raises:
        Conflict: if the import has begun.
    """
    run = _still_open(run_id)
    run.state, run.body = RunState.DISCARDED, None
    db.session.flush()
    record("import:discard", by=by, subject_id=run.id)


def _still_open(run_id: UUID) -> ImportRun:
    run = queries.lock_import(run_id)
    if run.state is not RunState.CHECKED:
        raise Conflict("This import has begun already, or was thrown away.")
    return run


# The worker's part -----------------------------------------------------------------------------


def carry_out(run_id: UUID) -> None:
    """Bring an import over, some rows in each transaction. Doing it twice brings it over once."""
    run = queries.get_import(run_id)
    if run.state is not RunState.RUNNING or run.body is None:
        return
    step = _calendar_step(run) if run.what is What.CALENDAR else _table_step(run)
    db.session.rollback()
    while in_transaction(lambda: _step(run_id, step)):
        continue


Step = Callable[[ImportRun, int], tuple[list[tuple[int, UUID]], list[Problem], int]]
"""Brings over some rows from an index on: what was made, what was left out, how many were seen."""


def _step(run_id: UUID, step: Step) -> bool:
    """Bring the next rows over; say whether there are more."""
    run = queries.lock_import(run_id)
    if run.state is not RunState.RUNNING:
        return False
    made, problems, seen = step(run, run.done)
    db.session.add_all(
        ImportRow(run_id=run.id, number=number, made_id=made_id) for number, made_id in made
    )
    run.done += seen
    run.added += len(made)
    kept = [*run.notes["rows"], *([each.row, each.column, each.words] for each in problems)]
    run.notes = {"rows": kept[:NOTES_KEPT]}
    if run.done >= run.total or not seen:
        run.state, run.finished_at, run.body = RunState.DONE, clock.now(), None
        if run.what is What.CALENDAR:
            _end_calendar(run)
        record("import:finish", by=_by(run), subject_id=run.id, added=run.added)
    db.session.flush()
    return run.state is RunState.RUNNING


def _table_step(run: ImportRun) -> Step:
    table = table_of(run)

    def step(run: ImportRun, first: int) -> tuple[list[tuple[int, UUID]], list[Problem], int]:
        rows = table.rows[first : first + BATCH]
        judged = _judge(run, table, rows)
        made = KINDS[run.what].write(judged.good, by=_by(run)) if judged.good else []
        numbers = [number for number, _ in judged.good]
        return list(zip(numbers, made, strict=True)), judged.problems, len(rows)

    return step


def _calendar_step(run: ImportRun) -> Step:
    plans = bookings.plans_of(run, blocks.events_of(run))

    def step(run: ImportRun, first: int) -> tuple[list[tuple[int, UUID]], list[Problem], int]:
        some = plans[first : first + TIMES_AT_ONCE]
        made, problems = bookings.bring(run, some, by=_by(run))
        return made, bookings.dated(problems, some), len(some)

    return step


def _end_calendar(run: ImportRun) -> None:
    """Tell clients of their sessions if that was ticked; forget who was meant by which time."""
    db.session.flush()
    bookings.tell(run)
    run.choices = {key: value for key, value in run.choices.items() if key != "events"}


def _by(run: ImportRun) -> Actor:
    return Actor(ActorKind.STAFF, run.created_by)


# Undo ------------------------------------------------------------------------------------------


def undo(run_id: UUID, *, by: Actor) -> ImportRun:
    """Take back all that an import brought over, or nothing. Call inside ``transaction()``.

    Raises:
        NotFound: if there is no such import.
        Conflict: if it is not done, or something hangs on what it made.
    """
    run = queries.lock_import(run_id)
    if run.state is not RunState.DONE:
        raise Conflict("Only an import that is done can be undone, and only once.")
    ids = queries.made_by(run_id)
    if run.what is What.CALENDAR:
        bookings.take_back(run, by=by)
    db.session.execute(
        sa.delete(ImportRow)
        .where(ImportRow.run_id == run_id)
        .execution_options(synchronize_session=False)
    )
    if run.what is not What.CALENDAR and ids:
        KINDS[run.what].take_back(ids, by=by)
    run.state, run.undone_at = RunState.UNDONE, clock.now()
    db.session.flush()
    record("import:undo", by=by, subject_id=run.id, what=run.what.value)
    return run
