import pytest

from practice.core.ports import Port


def test_whoever_is_bound_last_answers() -> None:
    double: Port[[int], int] = Port("a.double")
    double.bind(lambda number: number + number)
    double.bind(lambda number: number * 2 + 1)

    assert double(21) == 43


def test_a_port_that_nobody_is_bound_to_says_where_to_look() -> None:
    paid: Port[[], None] = Port("billing.paid")

    with pytest.raises(RuntimeError, match=r"nobody is bound to billing\.paid: see app\.py"):
        paid()
