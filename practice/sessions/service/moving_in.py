"""What the set-up and the settings pages write. Call inside ``transaction()``."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from uuid import UUID

import sqlalchemy as sa

from practice.audit.rules import Actor
from practice.audit.service import record
from practice.calendar.models import BookingRules, Resource
from practice.core.db import db, require_practice_id
from practice.core.money import Money
from practice.outbox.service import look_at_calendars
from practice.people import changing
from practice.sessions.queries.services import get_service, offered_by
from practice.sessions.service import catalog


def price(prices: Mapping[UUID, int], *, without: Collection[UUID] = (), by: Actor) -> None:
    """Give services other prices, in cents, and offer some no longer.

    What is booked or held keeps the price it was shown.

    Raises:
        NotFound: for a service that is not offered any more.
    """
    for service_id, minor in sorted(prices.items()):
        service = get_service(service_id)
        offered = offered_by(service)
        asked = replace(offered, price=Money(minor, offered.price.currency))
        catalog.change(service_id, asked, seen=service.version, by=by)
    for service_id in sorted(without):
        catalog.retire(service_id, by=by)


@dataclass(frozen=True, slots=True)
class Policies:
    """How far ahead clients see times, from when on they see the address, and the own words."""

    horizon_days: int
    address_hours_before: int
    before_you_book: str


def keep_policies(policies: Policies, *, by: Actor) -> None:
    """Write down what clients are told before they book."""
    rules = _rules()
    rules.horizon_days = policies.horizon_days
    rules.address_hours_before = policies.address_hours_before
    db.session.flush()
    look_at_calendars()
    changing.edit({"before_you_book": policies.before_you_book}, by=by)
    record(
        "practice:keep_policies",
        by=by,
        subject_id=require_practice_id(),
        horizon_days=policies.horizon_days,
        address_hours_before=policies.address_hours_before,
    )


def keep_places(address: str, arrival_notes: str, *, by: Actor) -> None:
    """Write down, sealed, where clients come to and what they need to arrive."""
    rules = _rules()
    rules.sanctuary_address = address or None
    rules.arrival_notes = arrival_notes or None
    db.session.flush()
    look_at_calendars()
    record("practice:keep_places", by=by, subject_id=require_practice_id())


def keep_calendars(*, invites_clients: bool, address_in_calendars: bool, by: Actor) -> None:
    """Say whether clients get invitations by mail, and whether their calendars know the street."""
    rules = _rules()
    rules.invites_clients = invites_clients
    rules.address_in_calendars = address_in_calendars
    db.session.flush()
    record(
        "practice:keep_calendars",
        by=by,
        subject_id=require_practice_id(),
        invites_clients=invites_clients,
        address_in_calendars=address_in_calendars,
    )
    look_at_calendars()


def keep_video_rooms(links: Mapping[UUID, str], *, by: Actor) -> None:
    """Write down where each of some people holds sessions by video."""
    people = db.session.scalars(
        sa.select(Resource).where(Resource.id.in_(links)).order_by(Resource.id)
    ).all()
    for person in people:
        if person.video_link != links[person.id]:
            person.video_link = links[person.id]
            record("resource:keep_video_room", by=by, subject_id=person.id)
    db.session.flush()


def _rules() -> BookingRules:
    return db.session.scalars(sa.select(BookingRules).with_for_update()).one()
