"""Writing all that a practice has into one ZIP on the disk.

Two layers: tables in words, which a person opens in a spreadsheet, and every table as it is kept,
so that nothing is ever forgotten: a table that is new tomorrow is in it tomorrow. Rows are read
some at a time and written as they come.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO, Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapper, undefer

from practice.billing import pdf
from practice.billing.document_models import Document, DocumentFile
from practice.billing.models import Invoice, PaperKind, Receipt, StoredPaper
from practice.core.crypto import Sealed
from practice.core.db import Base, PracticeOwned, db
from practice.moving import in_words
from practice.moving.rules.written import MARK, line
from practice.people.models import Practice

AT_ONCE = 500

LEFT_OUT = frozenset(
    {
        "document_files",  # are in the file as PDF
        "doors",  # digests that open nothing elsewhere
        "export_chunks",
        "export_runs",
        "import_rows",
        "import_runs",
        "jobs",
        "kept_pieces",  # what was exported of locked months can be exported again
        "sign_ins",
        "stored_papers",  # are in the file as PDF
        "throttles",
    }
)
"""What is the program's own business, or secret, or in the file in another form."""

SECRET = ("hash", "token", "secret", "password", "digest")
"""Columns that open something: whatever has one of these in its name stays here."""


@dataclass(frozen=True, slots=True)
class Written:
    """How many tables and papers the file holds."""

    tables: int
    papers: int


def write(file: Path, practice: Practice, *, now: datetime) -> Written:
    """Write the whole practice of the scope into ``file``."""
    tables = 0
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, header, rows in in_words.tables(practice):
            _table(archive, f"{name}.csv", header, rows)
            tables += 1
        for mapper in _kept():
            columns = _columns(mapper)
            _table(archive, f"as-kept/{_name(mapper)}.csv", columns, _rows(mapper, columns))
            tables += 1
        papers = _papers(archive)
        archive.writestr("README.txt", in_words.read_me(practice, now, tables, papers))
    return Written(tables, papers)


def _table(
    archive: zipfile.ZipFile, name: str, header: Iterable[str], rows: Iterable[Iterable[Any]]
) -> None:
    with _entry(archive, name) as entry:
        entry.write(MARK + line(header))
        for row in rows:
            entry.write(line(row))


@contextmanager
def _entry(archive: zipfile.ZipFile, name: str) -> Iterator[IO[str]]:
    with (
        archive.open(name, "w", force_zip64=True) as raw,
        io.TextIOWrapper(raw, encoding="utf-8", newline="", write_through=False) as text,
    ):
        yield text


def _kept() -> list[Mapper[Any]]:
    """Return the models whose rows belong to a practice, but for what is left out."""
    return sorted(
        (
            mapper
            for mapper in Base.registry.mappers
            if issubclass(mapper.class_, PracticeOwned) and _name(mapper) not in LEFT_OUT
        ),
        key=_name,
    )


def _name(mapper: Mapper[Any]) -> str:
    return str(getattr(mapper.local_table, "name", ""))


def _columns(mapper: Mapper[Any]) -> list[str]:
    """Return the attributes to read, in the order of the table: a sealed one by its open name."""
    opened = {
        value.column: name
        for kind in mapper.class_.__mro__
        for name, value in vars(kind).items()
        if isinstance(value, Sealed)
    }
    return [
        opened.get(attribute.key, attribute.key)
        for attribute in mapper.column_attrs
        if attribute.key != "practice_id" and not any(secret in attribute.key for secret in SECRET)
    ]


def _rows(mapper: Mapper[Any], attributes: list[str]) -> Iterator[list[Any]]:
    model = mapper.class_
    statement = sa.select(model).options(undefer("*")).order_by(model.id)
    for row in db.session.scalars(statement.execution_options(yield_per=AT_ONCE)):
        yield [getattr(row, name) for name in attributes]
        db.session.expunge(row)


def _papers(archive: zipfile.ZipFile) -> int:
    """Put every PDF that was made into the file, by its number; one is in memory at a time."""
    numbers = {
        PaperKind.INVOICE: sa.select(Invoice.id, Invoice.number),
        PaperKind.RECEIPT: sa.select(Receipt.id, Receipt.number),
    }
    count = 0
    for kind, named in numbers.items():
        number_of = {row.id: row.number for row in db.session.execute(named)}
        stored = sa.select(StoredPaper.id, StoredPaper.subject_id).where(StoredPaper.kind == kind)
        for paper in db.session.execute(stored.order_by(StoredPaper.id)).all():
            body = db.session.scalar(sa.select(StoredPaper.body).where(StoredPaper.id == paper.id))
            name = number_of.get(paper.subject_id, str(paper.subject_id))
            archive.writestr(f"papers/{name}.pdf", body or b"")
            count += 1
    documents = db.session.execute(
        sa.select(Document.id, Document.number)
        .join(
            DocumentFile,
            sa.and_(
                DocumentFile.practice_id == Document.practice_id,
                DocumentFile.document_id == Document.id,
            ),
        )
        .order_by(Document.id)
    ).all()
    for row in documents:
        archive.writestr(f"papers/{row.number}.pdf", pdf.document(row.id) or b"")
        count += 1
    return count
