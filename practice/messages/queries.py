"""Reading the practice's own words."""

import sqlalchemy as sa

from practice.core.db import db
from practice.messages.models import Wording


def wording_of(name: str) -> Wording | None:
    """Return the words in use for one mail; none where they were never changed."""
    return db.session.scalar(
        sa.select(Wording).where(Wording.name == name).order_by(Wording.version.desc()).limit(1)
    )


def versions_of(name: str) -> list[Wording]:
    """Return every version of the words of one mail, the newest first."""
    return list(
        db.session.scalars(
            sa.select(Wording).where(Wording.name == name).order_by(Wording.version.desc())
        )
    )


def own_words() -> dict[str, Wording]:
    """Return the mails that now have words of the practice's own, by name."""
    newest = (
        sa.select(Wording.name, sa.func.max(Wording.version).label("version"))
        .group_by(Wording.name)
        .subquery()
    )
    found = db.session.scalars(
        sa.select(Wording).join(
            newest, sa.and_(newest.c.name == Wording.name, newest.c.version == Wording.version)
        )
    )
    return {each.name: each for each in found if not each.is_shipped}
