"""Who can be said to have done something, and what deeds are called on a page."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID


class ActorKind(StrEnum):
    STAFF = "staff"
    CLIENT = "client"  # whoever holds a client's link
    PROGRAM = "program"  # a job, a command, the payment processor's news


@dataclass(frozen=True, slots=True)
class Actor:
    """Who does something: a member of staff, a client, or the program itself."""

    kind: ActorKind
    id: UUID | None = None


PROGRAM = Actor(ActorKind.PROGRAM)
VISITOR = Actor(ActorKind.CLIENT)

IN_WORDS: dict[str, str] = {
    "appointment:book": "Session booked",
    "appointment:hold": "Time held",
    "appointment:renew": "Time held longer",
    "appointment:release": "Held time released",
    "appointment:identify": "Details given",
    "appointment:confirm": "Session confirmed",
    "appointment:reconsider": "Readiness looked at again",
    "appointment:move": "Session moved",
    "appointment:cancel": "Session cancelled",
    "appointment:arrive": "Client arrived",
    "appointment:start": "Session started",
    "appointment:complete": "Session completed",
    "appointment:miss": "Session missed",
    "care:write": "Reason for care written down",
    "client:add": "Client taken on",
    "client:edit": "Contact details changed",
    "emergency_contact:write": "Emergency contact written down",
    "paper:record": "Paper recorded",
    "paper:withdraw": "Paper withdrawn",
}
