"""Subscribed calendars, as programs fetch them: no cookie, no redirect, no sign-in."""

from __future__ import annotations

import contextlib

from flask import request
from flask.typing import ResponseReturnValue
from werkzeug.http import unquote_etag

from practice.calendar import subscriptions
from practice.calendar.service import feeds
from practice.calendar.views.blueprint import bp
from practice.core.db import Busy, transaction
from practice.core.errors import NotFound
from practice.people.access import public

PROGRAM_LENGTH = 120
NOTHING = "There is no calendar at this address.\n"


@bp.get("/feeds/<token>/<name>.ics")
@public
def feed(token: str, name: str) -> ResponseReturnValue:
    """Answer with a person's sessions, or with 304 while nothing has changed."""
    del name  # only there so that programs have something to show
    try:
        found = subscriptions.find_feed(token)
    except NotFound:
        return NOTHING, 404, {"Content-Type": "text/plain; charset=utf-8"}
    headers = {
        "ETag": f'W/"{found.etag}"',
        "Cache-Control": "private, no-cache",
        "Vary": "Accept-Encoding",
        "X-Robots-Tag": "noindex",
    }
    if found.etag in known_tags():
        answer: ResponseReturnValue = ("", 304, headers)
        status = 304
    else:
        headers["Content-Type"] = "text/calendar; charset=utf-8"
        headers["Content-Disposition"] = "inline"
        answer = (subscriptions.body_of(found), 200, headers)
        status = 200
    if feeds.is_worth_remembering(found.fetched_at):
        with contextlib.suppress(Busy), transaction():
            feeds.remember_fetch(found.subscription_id, program=program(), status=status)
    return answer


def program() -> str:
    """Return what the program that asks says of itself."""
    said = request.headers.get("User-Agent", "")[:PROGRAM_LENGTH]
    return "".join(filter(str.isprintable, said))


def known_tags() -> set[str | None]:
    """Return the marks of what the program that asks has already."""
    given = request.headers.get("If-None-Match", "")[:1000]
    return {unquote_etag(tag.strip())[0] for tag in given.split(",")}
