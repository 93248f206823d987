"""Statements, superbills and estimates as they were issued."""

from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, composite, mapped_column

from practice.core.crypto import Sealed
from practice.core.db import Base, PracticeOwned, enum_by_value
from practice.core.money import Money


class DocumentKind(StrEnum):
    STATEMENT = "statement"
    SUPERBILL = "superbill"
    ESTIMATE = "estimate"


class Document(PracticeOwned, Base):
    """A statement, superbill or estimate as it was issued: frozen, and kept for ever.

    ``facts`` is all that its sheet shows, as JSON, sealed: a superbill names diagnoses, which this
    room is handed and does not read. ``source_key`` lets the same thing be issued once. An estimate
    is about ``scope_id`` (a session, a course, or a request of its own) and may take the place of
    an earlier one, ``replaces_id``.
    """

    __tablename__ = "documents"
    __table_args__ = (
        sa.ForeignKeyConstraint(
            ["practice_id", "client_id"], ["clients.practice_id", "clients.id"]
        ),
        sa.ForeignKeyConstraint(
            ["practice_id", "replaces_id"], ["documents.practice_id", "documents.id"]
        ),
        sa.UniqueConstraint("practice_id", "number"),
        sa.UniqueConstraint("practice_id", "source_key"),
        sa.Index("ix_documents_client", "practice_id", "client_id", "kind"),
        sa.Index("ix_documents_scope", "practice_id", "scope_id"),
    )

    number: Mapped[str] = mapped_column(sa.String(20))
    kind: Mapped[DocumentKind] = mapped_column(enum_by_value(DocumentKind))
    source_key: Mapped[str] = mapped_column(sa.String(200))
    client_id: Mapped[UUID]
    scope_id: Mapped[UUID | None]
    replaces_id: Mapped[UUID | None]
    issued_on: Mapped[date]
    issued_at: Mapped[datetime]
    first_on: Mapped[date | None]  # the days that it is about
    last_on: Mapped[date | None]
    total_minor: Mapped[int]
    currency: Mapped[str] = mapped_column(sa.String(3))
    total: Mapped[Money] = composite("total_minor", "currency")
    facts_sealed: Mapped[bytes] = mapped_column(sa.LargeBinary)

    facts_text = Sealed("facts_sealed")


class DocumentItem(PracticeOwned, Base):
    """What a document says of one thing (a session): who gives it, and for how much."""

    __tablename__ = "document_items"
    __table_args__ = (
        sa.ForeignKeyConstraint(
            ["practice_id", "document_id"], ["documents.practice_id", "documents.id"]
        ),
        sa.UniqueConstraint("practice_id", "document_id", "position"),
        sa.Index("ix_document_items_for", "practice_id", "for_id"),
    )

    document_id: Mapped[UUID]
    position: Mapped[int]
    for_id: Mapped[UUID | None]  # none for what is not booked yet
    provider_id: Mapped[UUID | None]
    service_on: Mapped[date | None]
    amount_minor: Mapped[int]


class DocumentFile(PracticeOwned, Base):
    """The PDF of a document, made once: sealed, in base64, with the SHA-256 (hex) of its bytes."""

    __tablename__ = "document_files"
    __table_args__ = (
        sa.ForeignKeyConstraint(
            ["practice_id", "document_id"], ["documents.practice_id", "documents.id"]
        ),
        sa.UniqueConstraint("practice_id", "document_id"),
    )

    document_id: Mapped[UUID]
    sha256: Mapped[str] = mapped_column(sa.String(64))
    body_sealed: Mapped[bytes] = mapped_column(sa.LargeBinary)
    made_at: Mapped[datetime]

    body_text = Sealed("body_sealed")
