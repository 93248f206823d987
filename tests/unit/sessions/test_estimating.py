"""What an estimate says, and when a new one is owed."""

from collections import Counter
from dataclasses import replace
from datetime import date, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from practice.billing.rules.estimates import Priced, not_covered
from practice.core.money import Money
from practice.people.identifiers import Provider
from practice.sessions.rules import estimating
from practice.sessions.rules.codes import CodeLine, Codes
from practice.sessions.rules.estimating import Expected, Named, Wanted
from practice.sessions.rules.lifecycle import Modality

ME = UUID(int=1)
BOOKED = date(2026, 12, 1)
NAMED = {ME: Named("Morgan Reyes", Provider("LPC", "1234567893", "1", "VA"))}
WANTED = Wanted(
    birth_on="1984-02-29",
    tax_id="12-3456789",
    locality="Norfolk, VA",
    names_diagnoses=False,
    diagnoses=("F33.1",),
)


def talk(on: date | None, number: int = 0, minor: int = 175_00) -> Expected:
    return Expected(
        for_id=UUID(int=number) if on else None,
        on=on,
        booked_on=BOOKED if on else None,
        label="Talk",
        minutes=60,
        modality=Modality.IN_PERSON,
        price=Money(minor, "USD"),
        provider_id=ME,
        codes=Codes(lines=(CodeLine(code="H0004", label="Talk"),)),
    )


@pytest.mark.parametrize(
    ("dates", "words"),
    [
        (["2026-12-07"], "Dec 7, 2026"),
        (["2026-12-14", "2026-12-07"], "Dec 7, 2026; Dec 14, 2026"),
        (
            ["2026-12-07", "2026-12-14", "2026-12-21", "2026-12-28"],
            "4 times, about weekly, Dec 7, 2026 to Dec 28, 2026",
        ),
        (
            ["2026-12-01", "2026-12-15", "2026-12-28", "2027-01-12"],
            "4 times, about every 2 weeks, Dec 1, 2026 to Jan 12, 2027",
        ),
        (
            ["2026-12-01", "2026-12-04", "2026-12-07", "2026-12-10", None, None],
            "4 times, about every 3 days, Dec 1, 2026 to Dec 10, 2026; 2 still to be scheduled",
        ),
        ([None], "Still to be scheduled"),
        ([None, None], "2 still to be scheduled"),
    ],
)
def test_how_often_and_how_many_in_words(dates: list[str | None], words: str) -> None:
    sessions = [talk(date.fromisoformat(on) if on else None) for on in dates]

    assert estimating.when_words(sessions) == words


def test_what_is_booked_well_ahead_is_owed_in_three_business_days_and_later_in_one() -> None:
    far, near, at_once = (talk(BOOKED + timedelta(days=n), n) for n in (20, 7, 1))

    assert estimating.owed_by([far], []) == date(2026, 12, 4)
    assert estimating.owed_by([far, near, at_once], []) == date(2026, 12, 2)
    assert estimating.owed_by([at_once], []) is None
    assert estimating.owed_by([far, near], [far.priced, near.priced]) is None


def test_another_price_is_owed_by_the_business_day_before_however_late_it_was_booked() -> None:
    soon = talk(date(2026, 12, 14), 1)
    dearer = replace(soon, price=Money(200_00, "USD"))

    assert estimating.owed_by([dearer], [soon.priced]) == date(2026, 12, 11)


def test_a_step_that_gets_its_date_is_covered_by_what_was_foreseen() -> None:
    foreseen = [talk(None).priced] * 2

    assert estimating.owed_by([talk(date(2027, 1, 4), 1), talk(None)], foreseen) is None
    more = [talk(date(2027, 1, 4), 1), talk(date(2027, 1, 11), 2), talk(date(2027, 1, 18), 3)]
    assert estimating.owed_by(more, foreseen) is not None


things = st.lists(
    st.builds(
        Priced,
        st.none(),
        st.sampled_from([UUID(int=1), UUID(int=2)]),
        st.sampled_from([100, 200]),
    ),
    max_size=6,
)


@given(things, things)
def test_what_is_foreseen_covers_as_many_as_there_are(
    expected: list[Priced], said: list[Priced]
) -> None:
    left = Counter(expected)
    left.subtract(Counter(said))

    assert Counter(not_covered(expected, said)) == +left


def test_an_estimate_covers_a_year_and_leaves_out_what_lies_behind() -> None:
    within, beyond = talk(date(2027, 11, 30), 1), talk(date(2027, 12, 1), 2)
    first = talk(date(2026, 12, 1), 3)

    assert estimating.within_reach([first, within, beyond]) == [first, within]


def test_it_names_no_diagnosis_unless_the_practice_wants_that() -> None:
    def said(wanted: Wanted) -> set[str]:
        facts = estimating.facts([talk(BOOKED, 1)], wanted, NAMED, separately=(), currency="USD")
        return {row["diagnoses"] for group in facts["providers"] for row in group["rows"]}

    assert said(WANTED) == {""}
    assert said(replace(WANTED, names_diagnoses=True)) == {"F33.1"}


def test_what_is_lacking_is_said_once_in_words() -> None:
    nobody = replace(talk(BOOKED, 1), codes=None)
    poor = replace(WANTED, birth_on="", tax_id="")

    found = estimating.lacking([nobody, nobody], poor, {ME: Named("Morgan", Provider())})

    assert [words for _, words in found] == [
        "The client’s birth date is not on file.",
        "The tax ID of the practice is not in the settings.",
        "The NPI of the clinician is not in the settings.",
        "The credentials of the clinician are not in the settings.",
        "The license of the clinician is not in the settings.",
        "Talk has no codes that fit it.",
    ]
    assert estimating.lacking([talk(BOOKED, 1)], WANTED, NAMED) == []
