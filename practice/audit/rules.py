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
    "appointment:approve": "Request approved",
    "appointment:arrived": "Client arrived",
    "appointment:ask": "Client asks for a call",
    "appointment:ask_to_pay": "Link to pay mailed",
    "appointment:book": "Session booked",
    "appointment:cancel": "Session cancelled",
    "appointment:completed": "Session completed",
    "appointment:confirm": "Session confirmed",
    "appointment:decline": "Request declined",
    "appointment:give-back": "Held time given back",
    "appointment:in_session": "Session begun",
    "appointment:move": "Session moved",
    "appointment:no_show": "Session missed",
    "appointment:note": "Note written",
    "appointment:override": "Limits of the course passed, with a reason",
    "appointment:release": "Held time let go",
    "appointment:renew": "Time held longer",
    "appointment:request": "Time asked for",
    "appointment:unconfirm": "Session no longer confirmed",
    "appointment:undo": "The last change was undone",
    "care:write": "Reason for care written down",
    "client:add": "Taken on as a client",
    "client:edit": "Contact details changed",
    "emergency_contact:write": "Emergency contact written down",
    "invitation:accept": "Invitation accepted",
    "invitation:send": "Somebody invited to the team",
    "invitation:withdraw": "Invitation withdrawn",
    "paper:record": "Paper put on file",
    "paper:withdraw": "Paper withdrawn",
    "payment:ask": "Card payment asked for",
    "payment:expired": "Card payment ran out",
    "payment:failed": "Card payment failed",
    "payment:pay": "Card payment came in",
    "payment:record": "Payment taken at the visit",
    "practice:create": "Practice started",
    "practice:edit": "What the practice says of itself changed",
    "practice:furnish": "Services, rules and rooms put in",
    "practice:keep_places": "Address or arrival notes changed",
    "practice:keep_policies": "Policies changed",
    "practice:move_zone": "Practice moved to another time zone",
    "practice:paint": "Color of the client pages changed",
    "practice:set_up": "A step of the set-up ended",
    "resource:employ": "Time in the calendar given",
    "resource:keep_video_room": "Video room changed",
    "resource:keep_week": "Weekly hours changed",
    "service:add": "New service offered",
    "service:bring_back": "Service offered again",
    "service:change": "Service changed",
    "service:retire": "Service no longer offered",
    "service:set_policy": "Terms of cancelling changed",
    "user:change_roles": "Roles changed",
    "user:create": "Joined the team",
    "user:end": "Access ended",
    "user:return": "Came back to the team",
    "user:set_password": "Password set anew",
}
"""What the history of a client or a session calls a deed."""
