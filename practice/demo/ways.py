"""The ways that the demo's clients go: which sessions, how far apart, what happens otherwise.

The distances are those that the shipped course ``sl-psycholytic-6`` recommends; whoever books
looks for the nearest free time that keeps to them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import NamedTuple

from practice.billing.rules.payments import PaymentMethod
from practice.clients.service import EmergencyContact


class Visit(NamedTuple):
    """One session: of which service, and how many days after the one before it."""

    service: str
    days: int


Booked = tuple[Visit, ...]
"""What is put into the calendar at one time, when all that was booked before has been held."""

FIRST_DOSING = (Visit("dosing_sl_first", 8), Visit("integration_60", 2))
DOSING = (Visit("dosing_sl", 12), Visit("integration_60", 2))
INJECTION = (Visit("dosing_im", 7), Visit("integration_60", 2))
BOOSTER = (Visit("booster_sl", 33), Visit("integration_60", 2))

INTAKE: tuple[Booked, ...] = ((Visit("intake", 0),),)
LOZENGES: tuple[Booked, ...] = (
    *INTAKE,
    (Visit("prep_60", 4), Visit("prep_60", 5)),
    FIRST_DOSING,
    DOSING * 2,
    DOSING * 3,
)
LOOKED_AFTER: tuple[Booked, ...] = (
    *LOZENGES[:-1],
    (*LOZENGES[-1], Visit("med_followup", 7)),
)
WAITS: tuple[Booked, ...] = (
    *LOZENGES[:2],
    (Visit("dosing_sl_first", 13), Visit("integration_60", 2)),
)
AFTER_A_CALL: tuple[Booked, ...] = (
    (Visit("consult", 0),),
    (Visit("intake", 6),),
    *LOZENGES[1:],
)
INJECTIONS: tuple[Booked, ...] = (
    *INTAKE,
    (Visit("medical_eval", 4), Visit("prep_90", 3)),
    INJECTION,
    (*INJECTION, Visit("med_followup", 3), *INJECTION),
    INJECTION * 2,
)
BOOSTERS: tuple[Booked, ...] = (*INTAKE, FIRST_DOSING, BOOSTER, BOOSTER)
"""Of somebody who was prepared elsewhere."""


class Pays(Enum):
    """When a client pays."""

    AT_THE_VISIT = auto()
    AHEAD = auto()  # as soon as a session is booked
    NEXT_TIME = auto()  # what was held last is still open


class Clearance(Enum):
    """When the prescriber's paper comes."""

    IN_TIME = auto()
    LATE = auto()  # the evening after dosings were booked, which then confirm themselves
    MISSING = auto()
    WITHDRAWN = auto()  # in time, but the prescriber took it back yesterday


class Turn(Enum):
    """What becomes of a session instead of being held as it was booked."""

    CANCELLED = auto()  # two days before
    MISSED = auto()
    MOVED = auto()  # three days before, to a later time; then held


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """One client, who first came ``came`` days from today and likes to come at ``hour``.

    ``turns`` names what goes otherwise, by the session's number among this client's, from 1.
    """

    first_name: str
    last_name: str
    born: str  # ISO date
    phone: str
    lives: str
    reason: str
    tried_before: str = ""
    contact: EmergencyContact
    came: int
    hour: int
    way: tuple[Booked, ...] = LOZENGES
    by_video: bool = False  # whatever can be
    pays: Pays = Pays.AT_THE_VISIT
    method: PaymentMethod = PaymentMethod.CARD_AT_VISIT
    pays_next_online: bool = False
    keeps_card: bool = False  # with that payment
    clearance: Clearance = Clearance.IN_TIME
    turns: Mapping[int, Turn] = field(default_factory=dict)
    course: str = ""  # planned as a whole instead of going a way, by its name
    is_booked: bool = True  # else the course is proposed only
    waits_days: int = 0  # so long after they came their course begins
    own_percent: int = 0  # what they pay of every list price, if not all of it
    courtesy: int = 0  # the number of their session that costs nothing, from 1

    @property
    def email(self) -> str:
        return f"{self.first_name}.{self.last_name}@mail.example".lower()


@dataclass(frozen=True, slots=True, kw_only=True)
class Stranger:
    """Somebody who books on the public pages today, ``days`` ahead, and pays there if need be."""

    first_name: str
    last_name: str
    email: str
    phone: str
    service: str
    days: int
    hour: int
    by_video: bool = True
    changes_their_mind: bool = False
