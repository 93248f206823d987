"""The mails there are: who gets each and when, and the names that a practice may use in it.

Each is a folder under ``templates/email``. ``names`` say, for each name, what stands in its
place: an expression of the house over what the mail is handed, never one that somebody typed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from practice.core.money import Money

Facts = Mapping[str, Any]

PRACTICE = {"practice": "practice.neutral_name"}
OF_TIME = {"day": "starts_at | day(zone)", "when": "starts_at | local(zone)"}
OF_BOOKING = OF_TIME | {"with": "host", "where": "where"}
IN_SUBJECT = frozenset({"day", "when", "amount", "practice"})
"""Names whose values are short enough for a subject."""


@dataclass(frozen=True, slots=True)
class Made:
    """What example mails are made of."""

    now: datetime
    zone: str
    page: str
    currency: str

    @property
    def booking(self) -> Facts:
        in_days = self.now + timedelta(days=3)
        starts_at = in_days.replace(minute=30, second=0, microsecond=0)
        return {
            "starts_at": starts_at,
            "ends_at": starts_at + timedelta(hours=1),
            "zone": self.zone,
            "zone_for_you": None,
            "host": "Jordan Example",
            "where": "By video",
            "page": self.page,
        }

    @property
    def no_costs(self) -> Facts:
        return {"fee": None, "kept": None, "owed": None, "card": "", "credit": None}

    def money(self, minor: int) -> Money:
        return Money(minor, self.currency)


@dataclass(frozen=True, slots=True)
class Kind:
    """One mail, as staff read about it. ``example`` makes up what it is handed."""

    name: str
    title: str
    sent: str
    names: Mapping[str, str]
    example: Callable[[Made], Facts]
    to_staff: bool = False

    @property
    def subject_names(self) -> tuple[str, ...]:
        return tuple(name for name in self.names if name in IN_SUBJECT)


def _kinds(*kinds: Kind) -> Mapping[str, Kind]:
    return {kind.name: kind for kind in kinds}


KINDS = _kinds(
    Kind(
        "booked",
        "Booked",
        "At once when a client books; 3 minutes after staff book, or the last paper comes in.",
        OF_BOOKING | PRACTICE,
        lambda made: {
            **made.booking,
            "paid": made.money(5_000),
            "owed": made.money(12_500),
            "cancel_until": made.booking["starts_at"],
        },
    ),
    Kind(
        "tentative",
        "Not yet confirmed",
        "When a time is kept but something is still missing, or a booking is no longer confirmed.",
        OF_BOOKING | PRACTICE,
        lambda made: {**made.booking, "was_confirmed": False},
    ),
    Kind(
        "moved",
        "Moved",
        "3 minutes after a booking got another time, unless that was undone.",
        OF_BOOKING | PRACTICE,
        lambda made: {
            **made.booking,
            **made.no_costs,
            "was_at": made.booking["starts_at"] - timedelta(days=1),
        },
    ),
    Kind(
        "cancelled",
        "Cancelled",
        "3 minutes after a booking was cancelled, unless that was undone.",
        OF_TIME | PRACTICE,
        lambda made: {**made.booking, **made.no_costs, "refund": made.money(5_000)},
    ),
    Kind(
        "missed",
        "Missed",
        "3 minutes after a booking was marked missed, if that costs something.",
        OF_TIME | PRACTICE,
        lambda made: {
            **made.booking,
            **made.no_costs,
            "fee": made.money(12_500),
            "owed": made.money(12_500),
            "refund": None,
        },
    ),
    Kind(
        "calendar",
        "For the calendar",
        "3 minutes after several bookings were made, moved or cancelled together: one for each, "
        "to those who want them in their calendars by mail.",
        OF_BOOKING | PRACTICE,
        lambda made: {**made.booking, "is_off": False},
    ),
    Kind(
        "slot-lost",
        "Paid too late",
        "At once when money comes in for a time that somebody else has by then.",
        OF_TIME | PRACTICE,
        lambda made: {**made.booking, "refund": made.money(5_000)},
    ),
    Kind(
        "requested",
        "Requested",
        "At once when a client asks for a time that a person must approve.",
        OF_BOOKING | PRACTICE,
        lambda made: {**made.booking, "answer_by": made.now + timedelta(days=1)},
    ),
    Kind(
        "approved",
        "Request approved",
        "3 minutes after staff said yes to a request.",
        OF_BOOKING | PRACTICE,
        lambda made: {**made.booking, "owed": made.money(12_500)},
    ),
    Kind(
        "declined",
        "Request declined",
        "3 minutes after staff said no to a request. Why stands on the client's page alone.",
        OF_TIME | PRACTICE,
        lambda made: made.booking,
    ),
    Kind(
        "reminder",
        "Reminder",
        "72 hours and 24 hours before a booking, outside quiet hours.",
        OF_BOOKING | PRACTICE,
        lambda made: {**made.booking, "needs_planning": True},
    ),
    Kind(
        "choose-times",
        "Dates to choose from",
        "At once when staff let a client choose among the dates of several bookings.",
        {"day": "offered_at | day(practice.time_zone)"} | PRACTICE,
        lambda made: {"offered_at": made.now, "page": made.page},
    ),
    Kind(
        "estimate",
        "Estimate",
        "When an estimate was written: within an hour of a booking, or when one was asked for.",
        {"day": "issued_at | day(practice.time_zone)"} | PRACTICE,
        lambda made: {"issued_at": made.now, "page": made.page},
    ),
    Kind(
        "payment-request",
        "Asked to pay",
        "When staff mail the link to pay.",
        OF_BOOKING | {"amount": "amount | money"} | PRACTICE,
        lambda made: {**made.booking, "amount": made.money(12_500)},
    ),
    Kind(
        "instalment",
        "Instalment",
        "3 days before an instalment falls due, and on its day where no card on file pays it.",
        {"day": "due_at | day(practice.time_zone)", "amount": "amount | money"} | PRACTICE,
        lambda made: {
            "amount": made.money(193_750),
            "due_at": made.now,
            "is_due": False,
            "by_card": False,
            "page": made.page,
        },
    ),
    Kind(
        "package-ends",
        "Package ends",
        "30 days before the last day of what was bought ahead, if some of it is left.",
        {"day": "ends_at | day(practice.time_zone)"} | PRACTICE,
        lambda made: {"ends_at": made.now, "keeps": False, "page": made.page},
    ),
    Kind(
        "receipt",
        "Receipt",
        "When money comes in.",
        {"day": "paid_at | day(practice.time_zone)", "amount": "amount | money"} | PRACTICE,
        lambda made: {
            "amount": made.money(12_500),
            "label": "Appointment payment",
            "paid_at": made.now,
            "page": made.page,
        },
    ),
    Kind(
        "refunded",
        "Refund",
        "When money has gone back.",
        {"day": "refunded_at | day(practice.time_zone)", "amount": "amount | money"} | PRACTICE,
        lambda made: {
            "amount": made.money(5_000),
            "refunded_at": made.now,
            "to_card": True,
            "page": made.page,
        },
    ),
    Kind(
        "card-not-charged",
        "Card on file did not pay",
        "At once when a charge of a card on file fails, with a link to pay.",
        {"day": "tried_at | day(practice.time_zone)", "amount": "amount | money"} | PRACTICE,
        lambda made: {
            "amount": made.money(5_000),
            "label": "Balance payment",
            "tried_at": made.now,
            "needs_holder": False,
            "page": made.page,
        },
    ),
    Kind(
        "find-bookings",
        "Links to bookings",
        "When somebody asks for the links of their bookings.",
        {"day": "asked_at | day(practice.time_zone)"} | PRACTICE,
        lambda made: {
            "asked_at": made.now,
            "bookings": [
                {
                    "starts_at": made.booking["starts_at"],
                    "zone": made.zone,
                    "state": "Booked",
                    "page": made.page,
                }
            ],
        },
    ),
    Kind(
        "staff-new-booking",
        "New booking",
        "At once when a client books, to those who hold the session.",
        OF_BOOKING | PRACTICE,
        lambda made: {**made.booking, "state": "booked"},
        to_staff=True,
    ),
    Kind(
        "staff-call-back",
        "Somebody asks for a call",
        "At once when somebody asks to be called, to the practice.",
        {"day": "posted_at | day(practice.time_zone)"} | PRACTICE,
        lambda made: {"page": made.page},
        to_staff=True,
    ),
    Kind(
        "staff-moved",
        "Client moved",
        "3 minutes after a client moved a session, to those who hold it.",
        OF_BOOKING | PRACTICE,
        lambda made: made.booking,
        to_staff=True,
    ),
    Kind(
        "staff-cancelled",
        "Client cancelled",
        "3 minutes after a client cancelled, to those who held the session.",
        OF_BOOKING | PRACTICE,
        lambda made: {**made.booking, "refund": None},
        to_staff=True,
    ),
    Kind(
        "staff-calendar",
        "For the calendar",
        "3 minutes after a session was booked, moved or cancelled, to those who hold it and want "
        "it in their calendars by mail.",
        OF_BOOKING | PRACTICE,
        lambda made: {**made.booking, "is_off": False},
        to_staff=True,
    ),
    Kind(
        "staff-alert",
        "No longer confirmed",
        "When a confirmed session loses something it asks for, to those who hold it.",
        OF_BOOKING | PRACTICE,
        lambda made: made.booking,
        to_staff=True,
    ),
    Kind(
        "staff-calendar-unread",
        "A calendar cannot be read",
        "When a calendar that blocks time could not be read for a day, to whose time it is.",
        {"day": "posted_at | day(practice.time_zone)"} | PRACTICE,
        lambda made: {
            "read_at": made.now - timedelta(days=1),
            "problem": "The other side did not answer in time.",
            "page": made.page,
        },
        to_staff=True,
    ),
    Kind(
        "payment-needs-attention",
        "A payment needs you",
        "When the program cannot settle a payment by itself, to the practice.",
        {"day": "posted_at | day(practice.time_zone)"} | PRACTICE,
        lambda made: {"what": "A refund did not go through.", "today": made.page},
        to_staff=True,
    ),
)
