"""What a practice says of itself in its own words, and which websites may frame its button."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from practice.audit.rules import Actor
from practice.audit.service import record
from practice.core.db import db, require_practice_id
from practice.core.errors import Invalid
from practice.people.contact import origin_of
from practice.people.models import Practice
from practice.people.seen import check, mark_of

MOST_ORIGINS = 10


def write_own_words(words: str, *, seen: str = "", by: Actor) -> None:
    """Keep what stands under "Is this right for me?" besides. Call inside ``transaction()``.

    Raises:
        ChangedMeanwhile: if there are other words than the form had ``seen``.
    """
    practice = _locked()
    check(seen, mark_of(practice.own_words))
    practice.own_words = words
    db.session.flush()
    record("practice:own_words", by=by, subject_id=practice.id)


def allow_frames(origins: Sequence[str], *, seen: str = "", by: Actor) -> None:
    """Say which websites may show the booking button's page in a frame; none closes it.

    Their scripts may use the public part of the API, too. Call inside ``transaction()``.

    Raises:
        ChangedMeanwhile: if there are others than the form had ``seen``.
    """
    practice = _locked()
    check(seen, mark_of(practice.frame_origins))
    practice.frame_origins = list(origins)
    db.session.flush()
    record("practice:frame_origins", by=by, subject_id=practice.id, count=len(origins))


def read_origins(text: str) -> list[str]:
    """Read one website a line, each once, in their order.

    Raises:
        Invalid: naming what is wrong.
    """
    origins = list(dict.fromkeys(origin_of(line) for line in text.split("\n") if line.strip()))
    if len(origins) > MOST_ORIGINS:
        raise Invalid(f"At most {MOST_ORIGINS} websites can show it")
    return origins


def _locked() -> Practice:
    return db.session.scalars(
        sa.select(Practice).where(Practice.id == require_practice_id()).with_for_update()
    ).one()
