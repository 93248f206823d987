"""What somebody had typed when their sign-in ended.

A form that arrives after 15 quiet minutes is not lost: the page that asks to sign in again
carries its answers, sealed for the same person, and offers to send them once more. Clients come
back by a mail, perhaps hours later, so theirs are kept with the sign-in that had ended.
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


def of_request() -> Typed:
    """Return the form of this request: without its token, and without passwords.

    Nor with the mark of a look at what a form comes to: what is sent once more is to be saved.
    """
    answers = [
        (name, value)
        for name, value in request.form.items(multi=True)
        if name not in {"csrf_token", "look"} and "password" not in name
    ]
    return Typed(request.full_path.rstrip("?"), answers)


def written(typed: Typed) -> str | None:
    """Write a form down to be kept, unless it is too long."""
    text = json.dumps({"path": typed.path, "answers": typed.answers})
    return text if len(text) <= LONGEST else None


def read(text: str) -> Typed:
    """Read what was written down."""
    kept = json.loads(text)
    return Typed(kept["path"], [(name, value) for name, value in kept["answers"]])


def keep(practice_id: UUID, user_id: UUID) -> str | None:
    """Seal the form of this request for this person, unless it is too long to carry."""
    text = written(of_request())
    if text is None:
        return None
    return urlsafe_b64encode(seal(text, practice_id, _place(user_id))).decode()


def take(sealed: str, practice_id: UUID, user_id: UUID) -> Typed | None:
    """Open what ``keep`` sealed for the same person; ``None`` for anything else."""
    try:
        return read(unseal(urlsafe_b64decode(sealed), practice_id, _place(user_id)))
    except (Unreadable, ValueError):
        return None


def _place(user_id: UUID) -> bytes:
    return f"typed\x1f{user_id}".encode()
