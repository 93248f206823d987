"""The gates that sessions pass, by being held or booked, and people by being booked for them."""

from __future__ import annotations

from collections.abc import Callable

from practice.calendar.rules import zones
from practice.clients.rules.papers import PaperKind
from practice.sessions.rules.gates.model import CourseFact, Facts, SessionFact, Stage, Subject
from practice.sessions.rules.gates.verdict import PASSED, Verdict, newest, of_client
from practice.sessions.rules.lifecycle import GIVES_MEDICINE, SessionKind

K = PaperKind
S = SessionKind


def intake(subject: Subject, facts: Facts, at: Stage) -> Verdict:
    """Held before this session; for asking for a time, booked before it is enough."""
    before = _before(subject, facts, S.INTAKE)
    if newest(facts, K.INTAKE_HELD, subject) or any(each.is_held for each in before):
        return PASSED
    return _still_to_come(before, at, "No intake has been held", "intake")


def preparation(subject: Subject, facts: Facts, at: Stage) -> Verdict:
    """One at least, and all that are booked before this session, were held."""
    before = _before(subject, facts, S.PREP)
    to_come = [each for each in before if not each.is_held]
    was_held = newest(facts, K.PREPARATION_HELD, subject) or len(to_come) < len(before)
    if was_held and (not to_come or at is Stage.BOOKING):
        return PASSED
    return _still_to_come(to_come, at, "No preparation session has been held", "preparation")


def _still_to_come(to_come: list[SessionFact], at: Stage, nothing: str, name: str) -> Verdict:
    if not to_come:
        return Verdict(nothing)
    if at is Stage.BOOKING:
        return PASSED
    return Verdict(f"The {name} on {zones.day_words(to_come[0].on)} has not been held yet")


def med_followup(subject: Subject, facts: Facts, _at: Stage) -> Verdict:
    """Held, and the course goes on: the newest record decides where there is one."""
    if newest(facts, K.FOLLOWUP_HELD, subject):
        bad = "At the prescriber follow-up the course was not continued"
        return of_client(K.FOLLOWUP_HELD, subject, facts, bad=bad)
    if any(each.is_held for each in _before(subject, facts, S.MED_FOLLOWUP)):
        return PASSED
    return Verdict("No prescriber follow-up has been held")


def prior_integration(subject: Subject, facts: Facts, _at: Stage) -> Verdict:
    """After the dosing before this one an integration was held. Before the first there is none."""
    dosed = _before(subject, facts, *GIVES_MEDICINE)
    if not dosed:
        return PASSED
    last = dosed[-1]
    after = _before(subject, facts, S.INTEGRATION, keep=lambda e: e.starts_at > last.starts_at)
    if any(each.is_held for each in after):
        return PASSED
    return Verdict(f"No integration has been held after the dosing on {zones.day_words(last.on)}")


def medical_monitor(subject: Subject, facts: Facts, _at: Stage) -> Verdict:
    """Somebody is booked to watch; for a time that is only asked for, the service brings them."""
    own = next((each for each in facts.sessions if each.id == subject.id), None)
    if own.has_monitor if own is not None else subject.needs_monitor:
        return PASSED
    return Verdict("No medical monitor is booked for the whole time")


def _before(
    subject: Subject,
    facts: Facts,
    *kinds: SessionKind,
    keep: Callable[[SessionFact], bool] = lambda _: True,
) -> list[SessionFact]:
    """Return the client's other sessions of some kinds that begin before this one, by start."""
    return sorted(
        (
            each
            for each in facts.sessions
            if each.kind in kinds
            and each.id != subject.id
            and each.starts_at < subject.starts_at
            and keep(each)
        ),
        key=lambda each: each.starts_at,
    )


# What a course says -------------------------------------------------------------------------------


def review_decided(subject: Subject, facts: Facts, _at: Stage) -> Verdict:
    """Everybody who decides before this dosing has. Before it is booked, nobody knows."""
    fact = _of_course(subject, facts)
    if fact is None:
        return Verdict("The reviews of the course are looked at once it is booked")
    return Verdict("; ".join(fact.open_reviews))


def course_runs(subject: Subject, facts: Facts, _at: Stage) -> Verdict:
    """The course has not lapsed."""
    fact = _of_course(subject, facts)
    return Verdict(fact.lapse) if fact else PASSED


def _of_course(subject: Subject, facts: Facts) -> CourseFact | None:
    return facts.courses.get(subject.id) if subject.id else None
