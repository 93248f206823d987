"""The limits of a course, where somebody books or moves: who may pass them, and with what reason.

Call inside ``transaction()``.
"""

from __future__ import annotations

from collections.abc import Sequence

from practice.audit import service as audit
from practice.audit.rules import Actor
from practice.core.errors import Conflict, Invalid, NotAllowed
from practice.people.models import Client
from practice.people.queries import get_member, get_practice
from practice.people.rules import Permission, may
from practice.sessions.models import Appointment
from practice.sessions.queries.appointments import sessions_of
from practice.sessions.rules import windows
from practice.sessions.rules.windows import Finding, Session

LONGEST_REASON = 300


class WindowBroken(Conflict):
    """The session would lie outside the limits of the course; ``findings`` say where."""

    def __init__(self, findings: Sequence[Finding]) -> None:
        super().__init__(" ".join(finding.words for finding in findings))
        self.findings = tuple(findings)


def broken_by(
    session: Session, client: Client, *, moved_from: Session | None = None
) -> list[Finding]:
    """List which limits a session would break among the client's others, were it where it is."""
    found = windows.findings(
        session, sessions_of(client.id), get_practice().time_zone, moved_from=moved_from
    )
    return [each for each in found if each.is_hard]


def check_windows(broken: Sequence[Finding], reason: str | None, by: Actor) -> None:
    """Refuse what breaks a limit, unless somebody who may wrote down why.

    Raises:
        WindowBroken: without a reason.
        NotAllowed: with one of somebody who may not.
    """
    if not broken:
        return
    if reason is None:
        raise WindowBroken(broken)
    if by.id is None or not may(get_member(by.id).role_set, Permission.WINDOW_OVERRIDE):
        raise NotAllowed("Only a practitioner may go beyond the limits of a course.")


def record_override(appointment: Appointment, broken: Sequence[Finding], by: Actor) -> None:
    """Note that limits were passed, where any were."""
    if broken:
        audit.record("appointment:override", by=by, subject_id=appointment.id, windows=len(broken))


def cleaned(reason: str | None) -> str | None:
    """Return a reason without blanks around it; ``None`` if nothing is left.

    Raises:
        Invalid: if it is longer than its place.
    """
    text = (reason or "").strip()
    if len(text) > LONGEST_REASON:
        raise Invalid(f"Give the reason in at most {LONGEST_REASON} characters.")
    return text or None
