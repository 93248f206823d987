"""What a session takes up: whom and what it needs, and for how long around itself.

The same needs are laid over the calendar to find free times and turned into claims when a time
is taken, so that what is shown and what is occupied cannot differ.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from practice.calendar.rules.free import Need
from practice.sessions.rules.lifecycle import Modality

ROLE_LABELS = {
    "therapist": "the practitioner",
    "prescriber": "the prescriber",
    "medical_monitor": "the medical monitor",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """How a kind of session lies in the calendar; ``minutes`` is what the client sees."""

    minutes: int
    buffer_before_minutes: int
    buffer_after_minutes: int
    roles: tuple[str, ...]
    needs_room: bool


def needs_of(
    shape: Shape,
    modality: Modality,
    *,
    people: Mapping[str, Sequence[UUID]],
    rooms: Sequence[UUID],
    homes: Sequence[UUID],
    gap_minutes: int,
    client: UUID | None,
) -> tuple[Need, ...]:
    """List what a session needs; the person who holds it comes first.

    People and room are needed with set-up and turnover. The home is needed in person only, from
    the client's coming until ``gap_minutes`` after they leave, so that two never meet. A client
    is needed for the session alone; ``None`` is somebody who has no other sessions yet.
    """
    before, after = shape.buffer_before_minutes, shape.buffer_after_minutes
    needs = [
        Need(
            label=ROLE_LABELS.get(role, f"the {role.replace('_', ' ')}"),
            any_of=tuple(people.get(role, ())),
            pad_before_minutes=before,
            pad_after_minutes=after,
        )
        for role in shape.roles
    ]
    if modality is Modality.IN_PERSON:
        if shape.needs_room:
            needs.append(
                Need(
                    label="the room",
                    any_of=tuple(rooms),
                    pad_before_minutes=before,
                    pad_after_minutes=after,
                )
            )
        needs.append(Need(label="the home", any_of=tuple(homes), pad_after_minutes=gap_minutes))
    if client is not None:
        needs.append(Need(label="the client", any_of=(client,)))
    return tuple(needs)
