"""Names in addresses: what is proposed is always one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from practice.people.rules import is_slug, numbered_slug, slug_of


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("Élan & Quiet Waters, LLC", "elan-quiet-waters-llc"),
        ("O’Brien's Place", "obriens-place"),
        ("  ", ""),
        ("静かな家", ""),
        ("a" * 80, "a" * 60),
    ],
)
def test_a_slug_is_made_of_a_name(name: str, slug: str) -> None:
    assert slug_of(name) == slug


@given(st.text(max_size=120), st.integers(2, 10**6))
def test_what_is_proposed_can_be_taken(name: str, number: int) -> None:
    slug = slug_of(name)

    assert slug == "" or (is_slug(slug) and is_slug(numbered_slug(slug, number)))


@pytest.mark.parametrize("text", ["", "-a", "a-", "a--b", "A", "a b", "a/b", "a.b", "a" * 61, "é"])
def test_what_is_no_slug(text: str) -> None:
    assert not is_slug(text)
