"""Sessions that a client has already, taken over by a new course where they fit."""

from datetime import UTC, date, datetime, time, timedelta
from uuid import uuid4

from practice.sessions.rules import templates
from practice.sessions.rules.course_adopting import Had, adoptable
from practice.sessions.rules.lifecycle import SessionKind

K = SessionKind
TODAY = date(2027, 3, 1)
STEPS = templates.course("sl-psycholytic-6")["steps"]


def had(kind: SessionKind, service: str, days: int) -> Had:
    on = TODAY + timedelta(days=days)
    at = datetime.combine(on, time(15), UTC)
    return Had(uuid4(), kind, service, at, on, is_held=days < 0)


def keys(*sessions: Had) -> dict[str, int]:
    found = adoptable(STEPS, sessions, today=TODAY)
    return {key: (each.on - TODAY).days for key, each in found.items()}


def test_what_is_booked_or_was_held_lately_counts_in_order() -> None:
    intake, one, two = (had(K.INTAKE, "intake", -10), *(had(K.PREP, "prep_60", n) for n in (2, 9)))

    assert keys(two, intake, one) == {"intake": -10, "prep_1": 2, "prep_2": 9}


def test_what_lies_before_its_anchor_does_not_count() -> None:
    assert keys(had(K.PREP, "prep_60", 1), had(K.INTAKE, "intake", 3)) == {"intake": 3}


def test_what_was_held_too_long_ago_does_not_count() -> None:
    assert keys(had(K.INTAKE, "intake", -45)) == {"intake": -45}
    assert keys(had(K.INTAKE, "intake", -46)) == {}


def test_the_same_service_comes_before_the_same_kind() -> None:
    assert keys(had(K.PREP, "prep_90", 1), had(K.PREP, "prep_60", 4)) == {"prep_1": 4}
    assert keys(had(K.PREP, "prep_90", 1)) == {"prep_1": 1}


def test_dosings_and_what_follows_them_stay_where_they_are() -> None:
    assert keys(had(K.DOSING, "dosing_sl", 20), had(K.INTEGRATION, "integration_60", 21)) == {}
