"""Who can be said to have done something, and what deeds are called on a page."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID


class ActorKind(StrEnum):
    STAFF = "staff"
    CLIENT = "client"  # whoever holds a client's link
    API = "api"  # another program, by one of the practice's tokens
    PROGRAM = "program"  # a job, a command, the payment processor's news


@dataclass(frozen=True, slots=True)
class Actor:
    """Who does something: a member of staff, a client, another program, or this one."""

    kind: ActorKind
    id: UUID | None = None


PROGRAM = Actor(ActorKind.PROGRAM)
VISITOR = Actor(ActorKind.CLIENT)

IN_WORDS: dict[str, str] = {
    "appointment:arrived": "Client arrived",
    "appointment:ask_to_pay": "Link to pay mailed",
    "appointment:book": "Session booked",
    "appointment:cancel": "Session cancelled",
    "appointment:completed": "Session completed",
    "appointment:confirm": "Session confirmed",
    "appointment:give-back": "Held time given back",
    "appointment:in_session": "Session begun",
    "appointment:move": "Session moved",
    "appointment:no_show": "Session missed",
    "appointment:override": "Limits of the course passed, with a reason",
    "appointment:release": "Held time let go",
    "appointment:renew": "Time held longer",
    "appointment:unconfirm": "Session no longer confirmed",
    "care:write": "Reason for care written down",
    "client:add": "Taken on as a client",
    "client:edit": "Contact details changed",
    "emergency_contact:write": "Emergency contact written down",
    "paper:record": "Paper put on file",
    "paper:withdraw": "Paper withdrawn",
    "payment:ask": "Card payment asked for",
    "payment:expired": "Card payment ran out",
    "payment:failed": "Card payment failed",
    "payment:pay": "Card payment came in",
    "payment:record": "Payment taken at the visit",
}
"""What the history of a client or a session calls a deed."""
