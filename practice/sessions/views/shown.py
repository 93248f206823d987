"""What the page of one booking shows: rows and rules put into words, once, for every step."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlencode

from practice.billing import linked
from practice.billing.accounts import Paid
from practice.billing.models import Payment
from practice.billing.rules.payments import LIVE as MAY_BE_PAID
from practice.billing.rules.payments import PaymentState
from practice.calendar.models import Resource
from practice.calendar.rules import ics, zones
from practice.core.money import Money
from practice.people.models import Practice
from practice.sessions.forms import written
from practice.sessions.models import Appointment
from practice.sessions.rules import for_clients, policies
from practice.sessions.rules.choosing import clock_changes_between
from practice.sessions.rules.for_clients import Balance, Step
from practice.sessions.rules.gates import kept_until
from practice.sessions.rules.lifecycle import AppointmentState, Modality
from practice.sessions.rules.requests import answer_by
from practice.sessions.service.covering import loses_unit
from practice.sessions.views import kept

S = AppointmentState
GOOGLE = "https://calendar.google.com/calendar/render"


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A booking as its client sees it. Times are in words, in the zone that suits them."""

    token: str
    appointment: Appointment
    practice: Practice
    host: Resource
    step: Step
    payments: Sequence[Paid]
    balance: Balance
    zone: str
    now: datetime
    missing: tuple[str, ...]
    undo_until: datetime | None

    # Times --------------------------------------------------------------------------------------

    @property
    def when(self) -> str:
        """The start on the practice's clock: ``Tue, Dec 1, 10:30 AM New York time``."""
        there = self.appointment.time_zone
        return f"{zones.instant_words(self.appointment.starts_at, there)} {zones.zone_words(there)}"

    @property
    def when_for_you(self) -> str:
        """The start on the client's clock, where that shows something else."""
        start, home = self.appointment.starts_at, self.appointment.time_zone
        here = zones.instant_words(start, self.zone)
        if here == zones.instant_words(start, home):
            return ""
        city = zones.zone_words(self.zone).removesuffix(" time")
        if zones.local_date(start, self.zone) == zones.local_date(start, home):
            here = here.removeprefix(f"{zones.day_words(zones.local_date(start, home))}, ")
        return f"{here} for you in {city}"

    @property
    def clocks_change(self) -> bool:
        """Whether the clocks change between now and the session."""
        return clock_changes_between(self.now, self.appointment.starts_at, self.zone)

    @property
    def starts_words(self) -> str:
        return zones.instant_words(self.appointment.starts_at, self.zone)

    @property
    def held_until(self) -> str:
        """Until when the time is held: the hour alone, since it is soon."""
        ends_at = self.appointment.hold_ends_at
        return zones.clock_words(ends_at.astimezone(zones.zone(self.zone))) if ends_at else ""

    @property
    def set_aside(self) -> str:
        length = self.appointment.ends_at - self.appointment.starts_at
        return for_clients.set_aside(self.appointment.kind, int(length.total_seconds()) // 60)

    @property
    def policy_words(self) -> str:
        """What cancelling costs and until when, as it was agreed, by the practice's clock."""
        a = self.appointment
        return policies.sentence(
            a.policy,
            price=a.price,
            starts_at=a.starts_at,
            zone=a.time_zone,
            now=self.now,
            uses_unit=loses_unit(a),
        )

    @property
    def late_words(self) -> str:
        return policies.late_sentence(self.appointment.policy)

    # Where it stands ----------------------------------------------------------------------------

    @property
    def state(self) -> AppointmentState:
        """The state as it counts: a hold that is over is released, whoever has yet to write it."""
        return S.RELEASED if self.step is Step.ENDED else self.appointment.state

    @property
    def state_words(self) -> str:
        return for_clients.STATE_WORDS[self.state]

    @property
    def payment_to_come(self) -> Payment | None:
        """The payment that may still bring money, if there is one."""
        return to_come(self.payments)

    @property
    def failed_to_pay(self) -> bool:
        """Whether the last thing that happened to the money was that none came."""
        return bool(self.payments) and self.payments[0].payment.state is PaymentState.FAILED

    @property
    def takes_cards(self) -> bool:
        return linked.takes_cards()

    @property
    def due_now(self) -> Money | None:
        """What is to be paid online before it is booked, or can be at any time until it is paid."""
        at_visit = self.appointment.pay_at_visit and self.step is Step.CHECK
        can_be = self.balance.owed and self.takes_cards and not at_visit
        if can_be and self.step is Step.CHECK:
            due = min(self.balance.owed, self.appointment.due_at_booking, key=_cents)
            return due or None
        return self.balance.owed if can_be else None

    @property
    def can_pay(self) -> bool:
        """Whether a session that stands, or took place, can be paid here."""
        stands = self.state in {S.TENTATIVE, S.CONFIRMED, S.ARRIVED, S.IN_SESSION, S.COMPLETED}
        return stands and self.due_now is not None and not self.is_paying

    @property
    def is_paying(self) -> bool:
        """Whether money is on its way, so that nobody should pay again."""
        coming = self.payment_to_come
        return coming is not None and coming.state is PaymentState.PROCESSING

    @property
    def pays_at_visit(self) -> bool:
        at_visit = self.appointment.pay_at_visit or not self.takes_cards
        return self.is_coming and bool(self.balance.owed) and at_visit

    @property
    def shows_owed(self) -> bool:
        """Whether what is left to pay says something: not where the session came to nothing."""
        return self.is_coming or self.state in {S.ARRIVED, S.IN_SESSION, S.COMPLETED}

    @property
    def sums(self) -> list[tuple[str, Money]]:
        """What money has moved, as rows of words and amounts."""
        rows = [("Price", self.balance.price), ("Paid", self.balance.paid)]
        if self.balance.given_back:
            rows.append(("Given back", -self.balance.given_back))
        return rows

    @property
    def receipts(self) -> list[Paid]:
        return [each for each in self.payments if each.receipt_id is not None]

    @property
    def heading(self) -> str:
        """The state, in one line to the client."""
        if self.state is S.CONFIRMED:
            return "You are booked"
        return for_clients.STATE_WORDS[self.state]

    @property
    def is_coming(self) -> bool:
        return for_clients.is_coming(self.state, starts_at=self.appointment.starts_at, now=self.now)

    @property
    def is_ahead(self) -> bool:
        """Whether it is booked and still to come: not a time that is only held."""
        return self.is_coming and self.step is Step.BOOKED

    @property
    def fee_now(self) -> Money:
        """What cancelling would cost by the agreed terms at this moment."""
        a = self.appointment
        if not a.service.billed_by_practice:
            return Money(0, a.price.currency)
        return policies.fee_now(a.policy, price=a.price, starts_at=a.starts_at, now=self.now)

    @property
    def too_late_words(self) -> str:
        """That changing it costs something by now: how much, and since when."""
        a = self.appointment
        until = policies.free_until(a.policy, a.starts_at)
        since = f"since {zones.instant_words(until, a.time_zone)}" if until else "at any time"
        counts = loses_unit(a) and self.fee_now.minor >= a.price.minor
        cost = f"costs {self.fee_now}"
        both = (
            f"moving it {cost}, and cancelled it counts as used,"
            if counts
            else (f"cancelling or moving it {cost}")
        )
        return (
            f"By the terms you booked with, {both} {since}. "
            "The next page says exactly what that comes to."
        )

    @property
    def can_undo(self) -> bool:
        """Whether what the client did last may still be taken back."""
        return self.undo_until is not None

    @property
    def undo_until_words(self) -> str:
        until = self.undo_until
        return zones.clock_words(until.astimezone(zones.zone(self.zone))) if until else ""

    @property
    def goes_back_soon(self) -> bool:
        """Whether money waits to go back until the cancellation cannot be undone."""
        return self.state is S.CANCELLED and self.can_undo and bool(self.balance.kept)

    @property
    def kept_words(self) -> str:
        """Until when the time of a booking that waits is kept, and what happens then."""
        until = kept_until(self.appointment.starts_at)
        if until <= self.now:
            return "It starts soon, so we look at it with you."
        words = zones.instant_words(until, self.zone)
        return (
            f"We keep it until {words}. If something is still missing then, we look at it with you."
        )

    @property
    def answer_by(self) -> str:
        """By when a request gets its answer."""
        by = answer_by(self.appointment.created_at, self.practice.time_zone)
        return zones.instant_words(by, self.zone)

    @property
    def can_keep(self) -> bool:
        """Whether the hold can be made longer. At the checkout it has an end of its own."""
        a = self.appointment
        return a.hold_renewals < a.service.rules.hold_renewals and self.payment_to_come is None

    def remember(self) -> None:
        """Let this browser find the way back to a time that it holds."""
        ends_at = self.appointment.hold_ends_at
        kept.follow(
            self.token,
            self.step,
            words=self.starts_words,
            until=written(ends_at) if ends_at else "",
        )

    # Where it is --------------------------------------------------------------------------------

    @property
    def is_video(self) -> bool:
        return self.appointment.modality is Modality.TELEHEALTH

    @property
    def where(self) -> str:
        """By video, or the town: never the street."""
        return "By video" if self.is_video else self.practice.locality

    @property
    def video_link(self) -> str:
        """The way into the practitioner's video room, while there is a session to come to."""
        stands = self.state in {S.CONFIRMED, S.ARRIVED, S.IN_SESSION}
        return self.host.video_link if self.is_video and stands else ""

    @property
    def address_from(self) -> str:
        """From when on the page shows the address of a visit that is booked."""
        a = self.appointment
        if self.is_video or self.address or self.state is not S.CONFIRMED or not self.is_coming:
            return ""
        hours = timedelta(hours=a.service.rules.address_hours_before)
        return zones.instant_words(a.starts_at - hours, self.zone)

    @property
    def address(self) -> list[str]:
        """The lines of the street address and how to arrive, once they may be known."""
        a, rules = self.appointment, self.appointment.service.rules
        if not for_clients.is_address_released(
            state=a.state,
            modality=a.modality,
            starts_at=a.starts_at,
            now=self.now,
            hours=rules.address_hours_before,
        ):
            return []
        return [
            line
            for text in (rules.sanctuary_address, rules.arrival_notes)
            for line in (text or "").splitlines()
        ]

    @property
    def to_do_before(self) -> tuple[str, ...]:
        return for_clients.to_do_before(self.appointment.kind, self.appointment.modality)

    # What is taken along ------------------------------------------------------------------------

    @property
    def google_url(self) -> str:
        """The address that puts a neutral appointment into somebody's Google calendar."""
        a = self.appointment
        dates = "/".join(f"{each:%Y%m%dT%H%M%SZ}" for each in (a.starts_at, a.ends_at))
        asked = {"action": "TEMPLATE", "text": self.calendar_title, "dates": dates}
        return f"{GOOGLE}?{urlencode({**asked, 'ctz': a.time_zone})}"

    @property
    def calendar_title(self) -> str:
        return f"{ics.CLIENT_TITLE}, {self.practice.neutral_name}"


def _cents(amount: Money) -> int:
    return amount.minor


def to_come(payments: Sequence[Paid]) -> Payment | None:
    return next((each.payment for each in payments if each.payment.state in MAY_BE_PAID), None)
