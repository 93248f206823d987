"""A dosing that has all that its gates ask for, and ways to take some of it away."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID, uuid4

from practice.clients.rules.papers import PaperKind, PaperOnFile, Route
from practice.sessions.rules.gates import (
    OF_COURSES,
    Contact,
    Facts,
    Gate,
    SessionFact,
    Stage,
    Subject,
    closed_at,
    evaluate,
)
from practice.sessions.rules.lifecycle import SessionKind

K = PaperKind
S = SessionKind
TODAY = date(2027, 3, 1)
DAY = timedelta(days=1)
ON = TODAY + 7 * DAY
LATE = ON - DAY  # the last day of something that runs out before the session
HERE, DOSED, INTEGRATED = uuid4(), uuid4(), uuid4()


def at(on: date, hour: int = 15) -> datetime:
    return datetime.combine(on, time(hour), UTC)


def paper(kind: PaperKind, dated_on: date = TODAY, **more: object) -> PaperOnFile:
    route = Route.SL if kind is K.MEDICAL_CLEARANCE else None
    given = {"id": uuid4(), "valid_until": None, "route": route} | more
    return PaperOnFile(kind=kind, dated_on=dated_on, **given)  # type: ignore[arg-type]


def session(
    kind: SessionKind, on: date, *, held: bool = True, session_id: UUID | None = None
) -> SessionFact:
    return SessionFact(session_id or uuid4(), kind, at(on), on, held)


SUBJECT = Subject(
    id=HERE,
    kind=S.DOSING,
    route=Route.SL,
    starts_at=at(ON),
    on=ON,
    gates=tuple(each for each in Gate if each not in OF_COURSES),
    price_minor=45000,
)
OF_CLIENT = (
    *(K.CONSENT_TREATMENT, K.CONSENT_KETAMINE, K.ROI_PRESCRIBER, K.SCREENING),
    *(K.MEDICAL_CLEARANCE, K.URINARY_CHECK, K.PMP_CHECK, K.PHQ9, K.GAD7, K.RISK_REVIEW),
    *(K.ESTIMATE, K.FOLLOWUP_HELD),
)
OF_DAY = (K.RX_SEEN, K.CONSENT_REAFFIRMED, K.DAY_OF_CHECKS, K.DISCHARGE_CHECKS)
READY = Facts(
    papers=(
        *(paper(kind) for kind in OF_CLIENT),
        *(paper(kind, ON, session_id=HERE) for kind in OF_DAY),
        *(paper(kind, session_id=HERE) for kind in (K.STOCK, K.ESCORT)),
    ),
    sessions=(
        session(S.INTAKE, TODAY - 30 * DAY),
        session(S.PREP, TODAY - 20 * DAY),
        session(S.DOSING, TODAY - 10 * DAY, session_id=DOSED),
        session(S.INTEGRATION, TODAY - 8 * DAY, session_id=INTEGRATED),
        SessionFact(HERE, S.DOSING, at(ON), ON, is_held=False, has_monitor=True),
    ),
    contact=Contact((), TODAY),
    kept_minor={HERE: 45000},
)


def without(*kinds: PaperKind) -> Facts:
    return replace(READY, papers=tuple(p for p in READY.papers if p.kind not in kinds))


def having(*more: PaperOnFile, facts: Facts = READY) -> Facts:
    kinds = {each.kind for each in more}
    return replace(facts, papers=(*more, *(p for p in facts.papers if p.kind not in kinds)))


def sessions(*more: SessionFact, without: tuple[SessionKind, ...] = ()) -> Facts:
    kept = tuple(each for each in READY.sessions if each.id == HERE or each.kind not in without)
    return replace(READY, sessions=(*kept, *more))


def reasons(
    facts: Facts, at: Stage = Stage.DISCHARGE, subject: Subject = SUBJECT
) -> dict[Gate, str]:
    return {each.gate: each.reason for each in closed_at(evaluate(subject, facts, at), at)}
