from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from practice.billing.exports import COLUMNS, csv_lines, zip_of
from practice.billing.invoice_rows import ExportRow
from practice.billing.rules.invoices import InvoiceState, Line, number, pour, state_of
from practice.core.money import Money

CENTS = st.integers(0, 100_000)


def row(**changes: object) -> ExportRow:
    plain: dict[str, object] = {
        "invoice": "INV-2026-00001",
        "issued_on": date(2026, 11, 30),
        "client": "Ada Ortiz",
        "service_on": date(2026, 11, 29),
        "service": "Preparation session, 60 min",
        "quantity": 1,
        "amount_minor": 17500,
        "paid_minor": 17500,
        "payment_id": "",
        "charge_id": "",
        "fee_minor": 0,
        "refunded_minor": 0,
        "currency": "USD",
    }
    return ExportRow(**{**plain, **changes})  # type: ignore[arg-type]  # changes are per test


def test_number_names_series_year_and_place() -> None:
    assert number("INV", 2026, 42) == "INV-2026-00042"


def test_line_costs_its_quantity_times_its_unit() -> None:
    line = Line(date(2026, 12, 1), "Integration", 3, Money(17500, "USD"))

    assert line.amount == Money(52500, "USD")


@pytest.mark.parametrize(
    ("credited", "paid", "state"),
    [
        (0, 0, InvoiceState.OPEN),
        (0, 1, InvoiceState.PART_PAID),
        (0, 100, InvoiceState.PAID),
        (0, 101, InvoiceState.PAID),
        (40, 0, InvoiceState.OPEN),
        (40, 60, InvoiceState.PAID),
        (100, 0, InvoiceState.CREDITED),
    ],
)
def test_state_of_an_invoice_follows_from_what_settles_it(
    credited: int, paid: int, state: InvoiceState
) -> None:
    assert state_of(total_minor=100, credited_minor=credited, paid_minor=paid) is state


def test_an_invoice_over_nothing_is_paid() -> None:
    assert state_of(total_minor=0, credited_minor=0, paid_minor=0) is InvoiceState.PAID


@given(amount=CENTS, into=st.lists(CENTS, max_size=8))
def test_pour_fills_in_order_and_spills_nothing(amount: int, into: list[int]) -> None:
    poured = pour(amount, into)

    assert sum(poured) == min(amount, sum(into))
    for place, (part, size) in enumerate(zip(poured, into, strict=True)):
        assert 0 <= part <= size
        assert part == size or sum(poured[place + 1 :]) == 0


@given(amount=CENTS, into=st.lists(CENTS, max_size=8))
def test_pour_treats_a_credit_note_as_the_mirror_of_its_invoice(
    amount: int, into: list[int]
) -> None:
    assert pour(-amount, [-size for size in into]) == [-part for part in pour(amount, into)]


def test_csv_is_what_a_spreadsheet_expects() -> None:
    text = "".join(
        csv_lines([row(client='Ada "Bo" Ortiz, Jr', amount_minor=-5, paid_minor=123456)])
    )

    assert text == (
        "\ufeff" + ",".join(COLUMNS) + "\r\n"
        'INV-2026-00001,2026-11-30,"Ada ""Bo"" Ortiz, Jr",2026-11-29,'
        '"Preparation session, 60 min",1,-0.05,1234.56,,,0.00,0.00,USD\r\n'
    )


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_csv_runs_no_formula(start: str) -> None:
    header, line = csv_lines([row(client=f"{start}cmd()", service=f"{start}1")])

    assert f"'{start}cmd()" in line
    assert f"'{start}1" in line
    assert "'" not in header


def test_zip_is_the_same_for_the_same_papers() -> None:
    papers = [("INV-2026-00001.pdf", b"%PDF one"), ("INV-2026-00002.pdf", b"%PDF two")]

    assert zip_of(papers) == zip_of(papers)
