"""What a bank is shown says nothing of the treatment, and leaves nothing else out."""

from datetime import UTC, datetime

import pytest

from practice.billing.rules.cards import USES, terms_of
from practice.billing.rules.evidence import ABOUT, LEFT_OUT, clean, is_clean
from practice.billing.rules.linked import SeenAccount, Standing, standing_of
from practice.core.money import Money
from practice.sessions.rules import policies
from practice.sessions.rules.lifecycle import SessionKind
from practice.sessions.service.attending import WAS
from tests.leaks import service_names

SAYS_NOTHING = {"Free meet-and-greet call"}
AT = datetime(2026, 12, 1, 15, tzinfo=UTC)


@pytest.mark.parametrize("kind", SessionKind)
def test_our_own_words_are_shown_whole(kind: SessionKind) -> None:
    policy, price = policies.shipped_policy(kind), Money(90_000, "USD")
    texts = [
        terms_of("Quiet Waters LLC", USES),
        policies.sentence(policy, price=price, starts_at=AT, zone="America/New_York"),
        policies.missed_sentence(policy, price),
        policies.late_sentence(policy),
        *ABOUT.values(),
        *WAS.values(),
    ]

    assert [text for text in texts if clean(text) != text] == []


@pytest.mark.parametrize("name", sorted({*service_names()} - SAYS_NOTHING))
def test_no_name_of_a_service_gets_through(name: str) -> None:
    assert not is_clean(name)


def test_a_line_that_says_too_much_is_left_out_and_says_so() -> None:
    text = "You agree to fees.\nKetamine sessions cost extra.\nThank you."

    assert clean(text) == f"You agree to fees.\n{LEFT_OUT}\nThank you."


def test_the_name_of_the_business_that_was_paid_is_known_anyway() -> None:
    name = "Tidewater Psychotherapy"

    assert clean(f"{name} may charge.", [name]) == f"{name} may charge."
    assert clean(f"{name} may charge for dosing.", [name]) == LEFT_OUT


@pytest.mark.parametrize(
    ("charges", "details", "missing", "refused", "standing"),
    [
        (True, True, True, False, Standing.OPEN),
        (False, False, True, True, Standing.UNFINISHED),
        (False, True, False, False, Standing.CHECKED),
        (False, True, True, False, Standing.RESTRICTED),
        (False, True, False, True, Standing.RESTRICTED),
    ],
)
def test_an_account_stands_where_the_processor_says(
    charges: bool, details: bool, missing: bool, refused: bool, standing: Standing
) -> None:
    seen = SeenAccount("acct_1", charges, charges, details, missing, refused)

    assert standing_of(seen) is standing
