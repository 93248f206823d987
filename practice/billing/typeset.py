"""Turning a paper into a PDF: tagged, with its language and title (PDF/UA), by WeasyPrint."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from flask import render_template

STATIC = Path(__file__).parent.parent / "static"
VARIANT = "pdf/ua-1"


def missing() -> str | None:
    """Say in words why no PDF can be made on this machine, or return ``None``."""
    try:
        _weasyprint()
    except OSError as error:
        return f"WeasyPrint cannot load Pango: {error}".splitlines()[0]
    return None


def typeset(sheet: str, number: str, **facts: Any) -> bytes:
    """Return the PDF of a sheet. The same facts give the same bytes, in any process.

    Takes up to a second the first time: call it outside ``transaction()``.
    """
    html = render_template("billing/paper.pdf.html", sheet=sheet, number=number, **facts)
    weasyprint = _weasyprint()
    sheet_of_styles, fonts = _styles()
    # A paper itself may load nothing.
    nothing = weasyprint.urls.URLFetcher(allowed_protocols=(), fail_on_errors=True)
    document = weasyprint.HTML(string=html, url_fetcher=nothing)
    return bytes(
        document.write_pdf(stylesheets=[sheet_of_styles], font_config=fonts, pdf_variant=VARIANT)
    )


def _styles() -> tuple[Any, Any]:
    # Made anew each time: what one document leaves in the fonts would change the bytes of the next.
    weasyprint = _weasyprint()
    fonts = weasyprint.text.fonts.FontConfiguration()
    # Our style sheet may read its fonts from this machine.
    from_here = weasyprint.urls.URLFetcher(allowed_protocols=("file",), fail_on_errors=True)
    return (
        weasyprint.CSS(
            filename=str(STATIC / "css" / "paper.css"), url_fetcher=from_here, font_config=fonts
        ),
        fonts,
    )


@cache
def _weasyprint() -> Any:
    # Imported late because it needs Pango, a library of the system: without it everything else
    # works, and pages offer their print view instead.
    import weasyprint.text.fonts  # noqa: PLC0415

    return weasyprint
