"""Bracketed forms: read as Stripe reads them, whatever its own library writes."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stripe._encode import _api_encode

from sandbox.errors import ApiError
from sandbox.forms import decode, leaves, typed

names = st.text("abcdefghij_", min_size=1, max_size=6)
texts = st.text(max_size=8)
params = st.dictionaries(
    names,
    st.recursive(
        texts,
        lambda inner: (
            st.lists(inner, min_size=1, max_size=3)
            | st.dictionaries(names, inner, min_size=1, max_size=3)
        ),
        max_leaves=8,
    ),
    max_size=4,
)


def schema_of(value: Any) -> dict[str, Any]:
    """Return a request schema that allows exactly the shape of ``value``."""
    if isinstance(value, dict):
        return {"type": "object", "properties": {key: schema_of(v) for key, v in value.items()}}
    if isinstance(value, list):
        return {"type": "array", "items": {"anyOf": [schema_of(item) for item in value]}}
    return {"type": "string"}


@given(params)
def test_typed_gives_back_what_the_stripe_library_has_encoded(sent: dict[str, Any]) -> None:
    tree = decode((name, str(value)) for name, value in _api_encode(sent))

    assert typed(tree, schema_of(sent)) == sent


def test_decode_appends_to_empty_brackets() -> None:
    tree = decode([("expand[]", "customer"), ("expand[]", "payment_intent")])

    assert tree == {"expand": {"0": "customer", "1": "payment_intent"}}


def test_decode_keeps_the_last_of_two_values() -> None:
    assert decode([("limit", "1"), ("limit", "2")]) == {"limit": "2"}


@pytest.mark.parametrize("name", ["", "a[b", "a]b", "[a]", "a[[b]]"])
def test_decode_refuses_a_malformed_name(name: str) -> None:
    with pytest.raises(ApiError) as refusal:
        decode([(name, "1")])

    assert refusal.value.status == 400


@pytest.mark.parametrize("pairs", [[("a", "1"), ("a[b]", "2")], [("a[b]", "2"), ("a", "1")]])
def test_decode_refuses_a_name_that_is_value_and_branch(pairs: list[tuple[str, str]]) -> None:
    with pytest.raises(ApiError):
        decode(pairs)


SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["amount"],
    "properties": {
        "amount": {"type": "integer"},
        "share": {"type": "number"},
        "confirm": {"type": "boolean"},
        "colour": {"type": "string", "enum": ["red", "green"]},
        "name": {"type": "string", "maxLength": 3},
        "off": {"anyOf": [{"type": "boolean"}, {"type": "string", "enum": ["one_off"]}]},
        "metadata": {
            "anyOf": [
                {"type": "object", "additionalProperties": {"type": "string"}},
                {"type": "string", "enum": [""]},
            ]
        },
        "items": {
            "type": "array",
            "items": {"type": "object", "properties": {"quantity": {"type": "integer"}}},
        },
    },
}


def test_typed_gives_every_value_the_type_of_its_schema() -> None:
    tree = decode(
        [
            ("amount", "-12"),
            ("share", "0.5"),
            ("confirm", "true"),
            ("colour", "red"),
            ("off", "one_off"),
            ("metadata[0]", "zero"),
            ("items[1][quantity]", "2"),
            ("items[0][quantity]", "1"),
        ]
    )

    assert typed(tree, SCHEMA) == {
        "amount": -12,
        "share": 0.5,
        "confirm": True,
        "colour": "red",
        "off": "one_off",
        "metadata": {"0": "zero"},
        "items": [{"quantity": 1}, {"quantity": 2}],
    }


@pytest.mark.parametrize(
    ("name", "value", "param", "code"),
    [
        ("amount", "1.5", "amount", "parameter_invalid_integer"),
        ("amount[x]", "1", "amount", None),
        ("share", "much", "share", None),
        ("confirm", "yes", "confirm", None),
        ("colour", "blue", "colour", None),
        ("name", "four", "name", "parameter_invalid_string_long"),
        ("off", "later", "off", None),
        ("items", "1", "items", None),
        ("items[x]", "1", "items", None),
        ("items[0][quantity]", "one", "items[0][quantity]", "parameter_invalid_integer"),
        ("items[0][colour]", "red", "items[0][colour]", "parameter_unknown"),
        ("size", "1", "size", "parameter_unknown"),
    ],
)
def test_typed_names_the_parameter_that_is_wrong(
    name: str, value: str, param: str, code: str | None
) -> None:
    pairs = [(name, value)] if name.startswith("amount") else [("amount", "1"), (name, value)]

    with pytest.raises(ApiError) as refusal:
        typed(decode(pairs), SCHEMA)

    error = refusal.value.body["error"]
    assert (refusal.value.status, error["param"], error.get("code")) == (400, param, code)


def test_typed_names_the_parameter_that_is_missing() -> None:
    with pytest.raises(ApiError) as refusal:
        typed({}, SCHEMA)

    assert refusal.value.body["error"]["code"] == "parameter_missing"
    assert refusal.value.body["error"]["param"] == "amount"


def test_leaves_spell_every_place_twice() -> None:
    found = leaves({"a": [{"b": 1}, {"c": {}}], "d": "x", "e": []})

    assert found == [("a.b", "a[0][b]"), ("a.c", "a[1][c]"), ("d", "d"), ("e", "e")]
