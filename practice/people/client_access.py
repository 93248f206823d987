"""The second kind of user: a client who signed in by mail, beside the staff of ``access``.

Staff and clients never mix: a browser is signed in as one of them, and each page says for which
kind it is. A client's cookie names their practice, since their addresses do not.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, TypeVar
from uuid import UUID

from flask import flash, g, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from practice.audit.rules import Actor, ActorKind
from practice.core.db import Busy, enter_practice, practice_scope, transaction
from practice.people import letting_in, typed
from practice.people.models import Client
from practice.people.queries import get_client

View = TypeVar("View", bound=Callable[..., Any])

MARK = "client"
HOME = "me.home"
KEPT = "kept_form"  # in this browser's cookie: the sign-in that had ended when a form came


@dataclass(frozen=True, slots=True)
class KnownClient:
    """Who is signed in as a client: an address, and whom of those it belongs to.

    Plain values, never read again. ``client_id`` is ``None`` until that was said.
    """

    sign_in_id: UUID
    email: str
    client_id: UUID | None
    name: str
    practice_id: UUID
    token: str
    is_authenticated: bool = True
    is_active: bool = True
    is_anonymous: bool = False

    def get_id(self) -> str:
        """Return what the session cookie holds: whose practice, and this sign-in's secret."""
        return f"{MARK} {self.practice_id.hex} {self.token}"


# Marks on views --------------------------------------------------------------------------------


def for_clients(view: View) -> View:
    """Mark a view as one for clients who signed in: it shows what is theirs, and nothing else."""
    view.is_for_clients = True  # type: ignore[attr-defined]  # read by the guard
    return view


def before_choosing(view: View) -> View:
    """Mark a view for clients that opens before it was said whom of a family it is about."""
    view.opens_before_choosing = True  # type: ignore[attr-defined]  # read by the guard
    return for_clients(view)


# Who it is -------------------------------------------------------------------------------------


def signed_in_client() -> KnownClient | None:
    """Return who is signed in as a client, if anybody is."""
    who = current_user._get_current_object()  # noqa: SLF001  the proxy itself is no KnownClient
    return who if isinstance(who, KnownClient) else None


def whoever() -> KnownClient:
    """Return who is signed in as a client, behind the guard."""
    who = signed_in_client()
    if who is None:
        raise RuntimeError("this needs a client: mark the view with for_clients")
    return who


def this_client() -> Client:
    """Return the row of the client whose pages these are."""
    return get_client(_chosen())


def current_client() -> Actor:
    """Return the client whose pages these are, as services and the audit log name them."""
    return Actor(ActorKind.CLIENT, _chosen())


def _chosen() -> UUID:
    client_id = whoever().client_id
    if client_id is None:
        raise RuntimeError("nobody said whom this is about: mark the view with for_clients")
    return client_id


def is_cookie_of(practice_id: UUID) -> bool:
    """Say whether this browser carries a client's cookie of that practice, good or not.

    For a link in the header: asks no database.
    """
    return str(session.get("_user_id", "")).startswith(f"{MARK} {practice_id.hex} ")


# Kept by access.py -----------------------------------------------------------------------------


def is_client(cookie: str) -> bool:
    """Say whether what the session cookie holds is a client's."""
    return cookie.startswith(f"{MARK} ")


def client_of(practice_id: UUID, token: str) -> KnownClient:
    """Return who has just signed in."""
    who = load(f"{MARK} {practice_id.hex} {token}")
    if who is None:
        raise RuntimeError("a sign-in ended as it began: is the clock being moved?")
    return who


def load(cookie: str) -> KnownClient | None:
    """Return whom a client's cookie belongs to, and enter their practice."""
    _, practice, token = cookie.split(" ")
    found = letting_in.look_up(UUID(practice), token)
    if found is None:
        return None
    if found.is_over:
        g.lapsed_client = found
        return None
    enter_practice(found.practice.id)
    g.practice = found.practice
    g.lately_seen = found.was_lately_seen
    return KnownClient(
        sign_in_id=found.sign_in_id,
        email=found.email,
        client_id=found.client.id if found.client else None,
        name=found.client.name if found.client else found.email,
        practice_id=found.practice.id,
        token=token,
    )


def guard(view: object) -> ResponseReturnValue | None:
    """Let clients in who signed in; show everybody else the way."""
    who = signed_in_client()
    if who is None:
        return _ask_to_sign_in()
    if who.client_id is None and not hasattr(view, "opens_before_choosing"):
        return redirect(url_for("me.whom"), 303)
    if not g.lately_seen:
        with suppress(Busy), transaction():  # a page is worth more than the note that it was read
            letting_in.note_use(who.sign_in_id)
    return None


def _ask_to_sign_in() -> ResponseReturnValue:
    if request.accept_mimetypes.best == "application/json":
        return {"error": "NotSignedIn", "detail": "Sign in first."}, 401
    lapsed = g.get("lapsed_client")
    if lapsed is None:
        return render_template("me/signed_out.html"), 401
    asked, then = None, "Nothing was changed."
    if request.method in ("GET", "HEAD"):
        asked = request.full_path.rstrip("?")
    elif _keep(lapsed):
        asked = url_for("me.send_again")
        then = "What you typed is kept: sign in, and you can send it."
    flash(f"You were signed out after 30 quiet minutes. {then}", "wait")
    return redirect(url_for("me.sign_in", slug=lapsed.practice.slug, next=asked), 303)


def _keep(lapsed: letting_in.Known) -> bool:
    """Keep the form of this request for its client, with the sign-in that had ended."""
    form = typed.of_request()
    text = typed.written(form)
    if lapsed.client is None or text is None or not form.answers:
        return False
    with practice_scope(lapsed.practice.id), transaction():
        letting_in.keep_typed(lapsed.sign_in_id, text)
    session[KEPT] = str(lapsed.sign_in_id)
    return True


def kept_form() -> typed.Typed | None:
    """Return the form that came to this browser when the last sign-in of its client had ended."""
    who, kept = whoever(), session.get(KEPT)
    if kept is None or who.client_id is None:
        return None
    text = letting_in.typed_of(UUID(kept), email=who.email, client_id=who.client_id)
    return typed.read(text) if text else None


def frame(who: KnownClient) -> dict[str, Any]:
    """Give a page of somebody signed in what its frame shows."""
    return {"practice": g.practice, "signed_in_client": who}
