"""How calendar programs ask for a feed: again and again, and mostly for nothing new."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from practice.calendar.models import DetailLevel
from practice.calendar.service import entries
from practice.core.db import db
from practice.people.models import Practice
from tests import factories
from tests.integration.calendar.feed_world import NOW, World, read

HOUR = timedelta(hours=1)


def local(instant: datetime) -> str:
    return f"{instant.astimezone(ZoneInfo('America/New_York')):%Y%m%dT%H%M%S}"


@pytest.mark.database("sqlite")
def test_check_04_three_thousand_sessions_are_all_there(world: World, client: FlaskClient) -> None:
    _, secret = world.subscribe()
    starts = [NOW + n * timedelta(hours=3) for n in range(3000)]
    with world.app.app_context(), factories.made(world.practice):
        one = world.session(NOW)
        row = entries.row_of(one, world.therapist.id, DetailLevel.PLAIN)
        rows = [  # the same words, each with an identity and a time of its own
            row
            | {"id": uuid4(), "session_id": uuid4(), "starts_at": at, "ends_at": at + HOUR}
            | {"text": row["text"].replace(one.uid, f"{n}@x").replace(local(NOW), local(at))}
            for n, at in enumerate(starts)
        ]
        for first in range(0, len(rows), 500):
            entries.write(rows[first : first + 500])

    status, etag, body = read(client, secret)

    assert (status, body.count("BEGIN:VEVENT")) == (200, 3000)
    assert re.findall(r"UID:(\S+)@x", body) == [str(n) for n in range(3000)]
    assert re.findall(r"DTSTART;TZID=America/New_York:(\w+)", body) == [local(at) for at in starts]
    assert read(client, secret, **{"If-None-Match": etag}) == (304, etag, "")


def test_check_04_an_unchanged_feed_asks_the_database_once(
    world: World, client: FlaskClient, count_statements: Callable[[Callable[[], object]], int]
) -> None:
    _, secret = world.subscribe()
    world.put(world.session())
    etag = read(client, secret)[1]

    assert count_statements(lambda: read(client, secret, **{"If-None-Match": etag})) == 1
    assert count_statements(lambda: read(client, secret)) == 2


def test_a_304_says_what_every_answer_says_and_is_for_this_host_alone(
    world: World, client: FlaskClient
) -> None:
    _, secret = world.subscribe()
    address = f"/calendar/feeds/{secret}/calendar.ics"
    full = client.get(address)
    known = {"If-None-Match": f'W/"another", {full.headers["ETag"]}'}

    same = client.get(address, headers=known)

    of_the_text = ("Content-Type", "Content-Disposition", "Content-Length")
    assert same.status_code == 304
    assert dict(same.headers) == {
        name: value for name, value in full.headers.items() if name not in of_the_text
    }
    assert client.head(address, headers=known).status_code == 304
    assert client.get(address, headers=known, base_url="http://elsewhere").status_code == 400
    assert client.post(address, headers=known).status_code == 405
    elsewhere = address.replace("/calendar.ics", "/of/calendar.ics")
    assert client.get(elsewhere, headers=known).status_code == 404


@pytest.mark.parametrize("other", [{"neutral_name": "Elm"}, {"time_zone": "America/Denver"}])
def test_what_a_feed_says_of_the_practice_changes_it_too(
    world: World, client: FlaskClient, other: dict[str, str]
) -> None:
    _, secret = world.subscribe()
    world.put(world.session())
    _, known, before = read(client, secret)
    with world.app.app_context(), factories.made(world.practice):
        db.session.execute(sa.update(Practice).values(other))

    status, tag, after = read(client, secret, **{"If-None-Match": known})

    assert (status, tag == known, after == before) == (200, False, False)


def test_what_comes_into_sight_with_a_new_week_is_not_held_back(
    world: World, client: FlaskClient
) -> None:
    _, secret = world.subscribe()
    world.put(world.session(datetime(2028, 4, 12, 15, tzinfo=UTC)))
    _, known, before = read(client, secret)
    world.now += timedelta(days=7)

    status, _, after = read(client, secret, **{"If-None-Match": known})

    assert (status, before.count("BEGIN:VEVENT"), after.count("BEGIN:VEVENT")) == (200, 0, 1)


def test_when_a_feed_changed_last_moves_with_whatever_changes_it(
    world: World, client: FlaskClient
) -> None:
    _, secret = world.subscribe()
    address = f"/calendar/feeds/{secret}/calendar.ics"

    def changed_at() -> datetime | None:
        return client.get(address).last_modified

    seen = [changed_at()]
    world.now += timedelta(minutes=1)
    facts = world.put(world.session())
    seen.append(changed_at())
    world.now += timedelta(minutes=1)
    world.bury(facts)
    seen.append(changed_at())
    world.now = facts.ends_at + timedelta(days=15)
    seen.append(changed_at())

    dropped_at = facts.ends_at + timedelta(days=14)
    week_began_at = datetime(2027, 4, 4, 4, tzinfo=UTC)  # midnight in New York, and 90 days back
    world.now = week_began_at + timedelta(hours=1)
    seen.append(changed_at())
    first, second = NOW + timedelta(minutes=1), NOW + timedelta(minutes=2)
    assert seen == [NOW, first, second, dropped_at, week_began_at]


@pytest.mark.parametrize(("status", "headers"), [(200, {}), (304, {"If-None-Match": "known"})])
def test_a_program_that_asks_without_end_is_told_to_wait(
    world: World, client: FlaskClient, status: int, headers: dict[str, str]
) -> None:
    secret, other = world.subscribe()[1], world.subscribe()[1]
    headers = {name: read(client, other)[1] for name in headers}
    world.now += timedelta(seconds=70)

    answers = [read(client, other, **headers)[0] for _ in range(61)]

    assert answers == [status] * 60 + [429]
    refused = client.get(f"/calendar/feeds/{other}/calendar.ics", headers=headers)
    assert (refused.headers["Retry-After"], refused.content_type, refused.text) == (
        "50",
        "text/plain; charset=utf-8",
        "That is more than may be asked from one place. Try again in a minute.\n",
    )
    assert read(client, secret)[0] == 200
    world.now += timedelta(seconds=50)
    assert read(client, other, **headers)[0] == status


def test_who_guesses_addresses_is_told_to_wait(world: World, client: FlaskClient) -> None:
    answers = [read(client, f"guess{n}")[0] for n in range(601)]

    assert answers == [404] * 600 + [429]


def test_a_feed_does_not_vary_by_cookie(world: World, client: FlaskClient) -> None:
    _, secret = world.subscribe()
    client.set_cookie("sid", "of somebody who is signed in in the same browser")
    address = f"/calendar/feeds/{secret}/calendar.ics"

    full = client.get(address)
    same = client.get(address, headers={"If-None-Match": full.headers["ETag"]})

    assert [each.status_code for each in (full, same)] == [200, 304]
    assert [each.headers.getlist("Vary") for each in (full, same)] == [["Accept-Encoding"]] * 2
