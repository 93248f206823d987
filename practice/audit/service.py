"""Writing the audit log."""

from typing import Any
from uuid import UUID

from practice.audit import ports
from practice.audit.models import AuditEntry
from practice.audit.rules import Actor
from practice.core import clock
from practice.core.db import db


def record(verb: str, *, by: Actor, subject_id: UUID, **detail: Any) -> None:
    """Write down a deed, as ``"subject:verb"``, in the transaction of the deed itself.

    ``detail`` must be fit for JSON and hold ids, states, numbers and ISO dates only.
    """
    db.session.add(
        AuditEntry(
            at=clock.now(),
            verb=verb,
            actor_kind=by.kind.value,
            actor_id=by.id,
            subject_kind=verb.partition(":")[0],
            subject_id=subject_id,
            detail=detail,
        )
    )
    ports.recorded(verb, subject_id, detail)
