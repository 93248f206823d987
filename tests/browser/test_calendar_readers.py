"""What Thunderbird's own reader, ical.js, makes of a feed: calendar.md §6, checks 1, 2 and 12."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from playwright.sync_api import Browser

from practice.calendar.rules import ics
from practice.calendar.rules.ics import EventFacts, Status
from tests.around_changes import HOUR, STARTS, ZONES
from tests.integration.calendar.conftest import world
from tests.integration.calendar.feed_world import World, read
from tests.integration.calendar.test_readers import feed_in, held
from tests.integration.conftest import app, client, config

__all__ = ["app", "client", "config", "world"]  # fixtures

ICAL_JS = Path(__file__).parent / "vendored" / "ical.js"
READ = """(text) => {
  const calendar = new ICAL.Component(ICAL.parse(text));
  for (const zone of calendar.getAllSubcomponents("vtimezone")) {
    ICAL.TimezoneService.register(zone);
  }
  return calendar.getAllSubcomponents("vevent").map((each) => {
    const event = new ICAL.Event(each);
    return [event.startDate.toUnixTime(), event.endDate.toUnixTime(), event.summary];
  });
}"""
NASTY = "Zoë 🌿 " + "x" * 300 + ' ,;\\ "quoted" END:VEVENT'


def facts(starts_at: datetime, title: str = "Session") -> EventFacts:
    return EventFacts(
        uid=f"{starts_at:%Y%m%d%H%M}@appointments.invalid",
        sequence=0,
        created_at=starts_at,
        changed_at=starts_at,
        starts_at=starts_at,
        ends_at=starts_at + HOUR,
        status=Status.CONFIRMED,
        title=title,
    )


@pytest.fixture(scope="module")
def shown(chromium: Browser) -> dict[str, list[tuple[datetime, datetime, str]]]:
    """By zone, what ical.js reads of a feed around both changes of the clocks."""
    window = ics.feed_window(datetime(2026, 11, 20, tzinfo=UTC).date())
    with chromium.new_context() as context:
        page = context.new_page()
        page.evaluate(ICAL_JS.read_text())
        found = {}
        for zone in ZONES:
            texts = [ics.event_text(facts(at), zone) for at in STARTS]
            texts.append(ics.event_text(facts(STARTS[-1] + timedelta(days=1), NASTY), zone))
            feed = ics.feed_text(name="Calendar", zone=zone, events=texts, window=window)
            found[zone] = [
                (datetime.fromtimestamp(a, UTC), datetime.fromtimestamp(b, UTC), title)
                for a, b, title in page.evaluate(READ, feed.decode())
            ]
        return found


@pytest.mark.parametrize("zone", ZONES)
def test_check_01_and_02_ical_js_reads_every_instant(
    shown: dict[str, list[tuple[datetime, datetime, str]]], zone: str
) -> None:
    last = STARTS[-1] + timedelta(days=1)

    assert shown[zone] == [(at, at + HOUR, "Session") for at in STARTS] + [
        (last, last + HOUR, NASTY)
    ]


@pytest.mark.database("sqlite")  # what is read is text
@pytest.mark.parametrize("zone", ZONES)
def test_check_01_and_02_ical_js_reads_the_instants_that_the_database_holds(
    world: World, client: FlaskClient, chromium: Browser, zone: str
) -> None:
    world.now = datetime(2026, 11, 20, tzinfo=UTC)
    body = read(client, feed_in(world, zone))[2]

    with chromium.new_context() as context:
        page = context.new_page()
        page.evaluate(ICAL_JS.read_text())
        found = [
            (datetime.fromtimestamp(a, UTC), datetime.fromtimestamp(b, UTC))
            for a, b, _ in page.evaluate(READ, body)
        ]

    assert sorted(found) == held(world.app) == [(at, at + 3 * HOUR) for at in STARTS]
