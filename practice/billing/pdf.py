"""Papers as PDF, made from the page itself, once, and kept with their hash."""

from __future__ import annotations

import hashlib
from base64 import b64decode, b64encode
from typing import Any
from uuid import UUID, uuid4

import sqlalchemy as sa

from practice.billing import archive
from practice.billing.document_models import DocumentFile, DocumentKind
from practice.billing.documents import facts_of as facts_of_document
from practice.billing.documents import get_document
from practice.billing.models import PaperKind, StoredPaper
from practice.billing.service import papers
from practice.billing.typeset import missing, typeset
from practice.core import clock
from practice.core.db import db, insert_unless_there, require_practice_id, transaction

__all__ = ["document", "facts_of", "make_document", "make_invoice", "make_receipt", "missing"]

SHEETS = {
    DocumentKind.STATEMENT: "statement",
    DocumentKind.SUPERBILL: "bill",
    DocumentKind.ESTIMATE: "estimate",
}
"""What the sheet of a kind of document calls its facts."""


def paper(kind: PaperKind, subject_id: UUID) -> bytes | None:
    """Return the PDF of an issued paper, made now if it is asked for the first time.

    Call outside ``transaction()``: making one takes up to a second. ``None`` where this machine
    lacks Pango.

    Raises:
        NotFound: if there is no such paper.
    """
    stored = _find(kind, subject_id)
    if stored is not None:
        return stored
    if missing():
        return None
    body = _make(kind, subject_id)
    with transaction():
        insert_unless_there(
            StoredPaper(
                kind=kind,
                subject_id=subject_id,
                sha256=hashlib.sha256(body).hexdigest(),
                body=body,
                made_at=clock.now(),
            )
        )
    return _find(kind, subject_id)


def document(document_id: UUID) -> bytes | None:
    """Return the PDF of a statement, superbill or estimate, as ``paper`` does for an invoice.

    It is kept sealed: a superbill says more of a person than an invoice does.

    Raises:
        NotFound: if there is no such document.
    """
    stored = _find_file(document_id)
    if stored is not None:
        return stored
    if missing():
        return None
    body = make(document_id)
    with transaction():
        file = DocumentFile(
            id=uuid4(),
            practice_id=require_practice_id(),  # what is sealed is bound to both
            document_id=document_id,
            sha256=hashlib.sha256(body).hexdigest(),
            made_at=clock.now(),
        )
        file.body_text = b64encode(body).decode()
        insert_unless_there(file)
    return _find_file(document_id)


def make(document_id: UUID) -> bytes:
    """Make the PDF of a document from its frozen facts: the same bytes each time.

    Raises:
        NotFound: if there is no such document.
    """
    issued = get_document(document_id)
    shown = sheet_of(issued.kind, facts_of_document(issued))
    db.session.rollback()
    return typeset(issued.kind.value, issued.number, **shown)


def sheet_of(kind: DocumentKind, facts: dict[str, Any]) -> dict[str, Any]:
    """Return what the sheet of a document expects."""
    return {SHEETS[kind]: facts}


def make_document(subject_id: UUID | None) -> None:
    """Make a document's PDF ahead of time: the job behind its issue."""
    if subject_id is not None:
        document(subject_id)


def make_invoice(subject_id: UUID | None) -> None:
    """Make an invoice's PDF ahead of time: the job behind its issue."""
    _make_ahead(PaperKind.INVOICE, subject_id)


def make_receipt(subject_id: UUID | None) -> None:
    """Make a receipt's PDF ahead of time: the job behind its issue."""
    _make_ahead(PaperKind.RECEIPT, subject_id)


def facts_of(kind: PaperKind, subject_id: UUID) -> dict[str, Any]:
    """Return what the sheet of a paper expects, from frozen rows alone.

    Raises:
        NotFound: if there is no such paper.
    """
    if kind is PaperKind.RECEIPT:
        return {"receipt": archive.get_receipt(subject_id)}
    invoice = archive.get_invoice(subject_id)
    return {"invoice": invoice, "lines": papers.lines_of(invoice)}


def _make_ahead(kind: PaperKind, subject_id: UUID | None) -> None:
    if subject_id is not None:
        paper(kind, subject_id)


def _find(kind: PaperKind, subject_id: UUID) -> bytes | None:
    body = db.session.scalar(
        sa.select(StoredPaper.body).where(
            StoredPaper.kind == kind, StoredPaper.subject_id == subject_id
        )
    )
    db.session.rollback()
    return body


def _find_file(document_id: UUID) -> bytes | None:
    file = db.session.scalar(sa.select(DocumentFile).where(DocumentFile.document_id == document_id))
    body = b64decode(file.body_text or "") if file else None
    db.session.rollback()
    return body


def _make(kind: PaperKind, subject_id: UUID) -> bytes:
    facts = facts_of(kind, subject_id)
    number: str = facts[kind.value].number
    return typeset(kind.value, number, **facts)
