"""Furnishing a new practice with the services, courses, rules, rooms and hours that are shipped."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from practice.audit.rules import Actor
from practice.audit.service import record
from practice.calendar.models import BookingRules, Resource, ResourceKind, WorkingHours
from practice.clients.rules.papers import Route
from practice.core.db import db
from practice.core.money import Money
from practice.people.models import Practice, User
from practice.sessions.models import Service
from practice.sessions.rules.lifecycle import SessionKind
from practice.sessions.rules.policies import as_terms, shipped_policy
from practice.sessions.rules.templates import shipped
from practice.sessions.service import course_templates

K = SessionKind
WEEKDAYS = {"mon": 1, "tue": 2, "wed": 3, "thu": 4, "fri": 5, "sat": 6, "sun": 7}
CODES = {
    K.CONSULT: "C",
    K.INTAKE: "I",
    K.MEDICAL_EVAL: "E",
    K.MED_FOLLOWUP: "F",
    K.PREP: "P",
    K.DOSING: "S",
    K.INTEGRATION: "N",
    K.BOOSTER: "B",
}
"""One neutral letter each: what a calendar may show where the practice allows it."""

ABOUT = {
    K.CONSULT: "A short video call to meet, ask questions and see whether this is for you.",
    K.INTAKE: "A first conversation about your health, your history and what you hope for.",
    K.MEDICAL_EVAL: "A prescriber looks at your health and says whether it is safe to go on.",
    K.MED_FOLLOWUP: "A short check with the prescriber along the way.",
    K.PREP: "Time to get ready together: intentions, worries and what the day will be like.",
    K.DOSING: "A medicine session with your practitioner present from beginning to end.",
    K.INTEGRATION: "Time to make sense of the session and take what matters into daily life.",
    K.BOOSTER: "A single medicine session some time after a course.",
}


def furnish(practice: Practice, by: Actor) -> None:
    """Give a new practice what is shipped: rules, services, courses, a room and the home.

    Call inside ``transaction()``, once, when the practice is made. People come with
    ``employ``; everything can be changed afterwards.
    """
    defaults = shipped()["practice_defaults"]
    db.session.add(_rules(defaults))
    db.session.add_all(
        _service(position, service, defaults)
        for position, service in enumerate(shipped()["services"], start=1)
    )
    db.session.add_all(
        Resource(kind=ResourceKind.ROOM, name=name, roles=[]) for name in defaults["rooms"]
    )
    db.session.add(Resource(kind=ResourceKind.HOME, name="Home", roles=[]))
    db.session.add_all(course_templates.shipped_rows())
    db.session.flush()
    record("practice:furnish", by=by, subject_id=practice.id)


def employ(
    user: User,
    by: Actor,
    *,
    days: Iterable[str] = ("mon", "tue", "wed", "thu", "fri"),
    start: str = "09:00",
    end: str = "18:00",
    video_link: str = "",
) -> Resource:
    """Put a member of staff into the calendar, with weekly hours on the wall clock.

    Call inside ``transaction()``. ``days`` are written ``"mon"``, times ``"09:00"``.
    """
    person = Resource(
        kind=ResourceKind.PERSON,
        name=user.name,
        roles=list(user.roles),
        user_id=user.id,
        video_link=video_link,
    )
    db.session.add(person)
    db.session.add_all(
        WorkingHours(
            resource_id=person.id,
            weekday=WEEKDAYS[day],
            starts_minute=_minute(start),
            ends_minute=_minute(end),
        )
        for day in days
    )
    db.session.flush()
    record("resource:employ", by=by, subject_id=person.id, user=str(user.id))
    return person


def _rules(defaults: Mapping[str, Any]) -> BookingRules:
    opening, dosing, quiet = (
        defaults[name] for name in ("client_hours", "dosing_start_between", "quiet_hours")
    )
    hold = defaults["hold"]
    return BookingRules(
        weekdays=[WEEKDAYS[day] for day in defaults["bookable_days"]],
        opens_minute=_minute(opening["start"]),
        closes_minute=_minute(opening["end"]),
        dosing_first_start_minute=_minute(dosing["earliest"]),
        dosing_last_start_minute=_minute(dosing["latest"]),
        quiet_from_minute=_minute(quiet["start"]),
        quiet_to_minute=_minute(quiet["end"]),
        max_dosings_per_day=defaults["max_dosing_per_day"],
        max_dosings_per_week=defaults["max_dosing_per_week"],
        gap_between_clients_minutes=defaults["min_gap_between_clients_minutes"],
        horizon_days=defaults["booking_horizon_days"],
        start_step_minutes=defaults["start_step_minutes"],
        hold_minutes=hold["minutes"],
        hold_renewals=hold["renewals"],
        checkout_minutes=hold["checkout_minutes"],
        after_checkout_seconds=hold["after_checkout_seconds"],
        address_hours_before=defaults["address_release"]["earliest_hours_before"],
    )


def _service(position: int, service: Mapping[str, Any], defaults: Mapping[str, Any]) -> Service:
    kind = SessionKind(service["kind"])
    return Service(
        slug=service["slug"],
        kind=kind,
        label=service["label"],
        about=ABOUT[kind],
        code=CODES[kind],
        minutes=service["minutes"],
        buffer_before_minutes=service["buffer_before"],
        buffer_after_minutes=service["buffer_after"],
        price=Money(service["price_cents"], shipped()["currency"]),
        modalities=service["modality"],
        needs_room=service["needs"]["room"],
        needs_roles=service["needs"]["staff"],
        route=Route(service["route"]) if "route" in service else None,
        notice_hours=defaults["min_notice_hours"][service["kind"]],
        billed_by_practice=service["billed_by"] == "practice",
        cancellation=as_terms(shipped_policy(kind)),
        position=position,
    )


def _minute(clock: str) -> int:
    hour, minute = clock.split(":")
    return int(hour) * 60 + int(minute)
