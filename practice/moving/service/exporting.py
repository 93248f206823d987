"""All data of the practice as one ZIP: asked for, made by a worker, taken away, thrown away.

The file is written to the disk of whoever makes it, row by row, and then kept sealed in pieces,
so that neither side ever holds it in memory. It can be taken away for an hour, by the sign-in
that asked for it with the password, and is thrown away then.
"""

from __future__ import annotations

import tempfile
from base64 import b64decode, b64encode
from collections.abc import Iterator
from datetime import timedelta
from itertools import count
from pathlib import Path
from uuid import UUID, uuid4

import sqlalchemy as sa
from flask import Flask, current_app

from practice.audit.rules import Actor
from practice.audit.service import record
from practice.core import clock
from practice.core.db import db, practice_scope, transaction
from practice.core.errors import NotAllowed, NotFound
from practice.moving import everything, queries
from practice.moving.models import ExportChunk, ExportRun
from practice.moving.rules.runs import ExportState
from practice.outbox.service import enqueue
from practice.people.queries import get_practice

JOB = "export"
KEPT_FOR = timedelta(hours=1)
CHUNK_BYTES = 512 * 1024


def ask(sign_in_id: UUID, *, by: Actor) -> ExportRun:
    """Have a worker put everything into one file. Call inside ``transaction()``.

    The edge has just asked for the password.
    """
    if by.id is None:
        raise NotAllowed("Only somebody who is signed in can take the data away.")
    now = clock.now()
    run = ExportRun(
        state=ExportState.WAITING,
        asked_by=by.id,
        sign_in_id=sign_in_id,
        bytes_long=0,
        tables=0,
        papers=0,
        created_at=now,
        ends_at=now + KEPT_FOR,
    )
    db.session.add(run)
    db.session.flush()
    record("export:ask", by=by, subject_id=run.id)
    enqueue(JOB, key=f"{JOB}:{run.id}", subject_id=run.id)
    return run


def carry_out(export_id: UUID) -> None:
    """Make the file: the worker's part. Doing it twice leaves one."""
    run = queries.get_export(export_id)
    if run.state is not ExportState.WAITING:
        return
    with tempfile.TemporaryDirectory(prefix="sanctuary-export-") as folder:
        file = Path(folder) / "everything.zip"
        written = everything.write(file, get_practice(), now=clock.now())
        db.session.rollback()
        with transaction():
            db.session.execute(sa.delete(ExportChunk).where(ExportChunk.export_id == export_id))
        for position, piece in enumerate(_pieces(file)):
            with transaction():  # small ones: nobody waits for a long export
                chunk = ExportChunk(id=uuid4(), export_id=export_id, position=position)
                chunk.body = b64encode(piece).decode()
                db.session.add(chunk)
        length = file.stat().st_size
    with transaction():
        run = queries.get_export(export_id)
        run.state, run.ready_at = ExportState.READY, clock.now()
        run.bytes_long, run.tables, run.papers = length, written.tables, written.papers
        run.ends_at = clock.now() + KEPT_FOR


def _pieces(file: Path) -> Iterator[bytes]:
    with file.open("rb") as opened:
        while piece := opened.read(CHUNK_BYTES):
            yield piece


def take_away(export_id: UUID, sign_in_id: UUID, *, by: Actor) -> ExportRun:
    """Note that the file leaves the house, and who takes it. Call inside ``transaction()``.

    Raises:
        NotFound: if there is none, or it was thrown away.
        NotAllowed: for any other sign-in than the one that asked for it.
    """
    run = queries.get_export(export_id)
    if run.state is not ExportState.READY or clock.now() >= run.ends_at:
        raise NotFound("This file was thrown away after an hour. Ask for a new one.")
    if run.sign_in_id != sign_in_id:
        raise NotAllowed("Only the browser that asked for this file can take it away.")
    record("export:take_away", by=by, subject_id=run.id, bytes=run.bytes_long)
    return run


def body_of(run: ExportRun) -> Iterator[bytes]:
    """Return the file, piece by piece; one is in memory at a time.

    The answer is sent when the request is over, so that each piece is asked for by itself.
    """
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]  # noqa: SLF001  # outlives the request
    practice_id, export_id = run.practice_id, run.id

    def pieces() -> Iterator[bytes]:
        for position in count():
            with app.app_context(), practice_scope(practice_id):
                piece = _piece(export_id, position)
            if piece is None:
                return
            yield piece

    return pieces()


def _piece(export_id: UUID, position: int) -> bytes | None:
    chunk = db.session.scalar(
        sa.select(ExportChunk).where(
            ExportChunk.export_id == export_id, ExportChunk.position == position
        )
    )
    return b64decode(chunk.body or "") if chunk else None


def tidy(_practice_id: UUID) -> None:
    """Throw away the files whose hour is over."""
    now = clock.now()
    with transaction():
        over = db.session.scalars(
            sa.select(ExportRun).where(
                ExportRun.state != ExportState.GONE, ExportRun.ends_at <= now
            )
        ).all()
        for run in over:
            db.session.execute(sa.delete(ExportChunk).where(ExportChunk.export_id == run.id))
            run.state = ExportState.GONE
