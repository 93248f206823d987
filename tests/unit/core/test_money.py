import pytest
from hypothesis import given
from hypothesis import strategies as st

from practice.core.money import Money

minors = st.integers(-(10**12), 10**12)
amounts = st.integers(0, 10**9)
weights = st.lists(st.integers(0, 1_000), min_size=1, max_size=12).filter(any)


def usd(minor: int) -> Money:
    return Money(minor, "USD")


@given(minor=amounts, weights=weights)
def test_split_neither_loses_nor_invents(minor: int, weights: list[int]) -> None:
    shares = usd(minor).split(weights)

    assert sum(share.minor for share in shares) == minor
    for share, weight in zip(shares, weights, strict=True):
        assert share.minor >= 0
        assert share.minor == 0 or weight > 0


@given(minor=amounts, weights=weights)
def test_split_is_never_a_whole_unit_from_the_exact_share(minor: int, weights: list[int]) -> None:
    shares = usd(minor).split(weights)

    whole = sum(weights)
    assert all(
        abs(share.minor * whole - minor * weight) < whole
        for share, weight in zip(shares, weights, strict=True)
    )


@given(minor=amounts, count=st.integers(1, 40))
def test_split_among_equals_differs_by_one_unit_at_most(minor: int, count: int) -> None:
    shares = [share.minor for share in usd(minor).split([1] * count)]

    assert max(shares) - min(shares) <= 1
    assert shares == sorted(shares, reverse=True)


@pytest.mark.parametrize(
    ("minor", "weights"), [(-1, [1]), (100, []), (100, [0, 0]), (100, [2, -1])]
)
def test_split_refuses_what_has_no_answer(minor: int, weights: list[int]) -> None:
    with pytest.raises(ValueError, match="split needs"):
        usd(minor).split(weights)


@given(one=minors, other=minors)
def test_adding_and_taking_away_undo_each_other(one: int, other: int) -> None:
    assert usd(one) + usd(other) == usd(other) + usd(one) == usd(one + other)
    assert usd(one) + usd(other) - usd(other) == usd(one)
    assert usd(one) - usd(other) == usd(one) + -usd(other)


def test_two_currencies_never_meet() -> None:
    with pytest.raises(ValueError, match="USD and EUR do not mix"):
        usd(1) + Money(1, "EUR")
    with pytest.raises(ValueError, match="USD and EUR do not mix"):
        usd(1) - Money(1, "EUR")
    assert usd(1) != Money(1, "EUR")


@pytest.mark.parametrize("currency", ["usd", "US", "USDT", "", "Usd"])
def test_a_currency_is_three_capitals(currency: str) -> None:
    with pytest.raises(ValueError, match="not an ISO 4217 code"):
        Money(1, currency)


def test_nothing_is_false_and_a_debt_is_true() -> None:
    assert [bool(usd(minor)) for minor in (0, 1, -1)] == [False, True, True]


@pytest.mark.parametrize(
    ("money", "written"),
    [
        (usd(0), "$0.00"),
        (usd(5), "$0.05"),
        (usd(18_000), "$180.00"),
        (usd(123_456_789), "$1,234,567.89"),
        (usd(-5), "-$0.05"),
        (usd(-18_050), "-$180.50"),
        (Money(18_050, "CAD"), "CAD 180.50"),
        (Money(-18_050, "CAD"), "-CAD 180.50"),
    ],
)
def test_money_is_written_as_people_write_it(money: Money, written: str) -> None:
    assert str(money) == written


@given(minors)
def test_what_is_written_says_the_amount_to_the_cent(minor: int) -> None:
    written = str(usd(minor)).replace("$", "").replace(",", "").replace(".", "")

    assert int(written) == minor
