"""Whatever the calendar holds, the times that are shown are the times that can be booked."""

from collections.abc import Callable
from datetime import datetime, timedelta
from random import Random
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa

from practice.audit.rules import PROGRAM, VISITOR
from practice.calendar.models import Closure, HoursOverride, Resource, ResourceKind
from practice.calendar.rules.free import Wanted
from practice.calendar.service import claims
from practice.core.db import db, transaction
from practice.people.models import Client, Practice
from practice.people.rules import Role
from practice.sessions import queries
from practice.sessions.rules.lifecycle import AppointmentState, Modality
from practice.sessions.service import booking, setup
from practice.sessions.service.booking import NotOffered, SlotTaken
from tests import factories
from tests.integration.sessions.conftest import Clock
from tests.integration.sessions.test_booking import ALEX
from tests.integration.sessions.test_free_times import NEXT_MONDAY, at

DAYS = 4
FIRST_AT = at(NEXT_MONDAY, 0)
MINUTE = timedelta(minutes=1)


class Undone(Exception):
    """Ends a transaction of which nothing is to be left."""


@pytest.fixture
def people(practice: Practice) -> list[UUID]:
    with transaction():
        therapists = factories.furnish(staff=2)
        monitor = factories.create_user(Role.MEDICAL_MONITOR, name="Monitor")
        therapists.append(setup.employ(monitor, PROGRAM, days=["mon", "tue", "wed"]))
    return [each.id for each in therapists]


def moment(random: Random) -> datetime:
    return FIRST_AT + timedelta(minutes=random.randrange(DAYS * 24 * 60))


def fill(random: Random, people: list[UUID], now: datetime) -> None:
    """Write a calendar that nobody would think of."""
    places = db.session.scalars(
        sa.select(Resource.id).where(Resource.kind.in_({ResourceKind.ROOM, ResourceKind.HOME}))
    ).all()
    service = queries.get_service("dosing_sl")
    with transaction():
        for resource in [*people, *places]:
            for _ in range(4):
                start = moment(random)
                length = timedelta(minutes=random.randrange(5, 300))
                claims.take(uuid4(), [Wanted(resource, start, start + length)])
        on = NEXT_MONDAY + timedelta(days=random.randrange(DAYS))
        db.session.add(
            HoursOverride(
                resource_id=random.choice(people), on_date=on, starts_minute=605, ends_minute=1000
            )
        )
        if random.random() < 0.5:
            closed = NEXT_MONDAY + timedelta(days=random.randrange(DAYS))
            db.session.add(Closure(first_on=closed, last_on=closed, reason="Storm"))
        host = db.session.scalars(sa.select(Resource).where(Resource.id == people[0])).one()
        for _ in range(random.randrange(3)):  # counted for the caps, wherever they lie
            factories.create_appointment(
                service, host=host, client=factories.create_client(), starts_at=moment(random)
            )
        for _ in range(2):  # a hold past its end, and one that lives
            lives = random.random() < 0.5
            hold = factories.create_appointment(
                service,
                host=host,
                starts_at=moment(random),
                state=AppointmentState.TENTATIVE,
                hold_ends_at=now + (MINUTE if lives else -MINUTE),
            )
            claims.take(hold.id, [Wanted(host.id, hold.starts_at, hold.ends_at)])


def can(book: Callable[[], object]) -> bool:
    """Book, see whether it went, and leave no trace."""
    try:
        with transaction():
            book()
            raise Undone  # noqa: TRY301 - the way out of a transaction
    except Undone:
        return True
    except (SlotTaken, NotOffered):
        return False


@pytest.mark.parametrize("seed", range(3))
def test_what_is_shown_can_be_booked_and_nothing_else(
    people: list[UUID], time: Clock, seed: int
) -> None:
    random = Random(seed)
    with transaction():
        alex = factories.create_client()
    fill(random, people, time.now)

    ways: dict[tuple[str, Modality], Callable[[datetime], object]] = {
        ("consult", Modality.TELEHEALTH): lambda start: booking.book_free(
            queries.get_service("consult"),
            ALEX,
            starts_at=start,
            modality=Modality.TELEHEALTH,
            form_token="form",
            by=VISITOR,
        ),
        ("intake", Modality.IN_PERSON): lambda start: booking.hold(
            queries.get_service("intake"),
            starts_at=start,
            modality=Modality.IN_PERSON,
            browser="browser",
            address="address",
            form_token="form",
            by=VISITOR,
        ),
        ("dosing_im", Modality.IN_PERSON): lambda start: staff_book(alex, "dosing_im", start),
    }
    for (slug, modality), book in ways.items():
        shown = {
            start.starts_at
            for start in queries.free_times(
                queries.get_service(slug),
                modality,
                NEXT_MONDAY,
                DAYS,
                client=alex if slug == "dosing_im" else None,
                as_staff=slug == "dosing_im",
            )
        }
        grid = [FIRST_AT + n * 30 * MINUTE for n in range(DAYS * 48)]
        hidden = random.sample([start for start in grid if start not in shown], k=15)
        between = [moment(random) for _ in range(5)]
        tried = [*random.sample(sorted(shown), k=min(15, len(shown))), *hidden, *between]

        assert {start for start in tried if can(lambda: book(start))} == shown & {*tried}  # noqa: B023


def staff_book(client: Client, slug: str, start: datetime) -> object:
    return booking.book(
        client,
        queries.get_service(slug),
        starts_at=start,
        modality=Modality.IN_PERSON,
        by=PROGRAM,
    )
