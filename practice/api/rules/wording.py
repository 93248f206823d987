"""How a token is written: ``sk_sanctuary_<practice>_<secret>``."""

from __future__ import annotations

import re
from uuid import UUID

PREFIX = "sk_sanctuary_"
"""So that a token that lies around is known for what it is."""


def written(practice_id: UUID, secret: str) -> str:
    """Write the token of a practice; the whole of it is secret."""
    return f"{PREFIX}{practice_id.hex}_{secret}"


def practice_in(token: str) -> UUID | None:
    """Return the practice that a token names, ``None`` for what is no token."""
    found = re.fullmatch(rf"{PREFIX}([0-9a-f]{{32}})_[A-Za-z0-9_-]{{43}}", token)
    return UUID(found[1]) if found else None
