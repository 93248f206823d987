"""Stripe's own specification, and whether a request or an answer keeps to it."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator
from referencing import Registry
from referencing.jsonschema import DRAFT202012

from sandbox.forms import Tree, typed

API_VERSION = "2026-08-26.dahlia"
FOLDER = Path(__file__).parent / "stripe"
FORM = "application/x-www-form-urlencoded"
_ROOT = "urn:stripe"


@dataclass(frozen=True)
class Operation:
    """One method on one path of the specification."""

    name: str
    """Stripe's ``operationId``, such as ``PostCheckoutSessions``."""
    method: str
    path: str
    request: Tree
    """The schema of all parameters that are not part of the path."""

    def read(self, tree: Tree) -> Tree:
        """Return the typed parameters; raise ``ApiError`` 400 where they break the contract."""
        params: Tree = typed(tree, self.request)
        return params


@cache
def document() -> Tree:
    """Return the specification, its ``nullable`` spelled the way JSON Schema does."""
    text = (FOLDER / "openapi-subset.json").read_text(encoding="utf-8")
    spec: Tree = _with_nulls(json.loads(text))
    return spec


@cache
def fixtures() -> Tree:
    """Return Stripe's official example objects by name."""
    text = (FOLDER / "fixtures-subset.json").read_text(encoding="utf-8")
    loaded: Tree = json.loads(text)
    found: Tree = loaded.get("resources", loaded)
    return found


def find(method: str, path: str) -> tuple[Operation, dict[str, str]] | None:
    """Return the operation that serves a request, and the ids in its path."""
    for pattern, operation in _operations():
        matched = pattern.fullmatch(path)
        if matched and operation.method == method:
            return operation, matched.groupdict()
    return None


def problems_of_answer(operation: Operation, status: int, body: Any) -> list[str]:
    """List how an answer breaks the contract; an empty list means that it keeps it."""
    answers = document()["paths"][operation.path][operation.method.lower()]["responses"]
    which = str(status) if str(status) in answers else "default"
    pointer = f"/paths/{_escaped(operation.path)}/{operation.method.lower()}/responses/{which}"
    return _problems(f"{pointer}/content/application~1json/schema", body)


def problems_of_object(schema: str, body: Any) -> list[str]:
    """List how an object breaks the schema of that name, such as ``charge``."""
    return _problems(f"/components/schemas/{schema}", body)


def is_expandable(object_name: str, field: str) -> bool:
    """Whether a field may hold an id or, on request, the object behind it."""
    schemas = document()["components"]["schemas"]
    options = schemas.get(object_name, {}).get("properties", {}).get(field, {}).get("anyOf", [])
    kinds = [option.get("type") for option in options]
    return "string" in kinds and any("$ref" in option for option in options)


@cache
def _operations() -> list[tuple[re.Pattern[str], Operation]]:
    found = []
    for path, methods in document()["paths"].items():
        pattern = re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", path))
        for method, described in methods.items():
            operation = Operation(
                described["operationId"], method.upper(), path, _request_schema(described)
            )
            found.append((pattern, operation))
    # A fixed path wins over one with an id in the same place.
    return sorted(found, key=lambda entry: entry[1].path.count("{"))


def _request_schema(described: Mapping[str, Any]) -> Tree:
    body: Tree = described.get("requestBody", {}).get("content", {}).get(FORM, {}).get("schema", {})
    properties = dict(body.get("properties", {}))
    required = list(body.get("required", []))
    for parameter in described.get("parameters", []):
        if parameter["in"] == "query":
            properties[parameter["name"]] = parameter["schema"]
            if parameter.get("required"):
                required.append(parameter["name"])
    return {"type": "object", "properties": properties, "required": required}


def _with_nulls(node: Any) -> Any:
    """Turn ``nullable`` into ``null`` and drop the enums that Stripe itself does not enforce."""
    if isinstance(node, list):
        return [_with_nulls(item) for item in node]
    if not isinstance(node, dict):
        return node
    result = {key: _with_nulls(value) for key, value in node.items()}
    if result.get("x-stripeBypassValidation") is True:
        result.pop("enum", None)
    if result.get("nullable") is True:
        if isinstance(result.get("type"), str):
            result["type"] = [result["type"], "null"]
        if isinstance(result.get("enum"), list):
            result["enum"] = [*result["enum"], None]
        if isinstance(result.get("anyOf"), list):
            result["anyOf"] = [*result["anyOf"], {"type": "null"}]
    return result


def _problems(pointer: str, body: Any) -> list[str]:
    return [
        f"{'.'.join(str(step) for step in error.absolute_path) or 'body'}: {error.message[:300]}"
        for error in _validator(pointer).iter_errors(body)
    ]


@cache
def _validator(pointer: str) -> Any:
    return Draft202012Validator({"$ref": f"{_ROOT}#{pointer}"}, registry=_registry())


@cache
def _registry() -> Registry[Any]:
    root = _anchored(document())
    empty: Registry[Any] = Registry()
    filled: Registry[Any] = empty.with_resource(_ROOT, DRAFT202012.create_resource(root))
    return filled


def _anchored(node: Any) -> Any:
    """Return a copy whose references are absolute, so that they hold from any entry point."""
    if isinstance(node, list):
        return [_anchored(item) for item in node]
    if not isinstance(node, dict):
        return node
    return {
        key: f"{_ROOT}{value}" if key == "$ref" and isinstance(value, str) else _anchored(value)
        for key, value in node.items()
    }


def _escaped(step: str) -> str:
    """Spell a key as one step of a JSON pointer inside a URI fragment."""
    return step.replace("~", "~0").replace("/", "~1").replace("{", "%7B").replace("}", "%7D")
