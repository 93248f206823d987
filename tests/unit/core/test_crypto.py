"""Sealed fields open in their own place alone."""

from collections.abc import Iterator, Mapping
from uuid import UUID, uuid4

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st

from config import Config
from practice.core.crypto import Sealed, Unreadable, seal, unseal
from practice.core.settings import KEY

OLD, NEW = bytes(range(32)), bytes(range(32, 64))
HERE, THERE = UUID(int=1), UUID(int=2)
PLACE = b"clients.birth_on_sealed"


class Row:
    """A row of any table, without one."""

    __tablename__ = "clients"

    note_sealed: bytes | None = None
    remark_sealed: bytes | None = None
    note = Sealed("note_sealed")
    remark = Sealed("remark_sealed")

    def __init__(self, practice_id: UUID = HERE, id: UUID | None = None) -> None:  # noqa: A002  a row's
        self.practice_id = practice_id
        self.id = id or uuid4()


class Elsewhere(Row):
    __tablename__ = "papers"


def with_keys(keys: Mapping[int, bytes]) -> Flask:
    program = Flask(__name__)
    program.extensions[KEY] = Config(database_url="", secret_key="", field_keys=keys, base_url="")
    return program


@pytest.fixture(autouse=True)
def one_key() -> Iterator[None]:
    with with_keys({1: OLD}).app_context():
        yield


@given(st.text())
def test_what_is_sealed_opens_again(text: str) -> None:
    assert unseal(seal(text, HERE, PLACE), HERE, PLACE) == text


def test_nothing_stays_nothing_and_an_empty_text_stays_empty() -> None:
    row = Row()
    assert row.note is None

    row.note = ""
    assert row.note_sealed is not None
    assert row.note == ""

    row.note = None
    assert row.note_sealed is None


def test_what_is_sealed_says_nothing_but_its_length() -> None:
    row, same = Row(), Row()
    row.note = same.note = "a quiet room"

    assert row.note_sealed != same.note_sealed
    assert b"quiet" not in (row.note_sealed or b"")
    assert len(row.note_sealed or b"") == 1 + 12 + len("a quiet room") + 16


def test_a_value_does_not_open_in_another_row() -> None:
    row, other = Row(), Row()
    row.note = "a quiet room"
    other.note_sealed = row.note_sealed

    with pytest.raises(Unreadable, match="does not belong to its row"):
        _ = other.note


def test_a_value_does_not_open_in_another_column() -> None:
    row = Row()
    row.note = "a quiet room"
    row.remark_sealed = row.note_sealed

    with pytest.raises(Unreadable, match="does not belong to its row"):
        _ = row.remark


def test_a_value_does_not_open_in_another_table() -> None:
    row = Row()
    row.note = "a quiet room"
    other = Elsewhere(id=row.id)
    other.note_sealed = row.note_sealed

    with pytest.raises(Unreadable, match="does not belong to its row"):
        _ = other.note


def test_a_value_does_not_open_in_another_practice() -> None:
    row = Row()
    row.note = "a quiet room"
    other = Row(practice_id=THERE, id=row.id)
    other.note_sealed = row.note_sealed

    with pytest.raises(Unreadable, match="does not belong to its row"):
        _ = other.note
    with pytest.raises(Unreadable):
        unseal(seal("a quiet room", HERE, PLACE), THERE, PLACE)


@pytest.mark.parametrize("position", [1, 12, 13, -1])
def test_a_changed_value_does_not_open(position: int) -> None:
    blob = bytearray(seal("a quiet room", HERE, PLACE))
    blob[position] ^= 1

    with pytest.raises(Unreadable):
        unseal(bytes(blob), HERE, PLACE)


@pytest.mark.parametrize("length", [0, 1, 12, 13, 28])
def test_a_cut_value_does_not_open(length: int) -> None:
    blob = seal("a quiet room", HERE, PLACE)[:length]

    with pytest.raises(Unreadable):
        unseal(blob, HERE, PLACE)


def test_the_newest_key_seals_and_every_key_opens() -> None:
    before = seal("a quiet room", HERE, PLACE)
    with with_keys({1: OLD, 7: NEW}).app_context():
        after = seal("a quiet room", HERE, PLACE)

        assert (before[0], after[0]) == (1, 7)
        assert unseal(before, HERE, PLACE) == unseal(after, HERE, PLACE) == "a quiet room"


def test_a_missing_key_is_named() -> None:
    with with_keys({7: NEW}).app_context():
        sealed = seal("a quiet room", HERE, PLACE)

    with pytest.raises(Unreadable, match="FIELD_KEYS lacks key 7"):
        unseal(sealed, HERE, PLACE)


def test_a_wrong_key_opens_nothing() -> None:
    sealed = seal("a quiet room", HERE, PLACE)

    with with_keys({1: NEW}).app_context(), pytest.raises(Unreadable):
        unseal(sealed, HERE, PLACE)
