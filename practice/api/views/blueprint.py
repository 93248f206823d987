"""Where the API lives: for programs with a token, for everybody, and the pages about it."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from flask import Blueprint, Response, g, request
from werkzeug.datastructures import HeaderSet

from practice.core.db import in_transaction
from practice.core.errors import NotAllowed, NotFound, TooMany
from practice.people import limits
from practice.people.queries import enter_by_slug
from practice.people.rules import Often, network_of

bp = Blueprint("api", __name__, url_prefix="/api/v1")
openly = Blueprint("api_public", __name__, url_prefix="/api/v1/p/<slug>")
READING = {"GET", "HEAD", "OPTIONS"}
TAKEN = ("Content-Type", "Idempotency-Key")  # headers that a script may send
TOLD = ("Retry-After",)  # and read, besides those that it always may
PREFLIGHT_SECONDS = 600

settings = Blueprint("api_settings", __name__, url_prefix="/settings")


@openly.url_value_preprocessor
def _take_the_name(_endpoint: str | None, values: dict[str, Any] | None) -> None:
    g.slug = (values or {}).pop("slug", "")


@openly.before_request
def _enter() -> None:
    """Count whoever comes, then enter the practice that the address names.

    Raises:
        TooMany: for too many requests from one network.
        NotFound: if there is no such practice.
        NotAllowed: for a write from a page of a website that the practice did not name.
    """
    reads = request.method in READING
    what = Often.API_READS if reads else Often.API_WRITES
    try:
        in_transaction(lambda: limits.count(what, network_of(request.remote_addr)))
    except TooMany:
        with suppress(NotFound):  # the practice's own website may read how long to wait
            g.websites = enter_by_slug(g.slug).frame_origins
        raise
    g.websites = enter_by_slug(g.slug).frame_origins
    if not reads and request.headers.get("Sec-Fetch-Site") == "cross-site" and not _own_website():
        raise NotAllowed("The practice has not let this website book.")


@openly.after_request
def _share(answer: Response) -> Response:
    """Let scripts on the practice's own websites read the answer, and ask before they write."""
    answer.vary.add("Origin")
    if (origin := _own_website()) is None:
        return answer
    answer.access_control_allow_origin = origin
    answer.access_control_expose_headers = HeaderSet(TOLD)
    if request.method == "OPTIONS":
        answer.access_control_allow_methods = HeaderSet(sorted(answer.allow))
        answer.access_control_allow_headers = HeaderSet(TAKEN)
        answer.access_control_max_age = PREFLIGHT_SECONDS
    return answer


def _own_website() -> str | None:
    """Return where the page lies whose script asks, if the practice named it as its own."""
    origin = request.headers.get("Origin")
    return origin if origin in g.get("websites", ()) else None
