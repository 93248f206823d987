"""What a merge of two clients moves, in words."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

UNDO_WITHIN = timedelta(days=30)

WORDS: dict[str, tuple[str, str]] = {
    "appointments": ("session", "sessions"),
    "payments": ("payment", "payments"),
    "papers": ("paper", "papers"),
    "tasks": ("task", "tasks"),
    "messages": ("message", "messages"),
    "care_profiles": ("reason for care", "reasons for care"),
    "treatments_tried": ("treatment tried before", "treatments tried before"),
    "brought_sessions": ("session held elsewhere", "sessions held elsewhere"),
    "opening_balances": ("opening balance", "opening balances"),
    "processor_customers": ("saved payer", "saved payers"),
    "card_consents": ("consent to later charges", "consents to later charges"),
    "card_setups": ("page for saving a card", "pages for saving a card"),
    "fees": ("late fee", "late fees"),
    "cards": ("card on file", "cards on file"),
    "client_merges": ("earlier merge", "earlier merges"),
    "diagnoses": ("diagnosis", "diagnoses"),
    "documents": ("statement, superbill or estimate", "statements, superbills and estimates"),
    "claims": ("time in the calendar", "times in the calendar"),
    "invoices": ("invoice", "invoices"),
    "bundles": ("payment for several things", "payments for several things"),
    "promo_uses": ("use of a code", "uses of codes"),
    "ledger_entries": ("line in the books", "lines in the books"),
}

DETAIL_WORDS: dict[str, str] = {
    "birth_on": "birth date",
    "address": "home address",
    "is_adult_said_on": "age confirmed",
    "reason": "reason for care",
    "tried_before": "treatments tried before",
    "member_id": "member ID",
    "emergency": "emergency contact",
}


def in_words(counts: Mapping[str, int]) -> list[str]:
    """Say how many of what: ``["3 sessions", "1 payment"]``, what there is most of first."""
    return [
        f"{count} {_noun(table, count)}"
        for table, count in sorted(counts.items(), key=lambda each: (-each[1], each[0]))
        if count
    ]


def _noun(table: str, count: int) -> str:
    plural = table.replace("_", " ")
    one, many = WORDS.get(table, (plural.removesuffix("s"), plural))
    return one if count == 1 else many
