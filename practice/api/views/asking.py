"""Who asks, and how a write is answered: once, however often it comes."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta

from flask import Response, current_app, g, request
from pydantic import BaseModel

from practice.api import queries
from practice.api.queries import Holder
from practice.api.rules.scopes import Scope
from practice.api.service import answers, tokens
from practice.api.service.answers import Answer
from practice.audit.rules import Actor, ActorKind
from practice.core import clock
from practice.core.db import Busy, in_transaction, transaction
from practice.core.errors import Malformed, NotAllowed, NotKnown

NOTED_EVERY = timedelta(minutes=1)
KEY = re.compile(r"[\x21-\x7e]{1,200}", re.ASCII)
RANDOM_KEY = re.compile(r"[\x21-\x7e]{16,200}", re.ASCII)
"""Of whoever comes: many may come from one address, and nobody may hit upon another's key."""


def admit(scope: str) -> None:
    """Let a program in whose token has ``scope``, and enter its practice.

    Bound to ``people.ports.token_asked``.

    Raises:
        NotKnown: without a token, or with one that opens nothing.
        NotAllowed: if it is not good for this.
    """
    kind, _, secret = request.headers.get("Authorization", "").partition(" ")
    if kind.lower() != "bearer" or not secret.strip():
        raise NotKnown("Send a token: Authorization: Bearer …")
    holder = queries.enter_by_token(secret.strip())
    if Scope(scope) not in holder.scopes:
        raise NotAllowed(f"This token is not good for {scope}.")
    g.api_holder = holder
    if holder.used_at is None or clock.now() - holder.used_at >= NOTED_EVERY:
        with suppress(Busy), transaction():  # an answer is worth more than the note
            tokens.note_use(holder.token_id)


def this_program() -> Actor:
    """Return who asks, as services and the audit log name them."""
    holder: Holder = g.api_holder
    return Actor(ActorKind.API, holder.token_id)


def may(scope: Scope) -> bool:
    """Say whether the token that asks is good for something besides."""
    holder: Holder = g.api_holder
    return scope in holder.scopes


def write(work: Callable[[], BaseModel], *, status: int = 200) -> Response:
    """Answer a write with what ``work`` makes, in one transaction with it.

    With an ``Idempotency-Key`` the same write sent again changes nothing and is answered the
    same.

    Raises:
        Malformed: for a key that is none.
        KeyUsed: if the key came with another request before.
    """
    key = request.headers.get("Idempotency-Key")

    def answer() -> Answer:
        return Answer(status, work().model_dump_json())

    if key is None:
        made = in_transaction(answer)
    else:
        if not (KEY if "api_holder" in g else RANDOM_KEY).fullmatch(key):
            raise Malformed("An Idempotency-Key is a random word of 16 to 200 plain characters.")
        asked = f"{request.method} {request.full_path}\n{request.get_data().hex()}"
        made = in_transaction(lambda: answers.once(_holder(), key, asked, answer))
    return current_app.response_class(made.body, made.status, mimetype="application/json")


def form_token() -> str:
    """Return what makes the same hold the same: of this request's key, or of nothing else."""
    key = request.headers.get("Idempotency-Key")
    return f"{_holder()} {key}" if key else ""


def _holder() -> str:
    """Return who asks, for whom keys are kept apart."""
    holder: Holder | None = g.get("api_holder")
    return str(holder.token_id) if holder else f"openly {request.remote_addr}"
