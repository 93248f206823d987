import pytest
from argon2 import extract_parameters
from hypothesis import given
from hypothesis import strategies as st

from practice.people import passwords

EMAIL = "morgan.reyes@tidewater.example"
TOO_SHORT = "Use at least 15 characters. A few words in a row are easy to remember."
TOO_COMMON = "This is one of the passwords that are tried first. Use another one."


@pytest.mark.parametrize(
    ("password", "refused"),
    [
        ("a quiet room in daylight", None),
        ("fifteen letters", None),
        ("李白乘舟将欲行忽闻岸上踏歌声", TOO_SHORT),
        ("李白乘舟将欲行忽闻岸上踏歌声桃花", None),
        ("fourteen chars", TOO_SHORT),
        ("", TOO_SHORT),
        ("x" * 14 + "y" * 986, None),
        ("a long way down the river " * 39, "Use at most 1,000 characters"),
        (EMAIL, "Use something other than your email address"),
        (f" {EMAIL.upper()} ", "Use something other than your email address"),
        (" " * 20, TOO_COMMON),
        ("a" * 15, TOO_COMMON),
        ("!" * 15, TOO_COMMON),
        ("123123123123123", TOO_COMMON),
        ("12345678901234567", TOO_COMMON),
        ("456789012345678", TOO_COMMON),
        ("passwordpassword", TOO_COMMON),
        ("Password-Password!", TOO_COMMON),
        ("QWERTYuiop 12345", TOO_COMMON),
        ("correct horse battery staple", TOO_COMMON),
    ],
)
def test_a_new_password_is_long_and_not_what_everybody_tries(
    password: str, refused: str | None
) -> None:
    assert passwords.why_refused(password, email=EMAIL) == refused


def test_the_list_holds_nothing_that_is_refused_anyway() -> None:
    assert [common for common in passwords.COMMON if len(common) < passwords.SHORTEST] == []


@given(st.text(min_size=15, max_size=1_000), st.emails())
def test_every_text_gets_an_answer(password: str, email: str) -> None:
    assert passwords.why_refused(password, email=email) != ""


def test_a_hash_opens_for_its_password_alone() -> None:
    stored = passwords.hash_of("a quiet room in daylight")

    assert passwords.is_right("a quiet room in daylight", stored)
    assert not passwords.is_right("a quiet room in Daylight", stored)
    assert not passwords.is_right("a quiet room in daylight", None)
    assert not passwords.is_right("a quiet room in daylight", "no hash at all")


def test_hashes_are_argon2id_and_cost_at_least_what_owasp_asks() -> None:
    cost = extract_parameters(passwords.hash_of("a quiet room in daylight"))

    assert cost.type.name == "ID"
    assert cost.memory_cost >= 19 * 1024
    assert cost.time_cost >= 2
