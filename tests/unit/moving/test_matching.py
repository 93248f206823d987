"""Guesses about a calendar's titles."""

from uuid import UUID, uuid4

import pytest

from practice.moving.rules.matching import Clients, Person, Way, guess_way
from practice.sessions.rules.lifecycle import Modality, SessionKind

IN_PERSON, VIDEO = Modality.IN_PERSON, Modality.TELEHEALTH


def person(first: str, last: str, email: str = "") -> Person:
    return Person(
        uuid4(), f"{first} {last}", first, last, email or f"{first}.{last}@x.example".lower()
    )


ALEX = person("Alex", "Bell")
ALEX_TOO = person("Alex", "Bell", "other@x.example")
ANNE_MARIE = person("Anne Marie", "Élan")
BO = person("Bo", "Bellamy")
EVERYBODY = Clients([ALEX, ANNE_MARIE, BO])


@pytest.mark.parametrize(
    ("title", "emails", "meant"),
    [
        ("KAP alex  BELL prep", [], [ALEX]),
        ("Prep: Alex B.", [], [ALEX]),
        ("Session - anne marie elan (video)", [], [ANNE_MARIE]),
        ("Anne-Marie Élan", [], [ANNE_MARIE]),
        ("Lunch with Alexa Bellini", [], []),
        ("Alex", [], []),
        ("Bo Bellamy", ["alex.bell@x.example"], [ALEX]),
        ("Alex Bell and Bo B", [], [ALEX]),
        ("", [], []),
        ("Dentist", ["nobody@x.example"], []),
    ],
)
def test_somebody_is_meant_where_a_calendar_says_so(
    title: str, emails: list[str], meant: list[Person]
) -> None:
    assert EVERYBODY.meant(title, emails) == tuple(meant)


def test_two_of_one_name_are_both_meant() -> None:
    assert Clients([ALEX, ALEX_TOO]).meant("Alex Bell", []) == (ALEX, ALEX_TOO)


def way(kind: SessionKind, minutes: int, modality: Modality = IN_PERSON) -> Way:
    return Way(UUID(int=minutes), kind, kind.value, minutes, modality)


PREP, PREP_VIDEO = way(SessionKind.PREP, 60), way(SessionKind.PREP, 60, VIDEO)
PREP_LONG, DOSING = way(SessionKind.PREP, 90), way(SessionKind.DOSING, 180)
WAYS = [PREP_VIDEO, PREP, PREP_LONG, DOSING]


@pytest.mark.parametrize(
    ("title", "minutes", "guessed"),
    [
        ("Alex B prep", 50, PREP),
        ("Alex B prep (Zoom)", 55, PREP_VIDEO),
        ("Alex B preparation", 100, PREP_LONG),
        ("Alex B dose 3", 60, DOSING),
        ("Alex B", 60, PREP),
        ("Alex B", 175, DOSING),
        ("Alex B", 20, None),
        ("Alex B booster", 90, None),
    ],
)
def test_a_title_and_a_length_point_to_a_session_type(
    title: str, minutes: int, guessed: Way | None
) -> None:
    assert guess_way(title, minutes, WAYS) == guessed
