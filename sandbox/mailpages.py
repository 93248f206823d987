"""The mail catcher's pages, its list for programs, and its switch. No scripts on them."""

from http import HTTPStatus

from flask import (
    Blueprint,
    Response,
    abort,
    current_app,
    jsonify,
    redirect,
    render_template,
    request,
    url_for,
)
from werkzeug.http import dump_options_header
from werkzeug.wrappers import Response as AnyResponse

from sandbox.clock import clock_time
from sandbox.mailbox import Letter, Mailbox, as_json, with_links

bp = Blueprint("mail", __name__)

PER_PAGE = 50
CONTENT_POLICY = (
    "default-src 'none'; style-src 'self'; frame-src 'self'; form-action 'self'; base-uri 'none'"
)
HTML_PART_POLICY = (
    "sandbox allow-popups allow-top-navigation-by-user-activation; "
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'"
)
"""A mail's HTML is a stranger's: no scripts, no forms, nothing loaded from anywhere."""

bp.add_app_template_filter(with_links)
bp.add_app_template_filter(clock_time)


@bp.after_request
def harden(response: Response) -> Response:
    response.headers.setdefault("Content-Security-Policy", CONTENT_POLICY)
    response.headers["Cache-Control"] = "no-store"
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response


@bp.get("/")
def show() -> str:
    """All mail, newest first; ``?to=`` narrows it to one address, ``?after=`` pages on."""
    to = request.args.get("to", "").strip()
    start = max(request.args.get("after", 0, int), 0)
    letters = _mailbox().letters(to or None)
    return render_template(
        "mail/list.html",
        letters=letters[start : start + PER_PAGE],
        total=len(letters),
        to=to,
        older=start + PER_PAGE if start + PER_PAGE < len(letters) else None,
        refusing=_mailbox().refusing,
    )


@bp.get("/messages.json")
def listed() -> Response:
    """The same for programs; ``?to=`` narrows it to one address."""
    return jsonify([as_json(letter) for letter in _mailbox().letters(request.args.get("to"))])


@bp.delete("/messages")
def clear() -> tuple[str, int]:
    _mailbox().clear()
    return "", HTTPStatus.NO_CONTENT


@bp.post("/clear")
def clear_by_button() -> AnyResponse:
    _mailbox().clear()
    return redirect(url_for(".show"), 303)


@bp.post("/_control/refuse")
def refuse() -> AnyResponse:
    """``?on=1`` answers every mail with 451 from now on, ``?on=0`` takes it again."""
    _mailbox().refusing = request.args.get("on", "1") not in ("", "0")
    return redirect(url_for(".show"), 303)


@bp.get("/messages/<int:wanted>/source")
def source(wanted: int) -> Response:
    """The letter as it came in."""
    return Response(_letter(wanted).raw, content_type="text/plain; charset=utf-8")


@bp.get("/messages/<int:wanted>/html")
def html(wanted: int) -> Response:
    """The letter's HTML part, with every power taken from it."""
    page = _letter(wanted).html
    if page is None:
        abort(HTTPStatus.NOT_FOUND)
    response = Response(page, content_type="text/html; charset=utf-8")
    response.headers["Content-Security-Policy"] = HTML_PART_POLICY
    return response


@bp.get("/messages/<int:wanted>/attachments/<int:place>")
def attachment(wanted: int, place: int) -> Response:
    """One attachment, counted from 1, to be saved rather than shown."""
    found = _letter(wanted).attachments
    if not 1 <= place <= len(found):
        abort(HTTPStatus.NOT_FOUND)
    chosen = found[place - 1]
    response = Response(chosen.content, content_type=chosen.kind)
    response.headers["Content-Disposition"] = dump_options_header(
        "attachment", {"filename": chosen.name}
    )
    return response


def _letter(wanted: int) -> Letter:
    letter = _mailbox().find(wanted)
    if letter is None:
        abort(HTTPStatus.NOT_FOUND)
    return letter


def _mailbox() -> Mailbox:
    mailbox: Mailbox = current_app.extensions["mailbox"]
    return mailbox
