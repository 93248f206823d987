from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from practice.sessions.rules.lifecycle import Modality
from practice.sessions.rules.needs import Shape, Span, needs_of, spans_of

MORGAN, SAM, ROOM, HOME, CLIENT = (UUID(int=n) for n in range(1, 6))
NINE = datetime(2027, 3, 15, 13, tzinfo=UTC)
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
    team = [need.any_of[0] for need in needs]
    minute = timedelta(minutes=1)
    return {
        span.resource_id: ((NINE - span.starts_at) // minute, (span.ends_at - NINE) // minute)
        for span in spans_of(needs, team, NINE, shape.minutes)
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


def test_each_need_is_met_by_the_member_in_its_place() -> None:
    needs = needs_of(
        DOSING, Modality.TELEHEALTH, people={"therapist": [MORGAN, SAM],
        "medical_monitor": [SAM]}, rooms=[], homes=[], gap_minutes=0, client=None,
    )  # fmt: skip

    assert [span.resource_id for span in spans_of(needs, (MORGAN, SAM), NINE, 60)] == [MORGAN, SAM]
    assert spans_of(needs[:1], (MORGAN,), NINE, 60) == (
        Span(MORGAN, NINE - timedelta(minutes=30), NINE + timedelta(minutes=105)),
    )
