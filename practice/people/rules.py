"""Roles, what each may do, and the doors into a practice."""

from collections.abc import Iterable
from enum import StrEnum


class DoorKind(StrEnum):
    PRACTICE = "practice"  # its name in addresses
    USER_EMAIL = "user_email"
    SIGN_IN = "sign_in"
    BOOKING = "booking"
    FEED = "feed"
    PAYMENT = "payment"  # our payment's id, as the processor sends it back
    PROCESSOR = "processor"  # an object of the processor: a checkout, an intent, a charge


class Role(StrEnum):
    OWNER = "owner"
    THERAPIST = "therapist"
    PRESCRIBER = "prescriber"
    MEDICAL_MONITOR = "medical_monitor"
    FRONT_DESK = "front_desk"
    BOOKKEEPER = "bookkeeper"


class Permission(StrEnum):
    """What a route asks for. A page that everybody on staff may see asks for ``WORK``."""

    WORK = "work"
    CALENDAR_VIEW = "calendar:view"
    FEED_SUBSCRIBE = "feed:subscribe"
    APPOINTMENT_BOOK = "appointment:book"
    APPOINTMENT_RUN = "appointment:run"  # arrived, completed, no-show
    CLIENT_VIEW = "client:view"
    CLIENT_EDIT = "client:edit"
    CARE_VIEW = "care:view"  # reason for care, papers
    CONSENT_RECORD = "consent:record"
    CLEARANCE_RECORD = "clearance:record"
    MONEY_VIEW = "money:view"
    MONEY_TAKE = "money:take"  # payments at the visit, refunds
    INVOICE_EXPORT = "invoice:export"
    PRACTICE_MANAGE = "practice:manage"


P = Permission
_ALL = frozenset(Permission)
_CLINICAL = frozenset(
    {P.WORK, P.CALENDAR_VIEW, P.FEED_SUBSCRIBE, P.CLIENT_VIEW, P.CARE_VIEW, P.APPOINTMENT_RUN}
)
_DESK = frozenset(
    {
        P.WORK,
        P.CALENDAR_VIEW,
        P.FEED_SUBSCRIBE,
        P.APPOINTMENT_BOOK,
        P.APPOINTMENT_RUN,
        P.CLIENT_VIEW,
        P.CLIENT_EDIT,
        P.MONEY_VIEW,
        P.MONEY_TAKE,
    }
)

MAY: dict[Role, frozenset[Permission]] = {
    Role.OWNER: _ALL,
    Role.THERAPIST: _CLINICAL | _DESK | {P.CONSENT_RECORD, P.CLEARANCE_RECORD},
    Role.PRESCRIBER: _CLINICAL | {P.CONSENT_RECORD, P.CLEARANCE_RECORD},
    Role.MEDICAL_MONITOR: _CLINICAL,
    Role.FRONT_DESK: _DESK,
    Role.BOOKKEEPER: frozenset({P.WORK, P.MONEY_VIEW, P.MONEY_TAKE, P.INVOICE_EXPORT}),
}


def may(roles: Iterable[Role], permission: Permission) -> bool:
    """Say whether any of ``roles`` allows ``permission``."""
    return any(permission in MAY[role] for role in roles)
