"""Where the house meets HTTP: errors, headers, the shape of requests, values on a page."""

from __future__ import annotations

import logging
import re
import secrets
import traceback
from datetime import date, datetime
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from flask import Flask, Request, current_app, g, render_template, request
from flask.globals import request_ctx
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface, SessionMixin
from flask.typing import ResponseReturnValue
from flask_wtf.csrf import CSRFError
from jinja2 import StrictUndefined
from werkzeug.exceptions import BadRequest, HTTPException
from werkzeug.http import HTTP_STATUS_CODES
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.wrappers import Response

from config import Config
from practice.core.db import Busy
from practice.core.errors import (
    Conflict,
    Invalid,
    Malformed,
    NotAllowed,
    NotFound,
    NotKnown,
    PracticeError,
    TooMany,
    Unavailable,
    WrongFields,
)
from practice.core.money import Money
from practice.core.policy import content_policy
from practice.core.settings import settings
from practice.people.access import send_again, signed_in

log = logging.getLogger(__name__)

STATUS: dict[type[PracticeError], int] = {
    Malformed: 400,
    NotKnown: 401,
    NotFound: 404,
    NotAllowed: 403,
    Conflict: 409,
    Invalid: 422,
    TooMany: 429,
    Unavailable: 503,
}

MAX_BODY_BYTES = 1_000_000
MAX_FIELDS = 500


def status_of(error: PracticeError) -> int:
    """Return the status of the nearest listed ancestor, or 500."""
    return next((STATUS[kind] for kind in type(error).__mro__ if kind in STATUS), 500)


def init_app(app: Flask, config: Config) -> None:
    """Set up everything that every request and every page relies on."""
    base = urlsplit(config.base_url)
    app.config.update(
        SECRET_KEY=config.secret_key,
        TRUSTED_HOSTS=[base.netloc, base.hostname],
        MAX_CONTENT_LENGTH=MAX_BODY_BYTES,
        MAX_FORM_MEMORY_SIZE=MAX_BODY_BYTES,
        MAX_FORM_PARTS=MAX_FIELDS,
        SESSION_COOKIE_NAME="__Host-sid" if config.is_https else "sid",
        SESSION_COOKIE_SECURE=config.is_https,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        WTF_CSRF_TIME_LIMIT=None,  # as long as the session: a form left open overnight still works
        WTF_CSRF_SSL_STRICT=False,  # no Referer is ever sent; Sec-Fetch-Site is checked instead
        PREFERRED_URL_SCHEME=base.scheme,
    )
    app.session_interface = Cookies()
    app.jinja_env.undefined = StrictUndefined
    app.jinja_env.trim_blocks = True
    app.jinja_env.lstrip_blocks = True
    app.jinja_env.filters |= {
        "local": local,
        "day": day,
        "clock_time": clock_time,
        "zoned": zoned,
        "zoned_time": zoned_time,
        "money": str,
        "cents": cents,
        "long_day": long_day,
        "iso_day": lambda text: long_day(date.fromisoformat(text)),
        "words": words,
    }
    app.jinja_env.globals["sandbox"] = config.payments_sandbox
    app.jinja_env.globals["takes_sign_ups"] = config.sign_up
    if config.proxy_hops:
        hops = config.proxy_hops
        app.wsgi_app = ProxyFix(app.wsgi_app, hops, hops, hops)  # type: ignore[method-assign]

    app.before_request(_look_at_the_request)
    app.after_request(_add_headers(config))
    app.register_error_handler(PracticeError, _answer_practice_error)
    app.register_error_handler(CSRFError, _answer_old_form)
    app.register_error_handler(HTTPException, _answer_http_error)
    app.register_error_handler(Exception, _answer_unexpected)


# What a request must look like -----------------------------------------------------------------

LOOK_THEMSELVES = {"stripe", "api_public"}
"""Where others may write from elsewhere: the processor its news, and a practice's own website."""

UNREADABLE = re.compile("[\x00\ud800-\udfff]")
"""What no database stores: a zero, or half of a character."""


class Cookies(SecureCookieSessionInterface):
    """Flask's own, which does its work even where no cookie came and nobody asked for a session."""

    def open_session(self, app: Flask, request: Request) -> SecureCookieSession | None:
        if self.get_cookie_name(app) not in request.cookies:
            return self.session_class()
        return super().open_session(app, request)

    def save_session(self, app: Flask, session: SessionMixin, response: Any) -> None:
        if session.accessed or session.modified:
            super().save_session(app, session, response)


def _look_at_the_request() -> None:
    g.request_id = secrets.token_hex(4).upper()
    larger = getattr(current_app.view_functions.get(request.endpoint or ""), "takes_bytes", None)
    if larger and signed_in():  # a stranger gets no further than everywhere else
        request.max_content_length = larger
    if request.method not in ("GET", "HEAD", "OPTIONS"):
        site = request.headers.get("Sec-Fetch-Site")
        if site == "cross-site" and request.blueprint not in LOOK_THEMSELVES:
            raise BadRequest("The form came from another website.")
    values = [request.path]
    if request.query_string:
        values += [*request.args.keys(), *request.args.values()]
    if request.mimetype in ("application/x-www-form-urlencoded", "multipart/form-data"):
        values += [*request.form.keys(), *request.form.values()]
    if any(map(UNREADABLE.search, values)):
        raise BadRequest("The request holds characters that cannot be read.")


# Errors ----------------------------------------------------------------------------------------


def _answer_practice_error(error: PracticeError) -> ResponseReturnValue:
    status = status_of(error)
    log.info("%s %s", type(error).__name__, g.get("request_id"))
    answer, status, headers = _problem(
        type(error).__name__, error.message, status, _retry_after(error)
    )
    if isinstance(error, WrongFields) and isinstance(answer, dict):
        answer["errors"] = [{"pointer": where, "detail": what} for where, what in error.fields]
    return answer, status, headers


def _retry_after(error: PracticeError) -> int | None:
    if isinstance(error, TooMany):
        return error.retry_after_seconds
    return 2 if isinstance(error, Busy) else 30 if isinstance(error, Unavailable) else None


def _answer_old_form(_error: CSRFError) -> ResponseReturnValue:
    log.info("form token refused %s", g.get("request_id"))
    if (page := send_again()) is not None:
        return page, 400
    message = (
        "This page was open too long, or cookies are off. Go back, reload it and send it again."
    )
    return _problem("OldForm", message, 400)


PAGES = {404: "errors/404.html", 500: "errors/500.html", 503: "errors/503.html"}

HTTP_WORDS = {
    400: "The request could not be read.",
    403: "This is not yours to do.",
    404: "There is nothing at this address.",
    405: "That cannot be done at this address.",
    413: "That is too much to send at once.",
    415: "That kind of content is not accepted here.",
}


def _answer_http_error(error: HTTPException) -> ResponseReturnValue:
    if error.code is None or error.code < 400:
        return error.get_response()
    message = HTTP_WORDS.get(error.code, error.name)
    answer, status, headers = _problem(error.name.replace(" ", ""), message, error.code)
    return answer, status, {**headers, **_allow(error)}


def _allow(error: HTTPException) -> dict[str, str]:
    methods = getattr(error, "valid_methods", None)
    return {"Allow": ", ".join(sorted(methods))} if methods else {}


def _answer_unexpected(error: Exception) -> ResponseReturnValue:
    # Where, but not with what: the words of an error may hold what somebody typed.
    where = "".join(traceback.format_tb(error.__traceback__))
    log.error("unexpected %s %s\n%s", type(error).__name__, g.get("request_id"), where)
    message = "Something went wrong on our side. Nothing you had booked has changed."
    return _problem("Unexpected", message, 500)


def _problem(
    kind: str, message: str, status: int, retry_after: int | None = None
) -> tuple[Any, int, dict[str, str]]:
    headers = {"Retry-After": str(retry_after)} if retry_after is not None else {}
    reference = g.get("request_id", "")
    if request.path.startswith(FOR_PROGRAMS):
        headers["Content-Type"] = "application/problem+json"
        if status == 401:
            headers["WWW-Authenticate"] = "Bearer"
        return _problem_details(kind, message, status, reference), status, headers
    if request.accept_mimetypes.best == "application/json":
        return {"error": kind, "detail": message, "reference": reference}, status, headers
    # No page can be drawn for a host that is not ours, and calendar programs show none.
    if request_ctx.url_adapter is None or request.path.startswith(FOR_CALENDARS):
        return f"{message}\n", status, {**headers, "Content-Type": "text/plain; charset=utf-8"}
    page = PAGES.get(status, "errors/problem.html")
    return render_template(page, error=PracticeError(message), reference=reference), status, headers


FOR_PROGRAMS = "/api/"
"""Below this address no page is drawn for what went wrong: programs ask there (RFC 9457)."""

FOR_CALENDARS = "/dav/"
"""Below this one words are enough: calendar programs ask there."""


def _problem_details(kind: str, message: str, status: int, reference: str) -> dict[str, Any]:
    return {
        "type": f"{settings().base_url}/api/v1/#{kind}",
        "title": HTTP_STATUS_CODES.get(status, kind),
        "status": status,
        "detail": message,
        "code": kind,
        "reference": reference,
    }


# Headers ---------------------------------------------------------------------------------------


def headers_for(config: Config) -> dict[str, str]:
    """Return what every answer says, whatever is asked."""
    fixed = {
        "Content-Security-Policy": content_policy(config),
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
        "Cross-Origin-Opener-Policy": "same-origin",
    }
    if config.is_https:
        fixed["Strict-Transport-Security"] = "max-age=31536000; includeSubDomains"
    return fixed


def _add_headers(config: Config) -> Any:
    wanted = {name.lower(): (name, value) for name, value in headers_for(config).items()}
    private = wanted | {"cache-control": ("Cache-Control", "no-store")}

    def add(response: Response) -> Response:
        given = {name.lower() for name, _ in response.headers}
        missing = (wanted if request.endpoint == "static" else private).items()
        response.headers.extend([header for name, header in missing if name not in given])
        return response

    return add


# Values on a page ------------------------------------------------------------------------------


def day(instant: datetime, zone: str) -> str:
    """Write an instant's local day: ``Tue, Dec 1``."""
    here = instant.astimezone(ZoneInfo(zone))
    return f"{here:%a, %b} {here.day}"


def clock_time(instant: datetime, zone: str) -> str:
    """Write an instant's local time: ``10:30 AM``."""
    here = instant.astimezone(ZoneInfo(zone))
    return f"{here.hour % 12 or 12}:{here:%M} {'AM' if here.hour < 12 else 'PM'}"


def local(instant: datetime, zone: str) -> str:
    """Write an instant: ``Tue, Dec 1, 10:30 AM``."""
    return f"{day(instant, zone)}, {clock_time(instant, zone)}"


def zoned(instant: datetime, zone: str) -> str:
    """Write an instant with the zone that the reader's clock is in: ``Tue, Dec 1, 10:30 AM EST``.

    For mail, which has no page around it that says whose time it is.
    """
    return f"{day(instant, zone)}, {zoned_time(instant, zone)}"


def zoned_time(instant: datetime, zone: str) -> str:
    """Write an instant's local time with its zone: ``10:30 AM EST``."""
    return f"{clock_time(instant, zone)} {instant.astimezone(ZoneInfo(zone)):%Z}"


def long_day(on: date) -> str:
    """Write a local day with its year: ``Dec 1, 2026``."""
    return f"{on:%b} {on.day}, {on.year}"


def cents(minor: int, currency: str) -> str:
    """Write a number of minor units as money: ``-$1,234.56``."""
    return str(Money(minor, currency))


def words(value: str) -> str:
    """Write a member of a closed set as words: ``in_person`` becomes ``in person``."""
    return str(value).replace("_", " ").replace("hsa", "HSA")
