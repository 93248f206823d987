"""The life of a session, and the kinds there are."""

from enum import StrEnum

from practice.core.errors import Conflict


class SessionKind(StrEnum):
    CONSULT = "consult"
    INTAKE = "intake"
    MEDICAL_EVAL = "medical_eval"
    MED_FOLLOWUP = "med_followup"
    PREP = "prep"
    DOSING = "dosing"
    INTEGRATION = "integration"
    BOOSTER = "booster"


GIVES_MEDICINE = frozenset({SessionKind.DOSING, SessionKind.BOOSTER})
FIRST_VISIT = frozenset({SessionKind.CONSULT, SessionKind.INTAKE})
"""What a stranger may book; everything else has something that comes first."""


class Modality(StrEnum):
    IN_PERSON = "in_person"
    TELEHEALTH = "telehealth"


class AppointmentState(StrEnum):
    REQUESTED = "requested"  # a person must approve it; holds no time yet
    TENTATIVE = "tentative"  # has its claims; something that confirming needs is open
    CONFIRMED = "confirmed"
    ARRIVED = "arrived"
    IN_SESSION = "in_session"
    COMPLETED = "completed"
    CANCELLED = "cancelled"
    NO_SHOW = "no_show"
    HELD_CLINICAL = "held_clinical"  # stopped on the day by a clinical check
    RELEASED = "released"  # its hold ended unpaid


S = AppointmentState
MOVES: dict[S, frozenset[S]] = {
    S.REQUESTED: frozenset({S.TENTATIVE, S.CONFIRMED, S.CANCELLED}),
    S.TENTATIVE: frozenset({S.CONFIRMED, S.CANCELLED, S.RELEASED}),
    S.CONFIRMED: frozenset({S.TENTATIVE, S.ARRIVED, S.CANCELLED, S.NO_SHOW}),
    S.ARRIVED: frozenset({S.IN_SESSION, S.COMPLETED, S.HELD_CLINICAL, S.CANCELLED}),
    S.IN_SESSION: frozenset({S.COMPLETED, S.HELD_CLINICAL}),
    S.COMPLETED: frozenset(),
    S.CANCELLED: frozenset(),
    S.NO_SHOW: frozenset(),
    S.HELD_CLINICAL: frozenset(),
    S.RELEASED: frozenset({S.CONFIRMED, S.TENTATIVE}),  # paid late, and the time was still free
}

UNDOES: dict[S, frozenset[S]] = {
    S.CANCELLED: frozenset({S.CONFIRMED, S.TENTATIVE}),
    S.NO_SHOW: frozenset({S.CONFIRMED}),
}
"""What may become of a session again that was called off, or marked missed, by mistake: within
minutes, and only if its time is still free. No move of its life: it goes on as though nothing had
been."""

LIVE = frozenset({S.TENTATIVE, S.CONFIRMED, S.ARRIVED, S.IN_SESSION})
"""The states that keep their claims on people and rooms."""

TAKES_PART_IN_CAPS = LIVE | {S.COMPLETED, S.NO_SHOW}
"""A session that happened, or still may, counts against the day's and week's caps."""


def check_move(current: S, target: S) -> None:
    """Raise ``Conflict`` unless the table allows the move."""
    if target is current:
        raise Conflict(f"This session is {WORDS[current]} already.")
    if target not in MOVES[current]:
        raise Conflict(f"A session that is {WORDS[current]} cannot become {WORDS[target]}.")


def may_be_held(state: S, kind: SessionKind) -> bool:
    """Say whether a session may be stopped now for a clinical reason: one with medicine alone."""
    return kind in GIVES_MEDICINE and S.HELD_CLINICAL in MOVES[state]


def check_undo(current: S, before: S) -> None:
    """Raise ``Conflict`` unless a session may be again what it was before."""
    if before not in UNDOES.get(current, frozenset()):
        raise Conflict(f"A session that is {WORDS[current]} cannot be {WORDS[before]} again.")


WORDS: dict[S, str] = {
    S.REQUESTED: "requested",
    S.TENTATIVE: "not yet confirmed",
    S.CONFIRMED: "booked",
    S.ARRIVED: "arrived",
    S.IN_SESSION: "in session",
    S.COMPLETED: "completed",
    S.CANCELLED: "cancelled",
    S.NO_SHOW: "missed",
    S.HELD_CLINICAL: "held for a clinical reason",
    S.RELEASED: "released",
}
