from uuid import UUID

import pytest

from practice.sessions.rules.lifecycle import Modality
from practice.sessions.rules.needs import Shape, needs_of

MORGAN, SAM, ROOM, HOME, CLIENT = (UUID(int=n) for n in range(1, 6))
DOSING = Shape(
    minutes=180,
    buffer_before_minutes=30,
    buffer_after_minutes=45,
    roles=("therapist", "medical_monitor"),
    needs_room=True,
)


def spans(shape: Shape, modality: Modality, client: UUID | None) -> dict[UUID, tuple[int, int]]:
    """What each gives, in minutes before the start and after it."""
    needs = needs_of(
        shape,
        modality,
        people={"therapist": [MORGAN], "medical_monitor": [SAM]},
        rooms=[ROOM],
        homes=[HOME],
        gap_minutes=20,
        client=client,
    )
    return {
        need.any_of[0]: (need.pad_before_minutes, shape.minutes + need.pad_after_minutes)
        for need in needs
    }


def test_a_dosing_takes_people_and_room_with_buffers_the_home_with_its_gap() -> None:
    assert spans(DOSING, Modality.IN_PERSON, CLIENT) == {
        MORGAN: (30, 225),
        SAM: (30, 225),
        ROOM: (30, 225),
        HOME: (0, 200),
        CLIENT: (0, 180),
    }


def test_by_video_neither_room_nor_home_is_needed() -> None:
    assert spans(DOSING, Modality.TELEHEALTH, None) == {MORGAN: (30, 225), SAM: (30, 225)}


@pytest.mark.parametrize("modality", Modality)
def test_who_holds_the_session_comes_first(modality: Modality) -> None:
    needs = needs_of(DOSING, modality, people={}, rooms=[], homes=[], gap_minutes=20, client=CLIENT)

    assert [need.label for need in needs][:2] == ["the practitioner", "the medical monitor"]
    assert needs[0].any_of == ()
