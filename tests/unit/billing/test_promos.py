"""What a code makes of a price, when it holds, and how it is written."""

from datetime import date, timedelta
from fractions import Fraction
from math import floor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from practice.billing.rules.prices import PriceWay
from practice.billing.rules.promos import Promo, is_code, tidy

ON = date(2027, 3, 1)


@given(st.integers(0, 1_000_000), st.sampled_from(PriceWay), st.integers(1, 100))
def test_a_code_takes_off_its_share_and_never_more_than_the_price(
    price: int, way: PriceWay, value: int
) -> None:
    found = Promo(way, value, ON, None, ()).minor(price)

    off = floor(Fraction(price * value, 100)) if way is PriceWay.PERCENT else min(price, value)
    assert found == price - off
    assert 0 <= found <= price


@given(st.integers(-3, 3), st.integers(-3, 3) | st.none(), st.integers(-4, 4), st.booleans())
def test_a_code_holds_between_its_days_and_for_its_services(
    first: int, last: int | None, today: int, is_for_it: bool
) -> None:
    until = None if last is None else ON + timedelta(days=last)
    promo = Promo(
        PriceWay.PERCENT,
        10,
        ON + timedelta(days=first),
        until,
        {"this"} if is_for_it else {"another"},
    )

    found = promo.problem("this", ON + timedelta(days=today))

    holds = first <= today and (last is None or today <= last)
    assert (found is None) == (holds and is_for_it)


@pytest.mark.parametrize(
    ("typed", "code", "is_one"),
    [
        (" spring 25 ", "SPRING25", True),
        ("Early-Bird", "EARLY-BIRD", True),
        ("ab", "AB", False),
        ("-abc", "-ABC", False),
        ("a" * 20, "A" * 20, True),
        ("a" * 21, "A" * 21, False),
        ("50%", "50%", False),
        ("", "", False),
    ],
)
def test_a_code_is_letters_digits_and_hyphens_however_it_is_typed(
    typed: str, code: str, is_one: bool
) -> None:
    assert (tidy(typed), is_code(tidy(typed))) == (code, is_one)
