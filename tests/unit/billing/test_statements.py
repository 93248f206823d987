from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from practice.billing.rules.statements import Movement, facts, what_is_wrong

days = st.dates(date(2026, 1, 1), date(2026, 12, 31))
movements = st.lists(st.builds(Movement, days, st.just("x"), st.just("1"), st.integers(-999, 999)))


@given(movements, days, days)
def test_opening_and_lines_sum_to_closing_whatever_the_period(
    moved: list[Movement], one: date, other: date
) -> None:
    first_on, last_on = min(one, other), max(one, other)

    said = facts(moved, first_on, last_on, currency="USD")

    assert said["opening_minor"] == sum(each.minor for each in moved if each.on < first_on)
    assert said["closing_minor"] == sum(each.minor for each in moved if each.on <= last_on)
    assert (
        said["closing_minor"] == said["opening_minor"] + said["charged_minor"] - said["paid_minor"]
    )
    balances = [said["opening_minor"], *(each["balance_minor"] for each in said["lines"])]
    assert balances[-1] == said["closing_minor"]


def test_a_period_that_runs_backwards_or_for_decades_is_refused() -> None:
    assert (
        what_is_wrong(date(2026, 2, 1), date(2026, 1, 31)) == "The last day lies before the first."
    )
    assert (
        what_is_wrong(date(1996, 1, 1), date(2026, 1, 1)) == "A period is at most three years long."
    )
    assert what_is_wrong(date(2026, 1, 1), date(2026, 1, 1)) is None
