"""What a service may be, and how two versions of it differ."""

from dataclasses import replace

import pytest

from practice.clients.rules.papers import Route
from practice.core.errors import Invalid
from practice.core.money import Money
from practice.sessions.rules.lifecycle import Modality, SessionKind
from practice.sessions.rules.offered import (
    Difference,
    Offered,
    differences,
    slug_for,
    terms_of,
)
from practice.sessions.rules.policies import as_terms, shipped_policy

PREP = Offered(
    kind=SessionKind.PREP,
    label="Preparation session, 60 min",
    about="Time to get ready together.",
    code="P",
    minutes=60,
    buffer_before_minutes=5,
    buffer_after_minutes=15,
    price=Money(17_500, "USD"),
    modalities=(Modality.IN_PERSON, Modality.TELEHEALTH),
    needs_room=True,
    needs_roles=("therapist",),
    route=None,
    notice_hours=24,
    billed_by_practice=True,
    deposit={},
    pay_at_visit=False,
    position=7,
)
TALK = as_terms(shipped_policy(SessionKind.PREP))


@pytest.mark.parametrize(
    "wrong",
    [
        {"minutes": 0},
        {"minutes": -60},
        {"minutes": 1},
        {"minutes": 61},
        {"minutes": 100_000},
        {"buffer_before_minutes": -5},
        {"buffer_after_minutes": 245},
        {"notice_hours": -1},
        {"notice_hours": 90 * 24 + 1},
        {"price": Money(-1, "USD")},
        {"price": Money(10_000_001, "USD")},
        {"modalities": ()},
        {"needs_roles": ()},
        {"needs_roles": ("cook",)},
        {"code": "p"},
        {"code": "LONG"},
        {"code": ""},
        {"label": ""},
        {"route": Route.SL},
        {"kind": SessionKind.DOSING},
    ],
)
def test_what_makes_no_session_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(Invalid):
        replace(PREP, **wrong)  # type: ignore[arg-type]  # a case names what it means


def test_two_versions_differ_in_words() -> None:
    before = terms_of(PREP, TALK)
    after = terms_of(
        replace(
            PREP,
            price=Money(0, "USD"),
            minutes=90,
            modalities=(Modality.TELEHEALTH,),
            needs_room=False,
            pay_at_visit=True,
        ),
        TALK | {"tiers": [[48, 0], [0, 50]], "late_grace_minutes": 0},
    )

    assert differences(before, before) == []
    assert differences(before, after) == [
        Difference("Length", "1 hour", "1 hour 30 minutes"),
        Difference("Price", "$175.00", "free"),
        Difference("Paid", "when booking", "at the visit"),
        Difference("Given", "in person or video", "video"),
        Difference("Needs", "practitioner, room", "practitioner"),
        Difference(
            "Cancelling",
            "Free up to 24 hours before, 100% with less than 24 hours; "
            "is shortened when 15 minutes late",
            "Free up to 48 hours before, 50% with less than 48 hours, 100% when missed; "
            "is shortened when late",
        ),
    ]


@pytest.mark.parametrize(
    ("label", "slug"),
    [
        ("Préparation, 90 min", "preparation-90-min"),
        ("  <b>Intake</b> ", "b-intake-b"),
        ("李", "session"),
        ("intake", "intake-3"),
        ("x" * 200, "x" * 50),
    ],
)
def test_a_new_service_gets_an_address_like_no_other(label: str, slug: str) -> None:
    assert slug_for(label, {"intake", "intake-2"}) == slug
