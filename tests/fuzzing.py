"""Asking the API whatever its own document allows, and much that it does not.

schemathesis makes the requests from the document. Every other one is led to rows that are there,
so that more is reached than refusals. Nothing may break, and every answer must be one that the
document knows.
"""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from contextvars import Context
from dataclasses import dataclass, field
from typing import Any, cast

import schemathesis
from flask import Flask
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

DOCUMENT = "/api/v1/openapi.json"
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]


@dataclass
class Found:
    """What was asked and answered: how many answers of each status, and what was wrong."""

    statuses: Counter[int] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)

    @property
    def broken(self) -> int:
        """How many answers say that the program broke."""
        return sum(count for status, count in self.statuses.items() if status >= 500)


def ask_everything(
    app: Flask, secret: str, known: dict[str, list[Any]], *, examples: int, start: int = 1
) -> Found:
    """Ask every operation so often, as whoever has the token ``secret``.

    ``known`` are values, by the name of a parameter or member, that lead to rows that are there.
    ``start`` is the seed: the same one asks the same.
    """
    found = Found()
    document = schemathesis.openapi.from_wsgi(DOCUMENT, app)
    document.config.generation.update(modes=list(GenerationMode))
    for each in document.get_all_operations():
        operation = cast(Ok[Any], each).ok()
        has_input = operation.body or list(operation.iter_parameters())
        for mode in GenerationMode if has_input else [GenerationMode.POSITIVE]:
            cases = operation.as_strategy(generation_mode=mode)

            @seed(start)
            @settings(
                max_examples=examples,
                database=None,
                deadline=None,
                phases=[Phase.generate],
                suppress_health_check=list(HealthCheck),
            )
            @given(case=cases, choose=st.randoms(use_true_random=False))
            def ask(case: Case[Any], choose: Any) -> None:
                _ask(case, choose, secret, known, found)

            with suppress(Unsatisfiable):  # nothing about it can be got wrong
                ask()
    return found


def _ask(
    case: Case[Any], choose: Any, secret: str, known: dict[str, list[Any]], found: Found
) -> None:
    if choose.random() < 0.5:
        _lead(case, choose, known)
    headers = {"Authorization": f"Bearer {secret}"} if choose.random() < 0.95 else {}
    answer = Context().run(case.call, headers=headers)
    found.statuses[answer.status_code] += 1
    try:
        case.validate_response(answer, checks=CHECKS)
    except Exception as failure:  # noqa: BLE001  whatever it is, the next one is asked
        asked = f"{case.method} {case.formatted_path} {case.query} {case.body!r}"
        found.wrong.append(f"{asked[:400]}\n{failure}")


def _lead(case: Case[Any], choose: Any, known: dict[str, list[Any]]) -> None:
    for part in (case.path_parameters, case.query, case.body):
        if isinstance(part, dict):
            for name in part.keys() & known.keys():
                part[name] = choose.choice(known[name])
