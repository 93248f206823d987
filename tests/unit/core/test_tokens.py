from collections.abc import Iterator
from uuid import UUID, uuid4

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st

from config import Config
from practice.core import tokens
from practice.core.settings import KEY

IN_AN_ADDRESS = set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")
BITS_256 = 43  # characters of base64


def program(secret: str) -> Flask:
    program = Flask(__name__)
    program.extensions[KEY] = Config(database_url="", secret_key=secret, field_keys={}, base_url="")
    return program


@pytest.fixture(autouse=True)
def inside() -> Iterator[None]:
    with program("one secret").app_context():
        yield


def test_a_new_token_is_new_each_time_and_fits_an_address() -> None:
    made = {tokens.new() for _ in range(100)}

    assert len(made) == 100
    assert {len(token) for token in made} == {BITS_256}
    assert set("".join(made)) <= IN_AN_ADDRESS


def test_a_derived_token_is_the_same_each_time_and_fits_an_address() -> None:
    token = tokens.derived("booking", "a practice", "an appointment", 1)

    assert token == tokens.derived("booking", "a practice", "an appointment", 1)
    assert len(token) == BITS_256
    assert set(token) <= IN_AN_ADDRESS


def test_a_derived_token_changes_with_purpose_parts_order_and_secret() -> None:
    made = [
        tokens.derived("booking", "a", "b", 1),
        tokens.derived("booking", "a", "b", 2),
        tokens.derived("booking", "b", "a", 1),
        tokens.derived("booking", "ab", "", 1),
        tokens.derived("receipt", "a", "b", 1),
    ]
    with program("another secret").app_context():
        made.append(tokens.derived("booking", "a", "b", 1))

    assert len(set(made)) == len(made)


@given(st.text(alphabet=st.characters(codec=None)))
def test_whatever_a_visitor_brings_has_a_digest(brought: str) -> None:
    digest = tokens.digest(brought)

    assert len(digest) == 64
    assert digest == tokens.digest(brought)


def test_a_digest_does_not_tell_its_token() -> None:
    token = tokens.new()

    assert token not in tokens.digest(token)
    assert tokens.digest(token) != tokens.digest(tokens.new())


def test_a_token_can_name_its_practice() -> None:
    here = uuid4()
    token = tokens.new_in(here)

    assert set(token) <= IN_AN_ADDRESS
    assert tokens.practice_in(token) == here
    assert len({tokens.new_in(here)[-BITS_256:] for _ in range(100)}) == 100


@given(st.one_of(st.text(), st.text(min_size=65, max_size=65)))
def test_what_is_no_such_token_names_a_practice_or_none_and_never_fails(text: str) -> None:
    assert isinstance(tokens.practice_in(text), UUID | None)


def test_a_plain_token_names_no_practice() -> None:
    assert tokens.practice_in(tokens.new()) is None
