"""Subscribed calendars, as programs fetch them: no cookie, no redirect, no sign-in."""

from __future__ import annotations

import contextlib

from flask import request
from flask.typing import ResponseReturnValue
from werkzeug.http import http_date, unquote_etag

from practice.calendar import subscriptions
from practice.calendar.service import feeds
from practice.calendar.subscriptions import Feed
from practice.calendar.views.blueprint import bp
from practice.core.db import Busy, transaction
from practice.core.errors import NotFound, TooMany
from practice.people import limits
from practice.people.access import public
from practice.people.rules import Often, network_of

PROGRAM_LENGTH = 120
NOTHING = "There is no calendar at this address.\n"
IN_WORDS = {"Content-Type": "text/plain; charset=utf-8"}


@bp.get("/feeds/<token>/<name>.ics")
@public
def feed(token: str, name: str) -> ResponseReturnValue:
    """Answer with a calendar's sessions; that nothing has changed is said by ``Unchanged``."""
    del name  # only there so that programs have something to show
    try:
        found = _admitted(token)
    except NotFound:
        return NOTHING, 404, IN_WORDS
    except TooMany as error:
        return f"{error}\n", 429, {**IN_WORDS, "Retry-After": str(error.retry_after_seconds)}
    headers = {
        **headers_of(found),
        "Content-Type": "text/calendar; charset=utf-8",
        "Content-Disposition": "inline",
    }
    body = subscriptions.body_of(found)
    note(found, program=request.headers.get("User-Agent", ""), status=200)
    return body, 200, headers


def admit(address: str | None, found: Feed | None = None) -> None:
    """Count one more question from where it comes, for the feed that it found.

    Raises:
        TooMany: for more than any program asks, or anybody's programs together.
    """
    asks = {Often.FEEDS_OF_A_NETWORK: network_of(address)}
    limits.count_here(asks | {Often.FEED: found.subscription_id.hex} if found else asks)


def _admitted(token: str) -> Feed:
    try:
        found = subscriptions.find_feed(token)
    except NotFound:
        admit(request.remote_addr)  # whoever guesses is counted too
        raise
    admit(request.remote_addr, found)
    return found


def headers_of(found: Feed) -> dict[str, str]:
    """Return what is said of a feed, whether its text goes along or not.

    Its tag alone decides. When it changed last is for whoever looks: two changes of one second
    have one date.
    """
    return {
        "ETag": f'W/"{found.etag}"',
        "Last-Modified": http_date(found.changed_at),
        "Cache-Control": "private, no-cache",
        "Vary": "Accept-Encoding",
        "X-Robots-Tag": "noindex",
    }


def tags(given: str) -> set[str | None]:
    """Return the tags that a program knows, from its ``If-None-Match``."""
    return {unquote_etag(tag.strip())[0] for tag in given[:1000].split(",")}


def program_named(said: str) -> str:
    """Return what can be written down of what a program says of itself, in ``User-Agent``."""
    return "".join(filter(str.isprintable, said[:PROGRAM_LENGTH]))


def note(found: Feed, *, program: str, status: int) -> None:
    """Write down now and then who read a feed; it is answered even while that cannot be."""
    if feeds.is_worth_remembering(found.fetched_at, found.changed_at):
        with contextlib.suppress(Busy), transaction():
            feeds.remember_fetch(
                found.subscription_id, program=program_named(program), status=status
            )
