"""The answer to one gate, and finding the record that decides it."""

from __future__ import annotations

from datetime import date, timedelta
from typing import NamedTuple
from uuid import UUID

from practice.calendar.rules import zones
from practice.clients.rules.papers import NAMES, PaperKind, PaperOnFile, Route, last_day
from practice.sessions.rules.gates.model import Facts, Subject


class Verdict(NamedTuple):
    """Why a gate is closed, in words for staff without a full stop; empty if it is passed.

    ``until`` is the last day on which what passes it holds, if it ends.
    """

    reason: str = ""
    until: date | None = None


PASSED = Verdict()


def newest(
    facts: Facts,
    kind: PaperKind,
    subject: Subject,
    *,
    route: Route | None = None,
    session_id: UUID | None = None,
) -> PaperOnFile | None:
    """Return the record of a kind that decides on the session's day: the last one dated by then.

    With ``session_id`` one of that session alone. Of two with one date the one that comes first
    counts: records are handed over newest first.
    """
    dated = [
        each
        for each in facts.papers
        if each.kind is kind
        and each.route is route
        and each.session_id == session_id
        and each.dated_on <= subject.on
    ]
    return max(dated, key=lambda each: each.dated_on, default=None)


def judged(
    paper: PaperOnFile | None,
    subject: Subject,
    *,
    name: str,
    verb: str = "is",
    bad: str = "",
    days: int | None = None,
) -> Verdict:
    """Judge one record: there, good, and in force on the day of the session.

    ``bad`` is what is said of a bad outcome; ``days`` is how long it holds, where the gate says
    so itself.
    """
    if paper is None:
        return Verdict(f"{name} {verb} missing")
    if not paper.is_good:
        return Verdict(bad or f"{name}: the outcome stands in the way")
    until = paper.valid_until or last_day(paper.kind, paper.dated_on)
    if days is not None:
        latest = paper.dated_on + timedelta(days=days)
        until = latest if until is None else min(until, latest)
    if until is not None and until < subject.on:
        runs = "runs" if verb == "is" else "run"
        return Verdict(f"{name} {runs} out on {zones.day_words(until)}, before this session")
    return Verdict(until=until)


def of_client(
    kind: PaperKind,
    subject: Subject,
    facts: Facts,
    *,
    verb: str = "is",
    bad: str = "",
    days: int | None = None,
) -> Verdict:
    """Judge the record of the client that decides."""
    return judged(
        newest(facts, kind, subject), subject, name=NAMES[kind], verb=verb, bad=bad, days=days
    )


def of_session(
    kind: PaperKind, subject: Subject, facts: Facts, *, missing: str, bad: str = ""
) -> Verdict:
    """Judge the record of this very session; one of another session never counts."""
    found = newest(facts, kind, subject, session_id=subject.id) if subject.id else None
    if found is None:
        return Verdict(missing)
    return PASSED if found.is_good else Verdict(bad)
