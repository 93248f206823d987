"""Finding statements, superbills and estimates again, and what they say of a session."""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from practice.billing.document_models import Document, DocumentItem, DocumentKind
from practice.core.db import db
from practice.core.errors import NotFound
from practice.core.money import Money


@dataclass(frozen=True, slots=True)
class Listed:
    """One document in a list. ``is_replaced``: a newer one took its place."""

    id: UUID
    number: str
    kind: DocumentKind
    issued_on: date
    first_on: date | None
    last_on: date | None
    total: Money
    is_replaced: bool


def documents_of(client_ids: Collection[UUID]) -> list[Listed]:
    """Return the documents of some clients, newest first. One statement."""
    newer = sa.orm.aliased(Document)
    rows = db.session.execute(
        sa.select(
            Document.id,
            Document.number,
            Document.kind,
            Document.issued_on,
            Document.first_on,
            Document.last_on,
            Document.total_minor,
            Document.currency,
            sa.exists()
            .where(newer.practice_id == Document.practice_id, newer.replaces_id == Document.id)
            .label("is_replaced"),
        )
        .where(Document.client_id.in_(client_ids))
        .order_by(Document.issued_at.desc(), Document.number.desc())
    )
    return [
        Listed(
            row.id,
            row.number,
            row.kind,
            row.issued_on,
            row.first_on,
            row.last_on,
            Money(row.total_minor, row.currency),
            bool(row.is_replaced),
        )
        for row in rows
    ]


def get_document(document_id: UUID) -> Document:
    """Return one document.

    Raises:
        NotFound: if there is none.
    """
    found = db.session.scalar(sa.select(Document).where(Document.id == document_id))
    if found is None:
        raise NotFound("There is no such paper.")
    return found


def facts_of(document: Document) -> dict[str, Any]:
    """Return all that the sheet of a document shows, from its frozen row alone."""
    said: dict[str, Any] = json.loads(document.facts_text or "{}")
    return said | {"number": document.number, "issued_on": document.issued_on.isoformat()}


@dataclass(frozen=True, slots=True)
class Said:
    """What a document says of one thing; of what is not booked yet, without its id."""

    document_id: UUID
    number: str
    issued_on: date
    scope_id: UUID | None
    for_id: UUID | None
    provider_id: UUID | None
    service_on: date | None
    amount_minor: int


def said_of(for_ids: Collection[UUID], kind: DocumentKind) -> list[Said]:
    """Return what documents of one kind say of some things, the newest first. One statement."""
    return _said(DocumentItem.for_id.in_(for_ids), Document.kind == kind)


def said_by(document_id: UUID) -> list[Said]:
    """Return what one document says of each thing, booked or not. One statement."""
    return _said(Document.id == document_id)


def newest_about(scope_ids: Collection[UUID]) -> dict[UUID, list[Said]]:
    """Return what the newest document about each session, course or request says.

    Those that none is about are left out. Two statements, however many there are.
    """
    rows = db.session.execute(
        sa.select(Document.id, Document.scope_id)
        .where(Document.scope_id.in_(scope_ids))
        .order_by(Document.issued_at, Document.number)
    )
    newest = {row.scope_id: row.id for row in rows}
    found: dict[UUID, list[Said]] = {scope_id: [] for scope_id in newest}
    for said in _said(Document.id.in_(newest.values())):
        if said.scope_id is not None:
            found[said.scope_id].append(said)
    return found


def _said(*which: sa.ColumnElement[bool]) -> list[Said]:
    rows = db.session.execute(
        sa.select(
            Document.id,
            Document.number,
            Document.issued_on,
            Document.scope_id,
            DocumentItem.for_id,
            DocumentItem.provider_id,
            DocumentItem.service_on,
            DocumentItem.amount_minor,
        )
        .join(
            Document,
            sa.and_(
                Document.practice_id == DocumentItem.practice_id,
                Document.id == DocumentItem.document_id,
            ),
        )
        .where(*which)
        .order_by(Document.issued_at.desc(), Document.number.desc(), DocumentItem.position)
    )
    return [Said(*row) for row in rows]
