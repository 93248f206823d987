"""What files are called, which days they are of, and how a practice wants them."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from practice.billing.rules.export_ways import (
    Ways,
    WrongColumns,
    columns_as_text,
    from_terms,
    read_columns,
    wrong_account,
)
from practice.billing.rules.exporting import (
    EVENTS,
    SHAPES,
    XERO_AT_ONCE,
    Kind,
    Program,
    bucket_of,
    event_in_words,
    file_name,
    journal_number,
)
from practice.billing.rules.ledger import Account
from practice.billing.rules.months import (
    counts_to,
    last_of,
    month_before,
    next_month,
    read_month,
    what_is_wrong,
    whole_month,
    why_not_locked,
)

DAYS = st.dates(date(1901, 1, 1), date(2098, 12, 31))


@given(DAYS)
def test_a_month_is_its_days_and_no_others(on: date) -> None:
    first, last = on.replace(day=1), last_of(on)
    days = [first + timedelta(n) for n in range((last - first).days + 1)]

    assert {(day.year, day.month) for day in days} == {(on.year, on.month)}
    assert next_month(on) == last + timedelta(1)
    assert month_before(next_month(on)) == first
    assert whole_month(first, last) == first == read_month(f"{on:%Y-%m}")
    assert whole_month(first, last - timedelta(1)) is None


@given(DAYS, st.none() | DAYS)
def test_what_comes_late_counts_to_the_first_day_that_is_open(
    on: date, locked: date | None
) -> None:
    closed = locked and last_of(locked)

    found = counts_to(on, locked)

    assert found >= on
    assert closed is None or found > closed
    assert found == on or found == (closed or on) + timedelta(1)


@pytest.mark.parametrize(
    "text", ["", "2026", "2026-00", "2026-13", "26-01", "2026-1", "２０２６-01"]
)
def test_what_is_no_month_is_none(text: str) -> None:
    assert read_month(text) is None


def test_a_period_is_forward_and_no_longer_than_three_years() -> None:
    first = date(2026, 1, 1)
    assert what_is_wrong(first, first) is None
    assert what_is_wrong(first, date(2028, 12, 31)) is None
    assert what_is_wrong(first, first - timedelta(1)) == "The last day is before the first day"
    assert what_is_wrong(first, date(2056, 1, 1)) == "Choose at most three years at once"
    assert what_is_wrong(date(1, 1, 1), first) == "Choose days of the years 1900 to 2200"
    assert what_is_wrong(first, date.max) == "Choose days of the years 1900 to 2200"


def test_a_month_can_be_locked_the_day_after_its_last() -> None:
    assert why_not_locked(date(2026, 2, 1), date(2026, 3, 1)) is None
    assert why_not_locked(date(2026, 2, 1), date(2026, 2, 28)) is not None


def test_receivables_age_by_thirty_days() -> None:
    assert [bucket_of(days) for days in (0, 30, 31, 60, 61, 90, 91, 400)] == [
        0,
        0,
        1,
        1,
        2,
        2,
        3,
        3,
    ]


def test_a_file_is_called_by_what_it_is_and_its_days() -> None:
    days = (date(2026, 3, 1), date(2026, 3, 31))
    assert file_name(Kind.AGING, *days, "csv") == "aging-2026-03-31.csv"
    assert file_name(Kind.XERO, *days, "zip") == "xero-invoices-2026-03-01-to-2026-03-31.zip"


@given(DAYS, st.integers(1, 999_999))
def test_numbers_of_journals_fit_into_quickbooks(on: date, nth: int) -> None:
    assert len(journal_number(on, nth)) <= 21


def test_every_sum_of_a_file_but_of_xero_is_a_column_of_it() -> None:
    assert {
        (kind, column)
        for kind, shape in SHAPES.items()
        for column in shape.summed
        if column not in shape.columns
    } == {(Kind.XERO, "lines")}
    assert all(event_in_words(f"{event}:1") == words for event, words in EVENTS.items())
    assert event_in_words("settle:1") == "Payment applied"
    assert XERO_AT_ONCE == 500


# How a practice wants its files ------------------------------------------------------------------


def test_ways_come_back_from_their_terms_and_old_terms_still_count() -> None:
    ways = Ways(
        names_services=True,
        dates={"quickbooks": "iso"},
        headers={"journal": {"debit": "Soll"}},
        account_names={"4000": "Income:Sessions"},
        account_codes={"4000": "410"},
    )

    assert from_terms(ways.terms()) == ways
    assert from_terms({"neutral_words": "Visits", "gone": 1}) == Ways(neutral_words="Visits")
    assert ways.header(Kind.JOURNAL)[5:7] == ("Soll", "credit")
    assert (ways.name(Account.REVENUE), ways.name(Account.BANK)) == ("Income:Sessions", "Bank")
    assert (ways.code(Account.REVENUE), ways.xero_code(Account.REVENUE)) == ("410", "410")
    assert ways.service("Lozenge session") == "Lozenge session"
    assert Ways().service("Lozenge session") == "Professional services"


@pytest.mark.parametrize(
    ("program", "style", "written"),
    [
        (Program.PLAIN, None, "2026-03-09"),
        (Program.QUICKBOOKS, None, "03/09/2026"),
        (Program.XERO, "europe", "09/03/2026"),
        (Program.XERO, "iso", "2026-03-09"),
    ],
)
def test_dates_are_written_as_the_program_wants_them(
    program: Program, style: str | None, written: str
) -> None:
    ways = Ways(dates={program.value: style} if style else {})

    assert ways.writes_date(program)(date(2026, 3, 9)) == written


@pytest.mark.parametrize("kind", SHAPES)
def test_a_map_as_it_is_shown_renames_nothing(kind: Kind) -> None:
    assert read_columns(kind, columns_as_text(Ways(), kind)) == {}


def test_a_map_renames_what_it_names() -> None:
    text = "\n *InvoiceNo = Invoice No \n*ItemAmount=Amount = total\r\n"
    own = read_columns(Kind.QB_INVOICES, text)

    assert own == {"*InvoiceNo": "Invoice No", "*ItemAmount": "Amount = total"}
    ways = Ways(headers={"quickbooks-invoices": own})
    assert read_columns(Kind.QB_INVOICES, columns_as_text(ways, Kind.QB_INVOICES)) == own


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("total = Sum", "This file has no column “total”. It has: JournalNo, "),
        ("Debits", "Write “Debits” as a column, =, and your name for it"),
        ("Debits =", "Write “Debits =” as a column, =, and your name for it"),
        ("Debits = A\nDebits = B", "“Debits” stands there twice"),
        ("Debits = credits", "Two columns would be called “Credits”"),
        ("Debits = @sum", "must not begin with a sign that spreadsheets calculate with"),
        (f"Debits = {'x' * 101}", "must be 100 characters or fewer"),
    ],
)
def test_a_map_that_cannot_be_followed_is_refused_with_the_reason(text: str, said: str) -> None:
    with pytest.raises(WrongColumns, match=said.replace("(", r"\(")):
        read_columns(Kind.QB_JOURNAL, text)


def test_a_sub_account_has_a_name_on_both_sides_of_its_colon() -> None:
    assert wrong_account("Income:Sessions:Dosing") is None
    assert [bool(wrong_account(text)) for text in ("Income:", ":Sessions", "A: B", "=1")] == [
        True
    ] * 4
