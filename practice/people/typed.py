"""What somebody had typed when their sign-in ended.

A form that arrives after 15 quiet minutes is not lost: the page that asks to sign in again
carries its answers, sealed for the same person, and offers to send them once more.
"""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from uuid import UUID

from flask import request

from practice.core.crypto import Unreadable, seal, unseal

LONGEST = 200_000  # characters; an address bar's worth of forms, and far below what may be sent


@dataclass(frozen=True, slots=True)
class Typed:
    """The answers of one form, and where they were sent."""

    path: str
    answers: list[tuple[str, str]]


def keep(practice_id: UUID, user_id: UUID) -> str | None:
    """Seal the form of this request for this person, unless it is too long to carry."""
    answers = [pair for pair in request.form.items(multi=True) if pair[0] != "csrf_token"]
    text = json.dumps({"path": request.full_path.rstrip("?"), "answers": answers})
    if len(text) > LONGEST:
        return None
    return urlsafe_b64encode(seal(text, practice_id, _place(user_id))).decode()


def take(sealed: str, practice_id: UUID, user_id: UUID) -> Typed | None:
    """Open what ``keep`` sealed for the same person; ``None`` for anything else."""
    try:
        kept = json.loads(unseal(urlsafe_b64decode(sealed), practice_id, _place(user_id)))
    except (Unreadable, ValueError):
        return None
    return Typed(kept["path"], [(name, value) for name, value in kept["answers"]])


def _place(user_id: UUID) -> bytes:
    return f"typed\x1f{user_id}".encode()
