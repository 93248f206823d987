"""Reading the papers, and what was done about a client."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa

from practice.audit.models import AuditEntry
from practice.audit.rules import ActorKind, in_words
from practice.clients.models import CareProfile, ClientMerge, Diagnosis, Paper, TreatmentTried
from practice.core.db import db
from practice.core.errors import NotFound
from practice.people.models import Client, User

DEEDS_SHOWN = 100


def every_paper_of(client_id: UUID) -> list[Paper]:
    """Return all papers of a client, withdrawn ones too, newest date first."""
    return list(
        db.session.scalars(
            sa.select(Paper)
            .where(Paper.client_id == client_id)
            .order_by(Paper.dated_on.desc(), Paper.recorded_at.desc())
        )
    )


def papers_by_client(client_ids: Collection[UUID]) -> dict[UUID, list[Paper]]:
    """Return the papers of some clients that were not withdrawn, newest date first."""
    return {each: list(found.papers) for each, found in records_of(client_ids).items()}


@dataclass(frozen=True, slots=True)
class Records:
    """What is on file of one client: papers that were not withdrawn, newest date first; care."""

    papers: tuple[Paper, ...]
    care: CareProfile | None


def records_of(client_ids: Collection[UUID]) -> dict[UUID, Records]:
    """Return what is on file of each of some clients. One statement."""
    rows = db.session.execute(
        sa.select(Client.id, CareProfile, Paper)
        .outerjoin(
            CareProfile,
            sa.and_(
                CareProfile.practice_id == Client.practice_id, CareProfile.client_id == Client.id
            ),
        )
        .outerjoin(
            Paper,
            sa.and_(
                Paper.practice_id == Client.practice_id,
                Paper.client_id == Client.id,
                Paper.withdrawn_at.is_(None),
            ),
        )
        .where(Client.id.in_(client_ids))
        .order_by(Paper.dated_on.desc(), Paper.recorded_at.desc(), Paper.id)
    )
    papers: dict[UUID, list[Paper]] = {each: [] for each in client_ids}
    cares: dict[UUID, CareProfile | None] = {}
    for client_id, care, paper in rows:
        cares[client_id] = care
        if paper is not None:
            papers[client_id].append(paper)
    return {each: Records(tuple(papers[each]), cares.get(each)) for each in client_ids}


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


def diagnoses_of(client_id: UUID) -> list[Diagnosis]:
    """Return the diagnoses of a client that stand, the primary one first, then the oldest."""
    return list(
        db.session.scalars(
            sa.select(Diagnosis)
            .where(Diagnosis.client_id == client_id, Diagnosis.ended_at.is_(None))
            .order_by(Diagnosis.is_primary.desc(), Diagnosis.recorded_at, Diagnosis.id)
        )
    )


def get_diagnosis(client_id: UUID, diagnosis_id: UUID) -> Diagnosis:
    """Return one diagnosis of a client, also one that ended.

    Raises:
        NotFound: if there is none.
    """
    found = db.session.scalar(
        sa.select(Diagnosis).where(Diagnosis.id == diagnosis_id, Diagnosis.client_id == client_id)
    )
    if found is None:
        raise NotFound("There is no such diagnosis.")
    return found


def treatments_of(client_id: UUID) -> list[TreatmentTried]:
    """Return the treatments that a client tried before, in the order they were written down."""
    return list(
        db.session.scalars(
            sa.select(TreatmentTried)
            .where(TreatmentTried.client_id == client_id)
            .order_by(TreatmentTried.recorded_at, TreatmentTried.id)
        )
    )


def get_treatment(client_id: UUID, treatment_id: UUID) -> TreatmentTried:
    """Return one treatment that a client tried before.

    Raises:
        NotFound: if there is none, or it is somebody else's.
    """
    treatment = db.session.scalar(
        sa.select(TreatmentTried).where(
            TreatmentTried.id == treatment_id, TreatmentTried.client_id == client_id
        )
    )
    if treatment is None:
        raise NotFound("There is no such treatment.")
    return treatment


# Two who are one -------------------------------------------------------------------------------


def find_merge(gone_id: UUID) -> ClientMerge | None:
    """Return the merge by which a client went into another, unless it was undone."""
    return db.session.scalar(
        sa.select(ClientMerge).where(
            ClientMerge.gone_id == gone_id, ClientMerge.undone_at.is_(None)
        )
    )


def merges_into(kept_id: UUID) -> list[ClientMerge]:
    """Return the merges by which others went into a client, newest first."""
    return list(
        db.session.scalars(
            sa.select(ClientMerge)
            .where(ClientMerge.kept_id == kept_id, ClientMerge.undone_at.is_(None))
            .order_by(ClientMerge.made_at.desc(), ClientMerge.id)
        )
    )


def get_merge(merge_id: UUID) -> ClientMerge:
    """Return one merge of two clients.

    Raises:
        NotFound: if there is none.
    """
    merge = db.session.scalar(sa.select(ClientMerge).where(ClientMerge.id == merge_id))
    if merge is None:
        raise NotFound("There is no such merge.")
    return merge


# What was done ---------------------------------------------------------------------------------

BY: dict[str, str] = {
    ActorKind.CLIENT: "the client",
    ActorKind.API: "another program",
    ActorKind.PROGRAM: "the program",
}


@dataclass(frozen=True, slots=True)
class Deed:
    """One line of a history: when, what, and who did it, in words."""

    at: datetime
    what: str
    who: str


def history(subject_ids: Collection[UUID]) -> list[Deed]:
    """Return the newest hundred deeds about some things, newest first. One statement."""
    rows = db.session.execute(
        sa.select(
            AuditEntry.at, AuditEntry.verb, AuditEntry.detail, AuditEntry.actor_kind, User.name
        )
        .outerjoin(
            User,
            sa.and_(User.practice_id == AuditEntry.practice_id, User.id == AuditEntry.actor_id),
        )
        .where(AuditEntry.subject_id.in_(subject_ids))
        .order_by(AuditEntry.at.desc(), AuditEntry.id)
        .limit(DEEDS_SHOWN)
    )
    return [
        Deed(row.at, in_words(row.verb, row.detail), row.name or BY.get(row.actor_kind, "staff"))
        for row in rows
    ]
