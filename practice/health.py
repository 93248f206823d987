"""What the operator's tools ask: is it alive, can it serve."""

import logging
from pathlib import Path

import sqlalchemy as sa
from alembic.script import ScriptDirectory
from flask import Blueprint
from flask.typing import ResponseReturnValue

from practice import guards
from practice.core.db import db
from practice.people.access import public

log = logging.getLogger(__name__)
bp = Blueprint("health", __name__)

MIGRATIONS = Path(__file__).parent.parent / "migrations"


@bp.get("/healthz")
@public
def alive() -> ResponseReturnValue:
    """Answer, which is all that being alive asks for."""
    return {"status": "alive"}


@bp.get("/readyz")
@public
def ready() -> ResponseReturnValue:
    """Say whether people can be served: the database answers, is migrated and has its guards."""
    reason = why_not_ready()
    if reason is None:
        return {"status": "ready"}
    log.warning("not ready: %s", reason)
    return {"status": "not ready", "reason": reason}, 503, {"Retry-After": "5"}


@bp.get("/robots.txt")
@public
def robots() -> ResponseReturnValue:
    """Keep private pages out of search; calendar programs may read their feeds."""
    lines = ["User-agent: *", "Disallow: /bookings/", "Disallow: /clients/", "Disallow: /me/", ""]
    return "\n".join(lines), {"Content-Type": "text/plain; charset=utf-8"}


def why_not_ready() -> str | None:
    """Return what keeps the program from serving, in words, or ``None``."""
    wanted = ScriptDirectory(str(MIGRATIONS)).get_current_head()
    try:
        with db.engine.connect() as connection:
            found = connection.scalar(sa.text("SELECT version_num FROM alembic_version"))
            if found == wanted and guards.missing(connection):
                return UNGUARDED
    except sa.exc.SQLAlchemyError as error:
        if "alembic_version" in str(error.orig if isinstance(error, sa.exc.DBAPIError) else error):
            return BEHIND
        return "the database does not answer"
    return None if found == wanted else BEHIND


BEHIND = "the database is behind its migrations: run `flask --app wsgi db upgrade`"
UNGUARDED = "the database lacks guards: run `flask --app wsgi doctor`, which names them"
