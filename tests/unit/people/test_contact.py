import pytest
from hypothesis import given
from hypothesis import strategies as st

from practice.core.errors import Invalid
from practice.people.contact import email_of, phone_of

EMAIL_WORDS = "Enter an email address like name@example.com"
PHONE_WORDS = "Enter a phone number like 757-555-0100"


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("alex@mail.example", "alex@mail.example"),
        ("Alex.Bell+test@Mail.Example", "alex.bell+test@mail.example"),
        ("alex@bücher.example", "alex@xn--bcher-kva.example"),
    ],
)
def test_an_address_is_kept_in_small_ascii(typed: str, kept: str) -> None:
    assert email_of(typed) == kept


@pytest.mark.parametrize(
    "typed",
    [
        "alex",
        "alex@",
        "@mail.example",
        "alex@@mail.example",
        "alex@bell@mail.example",
        "a@b",
        "alex@mail.example\r\nBcc: all@mail.example",
        "alex bell@mail.example",
        "älex@mail.example",
        "a" * 65 + "@mail.example",
        "alex@" + "m" * 250 + ".example",
        "alex@[127.0.0.1]",
        "alex@localhost",
        "Alex <alex@mail.example>",
        "alex@mail.example,sam@mail.example",
    ],
)
def test_what_is_no_address_is_refused_in_words(typed: str) -> None:
    with pytest.raises(Invalid, match=EMAIL_WORDS):
        email_of(typed)


@given(st.text(max_size=300))
def test_an_address_is_read_or_refused_whatever_is_typed(typed: str) -> None:
    try:
        kept = email_of(typed)
    except Invalid:
        return
    assert kept == kept.lower()
    assert len(kept) <= 254
    assert kept.isascii()
    assert email_of(kept) == kept


@pytest.mark.parametrize(
    "typed",
    ["757-555-0100", "(757) 555-0100", "757.555.0100", "+1 757 555 0100", "1 757 555 0100"],
)
def test_a_number_is_kept_one_way_however_it_is_written(typed: str) -> None:
    assert phone_of(typed) == "+17575550100"


def test_a_number_of_another_country_names_it() -> None:
    assert phone_of("+44 20 7946 0958") == "+442079460958"


@pytest.mark.parametrize(
    "typed",
    [
        "letters",
        "1-800-FLOWERS",
        "+",
        "0",
        "-1",
        "555-0100",
        "9" * 40,
        "9" * 41,
        "757-555-0100 x12",
        "757-555-0100;ext=12",
        "７５７５５５０１００",
        "757 555 01 00 and more",
        "+999 123 456 789",
    ],
)
def test_what_cannot_be_called_is_refused_in_words(typed: str) -> None:
    with pytest.raises(Invalid, match=PHONE_WORDS):
        phone_of(typed)


@given(st.text(alphabet="0123456789+().-/ x", max_size=45))
def test_a_number_is_read_or_refused_whatever_is_typed(typed: str) -> None:
    try:
        kept = phone_of(typed)
    except Invalid:
        return
    assert phone_of(kept) == kept
    assert len(kept) <= 20
