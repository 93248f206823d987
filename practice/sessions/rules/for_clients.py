"""What clients are told about sessions, in words for them: nothing clinical where others look.

The instructions are those of the field's common practice (food, escort, driving); a practice's
own sheet, given in the preparation session, goes before them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from practice.billing.rules.payments import PaymentState
from practice.calendar.rules.free import Reason
from practice.core.money import Money
from practice.sessions.rules.gates import Gate
from practice.sessions.rules.lifecycle import (
    GIVES_MEDICINE,
    AppointmentState,
    Modality,
    SessionKind,
)

K = SessionKind
S = AppointmentState

KIND_WORDS: Mapping[K, str] = {
    K.CONSULT: "First call",
    K.INTAKE: "Intake",
    K.MEDICAL_EVAL: "Medical evaluation",
    K.MED_FOLLOWUP: "Prescriber follow-up",
    K.PREP: "Preparation session",
    K.DOSING: "Medicine session",
    K.INTEGRATION: "Integration session",
    K.BOOSTER: "Booster session",
}

COMES_FIRST: Mapping[K, str] = {
    K.CONSULT: "",
    K.INTAKE: "",
    K.MEDICAL_EVAL: "We book this with you after your intake.",
    K.MED_FOLLOWUP: "We book this with you after your medical evaluation.",
    K.PREP: "We book this with you after your medical evaluation.",
    K.DOSING: "We book this with you after preparation, consent and medical clearance.",
    K.INTEGRATION: "We book this with you together with your medicine session.",
    K.BOOSTER: "We book this with you after your course.",
}
"""Why a stranger cannot book it yet; empty where they can."""

STATE_WORDS: Mapping[S, str] = {
    S.REQUESTED: "Requested",
    S.TENTATIVE: "Not confirmed yet",
    S.CONFIRMED: "Booked",
    S.ARRIVED: "You are here",
    S.IN_SESSION: "In session",
    S.COMPLETED: "Completed",
    S.CANCELLED: "Cancelled",
    S.NO_SHOW: "Missed",
    S.HELD_CLINICAL: "Postponed by the practice",
    S.RELEASED: "No longer held",
}

MISSING_WORDS: Mapping[Gate, str] = {
    Gate.CONSENT_TREATMENT: "The consent forms to read and sign with us",
    Gate.CONSENT_KETAMINE: "A consent form to read and sign with us",
    Gate.INTAKE_DONE: "Your intake",
    Gate.EMERGENCY_CONTACT: "Whom we call in an emergency: name, relation and phone",
    Gate.ROI_PRESCRIBER: "Your permission to talk with the prescriber",
    Gate.MEDICAL_CLEARANCE: "The prescriber’s go-ahead",
    Gate.MED_FOLLOWUP_DONE: "A follow-up with the prescriber",
    Gate.RX_WITH_CLIENT: "What the pharmacy gave you, in its labelled container",
    Gate.STOCK_ON_HAND: "Something that we prepare",
    Gate.MEDICAL_MONITOR_ASSIGNED: "A colleague of ours for the whole session",
    Gate.PREP_DONE: "A preparation session",
    Gate.PRIOR_INTEGRATION_DONE: "The integration session before it",
    Gate.MEASURES_CURRENT: "Two short questionnaires",
    Gate.URINARY_CHECK: "A short check with us",
    Gate.NO_OPEN_RISK_FLAG: "A talk with us",
    Gate.ESTIMATE_DELIVERED: "The estimate of what it will cost",
    Gate.PAYMENT_READY: "The payment, or an arrangement for it",
    Gate.ESCORT_NAMED: "Name and phone of the adult who takes you home",
    Gate.DAY_OF_CHECKS: "The checks of the day",
    Gate.DISCHARGE_CHECKS: "The checks before you go home",
    Gate.SCREENING_DECIDED: "Our answer to your screening",
    Gate.LABS_CURRENT: "A blood test that the prescriber asks for",
    Gate.PMP_CHECKED: "A check by the prescriber",
    Gate.REVIEW_DECIDED: "A decision on how your course goes on",
    Gate.COURSE_RUNS: "A medical review and a preparation, since your course paused too long",
}
"""What a session still waits for, as its client reads it."""

REFUSED_WORDS: Mapping[Reason, str] = {
    Reason.PAST: "This has passed.",
    Reason.TOO_SOON: "Too soon to be booked here. Call us.",
    Reason.BEYOND_HORIZON: "Our calendar is not open that far ahead.",
    Reason.CLEARANCE_ENDS: "Farther ahead than we can book just now.",
    Reason.NOT_WISHED: "Not among the days and times that suit you.",
}
"""Why a client cannot have a time; of the practice's own reasons they hear ``NOT_FREE`` alone."""
NOT_FREE = "Taken, or outside our hours."

FOR_THE_CLIENT: frozenset[Gate] = frozenset(
    {
        Gate.CONSENT_TREATMENT,
        Gate.CONSENT_KETAMINE,
        Gate.EMERGENCY_CONTACT,
        Gate.ROI_PRESCRIBER,
        Gate.RX_WITH_CLIENT,
        Gate.MEASURES_CURRENT,
        Gate.PAYMENT_READY,
        Gate.ESCORT_NAMED,
    }
)
"""What a client can do something about."""

LETTERS: Mapping[str, str] = {
    "booked": "Your booking is confirmed",
    "tentative": "Your time is kept, not confirmed yet",
    "moved": "Your booking has moved",
    "cancelled": "Your booking was cancelled",
    "missed": "A booking that you missed",
    "payment-request": "The link to pay",
    "instalment": "An instalment falls due",
    "card-not-charged": "Your card on file did not pay",
    "receipt": "A receipt",
    "refunded": "Money went back to you",
    "slot-lost": "Your time was gone before the payment came",
    "choose-times": "Dates to choose from",
    "estimate": "An estimate of what to expect to pay",
}
"""What a client was mailed, by the name of the mail; those that only open a door are left out."""

HERE = frozenset({S.CONFIRMED, S.ARRIVED, S.IN_SESSION})
"""The states in which a client may know where the home is."""


def set_aside(kind: SessionKind, minutes: int) -> str:
    """Say how much time to keep free, with the recovery that the session asks for."""
    length = length_words(minutes)
    if kind in GIVES_MEDICINE:
        return f"{length} with us, and the rest of the day to rest: no work, no plans"
    return length


def length_words(minutes: int) -> str:
    """Write a length as ``20 minutes``, ``1 hour 15 minutes`` or ``3 hours``."""
    hours, rest = divmod(minutes, 60)
    parts = [f"{hours} hour{'s' * (hours > 1)}"] * bool(hours)
    parts += [f"{rest} minute{'s' * (rest > 1)}"] * bool(rest)
    return " ".join(parts)


def to_do_before(kind: SessionKind, modality: Modality) -> tuple[str, ...]:
    """List what a client does before a session."""
    where = _BEFORE_VIDEO if modality is Modality.TELEHEALTH else _BEFORE_VISIT
    return (*_BEFORE.get(kind, ()), *where)


_BEFORE_VIDEO = (
    "Find a quiet place where nobody listens in.",
    "Try camera and sound a few minutes before.",
)
_BEFORE_VISIT = ("Come at the time of your booking, not earlier, so that clients do not meet.",)
_MEDICINE_DAY = (
    "Eat nothing for 4 hours before. Clear drinks are fine until 2 hours before.",
    "No alcohol and no cannabis for 48 hours before.",
    "Name an adult who takes you home, at the latest the day before.",
    "Do not drive until the next day, after a night’s sleep.",
    "Take your usual medicines as the prescriber wrote it down for you.",
)
_BEFORE: Mapping[K, tuple[str, ...]] = {
    K.CONSULT: ("Think of the questions that you want to ask.",),
    K.INTAKE: ("Have a list of the medicines that you take at hand.",),
    K.MEDICAL_EVAL: ("Have a list of the medicines that you take at hand.",),
    K.MED_FOLLOWUP: ("Note what has changed since the last time.",),
    K.DOSING: _MEDICINE_DAY,
    K.BOOSTER: _MEDICINE_DAY,
}


def is_address_released(
    *, state: AppointmentState, modality: Modality, starts_at: datetime, now: datetime, hours: int
) -> bool:
    """Say whether a client may see the street address: confirmed, and at most ``hours`` ahead.

    It is a home. Cancelling, or falling back to tentative, withdraws it.
    """
    return (
        modality is Modality.IN_PERSON
        and state in HERE
        and starts_at - now <= timedelta(hours=hours)
    )


@dataclass(frozen=True, slots=True)
class Balance:
    """What a client has paid for one session, what went back, and what they still owe."""

    price: Money
    paid: Money
    given_back: Money

    @property
    def kept(self) -> Money:
        """What was paid and stays with the practice: what cancelling gives back."""
        return self.paid - self.given_back

    @property
    def owed(self) -> Money:
        left = self.price - self.kept
        return left if left.minor > 0 else Money(0, self.price.currency)


class Step(StrEnum):
    """Where a booking stands for its client: what its page is about."""

    DETAILS = "details"  # a time is held; nobody has said for whom
    CHECK = "check"  # held and known; to be looked over, paid or booked
    WAITING = "waiting"  # the money is on its way, and nobody can say yet
    ENDED = "ended"  # the held time went back
    BOOKED = "booked"  # everything else: the booking itself, whatever became of it


def step_of(
    state: AppointmentState,
    *,
    hold_ends_at: datetime | None,
    has_client: bool,
    paying: PaymentState | None,
    now: datetime,
) -> Step:
    """Say what the page of a booking is about.

    ``paying`` is the state of a payment that may still bring money. While it does, a hold past
    its end is nobody's: the processor decides.
    """
    if state is S.RELEASED:
        return Step.ENDED
    if state is not S.TENTATIVE or hold_ends_at is None:
        return Step.BOOKED
    if paying is PaymentState.PROCESSING:
        return Step.WAITING
    if hold_ends_at < now:
        return Step.WAITING if paying else Step.ENDED
    return Step.CHECK if has_client else Step.DETAILS


def is_coming(state: AppointmentState, *, starts_at: datetime, now: datetime) -> bool:
    """Say whether a session still lies ahead of its client."""
    return state in {S.TENTATIVE, S.CONFIRMED, S.REQUESTED} and starts_at > now
