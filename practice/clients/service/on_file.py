"""Keeping what is on file about a client: details, care, papers. Call inside ``transaction()``."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from uuid import UUID

import sqlalchemy as sa

from practice.audit.rules import Actor
from practice.audit.service import record
from practice.clients import ports
from practice.clients.models import CareProfile, Paper
from practice.clients.rules.papers import (
    OF_SESSION,
    PaperFacts,
    PaperKind,
    Route,
    last_day,
    what_is_wrong,
)
from practice.core import clock, tokens
from practice.core.db import db, insert_unless_there
from practice.core.errors import Conflict, Invalid
from practice.people import queries as people
from practice.people.models import Client
from practice.people.rules import ClientDetails
from practice.people.service import edit_client


@dataclass(frozen=True, slots=True)
class EmergencyContact:
    """Whom to call in an emergency, and who they are to the client. Phone in E.164."""

    name: str
    relation: str
    phone: str


@dataclass(frozen=True, slots=True)
class Care:
    """Why a client comes, and what was tried before."""

    reason: str | None
    tried_before: str | None


def record_paper(
    client: Client,
    kind: PaperKind,
    *,
    dated_on: date,
    today: date,
    by: Actor,
    valid_until: date | None = None,
    route: Route | None = None,
    facts: PaperFacts | None = None,
) -> Paper:
    """Put a paper on file, with the date that the document itself bears.

    It holds through ``valid_until``, or as long as papers of its kind do. Sessions that waited
    for it are looked at again in the same transaction. ``today`` is the practice's local date.
    ``facts`` is what else it says; ``route`` alone stands for a clearance that says no more.

    Raises:
        Invalid: for a date in the future, an end before the beginning, an end later than this
            kind may hold, a clearance without its route, or one that is for a single session.
    """
    if kind in OF_SESSION:
        raise Invalid("This belongs to one session. Record it on the session's page.")
    facts = facts or PaperFacts(route=route)
    wrong = what_is_wrong(
        kind, dated_on=dated_on, valid_until=valid_until, today=today, facts=facts
    )
    if wrong:
        raise Invalid(f"{wrong.words}.")
    paper = _paper(client.id, kind, facts, by, dated_on=dated_on, valid_until=valid_until)
    return _file(paper, by)


def record_for_session(
    client_id: UUID,
    kind: PaperKind,
    *,
    session_id: UUID,
    session_on: date,
    dated_on: date,
    today: date,
    facts: PaperFacts,
    by: Actor,
) -> Paper:
    """Put a record of one session on file: an escort, a count, the checks of the day.

    ``session_on`` is the session's local date, which the checks of the day bear.

    Raises:
        Invalid: for a kind that is the client's, a wrong date, or an escort without a number.
    """
    if kind not in OF_SESSION:
        raise Invalid("This belongs to the client. Record it on the client's page.")
    wrong = what_is_wrong(
        kind,
        dated_on=dated_on,
        valid_until=None,
        today=today,
        facts=facts,
        session_on=session_on,
    )
    if wrong:
        raise Invalid(f"{wrong.words}.")
    paper = _paper(client_id, kind, facts, by, dated_on=dated_on, valid_until=None)
    paper.appointment_id = session_id
    record("appointment:record", by=by, subject_id=session_id, kind=kind.value)
    return _file(paper, by)


def _paper(
    client_id: UUID,
    kind: PaperKind,
    facts: PaperFacts,
    by: Actor,
    *,
    dated_on: date,
    valid_until: date | None,
) -> Paper:
    return Paper(
        client_id=client_id,
        kind=kind,
        dated_on=dated_on,
        valid_until=valid_until or last_day(kind, dated_on),
        route=facts.route,
        recorded_at=clock.now(),
        recorded_by=by.id,
        is_good=facts.is_good,
        labs_every_days=facts.labs_every_days,
        detail=facts.detail,
        person=facts.person,
        phone=facts.phone,
    )


def _file(paper: Paper, by: Actor) -> Paper:
    db.session.add(paper)
    db.session.flush()
    record(
        "paper:record",
        by=by,
        subject_id=paper.id,
        client=str(paper.client_id),
        kind=paper.kind.value,
    )
    ports.papers_changed(paper.client_id, by)
    return paper


def withdraw_paper(paper: Paper, *, by: Actor) -> None:
    """Take a paper off file; what relied on it is looked at again in the same transaction.

    Raises:
        Conflict: if it was withdrawn already.
    """
    paper = db.session.scalars(sa.select(Paper).where(Paper.id == paper.id).with_for_update()).one()
    if paper.withdrawn_at is not None:
        raise Conflict("That paper was withdrawn already.")
    paper.withdrawn_at = clock.now()
    db.session.flush()
    record("paper:withdraw", by=by, subject_id=paper.id, client=str(paper.client_id))
    ports.papers_changed(paper.client_id, by)


# Two at once -----------------------------------------------------------------------------------


class ChangedMeanwhile(Conflict):
    """Somebody else has written since this form was opened. Nothing of theirs is overwritten."""

    def __init__(self) -> None:
        super().__init__(
            "Somebody else changed this while your page was open. "
            "Compare what is on file now with what you typed, then save again."
        )


def seen_contact(client: Client) -> str:
    """Return the fingerprint of what is on file of how a client is reached."""
    return _fingerprint(
        client.first_name,
        client.last_name,
        client.email,
        client.phone,
        client.birth_on,
        client.address,
    )


def seen_care(profile: CareProfile | None) -> str:
    """Return the fingerprint of what is on file of a client's care."""
    if profile is None:
        return _fingerprint(None, None)
    return _fingerprint(profile.reason, profile.tried_before)


def seen_emergency(profile: CareProfile | None) -> str:
    """Return the fingerprint of whom to call in an emergency."""
    if profile is None:
        return _fingerprint(None, None, None)
    return _fingerprint(profile.emergency_name, profile.emergency_relation, profile.emergency_phone)


def _fingerprint(*values: str | None) -> str:
    return tokens.digest("\x1f".join(value or "" for value in values))


def _check(seen: str | None, now: str) -> None:
    if seen is not None and seen != now:
        raise ChangedMeanwhile


# Details and care ------------------------------------------------------------------------------


def edit_contact(
    client_id: UUID, details: ClientDetails, *, by: Actor, seen: str | None = None
) -> Client:
    """Change how a client is reached. ``seen`` is the fingerprint of what was changed from.

    Raises:
        NotFound: if there is no such client.
        ChangedMeanwhile: if that is no longer what is on file.
    """
    client = people.get_client(client_id)
    db.session.refresh(client, with_for_update=True)
    _check(seen, seen_contact(client))
    return edit_client(client, details, by=by)


def write_care(client: Client, care: Care, *, by: Actor, seen: str | None = None) -> CareProfile:
    """Write down why a client comes and what was tried before. Empty texts take it away.

    Raises:
        ChangedMeanwhile: if what is on file is no longer what was ``seen``.
    """
    profile = _profile_of(client)
    _check(seen, seen_care(profile))
    profile.reason = care.reason or None
    profile.tried_before = care.tried_before or None
    db.session.flush()
    record("care:write", by=by, subject_id=client.id)
    return profile


def name_emergency_contact(
    client: Client,
    contact: EmergencyContact | None,
    *,
    today: date,
    by: Actor,
    seen: str | None = None,
) -> CareProfile:
    """Write down whom to call in an emergency; ``None`` takes it away.

    The contact counts as confirmed on ``today``, the practice's local date; sessions that ask
    for one are looked at again in the same transaction.

    Raises:
        ChangedMeanwhile: if what is on file is no longer what was ``seen``.
    """
    profile = _profile_of(client)
    _check(seen, seen_emergency(profile))
    profile.emergency_name = contact.name if contact else None
    profile.emergency_relation = (contact.relation or None) if contact else None
    profile.emergency_phone = contact.phone if contact else None
    profile.emergency_confirmed_on = today if contact else None
    db.session.flush()
    record("emergency_contact:write", by=by, subject_id=client.id)
    ports.papers_changed(client.id, by)
    return profile


def _profile_of(client: Client) -> CareProfile:
    """Return the one row of a client's care; make it if need be."""
    insert_unless_there(CareProfile(client_id=client.id))
    return db.session.scalars(
        sa.select(CareProfile).where(CareProfile.client_id == client.id).with_for_update()
    ).one()
