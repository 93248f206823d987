"""Stripe's bracketed forms (``a[b][0][c]=1``): read them, then give the values their types.

Pure: no Flask, no store. Names in errors are spelled the way the caller wrote them.
"""

import re
from collections.abc import Iterable
from typing import Any

from sandbox.errors import ApiError, invalid

Tree = dict[str, Any]
"""Nested names; every leaf is still text. Lists are trees whose keys are positions."""

_NAME = re.compile(r"([^\[\]]+)((?:\[[^\[\]]*\])*)")
_BRACKET = re.compile(r"\[([^\[\]]*)\]")
_INTEGER = re.compile(r"-?[0-9]{1,18}")
_TRUTH = {"true": True, "false": False}


def decode(pairs: Iterable[tuple[str, str]]) -> Tree:
    """Fold ``name=value`` pairs into a tree of text.

    ``a[]`` appends; a plain name given twice keeps the last value, as Stripe does.

    Raises:
        ApiError: 400 if a name is malformed or is used as a value and as a branch.
    """
    tree: Tree = {}
    for name, value in pairs:
        found = _NAME.fullmatch(name)
        if found is None:
            raise invalid(f"Invalid parameter name: {name}", param=name)
        keys = [found[1], *_BRACKET.findall(found[2])]
        node = tree
        for key in keys[:-1]:
            node = node.setdefault(key or str(len(node)), {})
            if not isinstance(node, dict):
                raise invalid(f"Invalid object: {name}", param=name)
        last = keys[-1] or str(len(node))
        if isinstance(node.get(last), dict):
            raise invalid(f"Invalid string: {name}", param=name)
        node[last] = value
    return tree


def typed(value: Any, schema: Tree, name: str = "") -> Any:
    """Give a decoded value the types that its schema asks for.

    Args:
        value: text, or a tree of it.
        schema: the request schema of Stripe's specification.
        name: how the caller spelled it, for the error; empty at the root.

    Raises:
        ApiError: 400, naming the parameter that is unknown, missing or of a wrong type.
    """
    if "anyOf" in schema:
        return _first_that_fits(value, schema["anyOf"], name)
    kind = schema.get("type", "object")
    if kind == "object":
        return _typed_object(value, schema, name)
    if kind == "array":
        return _typed_list(value, schema, name)
    if not isinstance(value, str):
        raise invalid(f"Invalid {kind}: {name} is not a plain value", param=name)
    return _typed_text(value, kind, schema, name)


def _first_that_fits(value: Any, options: list[Tree], name: str) -> Any:
    refusals: list[ApiError] = []
    for option in options:
        try:
            return typed(value, option, name)
        except ApiError as refusal:
            refusals.append(refusal)
    # What went wrong furthest inside says most about what the caller meant.
    raise max(refusals, key=lambda refusal: len(refusal.body["error"].get("param", "")))


def _typed_object(value: Any, schema: Tree, name: str) -> Tree:
    if not isinstance(value, dict):
        raise invalid(f"Invalid object: {name}", param=name, code="parameter_invalid_string_empty")
    properties = schema.get("properties", {})
    free = schema.get("additionalProperties")
    result: Tree = {}
    for key, inner in value.items():
        path = f"{name}[{key}]" if name else key
        if key in properties:
            result[key] = typed(inner, properties[key], path)
        elif isinstance(free, dict):
            result[key] = typed(inner, free, path)
        else:
            raise invalid(
                f"Received unknown parameter: {path}", param=path, code="parameter_unknown"
            )
    for key in schema.get("required", []):
        if key not in result:
            path = f"{name}[{key}]" if name else key
            raise invalid(f"Missing required param: {path}.", param=path, code="parameter_missing")
    return result


def _typed_list(value: Any, schema: Tree, name: str) -> list[Any]:
    if not isinstance(value, dict) or not all(key.isdecimal() for key in value):
        raise invalid(f"Invalid array: {name}", param=name)
    in_order = sorted(value.items(), key=lambda item: int(item[0]))
    return [typed(inner, schema["items"], f"{name}[{key}]") for key, inner in in_order]


def _typed_text(text: str, kind: str, schema: Tree, name: str) -> Any:
    if kind == "integer":
        if not _INTEGER.fullmatch(text):
            raise invalid(f"Invalid integer: {text}", param=name, code="parameter_invalid_integer")
        return int(text)
    if kind == "number":
        try:
            return float(text)
        except ValueError:
            raise invalid(f"Invalid number: {text}", param=name) from None
    if kind == "boolean":
        if text not in _TRUTH:
            raise invalid(f"Invalid boolean: {text}", param=name)
        return _TRUTH[text]
    choices = schema.get("enum")
    if choices is not None and text not in choices and not schema.get("x-stripeBypassValidation"):
        raise invalid(f"Invalid {name}: must be one of {', '.join(choices)}", param=name)
    longest = schema.get("maxLength")
    if longest is not None and len(text) > longest:
        raise invalid(
            f"Invalid string: {name} must be at most {longest} characters",
            param=name,
            code="parameter_invalid_string_long",
        )
    return text


def leaves(params: Tree) -> list[tuple[str, str]]:
    """List every value's place twice: dotted without positions, and as Stripe spells it.

    ``{"a": [{"b": 1}]}`` gives ``[("a.b", "a[0][b]")]``. An empty list or object is a leaf.
    """
    found: list[tuple[str, str]] = []

    def walk(value: Any, dotted: str, spelled: str) -> None:
        if isinstance(value, dict) and value:
            for key, inner in value.items():
                walk(
                    inner,
                    f"{dotted}.{key}" if dotted else key,
                    f"{spelled}[{key}]" if spelled else key,
                )
        elif isinstance(value, list) and value:
            for position, inner in enumerate(value):
                walk(inner, dotted, f"{spelled}[{position}]")
        elif dotted:
            found.append((dotted, spelled))

    walk(params, "", "")
    return found
