"""One file of some days, whichever it is: kept, made now, or the papers themselves."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from practice.billing import archive, export_files, locks, pdf
from practice.billing.export_asked import Asked
from practice.billing.export_files import NO_DATE, Made
from practice.billing.models import PaperKind, Receipt
from practice.billing.rules.exporting import KEPT, Kind, file_name
from practice.billing.rules.months import whole_month
from practice.billing.service import keeping_files
from practice.core.db import db, one_moment
from practice.core.errors import Invalid
from practice.people.queries import get_practice


def hand_out(kind: Kind, first_on: date, last_on: date) -> Made:
    """Return a file of some local days, both included. Call outside ``transaction()``.

    Raises:
        Invalid: for papers, where no PDF can be made; the words say why.
    """
    if kind is Kind.PDFS:
        return _papers(first_on, last_on)
    month = whole_month(first_on, last_on)
    lock = locks.standing(month) if month is not None and kind in KEPT else None
    if lock is not None:
        return keeping_files.find(lock, kind)
    asked = Asked(first_on, last_on, locks.ways(), get_practice().currency)
    with one_moment():
        if kind is Kind.ALL:
            return export_files.make_all(export_files.make_each(asked), asked)
        return export_files.make(kind, asked)


def _papers(first_on: date, last_on: date) -> Made:
    """Put the invoices, credit notes and receipts of some days into a ZIP.

    They are frozen with their hash one by one, and stored as they are: the ZIP has the same bytes
    whenever it is made.
    """
    if why := pdf.missing():
        raise Invalid(f"No PDF can be made on this machine. {why}")
    body, count = export_files.spool(), 0
    with zipfile.ZipFile(body, "w", zipfile.ZIP_STORED) as packed:
        for kind, subject_id, number in list(_issued(first_on, last_on)):
            paper = pdf.paper(kind, subject_id) or b""
            packed.writestr(zipfile.ZipInfo(f"{number}.pdf", NO_DATE), paper)
            count += 1
    name = file_name(Kind.PDFS, first_on, last_on, "zip")
    return export_files.finished(Kind.PDFS, name, count, body)


def _issued(first_on: date, last_on: date) -> Iterator[tuple[PaperKind, UUID, str]]:
    for invoice_id, number in archive.numbers(archive.Filter(first_on=first_on, last_on=last_on)):
        yield PaperKind.INVOICE, invoice_id, number
    zone = ZoneInfo(get_practice().time_zone)
    first_at, until_at = (
        datetime(day.year, day.month, day.day, tzinfo=zone)
        for day in (first_on, last_on + timedelta(days=1))
    )
    receipts = db.session.execute(
        sa.select(Receipt.id, Receipt.number)
        .where(Receipt.issued_at >= first_at, Receipt.issued_at < until_at)
        .order_by(Receipt.issued_at, Receipt.number)
    )
    for receipt_id, number in receipts:
        yield PaperKind.RECEIPT, receipt_id, number
