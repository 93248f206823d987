"""What stands on a good faith estimate: what is expected of each clinician, in plain words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from practice.billing.rules.estimates import (
    Priced,
    due_on,
    due_on_change,
    is_changed,
    not_covered,
    reaches_until,
)
from practice.core.errors import Invalid
from practice.core.money import Money
from practice.people.identifiers import Provider
from practice.sessions.rules.codes import Codes, coded
from practice.sessions.rules.lifecycle import Modality
from practice.sessions.rules.superbills import lacking_of

DATES_WRITTEN_OUT = 3
WEEK = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """A session that is expected. Not booked yet: without id, date and the day it was booked."""

    for_id: UUID | None
    on: date | None
    booked_on: date | None
    label: str
    minutes: int
    modality: Modality
    price: Money
    provider_id: UUID | None
    codes: Codes | None

    @property
    def priced(self) -> Priced:
        return Priced(self.for_id, self.provider_id, self.price.minor)


@dataclass(frozen=True, slots=True)
class Named:
    """A clinician as an estimate names them."""

    name: str
    provider: Provider


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Whom an estimate is for, and what the practice says of itself on one."""

    birth_on: str
    tax_id: str
    locality: str
    names_diagnoses: bool
    diagnoses: Sequence[str]


def owed_by(expected: Sequence[Expected], said: Sequence[Priced]) -> date | None:
    """Return by when a new estimate is owed, or ``None``.

    Args:
        expected: what is to come, and what an estimate about it has to cover.
        said: what the newest estimate said.
    """
    missing = set(not_covered([each.priced for each in expected], said))
    dates = []
    for each in expected:
        if each.priced not in missing or each.on is None or each.booked_on is None:
            continue
        if is_changed(each.priced, said):
            dates.append(due_on_change(each.on))
        elif (due := due_on(booked_on=each.booked_on, service_on=each.on)) is not None:
            dates.append(due)
    return min(dates, default=None)


def within_reach(expected: Sequence[Expected]) -> list[Expected]:
    """Return what one estimate may cover: twelve months from the first session on."""
    dates = [each.on for each in expected if each.on is not None]
    if not dates:
        return list(expected)
    last_on = reaches_until(min(dates))
    return [each for each in expected if each.on is None or each.on <= last_on]


def lacking(
    expected: Sequence[Expected], wanted: Wanted, named: Mapping[UUID, Named]
) -> list[tuple[str, str]]:
    """Return what an estimate cannot be written without: a key, and words for staff."""
    found = [
        (key, words)
        for is_there, key, words in (
            (wanted.birth_on, "birth", "The client’s birth date is not on file."),
            (wanted.tax_id, "tax", "The tax ID of the practice is not in the settings."),
        )
        if not is_there
    ]
    for each in expected:
        who = named.get(each.provider_id) if each.provider_id else None
        if who is None:
            found.append(("provider", "Whoever holds a session is nobody of the team."))
        else:
            found += [
                (f"provider:{each.provider_id}", words)
                for is_there, words in lacking_of(who.provider)
                if not is_there
            ]
        if _codes(each) is None:
            found.append((f"codes:{each.label}", f"{each.label} has no codes that fit it."))
    return list(dict.fromkeys(found))


def facts(
    expected: Sequence[Expected],
    wanted: Wanted,
    named: Mapping[UUID, Named],
    *,
    separately: Sequence[str],
    currency: str,
) -> Mapping[str, Any]:
    """Return the part of an estimate that is about the sessions, fit for JSON."""
    diagnoses = " ".join(wanted.diagnoses) if wanted.names_diagnoses else ""
    groups = []
    for provider_id in dict.fromkeys(each.provider_id for each in expected):
        own = [each for each in expected if each.provider_id == provider_id]
        who = named[provider_id] if provider_id else Named("", Provider())
        groups.append(
            {
                "name": who.name,
                "credentials": who.provider.credentials,
                "npi": who.provider.npi,
                "licence_state": who.provider.licence_state,
                "rows": _rows(own, diagnoses),
                "total_minor": sum(each.price.minor for each in own),
            }
        )
    dates = [each.on for each in expected if each.on is not None]
    main = max(expected, key=lambda each: each.price.minor)
    same = [each for each in expected if each.label == main.label]
    return {
        "birth_on": wanted.birth_on,
        "locality": wanted.locality,
        "main": {"label": main.label, "when": when_words(same)},
        "until_on": reaches_until(min(dates)).isoformat() if len(expected) > 1 and dates else None,
        "providers": groups,
        "total_minor": sum(each.price.minor for each in expected),
        "names_diagnoses": wanted.names_diagnoses,
        "separately": list(separately),
        "currency": currency,
    }


def when_words(expected: Sequence[Expected]) -> str:
    """Say when sessions of one kind are, how often, and how many have no date yet."""
    dates = sorted(each.on for each in expected if each.on is not None)
    undated = len(expected) - len(dates)
    later = f"{undated} still to be scheduled" if undated else ""
    if not dates:
        return "Still to be scheduled" if undated == 1 else later
    if len(dates) <= DATES_WRITTEN_OUT:
        words = "; ".join(_day(on) for on in dates)
    else:
        often = _often((dates[-1] - dates[0]).days / (len(dates) - 1))
        words = f"{len(dates)} times, {often}, {_day(dates[0])} to {_day(dates[-1])}"
    return f"{words}; {later}" if later else words


def _often(days: float) -> str:
    if days < WEEK - 1:
        return f"about every {max(round(days), 1)} days" if days > 1.5 else "daily"
    weeks = max(round(days / WEEK), 1)
    return "about weekly" if weeks == 1 else f"about every {weeks} weeks"


def _rows(own: Sequence[Expected], diagnoses: str) -> list[dict[str, Any]]:
    rows = []
    for label, minor, modality in dict.fromkeys(
        (each.label, each.price.minor, each.modality) for each in own
    ):
        same = [
            each
            for each in own
            if (each.label, each.price.minor, each.modality) == (label, minor, modality)
        ]
        rows.append(
            {
                "label": label,
                "when": when_words(same),
                "codes": _codes(same[0]) or "",
                "diagnoses": diagnoses,
                "count": len(same),
                "unit_minor": minor,
            }
        )
    return rows


def _codes(each: Expected) -> str | None:
    """Return the codes of a session as long as it is booked for; ``None`` where none fit."""
    if each.codes is None:
        return None
    try:
        parts = coded(each.codes, minutes=each.minutes, modality=each.modality, fee=each.price)
    except Invalid:
        return None
    return ", ".join(" ".join((part.line.code, *part.line.modifiers)) for part in parts)


def _day(on: date) -> str:
    return f"{on:%b} {on.day}, {on.year}"
