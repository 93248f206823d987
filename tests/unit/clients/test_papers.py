from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from practice.clients.rules.papers import (
    NAMES,
    RECORDED_WITH,
    ROUTE_NAMES,
    VALID_DAYS,
    PaperFacts,
    PaperKind,
    Route,
    last_day,
    what_is_wrong,
)

TODAY = date(2027, 3, 1)
near = st.integers(-500, 500).map(lambda days: TODAY + timedelta(days=days))


def test_every_kind_and_route_has_its_line_in_the_tables() -> None:
    assert set(NAMES) == set(RECORDED_WITH) == set(VALID_DAYS) == set(PaperKind)
    assert set(ROUTE_NAMES) == set(Route)


@given(
    kind=st.sampled_from(PaperKind),
    dated_on=near,
    valid_until=st.none() | near,
    route=st.none() | st.sampled_from(Route),
)
def test_a_paper_is_fine_when_nothing_is_wrong_with_any_part_of_it(
    kind: PaperKind, dated_on: date, valid_until: date | None, route: Route | None
) -> None:
    days = VALID_DAYS[kind]
    lasts = (valid_until - dated_on).days if valid_until else 0
    is_fine = (
        dated_on <= TODAY
        and lasts >= 0
        and (days is None or lasts <= days)
        and (kind is PaperKind.MEDICAL_CLEARANCE) is (route is not None)
    )

    facts = PaperFacts(route=route, person="Tam Hale", phone="+17575550173")
    wrong = what_is_wrong(
        kind, dated_on=dated_on, valid_until=valid_until, facts=facts, today=TODAY
    )

    assert (wrong is None) is is_fine
    assert wrong is None or wrong.field in {"dated_on", "valid_until", "route"}


def test_an_escort_has_a_name_and_a_number() -> None:
    def field(facts: PaperFacts) -> str | None:
        wrong = what_is_wrong(
            PaperKind.ESCORT, dated_on=TODAY, valid_until=None, facts=facts, today=TODAY
        )
        return wrong.field if wrong else None

    assert field(PaperFacts()) == "person"
    assert field(PaperFacts(person="Tam Hale")) == "phone"
    assert field(PaperFacts(person="Tam Hale", phone="+17575550173")) is None


def test_the_checks_of_the_day_bear_its_date() -> None:
    wrong = what_is_wrong(
        PaperKind.DAY_OF_CHECKS,
        dated_on=TODAY - timedelta(days=1),
        valid_until=None,
        facts=PaperFacts(),
        today=TODAY,
        session_on=TODAY,
    )

    assert wrong is not None
    assert wrong.field == "dated_on"


def test_a_date_at_the_end_of_time_is_refused_before_it_is_added_to() -> None:
    wrong = what_is_wrong(
        PaperKind.CONSENT_KETAMINE,
        dated_on=date.max,
        valid_until=None,
        facts=PaperFacts(),
        today=TODAY,
    )

    assert wrong is not None
    assert wrong.field == "dated_on"


def test_a_year_is_counted_from_the_paper_and_not_from_its_recording() -> None:
    assert last_day(PaperKind.CONSENT_KETAMINE, date(2027, 2, 20)) == date(2028, 2, 20)
    assert last_day(PaperKind.PREPARATION_HELD, date(2027, 2, 20)) is None
