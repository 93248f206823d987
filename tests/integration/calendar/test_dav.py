"""CalDAV on both databases: who gets in, what is there, what changed, and what is refused."""

from dataclasses import replace

from flask.testing import FlaskClient

from practice.calendar.rules.dav.names import CALENDAR_DATA as DATA
from tests.around_changes import HOUR
from tests.integration.calendar.dav_world import (
    ask,
    open_account,
    sync,
    texts,
    token_of,
    told,
)
from tests.integration.calendar.feed_world import TENTH, World, events


def test_a_booking_a_move_and_a_cancellation_come_one_by_one(
    world: World, client: FlaskClient
) -> None:
    world.held = [world.session()]
    opened = open_account(world)
    first = ask(client, opened, "REPORT", body=sync())

    added = world.put(world.session())
    second = ask(client, opened, "REPORT", body=sync(token_of(first)))
    moved = world.put(replace(added, sequence=1, starts_at=TENTH + HOUR, ends_at=TENTH + 4 * HOUR))
    third = ask(client, opened, "REPORT", body=sync(token_of(second), DATA))
    world.bury(moved)
    fourth = ask(client, opened, "REPORT", body=sync(token_of(third)))
    last = ask(client, opened, "REPORT", body=sync(token_of(fourth)))

    held, new = (f"{opened.calendar}{each.session_id}.ics" for each in (world.held[0], added))
    assert [list(told(each)) for each in (first, second, third, fourth, last)] == [
        [held],
        [new],
        [new],
        [new],
        [],
    ]
    assert events(texts(third)[0]) == [
        ("Session", "CONFIRMED", "1", TENTH + HOUR, TENTH + 4 * HOUR)
    ]
    assert told(fourth)[new] == "HTTP/1.1 404 Not Found"
    assert token_of(last) == token_of(fourth)
