"""Where a page begins, as a signed word that means nothing to whoever carries it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

from itsdangerous import BadData, URLSafeSerializer

from practice.api.queries import After
from practice.core.db import require_practice_id
from practice.core.errors import Malformed
from practice.core.settings import settings

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


def written(after: After, of: str) -> str:
    """Write where the next page of a list begins. It holds an instant and an id alone."""
    return str(_serializer(of).dumps([(after.at - EPOCH) // MICROSECOND, after.id.hex]))


def read(cursor: str | None, of: str) -> After | None:
    """Read where a page of the list ``of`` begins.

    Raises:
        Malformed: for a cursor that this list of this practice has not given out.
    """
    if cursor is None:
        return None
    try:
        at, row_id = _serializer(of).loads(cursor)
        return After(EPOCH + at * MICROSECOND, UUID(row_id))
    except (BadData, ValueError, TypeError):
        raise Malformed("This cursor is not one of this list. Begin again without it.") from None


def _serializer(of: str) -> URLSafeSerializer:
    return URLSafeSerializer(settings().secret_key, salt=f"api cursor {of} {require_practice_id()}")
