"""Turning a paper into a PDF: tagged, with its language and title (PDF/UA), by WeasyPrint."""

from __future__ import annotations

import os
from functools import cache
from io import BytesIO
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
    """Return the PDF of a sheet. The same facts give the same bytes, at any time in any process.

    Takes up to a second the first time: call it outside ``transaction()``.
    """
    return made_of("paper", sheet=sheet, number=number, **facts)


def made_of(template: str, **facts: Any) -> bytes:
    """Return what one of the templates for paper makes of some facts, as PDF."""
    html = render_template(f"billing/{template}.pdf.html", **facts)
    weasyprint = _weasyprint()
    # Made anew each time: what one document leaves in the fonts would change the bytes of the next.
    fonts = weasyprint.text.fonts.FontConfiguration()
    styles = weasyprint.CSS(
        filename=str(STATIC / "css" / "paper.css"),
        url_fetcher=_fonts_from_here(),
        font_config=fonts,
    )
    # A paper itself may load nothing.
    nothing = weasyprint.urls.URLFetcher(allowed_protocols=(), fail_on_errors=True)
    document = weasyprint.HTML(string=html, url_fetcher=nothing)
    return bytes(document.write_pdf(stylesheets=[styles], font_config=fonts, pdf_variant=VARIANT))


@cache
def _fonts_from_here() -> Any:
    """Return what fetches the fonts of our style sheet from this machine, and nothing else.

    It hands them over unpacked: WeasyPrint would unpack them anew for each document.
    """
    urls = _weasyprint().urls

    fetcher: Any = urls.URLFetcher

    class Fonts(fetcher):  # type: ignore[misc]  # the library has no types
        def fetch(self, url: str, headers: Any = None) -> Any:  # noqa: ARG002  # theirs
            name = url.rpartition("/")[2]
            return urls.URLFetcherResponse(url, _unpacked(STATIC / "fonts" / name))

    return Fonts(allowed_protocols=())


@cache
def _unpacked(font: Path) -> bytes:
    from fontTools.ttLib import TTFont  # noqa: PLC0415  # comes with WeasyPrint, and loads slowly

    found, out = TTFont(font, recalcTimestamp=False), BytesIO()
    found.flavor = found.flavorData = None
    found.save(out)
    return out.getvalue()


@cache
def _weasyprint() -> Any:
    # Imported late because it needs Pango, a library of the system: without it everything else
    # works, and pages offer their print view instead.
    # Fonts that are cut to what a document needs would carry the time of day, and no two documents
    # would be the same: this is how the library that cuts them is told another (reproducible-
    # builds.org).
    os.environ.setdefault("SOURCE_DATE_EPOCH", "1767225600")
    import weasyprint.text.fonts  # noqa: PLC0415

    return weasyprint
