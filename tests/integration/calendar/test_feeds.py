"""Feeds on both databases: what they say, when they change, and what they never say."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from practice.calendar.models import DetailLevel, FeedSubscription, Resource, ResourceKind
from practice.calendar.service import entries, feeds
from practice.core import clock, tokens
from practice.core.db import db, practice_scope, transaction
from practice.core.errors import Conflict, Invalid
from practice.people import doors
from practice.people.models import Door
from practice.people.rules import DoorKind
from tests import factories
from tests.integration.calendar.feed_world import NOW, TENTH, World, events, read


def test_a_new_subscription_shows_what_is_booked_already(world: World, client: FlaskClient) -> None:
    world.held = [world.session()]

    _, secret = world.subscribe()

    assert events(read(client, secret)[2]) == [
        ("Session", "CONFIRMED", "0", TENTH, TENTH + timedelta(hours=3))
    ]


@pytest.mark.parametrize(
    ("level", "title"),
    [
        (DetailLevel.BUSY, "Busy"),
        (DetailLevel.PLAIN, "Session"),
        (DetailLevel.INITIALS, "Session JE"),
        (DetailLevel.INITIALS_AND_CODE, "Session JE S"),
    ],
)
def test_a_feed_says_as_much_as_its_level_and_no_more(
    world: World, client: FlaskClient, level: DetailLevel, title: str
) -> None:
    _, secret = world.subscribe(level)

    world.put(world.session())

    body = read(client, secret)[2]
    assert [summary for summary, *_ in events(body)] == [title]
    assert "Jonas" not in body


def test_check_05_nothing_changes_while_nothing_changes(world: World, client: FlaskClient) -> None:
    _, secret = world.subscribe()
    world.put(world.session())
    status, etag, body = read(client, secret)

    world.now += timedelta(hours=1)

    assert read(client, secret) == (status, etag, body) == (200, etag, body)
    assert read(client, secret, **{"If-None-Match": etag}) == (304, etag, "")


def test_check_05_and_06_every_change_of_a_session_changes_the_feed(
    world: World, client: FlaskClient
) -> None:
    _, secret = world.subscribe()
    seen = [read(client, secret)[1:]]

    facts = world.put(world.session())
    seen.append(read(client, secret)[1:])
    facts = world.put(
        replace(
            facts,
            sequence=1,
            starts_at=TENTH + timedelta(days=1),
            ends_at=TENTH + timedelta(days=1, hours=3),
        )
    )
    seen.append(read(client, secret)[1:])
    world.put(replace(facts, sequence=2, is_tentative=True))
    seen.append(read(client, secret)[1:])

    assert len({etag for etag, _ in seen}) == len({body for _, body in seen}) == 4
    assert events(seen[-1][1])[0][1:4] == ("TENTATIVE", "2", TENTH + timedelta(days=1))


def test_check_07_a_cancelled_session_is_a_tombstone_for_fourteen_days(
    world: World, client: FlaskClient
) -> None:
    _, secret = world.subscribe()
    facts = world.put(world.session())
    world.bury(facts)
    tag, body = read(client, secret)[1:]

    assert [event[:3] for event in events(body)] == [("Cancelled: Session", "CANCELLED", "1")]
    assert "TRANSP:TRANSPARENT" in body

    world.now = facts.ends_at + timedelta(days=14)
    later_tag, later_body = read(client, secret)[1:]
    assert events(later_body) == []
    assert later_tag != tag


def test_check_07_what_is_cancelled_after_its_end_stays_as_long_from_then(
    world: World, client: FlaskClient
) -> None:
    _, secret = world.subscribe()
    facts = world.put(world.session())
    world.now = facts.ends_at + timedelta(days=2)
    world.bury(facts)

    world.now = facts.ends_at + timedelta(days=15)
    assert [event[1] for event in events(read(client, secret)[2])] == ["CANCELLED"]

    world.now = facts.ends_at + timedelta(days=16)
    assert events(read(client, secret)[2]) == []


def test_a_session_that_goes_to_somebody_else_leaves_the_feed(
    world: World, client: FlaskClient
) -> None:
    _, secret = world.subscribe()
    facts = world.put(world.session())

    world.bury(facts)
    world.put(replace(facts, sequence=1, resource_ids=()))

    assert [event[1] for event in events(read(client, secret)[2])] == ["CANCELLED"]


def test_check_10_an_ended_or_unknown_address_is_not_there(
    world: World, client: FlaskClient
) -> None:
    subscription_id, secret = world.subscribe()
    etag = read(client, secret)[1]
    assert read(client, secret, **{"If-None-Match": etag})[0] == 304
    with world.app.app_context(), factories.made(world.practice):
        subscription = db.session.scalars(
            sa.select(FeedSubscription).where(FeedSubscription.id == subscription_id)
        ).one()
        feeds.revoke(subscription, by=factories.OWNER)

    known = {"If-None-Match": etag}
    answers = {
        read(client, one, **headers)
        for one in (secret, "unknown", secret[:-1])
        for headers in ({}, known)
    }

    assert answers == {(404, "", "There is no calendar at this address.\n")}


def test_check_10_a_person_who_left_loses_their_feeds(world: World, client: FlaskClient) -> None:
    _, secret = world.subscribe()
    with world.app.app_context(), factories.made(world.practice):
        db.session.execute(
            sa.update(Resource)
            .where(Resource.id == world.therapist.id)
            .values(ended_at=clock.now())
        )

    assert read(client, secret)[0] == 404


def test_check_10_the_secret_is_nowhere_in_the_database(world: World) -> None:
    subscription_id, secret = world.subscribe()

    with world.app.app_context():
        doors = db.session.scalars(
            sa.select(Door.hash).where(Door.subject_id == subscription_id)
        ).all()

    assert doors == [tokens.digest(secret)]
    assert secret not in doors


def test_check_11_a_feed_is_private_and_sets_no_cookie(world: World, client: FlaskClient) -> None:
    _, secret = world.subscribe()

    answer = client.get(f"/calendar/feeds/{secret}/calendar.ics")
    head = client.head(f"/calendar/feeds/{secret}/calendar.ics")

    assert (answer.status_code, head.status_code, head.get_data()) == (200, 200, b"")
    assert "Set-Cookie" not in answer.headers
    assert "Content-Encoding" not in answer.headers
    assert client.get("/robots.txt").status_code == 200
    assert "/calendar" not in client.get("/robots.txt").text
    assert {
        name: answer.headers[name]
        for name in ("Content-Type", "Cache-Control", "X-Robots-Tag", "Referrer-Policy")
    } == {
        "Content-Type": "text/calendar; charset=utf-8",
        "Cache-Control": "private, no-cache",
        "X-Robots-Tag": "noindex",
        "Referrer-Policy": "no-referrer",
    }


def test_check_25_a_fetch_is_written_down_every_five_minutes_and_after_each_change(
    world: World, client: FlaskClient
) -> None:
    subscription_id, secret = world.subscribe()

    def noted() -> tuple[datetime | None, str | None, int | None]:
        with world.app.app_context(), practice_scope(world.practice.id):
            row = db.session.scalars(
                sa.select(FeedSubscription).where(FeedSubscription.id == subscription_id)
            ).one()
            return row.fetched_at, row.fetched_by, row.fetched_status

    etag = read(client, secret, **{"User-Agent": "Thunderbird/153"})[1]
    assert noted() == (NOW, "Thunderbird/153", 200)
    world.now += timedelta(minutes=4, seconds=59)
    read(client, secret, **{"User-Agent": "Other"})
    assert noted() == (NOW, "Thunderbird/153", 200)
    world.now += timedelta(seconds=1)
    read(client, secret, **{"User-Agent": "Other\x07", "If-None-Match": etag})
    assert noted() == (world.now, "Other", 304)

    world.now += timedelta(seconds=30)
    world.put(world.session())
    world.now += timedelta(seconds=30)
    changed_at = world.now
    read(client, secret, **{"User-Agent": "Other", "If-None-Match": etag})
    assert noted() == (changed_at, "Other", 200)
    world.now += timedelta(seconds=30)
    read(client, secret, **{"User-Agent": "Third"})
    assert noted() == (changed_at, "Other", 200)


def test_an_address_from_before_addresses_named_their_practice_still_opens(
    world: World, client: FlaskClient
) -> None:
    subscription_id, secret = world.subscribe()
    old = tokens.new()
    with world.app.app_context(), practice_scope(world.practice.id), transaction():
        doors.cut(DoorKind.FEED, old, subscription_id)

    assert read(client, old)[2] == read(client, secret)[2]


def test_check_10_another_persons_sessions_stay_out(world: World, client: FlaskClient) -> None:
    with world.app.app_context(), factories.made(world.practice):
        other = Resource(kind=ResourceKind.PERSON, name="Other", roles=["therapist"])
        db.session.add(other)
    _, secret = world.subscribe()

    world.put(replace(world.session(), resource_ids=(other.id,)))

    assert events(read(client, secret)[2]) == []


def test_a_booking_of_the_same_moment_is_in_a_new_feed(world: World) -> None:
    world.subscribe()
    with world.app.app_context(), practice_scope(world.practice.id), transaction():
        before = db.session.scalar(sa.select(FeedSubscription.version))
        entries.put(world.session())
        after = db.session.scalar(sa.select(sa.func.max(FeedSubscription.version)))

    assert (before, after) == (0, 1)


def test_an_alarm_shows_words_and_is_not_in_a_tombstone(world: World, client: FlaskClient) -> None:
    _, secret = world.subscribe(alarm_minutes=60)
    plain = world.subscribe()[1]
    facts = world.put(world.session())
    alarm = [
        "BEGIN:VALARM",
        "ACTION:DISPLAY",
        "DESCRIPTION:Reminder",
        "TRIGGER:-PT1H",
        "END:VALARM",
    ]

    with_alarm, without = (read(client, each)[2].split("\r\n") for each in (secret, plain))

    begins = with_alarm.index("BEGIN:VALARM")
    assert sorted(with_alarm[begins : begins + 5]) == sorted(alarm)
    assert [*with_alarm[:begins], *with_alarm[begins + 5 :]] == without
    world.bury(facts)
    assert "VALARM" not in read(client, secret)[2]


def test_check_10_a_new_address_ends_the_old_one_at_once(world: World, client: FlaskClient) -> None:
    subscription_id, secret = world.subscribe()
    world.put(world.session())
    before = read(client, secret)

    with world.app.app_context(), factories.made(world.practice):
        subscription = db.session.get_one(FeedSubscription, (world.practice.id, subscription_id))
        was_read_at = subscription.fetched_at
        new = feeds.renew(subscription, by=factories.OWNER)
        is_read_at = subscription.fetched_at

    assert (was_read_at, is_read_at) == (NOW, None)  # by whoever had the old one
    assert read(client, secret)[0] == 404
    assert read(client, new) == before


def test_a_calendar_has_so_many_links_and_room_for_another_once_one_has_ended(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feeds, "MOST", 2)
    subscription_id, _ = world.subscribe()
    world.subscribe()
    with pytest.raises(Conflict, match="There are 2 links to this calendar"):
        world.subscribe()

    with world.app.app_context(), factories.made(world.practice):
        key = (world.practice.id, subscription_id)
        feeds.revoke(db.session.get_one(FeedSubscription, key), by=factories.OWNER)

    world.subscribe()


def test_the_household_reads_busy_with_its_margins_and_nothing_else(
    world: World, client: FlaskClient
) -> None:
    with world.app.app_context(), factories.made(world.practice):
        home = Resource(kind=ResourceKind.HOME, name="Home", roles=[])
        db.session.add(home)
    _, secret = world.subscribe(DetailLevel.BUSY, home)
    margin = timedelta(minutes=15)

    world.put(replace(world.session(), resource_ids=(home.id,), before=margin, after=margin * 2))

    assert events(read(client, secret)[2]) == [
        ("Busy", "CONFIRMED", "0", TENTH - margin, TENTH + timedelta(hours=3) + margin * 2)
    ]
    with pytest.raises(Invalid):
        world.subscribe(DetailLevel.PLAIN, home)


def test_what_is_past_stays_in_a_feed(world: World, client: FlaskClient) -> None:
    _, secret = world.subscribe()
    past = NOW - timedelta(days=60)

    world.put(world.session(past))

    assert [each[3] for each in events(read(client, secret)[2])] == [past]
