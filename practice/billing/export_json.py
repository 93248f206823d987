"""All of some days as one JSON document: control totals, journals with entries, and the rest.

Amounts are cents. It is written a piece at a time, however long it is.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Any, Protocol

from practice.billing import ledger
from practice.billing.export_asked import Asked
from practice.billing.export_rows import rows_of
from practice.billing.export_ties import Books
from practice.billing.rules.exporting import SHAPES, Kind
from practice.billing.rules.ledger import NAMES
from practice.people.queries import get_practice

FORMAT = 1
ROWS_AT_ONCE = 200
LISTS = (Kind.INVOICES, Kind.PAYMENTS, Kind.REFUNDS, Kind.PAYOUTS, Kind.AGING, Kind.DEFERRED)
"""What stands beside the journals, with the columns of its CSV file."""

_text = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


class Counts(Protocol):
    """Counts what was written."""

    rows: int


def pieces(asked: Asked, books: Books, tally: Counts) -> Iterator[str]:
    """Yield the document; ``tally`` counts its journals and rows."""
    practice = get_practice()
    head = {
        "format": FORMAT,
        "practice": practice.business_name,
        "from": asked.first_on.isoformat(),
        "to": asked.last_on.isoformat(),
        "currency": asked.currency,
        "accounts": [
            {
                "account": account.value,
                "name": NAMES[account],
                "debit_minor": debit,
                "credit_minor": credit,
            }
            for account, (debit, credit) in sorted(books.totals.items())
        ],
        "totals_minor": {
            kind.value: dict(zip(SHAPES[kind].summed, books.sums[kind], strict=True))
            for kind in LISTS
        },
    }
    yield _text(head)[:-1]  # it goes on
    yield from _list("journals", _journals(asked), tally)
    for kind in LISTS:
        yield from _list(kind.value.replace("-", "_"), _rows(kind, asked), tally)
    yield "}\n"


def _list(name: str, found: Iterable[Any], tally: Counts) -> Iterator[str]:
    yield f',\n"{name}":['
    written: list[str] = []
    between = "\n"
    for each in found:
        tally.rows += 1
        written.append(_text(each))
        if len(written) == ROWS_AT_ONCE:
            yield between + ",\n".join(written)
            written, between = [], ",\n"
    yield (between + ",\n".join(written) if written else "") + "]"


def _journals(asked: Asked) -> Iterator[dict[str, Any]]:
    for journal_id, entries in groupby(
        ledger.entries(asked.first_on, asked.last_on), key=lambda each: each.journal_id
    ):
        lines = list(entries)
        first = lines[0]
        yield {
            "id": str(journal_id),
            "key": first.source_key,
            "on": first.on_day.isoformat(),
            "memo": first.memo,
            "entries": [
                {
                    "account": each.account.value,
                    "minor": each.minor,
                    "client": str(each.client_id) if each.client_id else None,
                }
                for each in lines
            ],
        }


def _rows(kind: Kind, asked: Asked) -> Iterator[dict[str, str]]:
    for cells, _ in rows_of(kind, asked):
        yield dict(zip(SHAPES[kind].columns, cells, strict=True))
