"""How calendar programs ask for a feed: again and again, and mostly for nothing new."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from flask.testing import FlaskClient

from tests.integration.calendar.feed_world import NOW, World, read


def test_check_4_an_unchanged_feed_asks_the_database_once(
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
