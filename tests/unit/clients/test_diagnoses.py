import pytest

from practice.clients.rules.diagnoses import WORDS, code_of, in_order
from practice.core.errors import Invalid


def test_a_code_may_be_typed_without_its_point_and_in_small_letters() -> None:
    assert [code_of(text) for text in ("f331", "F33.1", " f43.12 ", "F32A")] == [
        *("F33.1", "F33.1", "F43.12", "F32.A")
    ]


@pytest.mark.parametrize("text", ["F32", "F33", "F33.4", "F43.1", "F43.2", "f431", "F40", "F43"])
def test_a_code_with_others_below_it_is_refused_with_one_of_those(text: str) -> None:
    with pytest.raises(Invalid, match="alone cannot be billed") as refused:
        code_of(text)

    assert code_of(refused.value.message.split()[-1]) in WORDS


@pytest.mark.parametrize("text", ["", "F", "depression", "F99", "F33.11", "90834", "F3"])
def test_what_is_no_code_of_the_list_is_refused(text: str) -> None:
    with pytest.raises(Invalid, match="codes of the list"):
        code_of(text)


def test_no_billable_code_has_another_below_it() -> None:
    assert [a for a in WORDS for b in WORDS if a != b and b.startswith(a)] == []


def test_the_primary_one_comes_first() -> None:
    assert in_order([("F41.1", False), ("F33.1", True), ("F43.12", False)]) == [
        *("F33.1", "F41.1", "F43.12")
    ]
