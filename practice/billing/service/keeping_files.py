"""Keeping the files of a locked month, so that they are the same whenever they are asked for.

The bytes themselves are kept: names change, clients are merged, columns are renamed, and payments
settle invoices later. None of that reaches a file that was handed out already.
"""

from __future__ import annotations

import zlib
from base64 import b64decode, b64encode
from collections.abc import Iterator
from functools import partial
from typing import IO
from uuid import UUID

import sqlalchemy as sa

from practice.billing import export_files, export_ties, locks
from practice.billing.export_asked import Asked
from practice.billing.export_files import Made
from practice.billing.export_models import KeptExport, KeptPiece, MonthLock
from practice.billing.rules.exporting import IN_ALL, KEPT, SHAPES, Kind
from practice.billing.rules.months import last_of
from practice.core import clock
from practice.core.db import db, in_transaction, one_moment, take_turns
from practice.people.queries import get_practice

PIECE_BYTES = 512 * 1024


def asked_of(lock: MonthLock) -> Asked:
    """Return what is asked of a month that is locked."""
    practice = get_practice()
    return Asked(lock.first_on, last_of(lock.first_on), locks.ways(), practice.currency)


def keep(lock: MonthLock) -> None:
    """Make every file of a locked month that is not kept yet. Call outside ``transaction()``.

    Whoever comes first has their file kept; doing it twice at once leaves one of each.
    """
    lock_id, asked = lock.id, asked_of(lock)
    there = {each.kind for each in locks.kept(lock_id)}
    for kind in KEPT:
        if kind.value in there:
            continue
        with one_moment():
            made = _make(kind, lock_id, asked)
        with made.body:
            in_transaction(partial(_store, lock_id, made))


def find(lock: MonthLock, kind: Kind) -> Made:
    """Return a file of a locked month: the same bytes each time. Call outside ``transaction()``."""
    lock_id, asked = lock.id, asked_of(lock)
    row = _row(lock_id, kind)
    if row is None:
        keep(lock)
        row = _row(lock_id, kind)
    if row is None:
        raise RuntimeError("a file that was kept is not there")
    return _open(row, asked)


def _make(kind: Kind, lock_id: UUID, asked: Asked) -> Made:
    if kind is not Kind.ALL:
        return export_files.make(kind, asked)
    # Of the files that are kept: what is in the ZIP is what is handed out one by one.
    rows = {row.kind: row for row in locks.kept(lock_id)}
    return export_files.make_all((_open(rows[each.value], asked) for each in IN_ALL), asked)


def _store(lock_id: UUID, made: Made) -> None:
    take_turns(f"keep:{lock_id}")
    if _row(lock_id, made.kind) is not None:
        return
    shape = SHAPES.get(made.kind)
    row = KeptExport(
        lock_id=lock_id,
        kind=made.kind.value,
        name=made.name,
        rows=made.rows,
        sums=dict(zip(shape.summed if shape else (), made.sums, strict=True)),
        sha256=made.sha256,
        bytes_long=made.bytes_long,
        made_at=clock.now(),
    )
    db.session.add(row)
    db.session.flush()
    made.body.seek(0)
    for position, piece in enumerate(_packed(made.body)):
        part = KeptPiece(export_id=row.id, position=position)
        part.body = b64encode(piece).decode()
        db.session.add(part)
        db.session.flush()
        db.session.expunge(part)


def _packed(body: IO[bytes]) -> Iterator[bytes]:
    packer, waiting = zlib.compressobj(), b""
    while piece := body.read(PIECE_BYTES):
        waiting += packer.compress(piece)
        if len(waiting) >= PIECE_BYTES:
            yield waiting
            waiting = b""
    yield waiting + packer.flush()


def _open(row: KeptExport, asked: Asked) -> Made:
    """Unpack a kept file.

    Raises:
        RuntimeError: if it is not what was kept. Its hash says so.
    """
    body, unpacker = export_files.spool(), zlib.decompressobj()
    pieces = db.session.scalars(
        sa.select(KeptPiece)
        .where(KeptPiece.export_id == row.id)
        .order_by(KeptPiece.position)
        .execution_options(yield_per=1)
    )
    for piece in pieces:
        body.write(unpacker.decompress(b64decode(piece.body or "")))
    body.write(unpacker.flush())
    kind = Kind(row.kind)
    shape = SHAPES.get(kind)
    sums = tuple(row.sums[each] for each in shape.summed) if shape else ()
    books = export_ties.of_days(asked.first_on, asked.last_on).sums.get(kind, ())
    made = export_files.finished(kind, row.name, row.rows, body, sums=sums, books=books)
    if made.sha256 != row.sha256:
        raise RuntimeError(f"{row.name} is not the file that was kept")
    return made


def _row(lock_id: UUID, kind: Kind) -> KeptExport | None:
    return db.session.scalar(
        sa.select(KeptExport).where(KeptExport.lock_id == lock_id, KeptExport.kind == kind.value)
    )
