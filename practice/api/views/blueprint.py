"""Where the API lives: for programs with a token, for everybody, and the pages about it."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, g, request

from practice.core.db import in_transaction
from practice.people import limits
from practice.people.queries import enter_by_slug
from practice.people.rules import Often, network_of

bp = Blueprint("api", __name__, url_prefix="/api/v1")
openly = Blueprint("api_public", __name__, url_prefix="/api/v1/p/<slug>")
settings = Blueprint("api_settings", __name__, url_prefix="/settings")


@openly.url_value_preprocessor
def _take_the_name(_endpoint: str | None, values: dict[str, Any] | None) -> None:
    g.slug = (values or {}).pop("slug", "")


@openly.before_request
def _enter() -> None:
    """Count whoever comes, then enter the practice that the address names."""
    what = Often.API_READS if request.method in ("GET", "HEAD", "OPTIONS") else Often.API_WRITES
    in_transaction(lambda: limits.count(what, network_of(request.remote_addr)))
    enter_by_slug(g.slug)
