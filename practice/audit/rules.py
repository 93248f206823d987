"""Who can be said to have done something."""

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
