import json
from dataclasses import replace

import pytest

from practice.core.errors import Invalid
from practice.core.money import Money
from practice.sessions.rules import codes
from practice.sessions.rules.codes import CodeLine, Codes, coded
from practice.sessions.rules.lifecycle import Modality

FEE = Money(175_00, "USD")
BY_MINUTES = Codes(
    lines=(
        CodeLine(code="10001", label="Short talk", from_minutes=16, to_minutes=37),
        CodeLine(code="10002", label="Talk", from_minutes=38, to_minutes=52),
        CodeLine(code="10003", label="Long talk", from_minutes=53),
        CodeLine(code="A0001", label="Questionnaire", units=2, share_minor=10_00),
    )
)


def of(minutes: int, modality: Modality = Modality.IN_PERSON) -> list[tuple[str, str, int]]:
    found = coded(BY_MINUTES, minutes=minutes, modality=modality, fee=FEE)
    return [(each.line.code, each.place, each.fee.minor) for each in found]


@pytest.mark.parametrize(
    ("minutes", "code"),
    [(16, "10001"), (37, "10001"), (38, "10002"), (52, "10002"), (53, "10003"), (180, "10003")],
)
def test_minutes_choose_the_code_and_the_rest_of_the_price_is_its(minutes: int, code: str) -> None:
    assert of(minutes) == [(code, "11", 165_00), ("A0001", "11", 10_00)]


def test_a_session_too_short_for_any_code_says_so() -> None:
    with pytest.raises(Invalid, match="do not sum"):
        of(15)
    alone = replace(BY_MINUTES, lines=BY_MINUTES.lines[:3])
    with pytest.raises(Invalid, match="none of its codes is for 15 minutes"):
        coded(alone, minutes=15, modality=Modality.IN_PERSON, fee=FEE)


def test_video_changes_place_and_modifier() -> None:
    found = coded(BY_MINUTES, minutes=60, modality=Modality.TELEHEALTH, fee=FEE)

    assert [(each.place, each.line.modifiers) for each in found] == [("10", ("95",))] * 2


def test_parts_above_the_price_and_two_that_take_the_rest_are_refused() -> None:
    with pytest.raises(Invalid, match="do not sum"):
        coded(BY_MINUTES, minutes=60, modality=Modality.IN_PERSON, fee=Money(9_99, "USD"))
    twice = Codes(lines=(BY_MINUTES.lines[2], replace(BY_MINUTES.lines[2], code="10009")))
    with pytest.raises(Invalid, match="two of its codes"):
        coded(twice, minutes=60, modality=Modality.IN_PERSON, fee=FEE)
    assert codes.overlapping(twice.lines) == 53
    assert codes.overlapping(BY_MINUTES.lines) is None


def test_what_is_kept_is_read_again() -> None:
    assert codes.read(json.loads(json.dumps(codes.as_kept(BY_MINUTES)))) == BY_MINUTES


def test_codes_places_and_modifiers_as_they_are_typed() -> None:
    assert [codes.code_of(text) for text in ("10001", "0820t", "g2082")] == [
        *("10001", "0820T", "G2082")
    ]
    assert codes.place_of("02") == "02"
    assert codes.modifiers_of(" 95, gt ") == ("95", "GT")
    assert codes.modifiers_of("") == ()


@pytest.mark.parametrize("text", ["", "9083", "908344", "9o834", "ABCDE", "9083-", "１2345"])
def test_a_malformed_code_is_refused(text: str) -> None:
    with pytest.raises(Invalid, match="five characters"):
        codes.code_of(text)


@pytest.mark.parametrize("text", ["", "1", "111", "AB", "00", "１１"])
def test_a_malformed_place_is_refused(text: str) -> None:
    with pytest.raises(Invalid, match="two digits"):
        codes.place_of(text)


@pytest.mark.parametrize("text", ["9", "955", "9-", "95 93 GT HO HN"])
def test_malformed_modifiers_are_refused(text: str) -> None:
    with pytest.raises(Invalid, match="modifier"):
        codes.modifiers_of(text)
