"""Reading what programs send, strictly: one meaning, or none.

Twice the same name, a number that is none, nesting without end: other readers take such a body
for something else than we do, so it is refused before anybody looks at it.
"""

from __future__ import annotations

import json
from typing import Any, TypeVar

from flask import Request
from pydantic import BaseModel, ValidationError
from werkzeug.exceptions import UnsupportedMediaType

from practice.core.errors import Malformed, WrongFields

M = TypeVar("M", bound=BaseModel)
DEEPEST = 20


def body(request: Request, model: type[M]) -> M:
    """Return the body as ``model`` describes it; an empty one is an object without members.

    Raises:
        UnsupportedMediaType: if it does not say that it is JSON.
        Malformed: if it is not, or no object.
        WrongFields: naming every part that is wrong.
    """
    raw = request.get_data()
    if (raw or request.content_length) and not request.is_json:
        raise UnsupportedMediaType
    return check(model, parsed(raw) if raw else {})


def query(request: Request, model: type[M]) -> M:
    """Return what the address asks for after its question mark.

    Raises:
        WrongFields: naming every part that is wrong, or said twice.
    """
    twice = [name for name, values in request.args.lists() if len(values) > 1]
    if twice:
        raise WrongFields([(name, "Say this once.") for name in twice])
    return check(model, request.args.to_dict())


def parsed(raw: bytes) -> dict[str, Any]:
    """Return the JSON object that ``raw`` is.

    Raises:
        Malformed: for anything else.
    """
    try:
        found = json.loads(
            raw.decode(), object_pairs_hook=_once, parse_constant=_no_number, parse_float=_number
        )
        json.dumps(found, ensure_ascii=False).encode()  # half of a character has no bytes
    except (ValueError, RecursionError):
        raise Malformed("The body is not JSON that can be read in one way alone.") from None
    if not isinstance(found, dict):
        raise Malformed("The body must be a JSON object.")
    if _depth(found) > DEEPEST:
        raise Malformed("The body is nested too deeply.")
    return found


def check(model: type[M], given: dict[str, Any]) -> M:
    """Return what was given as ``model`` describes it.

    Raises:
        WrongFields: naming every part that is wrong.
    """
    try:
        return model.model_validate(given)
    except ValidationError as error:
        raise WrongFields(
            [
                (
                    "/".join(map(str, each["loc"])),
                    each["msg"].removeprefix("Value error, "),
                )
                for each in error.errors(include_url=False, include_context=False)
            ]
        ) from None


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError
    return found


def _no_number(_text: str) -> None:
    raise ValueError  # NaN and Infinity are not JSON, whatever Python thinks


def _number(text: str) -> float:
    number = float(text)
    if number in (float("inf"), float("-inf")):
        raise ValueError
    return number


def _depth(found: Any) -> int:
    """Return how deeply lists and objects lie in one another, without recursing."""
    deepest, left = 0, [(found, 1)]
    while left:
        one, depth = left.pop()
        deepest = max(deepest, depth)
        inner = one.values() if isinstance(one, dict) else one if isinstance(one, list) else ()
        left.extend((each, depth + 1) for each in inner)
    return deepest
