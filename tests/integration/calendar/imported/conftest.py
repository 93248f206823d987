"""A practice whose practitioner has another calendar, on a server that seems far away."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from practice.calendar import imported
from practice.calendar.models import Claim, ClaimKind, ExternalCalendar, Resource, WhenStale
from practice.calendar.rules.imported import between_of
from practice.calendar.service import imported as service
from practice.calendar.service import refreshing
from practice.calendar.service.imported import Switches
from practice.core import clock
from practice.core.db import db, read_again, transaction
from practice.outbox.jobs import ComesRound
from practice.people.models import Client, User
from practice.people.queries import get_practice
from practice.sessions.queries import get_service
from practice.sessions.rules.lifecycle import Modality
from practice.sessions.service import booking
from tests import factories
from tests.browsers import sign_in
from tests.factories import OWNER
from tests.far_away import FarAway, Wire, far_away
from tests.integration.sessions.conftest import practice, therapist, time
from tests.integration.sessions.pages.conftest import host
from tests.unit.calendar.foreign import calendar, event

__all__ = ["host", "practice", "therapist", "time"]  # fixtures

TUESDAY_TEN = event("DTSTART;TZID=America/New_York:20270302T100000", "DURATION:PT1H", uid="ten")
WEDNESDAY = event("DTSTART;VALUE=DATE:20270303", uid="wednesday")


@pytest.fixture
def far(monkeypatch: pytest.MonkeyPatch) -> Iterator[FarAway]:
    with far_away(monkeypatch) as server:
        yield server


@dataclass
class Elsewhere:
    """The practitioner's other calendar: what the server says, and what it blocks here."""

    id: UUID
    server: FarAway

    @property
    def row(self) -> ExternalCalendar:
        read_again()
        return imported.get_calendar(self.id)

    @property
    def blocked(self) -> list[tuple[datetime, datetime]]:
        return sorted((starts_at, ends_at) for _, starts_at, ends_at in self.claims)

    @property
    def claims(self) -> set[tuple[UUID, datetime, datetime]]:
        read_again()
        rows = db.session.execute(
            sa.select(Claim.id, Claim.starts_at, Claim.ends_at).where(
                Claim.holder_id == self.id, Claim.kind == ClaimKind.IMPORTED
            )
        )
        return {(row.id, row.starts_at, row.ends_at) for row in rows}

    def says(self, *events: str, etag: str = "") -> None:
        """Let the server say this from now on; a 304 to whoever knows the tag."""
        body = calendar(*events)

        def script(head: str, wire: Wire) -> None:
            if etag and f"If-None-Match: {etag}" in head:
                wire.answer(304)
            else:
                tags = {"ETag": etag} if etag else {}
                wire.answer(200, body, **tags)

        self.server.script = script

    def read(self) -> None:
        """Let the worker read it now, whenever it would have come."""
        with transaction():
            imported.get_calendar(self.id, lock=True).next_at = None
        read_again()
        with pytest.raises(ComesRound):
            refreshing.refresh(self.id)

    def confirm(self) -> None:
        between = between_of(clock.now(), get_practice().time_zone)
        with transaction():
            service.confirm(self.id, between, by=OWNER)


def switches(**other: object) -> Switches:
    chosen = {
        "name": "Family",
        "all_day_blocks": True,
        "free_blocks": False,
        "tentative_blocks": True,
        "floating_zone": "",
        "own_addresses": (),
        "when_stale": WhenStale.KEEP,
    }
    return Switches(**chosen | other)  # type: ignore[arg-type]


@pytest.fixture
def unread(therapist: Resource, far: FarAway) -> Elsewhere:
    """A calendar that was added and not read yet."""
    assert therapist.user_id is not None
    with transaction():
        made = service.add(
            therapist, switches(), address=far.url, by=OWNER, added_by=therapist.user_id
        )
    return Elsewhere(made.id, far)


@pytest.fixture
def elsewhere(unread: Elsewhere) -> Elsewhere:
    """A calendar that blocks Tuesday at ten."""
    unread.says(TUESDAY_TEN, etag='"first"')
    unread.read()
    unread.confirm()
    return unread


@pytest.fixture
def browser(client: FlaskClient, therapist: Resource) -> FlaskClient:
    """The browser of the practitioner, who is owner and therapist."""
    user = db.session.scalars(sa.select(User).where(User.id == therapist.user_id)).one()
    sign_in(client, user)
    return client


def book_at(start: datetime) -> Client:
    """Book a client in whatever lies there in other calendars."""
    with transaction():
        client = factories.create_client()
    found = get_service("intake")
    with transaction():
        booking.book(client, found, starts_at=start, modality=Modality.IN_PERSON, by=OWNER)
    return client
