"""Settings of a practice's messages: the list, the words of one, how it looks, a test."""

from __future__ import annotations

import re
from base64 import b64encode
from hashlib import sha256
from uuid import UUID

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from practice.core import clock, tokens
from practice.core.db import in_transaction, transaction
from practice.core.errors import Invalid
from practice.core.settings import settings
from practice.messages import queries, sending, service
from practice.messages.forms import TryForm, WordingForm, read_filter
from practice.messages.kinds import KINDS, Kind
from practice.messages.rules.standing import TITLES, TONES
from practice.outbox.mail import Letter
from practice.outbox.queries import PAGE, get_message
from practice.people.access import current_member, current_staff, requires
from practice.people.queries import staff
from practice.people.rules import Permission

bp = Blueprint("messages", __name__, url_prefix="/settings")

PAGE_WITH_A_MAIL = (
    "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; "
    "img-src 'self' data:; connect-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-src 'self'; frame-ancestors 'none'"
)
"""The policy of every page, which here may hold a frame of our own: the mail as it looks."""

STYLE = re.compile(r"<style>(.*?)</style>", re.DOTALL)


@bp.get("/messages")
@requires(Permission.PRACTICE_MANAGE)
def messages() -> ResponseReturnValue:
    """List the mails there are, when each is sent, and whose words it is in."""
    own = queries.own_words()
    return render_template(
        "messages/messages.html",
        parts=(
            ("To clients", [kind for kind in KINDS.values() if not kind.to_staff]),
            ("To the practice", [kind for kind in KINDS.values() if kind.to_staff]),
        ),
        own=own,
    )


@bp.route("/messages/<name>", methods=["GET", "POST"])
@requires(Permission.PRACTICE_MANAGE)
def message(name: str) -> ResponseReturnValue:
    """Show the words of one mail, and take others."""
    kind = service.get_kind(name)
    form = _form(kind)
    if not form.is_submitted():
        return _page(kind, form)
    if not form.validate():
        return _page(kind, form, status=422)
    subject, text = _words(kind, form)
    try:
        in_transaction(
            lambda: service.write(kind, subject, text, seen=form.version(), by=current_staff())
        )
    except service.ChangedMeanwhile as changed:
        form.form_errors = [changed.message]
        form.seen.data = str(_version(kind))  # whoever has looked may send theirs again
        return _page(kind, form, status=409)
    flash("Saved. Messages go out in these words from now on.")
    return redirect(url_for(".message", name=name))


@bp.post("/messages/<name>/reset")
@requires(Permission.PRACTICE_MANAGE)
def reset(name: str) -> ResponseReturnValue:
    """Go back to the shipped words. What the practice had written stays among its versions."""
    kind = service.get_kind(name)
    form = _form(kind)
    in_transaction(lambda: service.write(kind, None, "", seen=form.version(), by=current_staff()))
    flash("This message is in the shipped words again.")
    return redirect(url_for(".message", name=name))


@bp.post("/messages/<name>/test")
@requires(Permission.PRACTICE_MANAGE)
def send_test(name: str) -> ResponseReturnValue:
    """Mail whoever asks an example, in the saved words."""
    kind = service.get_kind(name)
    form = TryForm()
    if not form.validate():
        return _page(kind, _form(kind, typed=False), status=422)
    me = current_member()
    with transaction():
        service.send_test(kind, me, form_token=form.token.data or "")
    flash(f"A test is on its way to {me.email}.")
    return redirect(url_for(".message", name=name))


@bp.route("/messages/<name>/preview", methods=["GET", "POST"])
@requires(Permission.PRACTICE_MANAGE)
def preview(name: str) -> ResponseReturnValue:
    """Show an example mail as it looks, or as ``?as=text``, in the words typed or saved."""
    kind = service.get_kind(name)
    form = _form(kind)
    as_text = request.args.get("as") == "text"
    if form.is_submitted() and not form.validate():
        wrong = [errors[0] for errors in form.errors.values()]
        return _as_text("\n".join(["There is no preview yet.", "", *wrong])), 422
    letter = service.example(kind, *_words(kind, form))
    if as_text:
        return _as_text(f"Subject: {letter.subject}\n\n{letter.text}")
    return _as_html(letter)


def _as_text(text: str) -> Response:
    answer = Response(text, mimetype="text/plain")
    answer.headers["Content-Security-Policy"] = _framed()
    return answer


def _as_html(letter: Letter) -> Response:
    """Answer with the mail itself. Its one style sheet is let through by its digest."""
    styles = STYLE.search(letter.html)
    digest = b64encode(sha256(styles[1].encode() if styles else b"").digest()).decode()
    answer = Response(letter.html)
    answer.headers["Content-Security-Policy"] = _framed(f"style-src 'sha256-{digest}'")
    return answer


def _framed(*more: str) -> str:
    """Return the policy of what only a page of ours may frame, and which can do nothing."""
    fixed = ("default-src 'none'", "base-uri 'none'", "form-action 'none'", "sandbox")
    return "; ".join((*fixed, "frame-ancestors 'self'", *more))


# What became of them -----------------------------------------------------------------------------


@bp.get("/outbox")
@requires(Permission.PRACTICE_MANAGE)
def outbox() -> ResponseReturnValue:
    """List the practice's mail, narrowed by the address, with what became of each."""
    which = read_filter(request.args)
    found, total = sending.listed(which)
    return render_template(
        "messages/outbox.html",
        lines=found,
        total=total,
        which=which,
        last_page=max(1, -(-total // PAGE)),
        standings=TITLES,
        tones=TONES,
        kinds=KINDS.values(),
        has_server=settings().smtp_url is not None,
        now=clock.now(),
        token=tokens.new(),
    )


@bp.post("/outbox/<uuid:message_id>/again")
@requires(Permission.PRACTICE_MANAGE)
def send_again(message_id: UUID) -> ResponseReturnValue:
    """Have a mail go out again. A second click sends nothing more."""
    message, which = get_message(message_id), read_filter(request.args)
    form = TryForm()
    if not form.validate():
        raise Invalid("The form is too old. Go back, reload the page and send it again.")
    token = form.token.data or ""
    in_transaction(lambda: sending.send_again(message.id, form_token=token, by=current_staff()))
    flash("It goes out again now.")
    return redirect(url_for(".outbox", state=which.standing, message=which.name, page=which.page))


def _page(kind: Kind, form: WordingForm, status: int = 200) -> ResponseReturnValue:
    versions = queries.versions_of(kind.name)
    trying = TryForm(formdata=None)
    trying.token.data = tokens.new()
    page = render_template(
        "messages/message.html",
        kind=kind,
        form=form,
        trying=trying,
        names=service.names_with_examples(kind),
        shipped=service.shipped_subject(kind),
        versions=versions,
        writers={member.id: member.name for member in staff()},
    )
    return page, status, {"Content-Security-Policy": PAGE_WITH_A_MAIL}


def _form(kind: Kind, *, typed: bool = True) -> WordingForm:
    """Return the form with what was typed, or else with the words in use."""
    if typed and request.method == "POST":
        return WordingForm(kind)
    used = queries.wording_of(kind.name)
    given = {
        "subject": (used.subject if used else None) or service.shipped_subject(kind),
        "text": used.text if used else "",
        "seen": str(used.version if used else 0),
    }
    return WordingForm(kind, formdata=None, data=given)


def _version(kind: Kind) -> int:
    used = queries.wording_of(kind.name)
    return used.version if used else 0


def _words(kind: Kind, form: WordingForm) -> tuple[str | None, str]:
    """Return what the form says: no subject where it is the shipped one."""
    subject = form.subject.data or ""
    return (None if subject == service.shipped_subject(kind) else subject), form.text.data or ""
