from uuid import UUID

import pytest

from practice.calendar.rules.dav import steps
from practice.calendar.rules.dav.places import Addresses, Kind, Place, place_of
from practice.calendar.rules.dav.steps import Step
from practice.core import tokens

ONE, TWO = UUID(int=1), UUID(int=2)
AT = Addresses("/dav/", ONE)


def test_an_address_is_read_as_it_is_written() -> None:
    paths = ["/dav/", AT.principal, AT.home, AT.calendar, AT.session(TWO)]

    assert [place_of(each.removeprefix("/dav/")) for each in paths] == [
        Place(Kind.ROOT),
        Place(Kind.PRINCIPAL, ONE),
        Place(Kind.HOME, ONE),
        Place(Kind.CALENDAR, ONE),
        Place(Kind.SESSION, ONE, TWO),
    ]
    assert [place_of(each) for each in ("x", f"{ONE}/x/", f"{ONE}/calendars/x/")] == [None] * 3
    assert place_of(f"{ONE}/calendars/sessions/x.ics") == Place(Kind.SESSION, ONE)


@pytest.mark.parametrize(
    ("address", "session_id"),
    [
        (AT.session(TWO), TWO),
        (f"https://host{AT.session(TWO)}", TWO),
        (AT.session(TWO).replace("-", "%2D"), TWO),
        (Addresses("/dav/", TWO).session(TWO), None),
        (AT.calendar, None),
        ("/elsewhere", None),
        ("http://[", None),
    ],
)
def test_a_session_is_found_by_any_way_of_writing_its_address(
    address: str, session_id: UUID | None
) -> None:
    assert AT.session_at(address) == session_id


@pytest.mark.parametrize(
    ("step", "is_good"),
    [
        (Step(5, 5), True),
        (Step(3, 3), True),
        (Step(2, 2), False),  # something went after it that is forgotten
        (Step(2, 4), True),  # it began after that, and is still being told the rest
        (Step(6, 6), False),  # not of this calendar
        (Step(2, 6), False),
    ],
)
def test_a_token_is_good_while_all_that_came_after_is_known(step: Step, *, is_good: bool) -> None:
    assert steps.read(str(step)) == step
    assert step.is_good(version=5, forgotten=3) is is_good


@pytest.mark.parametrize("token", ["", "data:,1", "data:,1-2-3", "data:,-1-1", "data:,1-１", "5"])
def test_what_is_no_token_of_ours_is_none(token: str) -> None:
    assert steps.read(token) is None


def test_an_app_password_is_the_same_however_it_is_typed() -> None:
    made = tokens.to_type()

    assert len(made) == 29
    assert tokens.as_typed(made.upper().replace("-", " ")) == made.replace("-", "")
    assert tokens.as_typed("oO-iIlL") == "001111"
