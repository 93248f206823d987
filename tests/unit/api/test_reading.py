import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from practice.api.reading import DEEPEST, check, parsed
from practice.api.schemas import Details, HoldAsked, TimesAsked
from practice.core.errors import Malformed, WrongFields

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=5)
values = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**9), 10**9) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=10,
)


@given(st.dictionaries(texts, values, max_size=4))
def test_what_is_json_in_one_way_is_read_as_it_is(sent: dict[str, Any]) -> None:
    assert parsed(json.dumps(sent).encode()) == sent


@given(st.binary(max_size=30))
def test_whatever_else_comes_is_an_object_or_refused(raw: bytes) -> None:
    try:
        found = parsed(raw)
    except Malformed:
        return
    assert isinstance(found, dict)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"[]",
        b"1",
        b'{"a": 1, "a": 1}',
        b'{"a": {"b": 1, "b": 2}}',
        b'{"a": NaN}',
        b'{"a": -Infinity}',
        b'{"a": 1e400}',
        b'{"a": "\\ud83d"}',
        b'{"a": 1,}',
        b'{"a": 1} {}',
        b'\xef\xbb\xbf{"a": 1}',
        b'{"a":' * (DEEPEST + 1) + b"1" + b"}" * (DEEPEST + 1),
        b"[" * 100_000,
    ],
)
def test_what_can_be_read_in_two_ways_or_none_is_refused(raw: bytes) -> None:
    with pytest.raises(Malformed):
        parsed(raw)


def test_every_wrong_part_is_named_by_its_place() -> None:
    with pytest.raises(WrongFields) as refused:
        check(HoldAsked, {"service": 1, "starts_at": "soon", "role": "admin"})

    assert refused.value.fields == (
        ("service", "Input should be a valid string"),
        ("starts_at", "Write an instant with its offset, like 2027-03-15T14:00:00Z"),
        ("role", "Extra inputs are not permitted"),
    )


def test_a_name_that_grows_when_it_is_composed_is_still_short_enough() -> None:
    grows = "\u0958" * 41  # one character that composes to two

    with pytest.raises(WrongFields):
        check(Details, {"first_name": grows})


@given(st.text(max_size=20))
def test_days_and_numbers_of_an_address_are_read_or_refused(text: str) -> None:
    try:
        found = check(TimesAsked, {"from": text, "days": text})
    except WrongFields:
        return
    assert 1 <= found.days <= 60
