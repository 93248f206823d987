import pytest

from practice.core.errors import Invalid
from practice.people.identifiers import ein_of, npi_of

GOOD = "1234567893"  # the example of the agency that gives them out


def test_the_last_digit_is_the_one_that_fits() -> None:
    assert npi_of(GOOD) == GOOD
    assert npi_of("2" + GOOD[1:9] + "1") == "2" + GOOD[1:9] + "1"


def test_every_single_wrong_digit_is_noticed() -> None:
    for place in range(1, 10):
        for digit in set("0123456789") - {GOOD[place]}:
            with pytest.raises(Invalid, match="wrong digit"):
                npi_of(GOOD[:place] + digit + GOOD[place + 1 :])


def test_an_npi_may_be_typed_with_spaces() -> None:
    assert npi_of("1234 567 893") == GOOD


@pytest.mark.parametrize(
    "text", ["", "123456789", "12345678931", "3234567893", "123456789X", "１" * 10]
)
def test_what_is_no_npi_is_refused(text: str) -> None:
    with pytest.raises(Invalid, match="ten digits"):
        npi_of(text)


def test_a_tax_number_is_nine_digits() -> None:
    assert ein_of("123456789") == ein_of("12-3456789") == "12-3456789"
    for text in ("", "12-345678", "12-34567890", "ab-cdefghi"):
        with pytest.raises(Invalid, match="nine digits"):
            ein_of(text)
