"""Who is at the screen, and what they may do.

Every view says whom it is for, with ``requires`` or ``public``; one that says nothing is open to
nobody. Whoever is signed in is looked up once a request, and from then on stands by itself: an
error page can name them without asking the database.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any, TypeVar
from uuid import UUID

from flask import Flask, current_app, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import LoginManager, current_user

from practice.audit.rules import Actor, ActorKind
from practice.core.db import Busy, enter_practice, transaction
from practice.core.errors import NotAllowed
from practice.people import (
    client_access,
    letting_in,
    ports,
    queries,
    rules,
    signing_in,
    typed,
)
from practice.people.forms import SignInForm
from practice.people.models import User
from practice.people.rules import Permission, Role

log = logging.getLogger(__name__)
View = TypeVar("View", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Staff:
    """Who is signed in, as pages and the guard need it: plain values, never read again."""

    id: UUID
    name: str
    email: str
    roles: frozenset[Role]
    sign_in_id: UUID
    token: str
    is_authenticated: bool = True
    is_active: bool = True
    is_anonymous: bool = False

    def get_id(self) -> str:
        """Return what the session cookie holds: the secret of this sign-in."""
        return self.token


# Marks on views --------------------------------------------------------------------------------


def requires(permission: Permission) -> Callable[[View], View]:
    """Mark a view as one for staff whose roles allow ``permission``."""

    def mark(view: View) -> View:
        view.permission = permission  # type: ignore[attr-defined]  # read by the guard
        return view

    return mark


def public(view: View) -> View:
    """Mark a view as one for everybody. The tests keep the list."""
    view.is_public = True  # type: ignore[attr-defined]  # read by the guard
    return view


def by_token(scope: str) -> Callable[[View], View]:
    """Mark a view as one for programs whose token has ``scope``."""

    def mark(view: View) -> View:
        view.scope = scope  # type: ignore[attr-defined]  # read by the guard
        return view

    return mark


def takes(most_bytes: int) -> Callable[[View], View]:
    """Mark a view that takes larger requests than others do, from staff who are signed in."""

    def mark(view: View) -> View:
        view.takes_bytes = most_bytes  # type: ignore[attr-defined]  # read by the web's bound
        return view

    return mark


# Who it is -------------------------------------------------------------------------------------


def signed_in() -> Staff | None:
    """Return who is signed in, if anybody is."""
    who = current_user._get_current_object()  # noqa: SLF001  the proxy itself is no Staff
    return who if isinstance(who, Staff) else None


def staff_of(token: str) -> Staff:
    """Return who has just signed in, and enter their practice."""
    who = _load_staff(token)
    if who is None:
        raise RuntimeError("a sign-in ended as it began: is the clock being moved?")
    return who


def current_staff() -> Actor:
    """Return who is signed in, as services and the audit log name them."""
    return Actor(ActorKind.STAFF, _somebody().id)


def current_member() -> User:
    """Return the row of who is signed in."""
    return queries.get_member(_somebody().id)


def leave() -> None:
    """End the sign-in of whoever is signed in here, of staff or a client."""
    staff, client = signed_in(), client_access.signed_in_client()
    if staff:
        with transaction():
            signing_in.end(staff.id, staff.sign_in_id, by=Actor(ActorKind.STAFF, staff.id))
    elif client:
        with transaction():
            letting_in.end(client.email, client.sign_in_id)


def may(permission: Permission | str) -> bool:
    """Say whether whoever is at the screen may do this. Nobody signed in may nothing."""
    who = signed_in()
    return who is not None and rules.may(who.roles, Permission(permission))


def current_roles() -> frozenset[Role]:
    """Return the roles of whoever is at the screen; of nobody, none."""
    who = signed_in()
    return who.roles if who else frozenset()


def _somebody() -> Staff:
    who = signed_in()
    if who is None:
        raise RuntimeError("this needs somebody signed in: mark the view with requires()")
    return who


# The guard -------------------------------------------------------------------------------------


def init_app(app: Flask, login: LoginManager) -> None:
    """Close every view that does not say whom it is for, and give staff pages their frame.

    Call after the form tokens are set up: typed answers are kept for known forms alone.
    """
    login.session_protection = None  # sign-ins are rows here, and end here
    login.user_loader(_load)
    # Not by its init_app: that asks the session of every request for a cookie that we never set,
    # so that feeds and the API would vary by cookie; and error pages would ask the database.
    app.login_manager = login  # type: ignore[attr-defined]  # Flask-Login looks there
    app.before_request(_guard)
    app.context_processor(_frame)
    app.jinja_env.globals["may"] = may
    app.jinja_env.globals["is_clients_cookie"] = client_access.is_cookie_of
    public(app.view_functions["static"])


def _load(token: str) -> Staff | client_access.KnownClient | None:
    return client_access.load(token) if client_access.is_client(token) else _load_staff(token)


def _load_staff(token: str) -> Staff | None:
    found = signing_in.look_up(token)
    if found is None:
        return None
    if found.is_over:
        g.lapsed = found
        return None
    enter_practice(found.practice.id)
    g.practice = found.practice
    g.lately_seen = found.was_lately_seen
    return Staff(
        id=found.user.id,
        name=found.user.name,
        email=found.user.email,
        roles=found.user.role_set,
        sign_in_id=found.sign_in_id,
        token=token,
    )


def _guard() -> ResponseReturnValue | None:
    view = current_app.view_functions.get(request.endpoint or "")
    if view is None or getattr(view, "is_public", False):
        return None
    if hasattr(view, "is_for_clients"):
        return client_access.guard(view)
    if hasattr(view, "scope"):
        return ports.token_asked(view.scope)
    permission = getattr(view, "permission", None)
    if permission is None:
        log.error("%s does not say whom it is for", request.endpoint)
        raise NotAllowed("This page is not open to anybody yet.")
    who = signed_in()
    if who is None:
        return _ask_to_sign_in()
    if not rules.may(who.roles, permission):
        raise NotAllowed("Your role does not include this. The owner of the practice can add it.")
    if (
        not g.lately_seen and "X-Refresh" not in request.headers
    ):  # a page that looks again by itself
        with suppress(Busy), transaction():  # a page is worth more than the note that it was read
            signing_in.note_use(who.sign_in_id)
    return None


def _ask_to_sign_in() -> ResponseReturnValue:
    if request.accept_mimetypes.best == "application/json":
        return {"error": "NotSignedIn", "detail": "Sign in first."}, 401
    if request.method in ("GET", "HEAD"):
        return redirect(url_for("people.sign_in", next=request.full_path.rstrip("?")))
    form = SignInForm(formdata=None)
    if "lapsed" in g:
        form.typed.data = typed.keep(g.lapsed.practice.id, g.lapsed.user.id)
    return render_template("people/sign_in.html", form=form, was_signed_out=True), 401


def send_again() -> str | None:
    """Return the page that offers to send this request's form once more, if one of us sent it.

    For a form whose token has gone with the sign-in it was made in, while whoever sent it is
    signed in anew, perhaps in another tab. Only for what a browser says came from a page here:
    nobody else's form is offered as somebody's own.
    """
    view = current_app.view_functions.get(request.endpoint or "")
    page = next(
        (
            page
            for mark, who, page in (
                ("permission", signed_in(), "people/send_again.html"),
                ("is_for_clients", client_access.signed_in_client(), "me/send_again.html"),
            )
            if hasattr(view, mark) and who is not None
        ),
        None,
    )
    if page is None or request.headers.get("Sec-Fetch-Site") != "same-origin" or request.files:
        return None
    kept = typed.of_request()
    return render_template(page, kept=kept) if typed.written(kept) else None


# The frame of staff pages ----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class NavItem:
    """One line of the main navigation, current also on pages whose path begins with ``below``."""

    endpoint: str
    label: str
    icon: str
    permission: Permission
    current: bool = False
    below: str = ""


NAV = (
    NavItem("sessions.today", "Today", "today", Permission.CALENDAR_VIEW),
    NavItem("calendar.week", "Calendar", "calendar", Permission.CALENDAR_VIEW),
    NavItem("clients.clients", "Clients", "clients", Permission.CLIENT_VIEW),
    NavItem("sessions.courses", "Courses", "course", Permission.CLIENT_VIEW, below="/courses/"),
    NavItem("billing.invoices", "Payments", "payments", Permission.MONEY_VIEW, below="/billing/"),
    NavItem("calendar.calendar_links", "Calendar links", "copy", Permission.FEED_SUBSCRIBE),
    NavItem("sessions.tasks", "Tasks", "check", Permission.CLIENT_VIEW),
    NavItem(
        "people.settings", "Settings", "settings", Permission.PRACTICE_MANAGE, below="/settings/"
    ),
    NavItem("people.account", "Account", "inside", Permission.WORK),
)


def nav(roles: frozenset[Role]) -> list[NavItem]:
    """Return the navigation of somebody with these roles; the first item is their home."""
    return [item for item in NAV if rules.may(roles, item.permission) and _address(item.endpoint)]


def home() -> str:
    """Return the address of the first page of whoever is signed in."""
    return url_for(nav(_somebody().roles)[0].endpoint)


def _frame() -> dict[str, Any]:
    """Give a page of somebody signed in what its frame shows; ask nothing for anybody else."""
    who = g.get("_login_user")
    if isinstance(who, client_access.KnownClient):
        return client_access.frame(who)
    if not isinstance(who, Staff):
        return {}
    return {
        "current_user": who,
        "practice": g.practice,
        "nav": [_marked(item) for item in nav(who.roles)],
        "links": {
            "search": _address("clients.clients") if may(Permission.CLIENT_VIEW) else None,
            "new_booking": _address("sessions.new") if may(Permission.APPOINTMENT_BOOK) else None,
            "account": url_for("people.account"),
            "sign_out": url_for("people.sign_out"),
        },
    }


def _address(endpoint: str) -> str | None:
    return url_for(endpoint) if endpoint in current_app.view_functions else None


def _marked(item: NavItem) -> NavItem:
    is_below = bool(item.below) and request.path.startswith(item.below)
    return replace(item, current=is_below or request.endpoint == item.endpoint)
