"""A practice, its practitioner, what they hold, and how other programs read their feeds."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import vobject
from flask import Flask
from flask.testing import FlaskClient

from practice.calendar.models import DetailLevel, Resource
from practice.calendar.service import entries, feeds
from practice.calendar.service.entries import EntryFacts
from practice.calendar.wishes import Wish
from practice.people.models import Practice
from tests import factories

NOW = datetime(2027, 3, 1, 13, tzinfo=UTC)
TENTH = datetime(2027, 3, 10, 15, tzinfo=UTC)


class World:
    """A practice, its practitioner, and what the practitioner holds: stands above the calendar."""

    def __init__(self, app: Flask, practice: Practice, therapist: Resource) -> None:
        self.app, self.practice, self.therapist = app, practice, therapist
        self.now = NOW
        self.held: list[EntryFacts] = []

    def subscribe(
        self,
        level: DetailLevel = DetailLevel.PLAIN,
        whose: Resource | None = None,
        **more: int,
    ) -> tuple[UUID, str]:
        with self.app.app_context(), factories.made(self.practice):
            subscription, secret = feeds.subscribe(
                whose or self.therapist,
                Wish(label="Phone", level=level, **more),
                by=factories.OWNER,
                made_by=uuid4(),
            )
            return subscription.id, secret

    def put(self, facts: EntryFacts) -> EntryFacts:
        with self.app.app_context(), factories.made(self.practice):
            entries.put(facts)
        return facts

    def bury(self, facts: EntryFacts) -> EntryFacts:
        gone = replace(facts, sequence=facts.sequence + 1, changed_at=self.now, gone_at=self.now)
        with self.app.app_context(), factories.made(self.practice):
            entries.bury(gone)
        return gone

    def session(
        self,
        starts_at: datetime = TENTH,
        name: str = "Jonas Ek",
        zone: str = "America/New_York",
    ) -> EntryFacts:
        return EntryFacts(
            session_id=uuid4(),
            uid=f"{uuid4()}@appointments.invalid",
            sequence=0,
            created_at=self.now,
            changed_at=self.now,
            starts_at=starts_at,
            ends_at=starts_at + timedelta(hours=3),
            zone=zone,
            is_tentative=False,
            client_name=name,
            service_code="S",
            resource_ids=(self.therapist.id,),
        )


def read(client: FlaskClient, secret: str, **headers: str) -> "tuple[int, str, str]":
    answer = client.get(f"/calendar/feeds/{secret}/calendar.ics", headers=headers)
    return answer.status_code, answer.headers.get("ETag", ""), answer.get_data(as_text=True)


def events(body: str) -> list[tuple[str, str, str, datetime, datetime]]:
    """Read a feed with another program's eyes."""
    calendar = vobject.readOne(body)
    return [
        (
            event.summary.value,
            event.status.value,
            event.sequence.value,
            event.dtstart.value.astimezone(UTC),
            event.dtend.value.astimezone(UTC),
        )
        for event in getattr(calendar, "vevent_list", [])
    ]
