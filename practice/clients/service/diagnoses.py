"""Keeping the diagnoses of a client, and their number at an insurer. Inside ``transaction()``."""

from __future__ import annotations

from datetime import date
from uuid import UUID

import sqlalchemy as sa

from practice.audit.rules import Actor
from practice.audit.service import record
from practice.clients.models import CareProfile, Diagnosis
from practice.clients.queries import diagnoses_of, get_diagnosis
from practice.clients.rules.diagnoses import MOST, code_of
from practice.core import clock
from practice.core.db import db, insert_unless_there
from practice.core.errors import Conflict, Invalid
from practice.people.models import Client


def record_diagnosis(
    client: Client, code: str, *, dated_on: date, is_primary: bool, today: date, by: Actor
) -> Diagnosis:
    """Record a diagnosis. The first one is the primary one, whatever was asked.

    Raises:
        Invalid: for a code that cannot be billed, or a date in the future.
        Conflict: if it is recorded already, or there are as many as a bill can name.
    """
    code = code_of(code)
    if dated_on > today:
        raise Invalid("The date of a diagnosis cannot be in the future")
    standing = _locked(client.id)
    if any(each.code == code for each in standing):
        raise Conflict(f"{code} is recorded already.")
    if len(standing) >= MOST:
        raise Conflict(f"A bill names at most {MOST} diagnoses. End one first.")
    diagnosis = Diagnosis(
        client_id=client.id,
        code=code,
        is_primary=is_primary or not standing,
        dated_on=dated_on,
        recorded_at=clock.now(),
        recorded_by=by.id,
    )
    for each in standing:
        each.is_primary = each.is_primary and not diagnosis.is_primary
    db.session.add(diagnosis)
    db.session.flush()
    record("diagnosis:record", by=by, subject_id=client.id, diagnosis=str(diagnosis.id))
    return diagnosis


def make_primary(client: Client, diagnosis_id: UUID, *, by: Actor) -> None:
    """Let another diagnosis be the one that bills name first.

    Raises:
        NotFound: if the client has no such diagnosis.
        Conflict: if it ended.
    """
    standing = _locked(client.id)
    chosen = get_diagnosis(client.id, diagnosis_id)
    if chosen.ended_at is not None:
        raise Conflict("This diagnosis has ended.")
    if chosen.is_primary:
        return
    for each in standing:
        each.is_primary = each.id == chosen.id
    db.session.flush()
    record("diagnosis:make_primary", by=by, subject_id=client.id, diagnosis=str(chosen.id))


def end_diagnosis(client: Client, diagnosis_id: UUID, *, by: Actor) -> None:
    """End a diagnosis; papers that name it stay. The oldest of the others becomes the primary one.

    Raises:
        NotFound: if the client has no such diagnosis.
    """
    standing = _locked(client.id)
    chosen = get_diagnosis(client.id, diagnosis_id)
    if chosen.ended_at is not None:
        return
    chosen.ended_at = clock.now()
    left = [each for each in standing if each.id != chosen.id]
    if chosen.is_primary and left:
        chosen.is_primary, left[0].is_primary = False, True
    db.session.flush()
    record("diagnosis:end", by=by, subject_id=client.id, diagnosis=str(chosen.id))


def write_member_id(client: Client, member_id: str, *, by: Actor) -> None:
    """Write down a client's number at their insurer; an empty text takes it away."""
    insert_unless_there(CareProfile(client_id=client.id))
    profile = db.session.scalars(
        sa.select(CareProfile).where(CareProfile.client_id == client.id).with_for_update()
    ).one()
    if (profile.member_id or "") == member_id:
        return
    profile.member_id = member_id or None
    db.session.flush()
    record("member_id:write", by=by, subject_id=client.id)


def _locked(client_id: UUID) -> list[Diagnosis]:
    """Return the diagnoses that stand, so that one alone can be the primary one."""
    db.session.execute(sa.select(Client.id).where(Client.id == client_id).with_for_update())
    return diagnoses_of(client_id)
