"""What the bookkeeper takes away: one CSV that ties out to the cent, or the papers in a ZIP."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Iterable, Iterator

from practice.billing.invoice_rows import ExportRow
from practice.billing.rules.export_ways import STARTS_A_FORMULA

COLUMNS = (
    "invoice",
    "issued_on",
    "client",
    "service_date",
    "service",
    "quantity",
    "amount",
    "paid",
    "payment_id",
    "processor_charge_id",
    "fee",
    "refunded",
    "currency",
)


def csv_lines(rows: Iterable[ExportRow]) -> Iterator[str]:
    """Yield the lines of a CSV file: UTF-8 with a mark that spreadsheets know, CRLF.

    Words that a spreadsheet would run as a formula get a leading apostrophe; numbers and dates,
    which are written here, need none.
    """
    yield "\ufeff" + _line(COLUMNS)
    for row in rows:
        yield _line(
            (
                safe(row.invoice),
                row.issued_on.isoformat(),
                safe(row.client),
                row.service_on.isoformat(),
                safe(row.service),
                str(row.quantity),
                amount(row.amount_minor),
                amount(row.paid_minor),
                safe(row.payment_id),
                safe(row.charge_id),
                amount(row.fee_minor),
                amount(row.refunded_minor),
                row.currency,
            )
        )


def zip_of(papers: Iterable[tuple[str, bytes]]) -> bytes:
    """Return a ZIP of named files, the same bytes for the same papers."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, body in papers:
            archive.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), body)
    return packed.getvalue()


def _line(cells: Iterable[str]) -> str:
    written = io.StringIO()
    csv.writer(written, lineterminator="\r\n").writerow(cells)
    return written.getvalue()


def safe(text: str) -> str:
    """Return words as they stand in a cell: none that a spreadsheet would run."""
    return f"'{text}" if text.startswith(STARTS_A_FORMULA) else text


def amount(minor: int) -> str:
    """Return cents as they stand in a cell: ``175.00``, a minus in front."""
    sign = "-" if minor < 0 else ""
    return f"{sign}{abs(minor) // 100}.{abs(minor) % 100:02d}"
