"""What calendar programs ask most, answered before anything else is made ready: is it still so?

They ask day and night, and nearly always the answer is that nothing has changed. All that a page
needs (a session, form tokens, somebody to sign in, a route) would cost several times this answer.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from flask import Flask
from sqlalchemy.exc import SQLAlchemyError

from practice.calendar import subscriptions
from practice.calendar.views import feeds
from practice.core.errors import PracticeError

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

BELOW = "/calendar/feeds/"


class Unchanged:
    """Says 304 where a program has a calendar as it is now; whatever else is asked is handed on.

    The database is asked each time, so that an address that was ended is not there at once, for
    every process of the web server. What goes wrong here goes wrong there too, and is told there.
    """

    def __init__(self, app: Flask, headers: Mapping[str, str]) -> None:
        self._app, self._hand_on = app, app.wsgi_app
        self._headers = headers

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer, or let the application answer."""
        if environ["PATH_INFO"].startswith(BELOW) and "HTTP_IF_NONE_MATCH" in environ:
            headers = self._unchanged(environ)
            if headers is not None:
                start_response("304 NOT MODIFIED", headers)
                return ()
        return self._hand_on(environ, start_response)

    def _unchanged(self, environ: WSGIEnvironment) -> list[tuple[str, str]] | None:
        token, _, name = environ["PATH_INFO"].removeprefix(BELOW).partition("/")
        is_usual = (
            environ["REQUEST_METHOD"] in ("GET", "HEAD")
            and environ.get("HTTP_HOST") in self._app.config["TRUSTED_HOSTS"]
            and name.endswith(".ics")
            and "/" not in name
        )
        if not is_usual:
            return None
        with self._app.app_context():
            try:
                found = subscriptions.find_feed(token)
                if found.etag not in feeds.tags(environ["HTTP_IF_NONE_MATCH"]):
                    return None
                feeds.admit(environ.get("REMOTE_ADDR"), found)
                feeds.note(found, program=environ.get("HTTP_USER_AGENT", ""), status=304)
            except (PracticeError, SQLAlchemyError):
                return None
        return [*feeds.headers_of(found).items(), *self._headers.items()]


def init_app(app: Flask, headers: Mapping[str, str]) -> None:
    """Put it before the application, within what looks through proxies; ``headers`` as pages'."""
    app.wsgi_app = Unchanged(app, headers)  # type: ignore[method-assign]  # Flask's own way
