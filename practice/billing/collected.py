"""The invoices of a period as one file, for the page and the command alike."""

from practice.billing import archive, exports, invoice_rows, pdf
from practice.billing.models import PaperKind
from practice.core.errors import Invalid


def csv_of(which: archive.Filter) -> bytes:
    """Return the CSV of the lines of every document that ``which`` lets through."""
    return "".join(exports.csv_lines(invoice_rows.export_rows(which))).encode()


def zip_of(which: archive.Filter) -> bytes:
    """Return a ZIP of the PDFs of every document that ``which`` lets through.

    Raises:
        Invalid: where no PDF can be made; the words say why.
    """
    if why := pdf.missing():
        raise Invalid(f"No PDF can be made on this machine. {why}")
    return exports.zip_of(
        (f"{number}.pdf", pdf.paper(PaperKind.INVOICE, invoice_id) or b"")
        for invoice_id, number in archive.numbers(which)
    )


EXPORTS = {"csv": csv_of, "zip": zip_of}
TYPES = {"csv": "text/csv; charset=utf-8", "zip": "application/zip"}
