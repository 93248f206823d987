"""Business days and the clock of estimates, day by day against a list typed from opm.gov."""

from datetime import date, timedelta

import pytest

from practice.billing.rules import business_days, estimates

DAY = timedelta(days=1)
CLOSED = {
    *("2026-01-01", "2026-01-19", "2026-02-16", "2026-05-25", "2026-06-19", "2026-07-03"),
    *("2026-09-07", "2026-10-12", "2026-11-11", "2026-11-26", "2026-12-25"),
    *("2027-01-01", "2027-01-18", "2027-02-15", "2027-05-31", "2027-06-18", "2027-07-05"),
    *("2027-09-06", "2027-10-11", "2027-11-11", "2027-11-25", "2027-12-24", "2027-12-31"),
    *("2028-01-17", "2028-02-21", "2028-05-29", "2028-06-19", "2028-07-04", "2028-09-04"),
    *("2028-10-09", "2028-11-10", "2028-11-23", "2028-12-25"),
}
"""The days on which federal offices are closed, as opm.gov lists them."""


def days(first: date, last: date) -> list[date]:
    return [first + DAY * n for n in range((last - first).days + 1)]


def is_open(on: date) -> bool:
    return on.isoweekday() <= 5 and on.isoformat() not in CLOSED


def ahead(booked_on: date, service_on: date) -> int:
    """Count the business days from a booking until before the session, one by one."""
    return sum(is_open(on) for on in days(booked_on, service_on - DAY))


def later(on: date, count: int) -> date:
    """Walk on, one day at a time."""
    while count:
        on += DAY
        count -= is_open(on)
    return on


def test_three_years_of_days_are_open_or_closed_as_the_list_says() -> None:
    every = days(date(2026, 1, 1), date(2028, 12, 31))

    assert {on for on in every if business_days.is_business_day(on) != is_open(on)} == set()


def test_the_deadline_of_every_booking_in_two_years_is_the_counted_one() -> None:
    wrong = []
    for booked_on in days(date(2026, 1, 1), date(2027, 12, 31)):
        for service_on in days(booked_on, booked_on + DAY * 21):
            count = ahead(booked_on, service_on)
            owed = later(booked_on, 3) if count >= 10 else later(booked_on, 1)
            expected = owed if count >= 3 else None
            if estimates.due_on(booked_on=booked_on, service_on=service_on) != expected:
                wrong.append((booked_on, service_on))

    assert wrong == []


def test_a_request_has_three_business_days_and_a_change_must_come_one_before() -> None:
    for on in days(date(2026, 1, 1), date(2027, 12, 31)):
        asked = estimates.due_on_request(on)
        changed = estimates.due_on_change(on)

        assert (is_open(asked), sum(map(is_open, days(on + DAY, asked)))) == (True, 3)
        assert (is_open(changed), sum(map(is_open, days(changed, on - DAY)))) == (True, 1)
        assert estimates.counts_for(on, changed)
        assert not estimates.counts_for(on, changed + DAY)


@pytest.mark.parametrize(
    ("booked_on", "service_on", "due_on"),
    [
        # The agency's own examples: Martin Luther King's day lies between.
        (date(2022, 1, 3), date(2022, 1, 6), date(2022, 1, 4)),
        (date(2022, 1, 3), date(2022, 1, 20), date(2022, 1, 6)),
        # Across Thanksgiving and a weekend; booked too late to be owed.
        (date(2026, 11, 25), date(2026, 12, 1), date(2026, 11, 27)),
        (date(2026, 11, 27), date(2026, 12, 1), None),
        (date(2026, 11, 28), date(2026, 11, 28), None),
    ],
)
def test_a_deadline_by_hand(booked_on: date, service_on: date, due_on: date | None) -> None:
    assert estimates.due_on(booked_on=booked_on, service_on=service_on) == due_on


def test_an_estimate_of_many_sessions_reaches_a_year() -> None:
    assert estimates.reaches_until(date(2026, 12, 1)) == date(2027, 11, 30)
    assert estimates.reaches_until(date(2028, 2, 29)) == date(2029, 2, 28)


@pytest.mark.parametrize(
    ("billed", "passes"), [(0, False), (500_00 + 399_99, False), (500_00 + 400_00, True)]
)
def test_a_bill_passes_its_estimate_from_400_dollars_above(billed: int, passes: bool) -> None:
    assert estimates.passes(estimated_minor=500_00, billed_minor=billed) is passes
