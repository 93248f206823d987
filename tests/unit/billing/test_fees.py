"""What a fee is settled from, and what a card on file is called."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from practice.billing.rules.cards import (
    SETUP_MOVES,
    Failure,
    OnFile,
    SetupState,
    Use,
    advance,
    digest_of,
    failure_of,
    terms_of,
)
from practice.billing.rules.fees import goes_back, is_fee, split
from practice.core.money import Money
from practice.sessions.rules import late, policies
from practice.sessions.rules.late import REDUCED, WAIVED, Why
from practice.sessions.rules.lifecycle import SessionKind

cents = st.integers(0, 1_000_000)
STARTS = datetime(2026, 12, 1, 15, 0, tzinfo=UTC)
PRICE = Money(40_001, "USD")
MEDICINE = policies.shipped_policy(SessionKind.DOSING)


@given(cents, cents)
def test_no_cent_is_lost_or_made_by_settling_a_fee(fee: int, paid: int) -> None:
    found = split(Money(fee, "USD"), Money(paid, "USD"))

    assert found.kept + found.back == found.paid
    assert found.kept + found.owed == found.fee
    assert not (found.back and found.owed)
    assert min(found.kept.minor, found.back.minor, found.owed.minor) >= 0


@given(st.lists(cents, max_size=6), cents)
def test_what_goes_back_of_each_payment_is_what_a_cent_by_cent_count_says(
    lefts: list[int], kept: int
) -> None:
    found = goes_back(lefts, kept)

    stays = [left - back for left, back in zip(lefts, found, strict=True)]
    assert sum(stays) == min(kept, sum(lefts))
    assert all(0 <= back <= left for left, back in zip(lefts, found, strict=True))
    touched = [place for place, back in enumerate(found) if back]
    assert all(stays[place] == 0 for place in touched[1:])  # the oldest settle it first


def test_the_invoice_of_a_fee_is_told_from_one_for_a_session() -> None:
    assert [is_fee(key) for key in ("fee:1", "session:1", "credit:1")] == [True, False, False]


def test_each_reason_costs_its_share_of_the_price_rounded_down() -> None:
    found = {
        (hours, why): late.fee(
            MEDICINE, PRICE, why, starts_at=STARTS, now=STARTS - timedelta(hours=hours)
        ).minor
        for hours in (48, 47, 1)
        for why in (Why.CLIENT, Why.NOT_READY, Why.PRACTICE)
    }

    assert found == {
        (48, Why.CLIENT): 0,
        (48, Why.NOT_READY): 0,
        (48, Why.PRACTICE): 0,
        (47, Why.CLIENT): 20_000,
        (47, Why.NOT_READY): 20_000,
        (47, Why.PRACTICE): 0,
        (1, Why.CLIENT): 40_001,
        (1, Why.NOT_READY): 20_000,
        (1, Why.PRACTICE): 0,
    }


def test_a_missed_session_costs_all_of_it_or_half_if_the_client_was_not_ready() -> None:
    assert {why: late.missed_fee(MEDICINE, PRICE, why).minor for why in Why} == {
        **dict.fromkeys(WAIVED, 0),
        Why.CLIENT: 40_001,
        Why.NOT_READY: 20_000,
    }


def test_every_reason_has_words_and_one_outcome() -> None:
    assert set(late.WORDS) == set(Why)
    assert set(Why) == {*WAIVED, *REDUCED, Why.CLIENT}


def test_the_terms_name_the_charges_that_are_agreed_to_and_no_others() -> None:
    words = terms_of("Tidewater", {Use.FEE})

    assert words.startswith("Tidewater may charge this card without asking again for:\n- Fees")
    assert "Instalments" not in words
    assert digest_of(words) != digest_of(terms_of("Tidewater", {Use.FEE, Use.BALANCE}))


def test_what_a_code_means_for_a_charge() -> None:
    codes = ("authentication_required", "card_declined", "expired_card", None)

    assert [failure_of(code) for code in codes] == [
        Failure.NEEDS_HOLDER,
        Failure.DECLINED,
        Failure.DECLINED,
        Failure.REFUSED,
    ]


def test_old_news_of_a_saved_card_changes_nothing() -> None:
    assert all(advance(SetupState.SAVED, each) is SetupState.SAVED for each in SetupState)
    assert set(SETUP_MOVES) == set(SetupState)


def test_a_card_is_named_by_its_last_digits() -> None:
    card = OnFile(UUID(int=1), "amex", "0005", 3, 2031, STARTS, frozenset())

    assert (card.words, card.expires) == ("American Express ending in 0005", "03/31")
