"""What a client cannot do online becomes a task for a person. Inside ``transaction()``."""

from __future__ import annotations

from enum import StrEnum

from practice.audit import service as audit
from practice.audit.rules import Actor
from practice.core import clock
from practice.outbox import service as outbox
from practice.people.queries import get_practice
from practice.sessions.models import Appointment


class About(StrEnum):
    """What a client asks about, by the word in the address."""

    CHANGE = "change"
    MISSING = "missing"


WHAT = {
    About.CHANGE: "A client asks to move or cancel a session that is close. Call them.",
    About.MISSING: "A client asks about what is still missing for a session. Call them.",
}


def ask(appointment: Appointment, about: About, *, by: Actor) -> None:
    """Put a client's question on the list of tasks, and mail the practice.

    Asking the same again while the session stays as it is does nothing more.
    """
    key = f"client-asks:{about}:{appointment.id}:{appointment.sequence}"
    outbox.assign(
        "client-asks",
        key=key,
        what=WHAT[about],
        due_at=clock.now(),
        client_id=appointment.client_id,
        about_id=appointment.id,
    )
    outbox.post(
        "staff-call-back",
        key=key,
        to=get_practice().email,
        about_id=appointment.id,
        facts={"path": f"/sessions/{appointment.id}"},
    )
    audit.record("appointment:ask", by=by, subject_id=appointment.id, about=about.value)
