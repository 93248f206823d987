from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from practice.billing.rules import news
from practice.core.errors import Invalid

OURS = "0b0f6d3e-8f5c-4f1e-9d6c-1c2f4f7b9a10"

json = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


def event(kind: str = "checkout.session.completed", **about: Any) -> dict[str, Any]:
    return {
        "id": "evt_1",
        "type": kind,
        "livemode": False,
        "data": {"object": {"id": "cs_1", "metadata": {"pay": OURS}} | about},
    }


def test_an_event_names_all_by_which_it_may_be_known() -> None:
    read = news.read(event("charge.refunded", id="ch_1", payment_intent="pi_1", charge=None))

    assert read == news.Event(
        id="evt_1",
        kind="charge.refunded",
        account="",
        is_live=False,
        payment=OURS,
        objects=("ch_1", "pi_1"),
    )


def test_an_event_of_a_connected_account_says_so() -> None:
    read = news.read(event() | {"account": "acct_1", "livemode": True})

    assert read is not None
    assert (read.account, read.is_live) == ("acct_1", True)


def test_an_event_that_changes_no_payment_is_no_news() -> None:
    assert news.read(event("customer.created")) is None
    assert news.read({"type": "balance.available", "data": []}) is None


def test_an_event_about_something_made_elsewhere_names_no_payment() -> None:
    read = news.read(event(metadata={}))

    assert read is not None
    assert read.payment is None


@pytest.mark.parametrize(
    "broken",
    [
        [],
        "event",
        None,
        event() | {"id": None},
        event() | {"id": ""},
        event() | {"id": "e" * 121},
        event() | {"id": "evt\n1"},
        event() | {"data": None},
        event() | {"data": {"object": []}},
        event(metadata={"pay": 7}),
        event(metadata={"pay": "\ud800"}),
    ],
)
def test_what_is_not_whole_is_refused(broken: object) -> None:
    with pytest.raises(Invalid):
        news.read(broken)


@given(body=json, kind=st.sampled_from(news.KINDS), about=json)
def test_no_shape_of_json_does_more_than_be_refused(body: Any, kind: str, about: Any) -> None:
    for shape in (body, {"type": kind, "data": about}, event(kind) | {"data": {"object": about}}):
        try:
            news.read(shape)
        except Invalid:
            continue
