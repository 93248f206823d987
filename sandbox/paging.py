"""Lists: newest first, a page at a time, narrowed by the usual filters."""

from collections.abc import Sequence

from sandbox.errors import invalid, missing
from sandbox.store import Json

MOST = 100
USUAL = 10

_COMPARE = {
    "gt": lambda at, bound: at > bound,
    "gte": lambda at, bound: at >= bound,
    "lt": lambda at, bound: at < bound,
    "lte": lambda at, bound: at <= bound,
}


def page(found: Sequence[Json], params: Json, *, url: str) -> Json:
    """Return one page of ``found`` (oldest first) as Stripe's list object, newest first.

    Heeds ``limit``, ``starting_after``, ``ending_before`` and ``created``.

    Raises:
        ApiError: 400 for a limit outside 1 to 100 or both cursors at once, 404 for a cursor
            that is not in the list.
    """
    limit = params.get("limit", USUAL)
    if not 1 <= limit <= MOST:
        raise invalid(f"Invalid integer: limit must be 1 to {MOST}", param="limit")
    after, before = params.get("starting_after"), params.get("ending_before")
    if after and before:
        raise invalid("You may only specify one of: ending_before, starting_after.")

    newest_first = [item for item in reversed(found) if _made_within(item, params.get("created"))]
    if before:
        earlier = newest_first[: _place(newest_first, before, "ending_before")]
        shown, more = earlier[-limit:], len(earlier) > limit
    else:
        start = _place(newest_first, after, "starting_after") + 1 if after else 0
        shown, more = newest_first[start : start + limit], len(newest_first) > start + limit
    return {"object": "list", "data": list(shown), "has_more": more, "url": url}


def matching(found: Sequence[Json], params: Json, *fields: str) -> list[Json]:
    """Keep the objects that agree with every one of ``fields`` that is given."""
    return [
        item
        for item in found
        if all(name not in params or item[name] == params[name] for name in fields)
    ]


def _made_within(item: Json, bounds: int | Json | None) -> bool:
    if bounds is None:
        return True
    if isinstance(bounds, int):
        return bool(item["created"] == bounds)
    return all(_COMPARE[word](item["created"], bound) for word, bound in bounds.items())


def _place(found: Sequence[Json], wanted: str, param: str) -> int:
    for place, item in enumerate(found):
        if item["id"] == wanted:
            return place
    raise missing("object", wanted, param=param)
