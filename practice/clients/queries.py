"""Reading the papers."""

from uuid import UUID

import sqlalchemy as sa

from practice.clients.models import CareProfile, Paper
from practice.core.db import db
from practice.core.errors import NotFound


def papers_of(client_id: UUID) -> list[Paper]:
    """Return a client's papers that were not withdrawn, newest date first."""
    return list(
        db.session.scalars(
            sa.select(Paper)
            .where(Paper.client_id == client_id, Paper.withdrawn_at.is_(None))
            .order_by(Paper.dated_on.desc(), Paper.recorded_at.desc())
        )
    )


def get_paper(client_id: UUID, paper_id: UUID) -> Paper:
    """Return one paper of a client.

    Raises:
        NotFound: if there is none, or it is somebody else's.
    """
    paper = db.session.scalar(
        sa.select(Paper).where(Paper.id == paper_id, Paper.client_id == client_id)
    )
    if paper is None:
        raise NotFound("There is no such paper.")
    return paper


def find_care(client_id: UUID) -> CareProfile | None:
    """Return what is known of why a client comes and whom to call, if anything is."""
    return db.session.scalar(sa.select(CareProfile).where(CareProfile.client_id == client_id))
