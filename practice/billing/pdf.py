"""Papers as PDF, made by WeasyPrint from the page itself, once, and kept with their hash."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from flask import render_template

from practice.billing import archive
from practice.billing.models import PaperKind, StoredPaper
from practice.billing.service import papers
from practice.core import clock
from practice.core.db import db, insert_unless_there, transaction

STATIC = Path(__file__).parent.parent / "static"


def missing() -> str | None:
    """Say in words why no PDF can be made on this machine, or return ``None``."""
    try:
        _weasyprint()
    except OSError as error:
        return f"WeasyPrint cannot load Pango: {error}".splitlines()[0]
    return None


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


def make_invoice(subject_id: UUID | None) -> None:
    """Make an invoice's PDF ahead of time: the job behind its issue."""
    _make_ahead(PaperKind.INVOICE, subject_id)


def make_receipt(subject_id: UUID | None) -> None:
    """Make a receipt's PDF ahead of time: the job behind its issue."""
    _make_ahead(PaperKind.RECEIPT, subject_id)


def facts_of(kind: PaperKind, subject_id: UUID) -> dict[str, Any]:
    """Return what the template of a paper expects, from frozen rows alone.

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


def _make(kind: PaperKind, subject_id: UUID) -> bytes:
    return made_of(kind.value, **facts_of(kind, subject_id))


def made_of(template: str, **facts: Any) -> bytes:
    """Return what a template of papers makes of some facts, as PDF."""
    html = render_template(f"billing/{template}.pdf.html", **facts)
    weasyprint = _weasyprint()
    fonts = weasyprint.text.fonts.FontConfiguration()
    # Our style sheet may read its fonts from this machine; a paper itself may load nothing.
    from_here = weasyprint.urls.URLFetcher(allowed_protocols=("file",), fail_on_errors=True)
    nothing = weasyprint.urls.URLFetcher(allowed_protocols=(), fail_on_errors=True)
    sheet = weasyprint.CSS(
        filename=str(STATIC / "css" / "paper.css"), url_fetcher=from_here, font_config=fonts
    )
    document = weasyprint.HTML(string=html, url_fetcher=nothing)
    return bytes(document.write_pdf(stylesheets=[sheet], font_config=fonts))


@cache
def _weasyprint() -> Any:
    # Imported late because it needs Pango, a library of the system: without it everything else
    # works, and pages offer their print view instead.
    import weasyprint.text.fonts  # noqa: PLC0415

    return weasyprint
