from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from practice.billing.rules import ledger
from practice.billing.rules.ledger import NAMES, Account, Credit, Entry, Owed, problem

CLIENT, PAYMENT, INVOICE, SESSION = (UUID(int=n) for n in range(1, 5))
CREDIT = Credit(CLIENT, PAYMENT, SESSION)
OWED = Owed(CLIENT, invoice_id=INVOICE)
CENTS = st.integers(1, 10**9)


@given(CENTS, CENTS)
def test_every_event_is_a_journal_and_so_is_its_reverse(minor: int, other: int) -> None:
    events = (
        ledger.money_came_in(Account.CASH, CREDIT, minor),
        ledger.given_back(Account.CLEARING, CREDIT, minor),
        ledger.invoiced(OWED, minor, INVOICE),
        ledger.invoiced(OWED, -other, INVOICE, Account.FEE_INCOME),
        ledger.credit_applied(CREDIT, OWED, minor),
        ledger.credit_applied(CREDIT, OWED, -other),
        ledger.credit_moved(CREDIT, None, minor),
        ledger.brought_along(Owed(CLIENT, opening_id=SESSION), minor),
        ledger.processor_kept(PAYMENT, minor),
    )

    assert [problem(each) for each in events] == [None] * len(events)
    assert [problem(ledger.reversed_of(each)) for each in events] == [None] * len(events)


def test_what_is_no_journal_is_told_in_words() -> None:
    cash, credit = Entry(Account.CASH, 500), CREDIT.entry(-500)

    assert problem([cash]) == "a journal has at least two entries"
    assert problem([cash, Entry(Account.BANK, 0), credit]) == "an entry of nothing says nothing"
    assert problem([cash, CREDIT.entry(-400)]) == "the entries add up to 100 cents instead of 0"
    assert (
        problem([cash, Entry(Account.RECEIVABLE, -500)]) == "an entry of a client says whose it is"
    )


def test_every_account_has_a_name() -> None:
    assert NAMES.keys() == set(Account)
