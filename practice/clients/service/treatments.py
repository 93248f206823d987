"""Writing down the treatments that a client tried before. Call inside ``transaction()``."""

from __future__ import annotations

from dataclasses import dataclass

from practice.audit.rules import Actor
from practice.audit.service import record
from practice.clients.models import TreatmentTried
from practice.clients.rules.treatments import Helped
from practice.core import clock
from practice.core.db import db
from practice.people.models import Client


@dataclass(frozen=True, slots=True)
class Tried:
    """One treatment: what it was, when in the client's own words, and what it did."""

    what: str
    when: str | None
    helped: Helped
    effect: str | None


def write_treatment(
    client: Client, tried: Tried, *, by: Actor, treatment: TreatmentTried | None = None
) -> TreatmentTried:
    """Write a treatment down, or anew over the one that is given."""
    if treatment is None:
        treatment = TreatmentTried(client_id=client.id, recorded_at=clock.now())
        db.session.add(treatment)
    treatment.what = tried.what
    treatment.when = tried.when
    treatment.helped = tried.helped.value
    treatment.effect = tried.effect
    db.session.flush()
    record("treatment:write", by=by, subject_id=client.id, treatment=str(treatment.id))
    return treatment


def forget_treatment(treatment: TreatmentTried, *, by: Actor) -> None:
    """Take a treatment off the list."""
    db.session.delete(treatment)
    db.session.flush()
    record("treatment:forget", by=by, subject_id=treatment.client_id, treatment=str(treatment.id))
