"""What a practice may write into its mails."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from practice.messages.rules.wording import (
    NOT_NEUTRAL,
    SHORTER_THAN,
    fill,
    names_in,
    paragraphs,
    wrong_in_subject,
    wrong_in_text,
)
from tests import leaks

NAMES = ("day", "when", "practice")


def subject(text: str) -> str | None:
    return wrong_in_subject(text, NAMES, practice="Tidewater")


@pytest.mark.parametrize("text", ["Booked: {when}", "{ day } with {practice}", "See you {day}"])
def test_a_subject_with_a_day_and_nothing_about_care_is_right(text: str) -> None:
    assert subject(text) is None


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        (
            "Booked {time}",
            (
                "This message does not know {time}, at character 8. It knows {day}, {when} and "
                "{practice}"
            ),
        ),
        (
            "{{ 7*7 }} {day}",
            "There is a { without its other half at character 1",
        ),
        ("{day", "There is a { without its other half at character 1"),
        ("day} {day}", "There is a } without its other half at character 4"),
        (
            "Your Ketamine session, {day}",
            "Leave out “Ketamine”: others may read this over a shoulder",
        ),
        (
            "See you soon",
            (
                "Put {day} or {when} into the subject, so that people can tell one message from "
                "the next"
            ),
        ),
        (
            "We are looking forward to you on {when}",
            "The subject can become 54 characters long; it must stay under 50",
        ),
    ],
)
def test_a_subject_that_cannot_be_used_says_what_and_where(text: str, wrong: str) -> None:
    assert subject(text) == wrong


def test_a_text_says_the_line_and_the_character() -> None:
    found = wrong_in_text("Park behind the house.\n\nAsk for {host}.", ("day", "with"))

    assert found == (
        "This message does not know {host}, at character 9 of line 3. It knows {day} and {with}"
    )


@pytest.mark.parametrize(
    "word",
    [
        *(name for name in leaks.service_names() if "call" not in name),
        "dosing",
        "esketamine",
        "psychotherapy",
        "ｋｅｔａｍｉｎｅ",
        "KAP",
        "therapist",
        "treatment",
        "prescriber",
        "medication",
        "clearance",
        "depression",
        "anxiety",
        "screening",
        "intake",
    ],
)
def test_words_of_the_treatment_are_refused_and_named(word: str) -> None:
    wrong = wrong_in_text(f"About your {word}.", NAMES)

    assert wrong is not None
    assert wrong.startswith("Leave out “")


@pytest.mark.parametrize(
    "text",
    ["Park in the driveway.", "Bring a warm sweater.", "The doorbell is off.", "Call us any time."],
)
def test_plain_words_are_let_through(text: str) -> None:
    assert wrong_in_text(text, NAMES) is None


@given(st.from_regex(leaks.WORDS))
def test_nothing_that_counts_as_a_leak_elsewhere_is_let_through(text: str) -> None:
    assert NOT_NEUTRAL.search(text)


# Filling in --------------------------------------------------------------------------------------


def test_names_are_filled_in_and_nothing_that_was_filled_in_is_read_again() -> None:
    assert fill("{a} and { b }", {"a": "{b}", "b": "c"}) == "{b} and c"


@given(st.text(alphabet="ab{} \n", max_size=20))
def test_a_text_without_wrong_names_leaves_no_brace_behind(text: str) -> None:
    names = {"a", "b"}
    is_right = all(name in names for name, _ in names_in(text))

    if is_right:
        assert not set(fill(text, {"a": "x", "b": "y"})) & set("{}")
    assert is_right == (wrong_in_text(text, names) is None)


def test_paragraphs_are_parted_by_empty_lines() -> None:
    assert paragraphs("One,\ntwo.\n\n \n\nThree.\n") == ("One,\ntwo.", "Three.")
    assert paragraphs(" \n ") == ()


def test_the_longest_subject_is_one_less_than_telephones_cut() -> None:
    long = "x" * (SHORTER_THAN - len("Wed, Sep 30") - 1)

    assert subject(long + "{day}") is None
    assert subject(long + "x{day}") is not None
