"""Issuing statements, superbills and estimates. What is issued is never changed.

This room is handed what a document says; it does not read what it means.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID, uuid4

import sqlalchemy as sa

from practice.audit.rules import Actor
from practice.audit.service import record
from practice.billing.document_models import Document, DocumentItem, DocumentKind
from practice.billing.service.numbers import next_number
from practice.core import clock, tokens
from practice.core.db import db, require_practice_id
from practice.core.money import Money
from practice.outbox.service import enqueue
from practice.people.queries import today_here

SERIES = {
    DocumentKind.STATEMENT: "STM",
    DocumentKind.SUPERBILL: "SB",
    DocumentKind.ESTIMATE: "GFE",
}
ISSUED = {
    DocumentKind.STATEMENT: "statement:issue",
    DocumentKind.SUPERBILL: "superbill:issue",
    DocumentKind.ESTIMATE: "estimate:issue",
}
MAKE_PDF = "make-document-pdf"


@dataclass(frozen=True, slots=True)
class Item:
    """What a document says of one thing: of what is not booked yet, without its id."""

    for_id: UUID | None
    provider_id: UUID | None
    service_on: date | None
    amount_minor: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """A document that is ready to be issued. ``facts`` is all that its sheet shows, fit for JSON.

    ``first_on`` and ``last_on`` are the days that it is about.
    """

    kind: DocumentKind
    client_id: UUID
    facts: Mapping[str, Any]
    items: Sequence[Item]
    total: Money
    first_on: date | None = None
    last_on: date | None = None
    scope_id: UUID | None = None
    replaces_id: UUID | None = None

    @property
    def mark(self) -> str:
        """Return a digest that is the same for documents that say the same."""
        return tokens.digest(json.dumps(self.facts, sort_keys=True))[:40]


def preview(finished: Finished) -> dict[str, Any]:
    """Return what the sheet of a document expects that has no number yet."""
    return {**finished.facts, "number": "Preview", "issued_on": today_here().isoformat()}


def issue(finished: Finished, *, by: Actor, key: str = "") -> Document:
    """Issue a document under the next number of its series.

    Whatever says the very same for the same ``key`` is issued once: asked again, it returns what
    was issued. Call inside ``transaction()``, as its last step: the series waits for it.
    """
    source_key = f"{finished.kind}:{finished.client_id}:{finished.mark}:{key}".rstrip(":")
    issued = db.session.scalar(sa.select(Document).where(Document.source_key == source_key))
    if issued is not None:
        return issued
    today = today_here()
    document = Document(
        id=uuid4(),
        practice_id=require_practice_id(),  # its facts are sealed to both, before it is written
        number=next_number(SERIES[finished.kind], today.year),
        kind=finished.kind,
        source_key=source_key,
        client_id=finished.client_id,
        scope_id=finished.scope_id,
        replaces_id=finished.replaces_id,
        issued_on=today,
        issued_at=clock.now(),
        first_on=finished.first_on,
        last_on=finished.last_on,
        total=finished.total,
    )
    document.facts_text = json.dumps(finished.facts)
    db.session.add(document)
    db.session.flush()  # the items' foreign key wants it first
    db.session.add_all(
        DocumentItem(
            document_id=document.id,
            position=position,
            for_id=item.for_id,
            provider_id=item.provider_id,
            service_on=item.service_on,
            amount_minor=item.amount_minor,
        )
        for position, item in enumerate(finished.items, start=1)
    )
    db.session.flush()
    record(ISSUED[finished.kind], by=by, subject_id=document.id, number=document.number)
    enqueue(MAKE_PDF, key=f"pdf:{document.id}", subject_id=document.id)
    return document
