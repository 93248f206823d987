"""CalDAV on both databases: who gets in, what is there, what changed, and what is refused."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from practice.calendar.models import DetailLevel, FeedSubscription
from practice.calendar.rules.dav.names import CALENDAR_DATA as DATA
from practice.calendar.rules.dav.names import CS, C, D
from practice.calendar.service import feeds
from practice.calendar.service.entries import EntryFacts
from practice.core import tokens
from practice.core.db import db, practice_scope
from practice.people.models import Door
from tests import factories
from tests.around_changes import HOUR
from tests.integration.calendar.dav_world import (
    Opened,
    ask,
    forget_user,
    open_account,
    propfind,
    query,
    sync,
    texts,
    token_of,
    told,
)
from tests.integration.calendar.feed_world import NOW, TENTH, World, events


def address(opened: Opened, facts: EntryFacts) -> str:
    return f"{opened.calendar}{facts.session_id}.ics"


# What changed ------------------------------------------------------------------------------------


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

    held, new = address(opened, world.held[0]), address(opened, added)
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


def test_a_limit_is_kept_and_the_rest_comes_with_the_next_token(
    world: World, client: FlaskClient
) -> None:
    world.held = [world.session(TENTH + n * HOUR) for n in range(3)]
    opened = open_account(world)
    limit = "<limit><nresults>2</nresults></limit>"

    first = ask(client, opened, "REPORT", body=sync(more=limit))
    second = ask(client, opened, "REPORT", body=sync(token_of(first), more=limit))

    ours = [address(opened, each) for each in world.held]
    assert list(told(first)) == [*ours[:2], opened.calendar]
    assert told(first)[opened.calendar] == "HTTP/1.1 507 Insufficient Storage"
    assert list(told(second)) == ours[2:]


# What is there -----------------------------------------------------------------------------------


def test_a_program_finds_its_way_from_the_host_alone(world: World, client: FlaskClient) -> None:
    opened = open_account(world)
    led = client.open("/.well-known/caldav", method="PROPFIND")
    assert (led.status_code, led.headers["Location"]) == (301, "/dav/")

    def found(where: str, *names: str) -> list[str]:
        answer = ask(client, opened, "PROPFIND", where, propfind(*names), Depth="0")
        (properties,) = told(answer).values()
        assert not isinstance(properties, str)
        return [href.text or "" for href in properties.iter(f"{D}href")]

    (principal,) = found("/dav/", f"{D}current-user-principal")
    (home,) = found(principal, f"{C}calendar-home-set")
    below = ask(client, opened, "PROPFIND", home, propfind(f"{D}resourcetype"), Depth="1")

    assert list(told(below)) == [home, opened.calendar]


def test_the_calendar_says_what_it_is_and_that_it_is_for_reading(
    world: World, client: FlaskClient
) -> None:
    opened = open_account(world)
    names = (
        *(f"{D}resourcetype", f"{D}displayname", f"{C}supported-calendar-component-set"),
        *(f"{CS}getctag", f"{D}sync-token", f"{D}current-user-privilege-set", f"{D}nonsense"),
        f"{D}supported-report-set",
    )

    answer = ask(client, opened, "PROPFIND", body=propfind(*names), Depth="0")

    properties = told(answer)[opened.calendar]
    assert not isinstance(properties, str)
    assert [each.tag for each in properties.iter()][1:] == [
        *(f"{D}resourcetype", f"{D}collection", f"{C}calendar", f"{D}displayname"),
        *(f"{C}supported-calendar-component-set", f"{C}comp", f"{CS}getctag", f"{D}sync-token"),
        *(f"{D}current-user-privilege-set", f"{D}privilege", f"{D}read"),
        *(f"{D}privilege", f"{D}read-current-user-privilege-set", f"{D}supported-report-set"),
        *(f"{D}supported-report", f"{D}report", f"{C}calendar-query"),
        *(f"{D}supported-report", f"{D}report", f"{C}calendar-multiget"),
        *(f"{D}supported-report", f"{D}report", f"{D}sync-collection"),
    ]
    assert "<D:nonsense /></D:prop><D:status>HTTP/1.1 404 Not Found" in answer.text
    assert client.options(opened.calendar).headers["DAV"] == "1, 3, calendar-access"


def test_one_session_is_a_file_with_a_mark(world: World, client: FlaskClient) -> None:
    opened = open_account(world, alarm_minutes=15)
    added = world.put(world.session())

    full = ask(client, opened, "GET", address(opened, added))
    mark = full.headers["ETag"]
    same = ask(client, opened, "GET", address(opened, added), If_None_Match=mark)
    head = ask(client, opened, "HEAD", address(opened, added))
    world.put(replace(added, sequence=1, is_tentative=True))
    other = ask(client, opened, "GET", address(opened, added), If_None_Match=mark)

    assert events(full.text) == [("Session", "CONFIRMED", "0", TENTH, TENTH + 3 * HOUR)]
    assert "TRIGGER:-PT15M" in full.text
    assert (full.content_type, same.status_code) == ("text/calendar; charset=utf-8", 304)
    assert (head.status_code, head.data, head.headers["ETag"]) == (200, b"", mark)
    assert (other.status_code, other.headers["ETag"] == mark) == (200, False)
    assert "Set-Cookie" not in full.headers
    listed = told(ask(client, opened, "PROPFIND", body=propfind(f"{D}getetag"), Depth="1"))
    assert other.headers["ETag"] in [
        each.findtext(f"{D}getetag") for each in listed.values() if not isinstance(each, str)
    ]


def test_a_query_finds_by_time_and_nothing_else_than_sessions(
    world: World, client: FlaskClient
) -> None:
    opened = open_account(world)
    first, second = (world.put(world.session(TENTH + days * 24 * HOUR)) for days in (0, 1))

    def found(inside: str) -> list[str]:
        return list(told(ask(client, opened, "REPORT", body=query(inside), Depth="1")))

    event = '<c:comp-filter name="VEVENT">{}</c:comp-filter>'
    time = event.format('<c:time-range start="20270310T{}Z" end="20270310T{}Z"/>')
    assert (
        found("") == found(event.format("")) == [address(opened, each) for each in (first, second)]
    )
    assert found(time.format("175959", "180000")) == [address(opened, first)]
    assert found(time.format("180000", "235959")) == found(time.format("120000", "150000")) == []
    assert found('<c:comp-filter name="VTODO"/>') == []


def test_sessions_are_had_by_their_addresses_and_what_is_not_there_is_said(
    world: World, client: FlaskClient
) -> None:
    opened = open_account(world)
    ours, gone = address(opened, world.put(world.session())), world.put(world.session())
    world.bury(gone)
    asked = [ours, f"http://localhost{ours}", address(opened, gone), "/dav/x&amp;y", "http://[/"]
    hrefs = "".join(f"<href>{each}</href>" for each in asked)

    answer = ask(
        client,
        opened,
        "REPORT",
        body='<c:calendar-multiget xmlns="DAV:" xmlns:c="urn:ietf:params:xml:ns:caldav">'
        f"<prop><c:calendar-data/></prop>{hrefs}</c:calendar-multiget>",
    )

    missing = "HTTP/1.1 404 Not Found"
    assert {
        where: said if isinstance(said, str) else "there" for where, said in told(answer).items()
    } == {
        ours: "there",
        address(opened, gone): missing,
        "/dav/x&y": missing,
        "http://[/": missing,
    }


@pytest.mark.parametrize(
    ("level", "title"),
    [(DetailLevel.BUSY, "Busy"), (DetailLevel.INITIALS_AND_CODE, "Session JE S")],
)
def test_an_account_says_as_much_as_its_level_and_names_nobody_anywhere(
    world: World, client: FlaskClient, level: DetailLevel, title: str
) -> None:
    opened = open_account(world, level)
    world.put(world.session())

    answer = ask(client, opened, "REPORT", body=query())

    assert [each[0] for each in events(texts(answer)[0])] == [title]
    assert not {"Jonas", "Ek", "Morgan"} & set(answer.text.replace("<", " ").split())


# Who gets in -------------------------------------------------------------------------------------


def test_nobody_gets_in_without_the_right_password_and_wrong_ones_must_wait(
    world: World, client: FlaskClient
) -> None:
    opened = open_account(world)
    other = "y" if opened.password.endswith("z") else "z"
    wrong = replace(opened, password=opened.password[:-1] + other)
    statuses = [client.open("/dav/", method="PROPFIND").status_code]

    statuses += [ask(client, wrong, "PROPFIND", Depth="0").status_code for _ in range(7)]
    right = ask(client, opened, "PROPFIND", Depth="0").status_code
    last = ask(client, wrong, "PROPFIND", Depth="0")

    assert statuses == [*[401] * 6, 429, 429]
    assert last.content_type == "text/plain; charset=utf-8"
    assert int(last.headers["Retry-After"]) >= 1
    assert right == 207  # colleagues' programs go on
    typed = replace(opened, password=opened.password.upper().replace("-", " "))
    assert ask(client, typed, "PROPFIND", Depth="0").status_code == 207


def test_an_ended_account_and_one_of_somebody_who_left_open_nothing_at_once(
    world: World, client: FlaskClient
) -> None:
    ended, left = open_account(world), open_account(world)

    def statuses() -> list[int]:
        return [ask(client, each, "PROPFIND", Depth="0").status_code for each in (ended, left)]

    before = statuses()
    with world.app.app_context(), factories.made(world.practice):
        account = db.session.get_one(FeedSubscription, (world.practice.id, ended.id))
        feeds.revoke(account, by=factories.OWNER)
    between = statuses()
    forget_user(world, left.user_id)

    assert (before, between, statuses()) == ([207, 207], [401, 207], [401, 401])


def test_one_account_is_not_anothers(world: World, client: FlaskClient) -> None:
    mine, other = open_account(world), open_account(world)
    added = world.put(world.session())

    found = [
        ask(client, mine, method, address(other, added), Depth="0").status_code
        for method in ("GET", "PROPFIND", "REPORT")
    ]

    assert found == [404, 404, 404]


def test_the_app_password_is_nowhere_in_the_database(world: World) -> None:
    opened = open_account(world)

    with world.app.app_context():
        found = db.session.scalars(sa.select(Door.hash).where(Door.subject_id == opened.id)).all()

    assert found == [tokens.digest(f"{opened.name}\n{opened.password.replace('-', '')}")]


def test_who_asked_last_is_noted_and_unused_accounts_end(world: World, client: FlaskClient) -> None:
    opened, unused = open_account(world), open_account(world)
    world.now += timedelta(days=100)
    ask(client, opened, "PROPFIND", Depth="0", User_Agent="macOS/27 CalendarAgent/1")
    world.now += timedelta(days=21)
    with world.app.app_context():
        with practice_scope(world.practice.id):
            feeds.end_unused(world.practice.id)
        with factories.made(world.practice):
            rows = {each.id: each for each in db.session.scalars(sa.select(FeedSubscription))}

    used = rows[opened.id]
    assert (used.fetched_at, used.fetched_by, used.fetched_status) == (
        NOW + timedelta(days=100),
        "macOS/27 CalendarAgent/1",
        207,
    )
    assert [used.revoked_at, rows[unused.id].revoked_at] == [None, world.now]
    assert ask(client, unused, "PROPFIND", Depth="0").status_code == 401


# What it costs -----------------------------------------------------------------------------------


def test_what_is_asked_of_the_database_does_not_grow_with_sessions(
    world: World, client: FlaskClient, count_statements: Callable[[Callable[[], object]], int]
) -> None:
    opened = open_account(world)
    added = world.put(world.session())

    def counts() -> list[int]:
        asked = [
            lambda: ask(client, opened, "PROPFIND", body=propfind(f"{CS}getctag"), Depth="0"),
            lambda: ask(client, opened, "PROPFIND", body=propfind(f"{D}getetag"), Depth="1"),
            lambda: ask(client, opened, "REPORT", body=query(), Depth="1"),
            lambda: ask(client, opened, "REPORT", body=sync()),
            lambda: ask(client, opened, "GET", address(opened, added)),
        ]
        asked[0]()  # the first one in five minutes is noted
        return [count_statements(each) for each in asked]

    few = counts()
    for n in range(5):
        world.put(world.session(TENTH + n * HOUR))

    assert (few, counts()) == ([2, 3, 3, 3, 3], [2, 3, 3, 3, 3])
