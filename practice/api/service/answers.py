"""Answering the same write once, however often it is sent.

The first answer is kept in the transaction of what it tells of. A write that was refused changed
nothing, and is looked at anew when it comes again.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

import sqlalchemy as sa

from practice.api.models import ApiAnswer
from practice.core import clock, tokens
from practice.core.db import db, take_turns, transaction
from practice.core.errors import Invalid

KEPT_FOR = timedelta(days=3)


class KeyUsed(Invalid):
    """The same Idempotency-Key came with another request."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a write is answered: a status, and a body fit for JSON."""

    status: int
    body: str


def once(holder: str, key: str, asked: str, work: Callable[[], Answer]) -> Answer:
    """Do ``work`` and keep its answer, or return the one that was kept.

    Call inside ``transaction()``. ``holder`` says who asks, ``key`` is what came along, ``asked``
    stands for the whole request.

    Raises:
        KeyUsed: if the key came with another request before.
    """
    holder, key, asked = map(tokens.digest, (holder, key, asked))
    take_turns(f"api:{holder}:{key}")
    kept = db.session.scalar(
        sa.select(ApiAnswer).where(ApiAnswer.holder == holder, ApiAnswer.key == key)
    )
    if kept is not None:
        if kept.asked != asked:
            raise KeyUsed("This Idempotency-Key was used for another request. Take a new one.")
        return Answer(kept.status, kept.body or json.dumps(None))
    answer = work()
    db.session.add(
        ApiAnswer(
            holder=holder,
            key=key,
            asked=asked,
            status=answer.status,
            body=answer.body,
            made_at=clock.now(),
        )
    )
    db.session.flush()
    return answer


def tidy(_practice_id: UUID) -> None:
    """Forget answers that nobody asks for again. The worker's part, outside transactions."""
    with transaction():
        db.session.execute(
            sa.delete(ApiAnswer)
            .where(ApiAnswer.made_at < clock.now() - KEPT_FOR)
            .execution_options(synchronize_session=False)
        )
