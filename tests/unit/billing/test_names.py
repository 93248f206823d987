"""A business name that tells a bank what it is for."""

import pytest

from practice.billing.rules.names import telling_words


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("Tidewater Sanctuary LLC", []),
        ("Norfolk Ketamine Clinic", ["Ketamine"]),
        ("KETAMINE-Care & Depression Center", ["KETAMINE-Care", "Depression"]),
        ("Blue PTSD Relief", ["PTSD"]),
        ("Drugstore Lane Wellness", ["Drugstore"]),
        ("Pressed Flowers, Impression House", []),
        ("", []),
    ],
)
def test_words_for_a_medicine_or_a_diagnosis_are_found(name: str, words: list[str]) -> None:
    assert telling_words(name) == words


def test_a_word_in_two_names_is_told_once() -> None:
    assert telling_words("Ketamine East", "Ketamine West") == ["Ketamine"]
