"""What a view of the API says of itself, once: who may ask, what comes in, what goes out.

SpecTree keeps the book and writes the document (OpenAPI 3.1); reading and answering are ours,
because a body must be read strictly, and what goes wrong is told by the one error table.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Response as FlaskResponse
from flask import current_app, request
from pydantic import BaseModel
from spectree import Response, SecurityScheme, SecuritySchemeData, SpecTree
from spectree.models import SecureType
from spectree.plugins.flask_plugin import FlaskPlugin

from practice.api import reading, schemas
from practice.api.rules.scopes import Scope
from practice.people.access import by_token, public

View = Callable[..., Any]
Answering = Callable[..., FlaskResponse]

BEARER = "token"


class Strictly(FlaskPlugin):
    """SpecTree's part for Flask, with our own way of reading a request."""

    def validate(
        self, func: Callable[..., Any], query: Any, json: Any, *_rest: Any, **named: Any
    ) -> FlaskResponse:
        if query is not None:
            named["query"] = reading.query(request, query)
        elif request.args:
            reading.query(request, schemas.Sent)
        if json is not None:
            named["json"] = reading.body(request, json)
        return answered(func(**named))


def answered(made: Any) -> FlaskResponse:
    """Turn what a view returns into a response: a model, or a model with a status."""
    body, status = made if isinstance(made, tuple) else (made, 200)
    if isinstance(body, FlaskResponse):
        return body
    text = body.model_dump_json() if body is not None else ""
    return current_app.response_class(text, status, mimetype="application/json")


book = SpecTree(
    "flask",
    backend=Strictly,
    mode="strict",
    title="Sanctuary",
    version="1",
    openapi_version="3.1.0",
    description="Book, move and cancel sessions, and read what a practice knows of them.",
    security_schemes=[
        SecurityScheme(name=BEARER, data=SecuritySchemeData(type=SecureType.HTTP, scheme="bearer"))
    ],
    validation_error_model=schemas.Problem,
    naming_strategy=lambda model: model.__name__,
    nested_naming_strategy=lambda _parent, child: child,
)


def operation(
    returns: type[BaseModel] | None,
    *,
    scope: Scope | None = None,
    about: str,
    status: int = 200,
) -> Callable[[View], Answering]:
    """Describe a view. Without ``scope`` it is for everybody.

    What comes in is what the view's arguments ``query`` and ``json`` are annotated with.
    """

    def describe(view: View) -> Answering:
        said = book.validate(
            resp=Response(**{f"HTTP_{status}": returns}),
            tags=[about],
            security=[{BEARER: [scope.value]}] if scope else [],
            operation_id=f"{view.__name__}_openly" if scope is None else view.__name__,
        )(view)
        marked: Answering = by_token(scope)(said) if scope else public(said)
        return marked

    return describe
