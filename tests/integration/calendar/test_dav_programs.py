"""Programs of other people keep in step over HTTP: the caldav library, and vdirsyncer."""

from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from caldav.davclient import DAVClient
from caldav.lib import error

from practice.calendar.service.entries import EntryFacts
from tests.around_changes import HOUR
from tests.integration.calendar.dav_world import Opened, open_account
from tests.integration.calendar.feed_world import TENTH, World, events
from tests.integration.calendar.test_readers import run, served

VDIRSYNCER = """
[general]
status_path = "{folder}/status"
[pair sessions]
a = "here"
b = "there"
collections = ["from b"]
conflict_resolution = "b wins"
[storage here]
type = "filesystem"
path = "{folder}/calendars"
fileext = ".ics"
[storage there]
type = "caldav"
url = "{base}/"
username = "{name}"
password = "{password}"
read_only = true
"""


def address(opened: Opened, facts: EntryFacts) -> str:
    return f"{opened.calendar}{facts.session_id}.ics"


def calendar_of(base: str, opened: Opened) -> Any:
    """Find the calendar as a program does that was told the host, a name and a password."""
    program = DAVClient(
        url=f"{base}/.well-known/caldav", username=opened.name, password=opened.password
    )
    (found,) = program.principal().calendars()  # type: ignore[no-untyped-call]  # a gap of theirs
    return found


def test_the_caldav_library_finds_the_calendar_reads_it_and_keeps_in_step(world: World) -> None:
    world.held = [world.session()]
    opened = open_account(world)
    with served(world.app) as base:
        found = calendar_of(base, opened)
        assert found.get_display_name() == "Tidewater"
        assert found.get_supported_components() == ["VEVENT"]
        assert [each[3] for each in events(found.events()[0].data)] == [TENTH]
        assert len(found.search(event=True, start=TENTH, end=TENTH + HOUR)) == 1
        assert found.search(event=True, start=TENTH - HOUR, end=TENTH) == []

        known = found.objects_by_sync_token(load_objects=True)
        added = world.put(world.session(TENTH + 24 * HOUR))
        came, went = known.sync()
        assert [[each.url.path for each in came], went] == [[address(opened, added)], []]

        moved = world.put(
            replace(added, sequence=1, starts_at=TENTH + 48 * HOUR, ends_at=TENTH + 51 * HOUR)
        )
        known.sync()
        assert sorted(events(each.data)[0][3] for each in known) == [TENTH, TENTH + 48 * HOUR]

        world.bury(moved)
        came, went = known.sync()
        assert [came, [each.url.path for each in went]] == [[], [address(opened, added)]]
        with pytest.raises(error.AuthorizationError):
            found.save_event(found.events()[0].data)


@pytest.mark.database("sqlite")  # what a program makes of an answer is the same
def test_vdirsyncer_takes_in_a_booking_a_move_and_a_cancellation(
    world: World, tmp_path: Path
) -> None:
    world.held = [world.session()]
    opened = open_account(world)
    folder = tmp_path / "calendars" / "sessions"

    def held() -> list[datetime]:
        run("vdirsyncer", "-c", "sync.conf", "sync", "--force-delete", folder=tmp_path)
        return sorted(events(each.read_text())[0][3] for each in folder.iterdir())

    with served(world.app) as base:
        (tmp_path / "sync.conf").write_text(
            VDIRSYNCER.format(
                folder=tmp_path, base=base, name=opened.name, password=opened.password
            )
        )
        (tmp_path / "calendars" / "sessions").mkdir(parents=True)
        run("vdirsyncer", "-c", "sync.conf", "discover", folder=tmp_path)
        seen = [held()]
        added = world.put(world.session(TENTH + 24 * HOUR))
        seen.append(held())
        moved = world.put(
            replace(added, sequence=1, starts_at=TENTH + 48 * HOUR, ends_at=TENTH + 51 * HOUR)
        )
        seen.append(held())
        world.bury(moved)
        seen.append(held())

    assert seen == [
        [TENTH],
        [TENTH, TENTH + 24 * HOUR],
        [TENTH, TENTH + 48 * HOUR],
        [TENTH],
    ]
