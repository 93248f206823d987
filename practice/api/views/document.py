"""What the API can do: as OpenAPI 3.1 for programs, and as a plain page for people."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from flask import render_template
from flask.typing import ResponseReturnValue

from practice.api.operations import BEARER, book
from practice.api.rules import events, scopes
from practice.api.views.blueprint import bp
from practice.core.errors import PracticeError
from practice.core.settings import settings
from practice.people.access import public

WRITES = ("post", "put", "patch", "delete")
PROBLEM = {
    "description": "A problem (RFC 9457)",
    "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
}
KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "The same key with the same request changes nothing and is answered the same.",
    "schema": {"type": "string", "pattern": "^[\\x21-\\x7e]{1,200}$"},
}


@dataclass(frozen=True, slots=True)
class Line:
    """One operation on the page for people."""

    method: str
    path: str
    summary: str
    scope: str


@bp.get("/openapi.json")
@public
def openapi() -> ResponseReturnValue:
    """Describe the whole API."""
    return document()


@bp.get("/")
@public
def index() -> ResponseReturnValue:
    """List what the API can do, for people."""
    described = document()
    groups: dict[str, list[Line]] = {tag["name"]: [] for tag in described["tags"]}
    for path, methods in described["paths"].items():
        for method, said in methods.items():
            scope = next((each[BEARER][0] for each in said["security"] if BEARER in each), "")
            line = Line(method.upper(), path, said["summary"].rstrip("."), scope)
            groups[said["tags"][0]].append(line)
    return render_template(
        "api/index.html",
        groups=groups,
        scopes=scopes.WORDS,
        events=events.WORDS,
        problems=_problems(),
    )


def document() -> dict[str, Any]:
    """Return what SpecTree wrote down, with what every operation has in common."""
    described: dict[str, Any] = deepcopy(book.spec)
    described["servers"] = [{"url": settings().base_url}]
    for path in described["paths"].values():
        for method, said in path.items():
            said["responses"].pop("422", None)
            said["responses"] |= {"4XX": PROBLEM, "503": PROBLEM}
            if method in WRITES and not said["operationId"].startswith("checkout"):
                said["parameters"].append(KEY)
            if "requestBody" in said:
                name = _body_of(said).rpartition("/")[2]
                needs = described["components"]["schemas"][name].get("required")
                said["requestBody"]["required"] = bool(needs)
    return described


def _body_of(said: dict[str, Any]) -> str:
    return str(said["requestBody"]["content"]["application/json"]["schema"]["$ref"])


def _problems() -> list[tuple[str, str]]:
    """Return the name of each kind of problem and what it means, by name."""
    kinds: dict[str, str] = {}
    left = list(PracticeError.__subclasses__())
    while left:
        kind = left.pop()
        left.extend(kind.__subclasses__())
        kinds[kind.__name__] = (kind.__doc__ or "").partition("\n")[0].partition(";")[0]
    return sorted(kinds.items())
