"""Putting papers on file."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from practice.audit.rules import Actor
from practice.audit.service import record
from practice.clients import ports, queries
from practice.clients.models import CareProfile, Paper
from practice.clients.rules.papers import PaperKind, Route, last_day
from practice.core import clock
from practice.core.db import db
from practice.core.errors import Conflict, Invalid
from practice.people.models import Client


@dataclass(frozen=True, slots=True)
class Care:
    """Why a client comes, what was tried before, and whom to call in an emergency."""

    reason: str | None
    tried_before: str | None
    emergency_name: str | None
    emergency_relation: str | None
    emergency_phone: str | None


def record_paper(
    client: Client,
    kind: PaperKind,
    *,
    dated_on: date,
    today: date,
    by: Actor,
    valid_until: date | None = None,
    route: Route | None = None,
) -> Paper:
    """Put a paper on file, with the date that the document itself bears.

    It holds through ``valid_until``, or as long as papers of its kind do. Sessions that waited
    for it are looked at again in the same transaction. ``today`` is the practice's local date.

    Raises:
        Invalid: for a date in the future, an end before the beginning, an end later than this
            kind may hold, or a clearance without its route.
    """
    latest = last_day(kind, dated_on)
    if dated_on > today:
        raise Invalid("The date of a paper cannot be in the future.")
    if valid_until is not None and valid_until < dated_on:
        raise Invalid("A paper cannot end before its own date.")
    if valid_until is not None and latest is not None and valid_until > latest:
        raise Invalid(
            f"This paper holds for a year at most, until {latest:%B} {latest.day}, {latest.year}."
        )
    if (kind is PaperKind.MEDICAL_CLEARANCE) != (route is not None):
        raise Invalid("A clearance names the route that it is for.")

    paper = Paper(
        client_id=client.id,
        kind=kind,
        dated_on=dated_on,
        valid_until=valid_until or latest,
        route=route,
        recorded_at=clock.now(),
        recorded_by=by.id,
    )
    db.session.add(paper)
    db.session.flush()
    record("paper:record", by=by, subject_id=paper.id, client=str(client.id), kind=kind.value)
    ports.papers_changed(client.id, by)
    return paper


def withdraw_paper(paper: Paper, *, by: Actor) -> None:
    """Take a paper off file; what relied on it is looked at again in the same transaction.

    Raises:
        Conflict: if it was withdrawn already.
    """
    if paper.withdrawn_at is not None:
        raise Conflict("That paper was withdrawn already.")
    paper.withdrawn_at = clock.now()
    db.session.flush()
    record("paper:withdraw", by=by, subject_id=paper.id, client=str(paper.client_id))
    ports.papers_changed(paper.client_id, by)


def write_care(client: Client, care: Care, *, today: date, by: Actor) -> CareProfile:
    """Write down why a client comes and whom to call.

    The emergency contact counts as confirmed on ``today``, the practice's local date.
    """
    profile = queries.find_care(client.id)
    if profile is None:
        profile = CareProfile(client_id=client.id)
        db.session.add(profile)
    profile.reason = care.reason
    profile.tried_before = care.tried_before
    profile.emergency_name = care.emergency_name
    profile.emergency_relation = care.emergency_relation
    profile.emergency_phone = care.emergency_phone
    profile.emergency_confirmed_on = today if care.emergency_name else None
    db.session.flush()
    record("care:write", by=by, subject_id=client.id)
    return profile
