"""Put whole objects where ids stand, as far as a request asks for it."""

from collections.abc import Callable
from copy import deepcopy
from typing import Any

from sandbox.contract import is_expandable
from sandbox.errors import invalid
from sandbox.resources import charges, checkout
from sandbox.store import Context, Json

MOST_LEVELS = 4

_INCLUDABLE: dict[tuple[str, str], Callable[[Context, Json], Json]] = {
    ("checkout.session", "line_items"): checkout.items_of,
    ("charge", "refunds"): charges.refunds_of,
}
"""Lists that an object leaves out unless they are asked for."""


def expanded(context: Context, answer: Json, paths: list[str]) -> Json:
    """Return a copy of ``answer`` with every path (``payment_intent.latest_charge``) filled in.

    Raises:
        ApiError: 400 for a path that cannot be expanded, or one of more than four levels.
    """
    result = deepcopy(answer)
    for path in paths:
        steps = path.split(".")
        if len(steps) > MOST_LEVELS:
            raise invalid(f"You cannot expand more than {MOST_LEVELS} levels: {path}")
        _fill(context, result, steps, path)
    return result


def _fill(context: Context, node: Any, steps: list[str], path: str) -> None:
    if node is None or not steps:
        return
    if isinstance(node, list):
        for item in node:
            _fill(context, item, steps, path)
        return
    step, rest = steps[0], steps[1:]
    kind = node.get("object", "") if isinstance(node, dict) else ""
    if kind == "list" and step == "data":
        _fill(context, node["data"], rest, path)
        return
    if (kind, step) in _INCLUDABLE:
        node.setdefault(step, deepcopy(_INCLUDABLE[kind, step](context, node)))
    elif is_expandable(kind, step):
        if isinstance(node.get(step), str):
            node[step] = deepcopy(context.account.whatever(node[step]) or node[step])
    else:
        raise invalid(f"This property cannot be expanded ({path}).", param="expand")
    if rest and isinstance(node.get(step), dict):
        _fill(context, node[step], rest, path)
