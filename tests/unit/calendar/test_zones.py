import os
import subprocess
import sys
import zoneinfo
from collections import defaultdict
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from importlib import resources
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from practice.calendar.rules import zones
from practice.core.errors import Invalid
from scripts.bootstrap import ROOT
from tests import databases

NEW_YORK = "America/New_York"
SPRING, AUTUMN = date(2027, 3, 14), date(2026, 11, 1)
NOON = time(12)


@cache
def different_zones() -> list[str]:
    """One name for each different set of rules that there is."""
    alike = defaultdict(list)
    for name in sorted(zones.zone_names()):
        alike[resources.files("tzdata.zoneinfo").joinpath(name).read_bytes()].append(name)
    return [names[0] for names in alike.values()]


def dates_of_change(place: ZoneInfo) -> list[date]:
    """The dates of 2026 and 2027 on which the offset from UTC moves, and their neighbours."""
    noons = [datetime(2026, 1, 1, 12, tzinfo=UTC) + timedelta(days=n) for n in range(730)]
    moved = [
        noon.astimezone(place).date()
        for noon in noons
        if noon.astimezone(place).utcoffset()
        != (noon - timedelta(days=1)).astimezone(place).utcoffset()
    ]
    return sorted({on + timedelta(days=n) for on in moved for n in (-2, -1, 0, 1)})


def test_every_date_of_every_zone_begins_where_the_clock_first_shows_it() -> None:
    wrong = []
    for name in different_zones():
        place = zones.zone(name)
        for on in dates_of_change(place):
            start = zones.day_start(name, on)
            just_before = (start - timedelta(seconds=1)).astimezone(place)
            if start.astimezone(place).date() != on or just_before.date() >= on:
                wrong.append((name, on))

    assert wrong == []


def test_the_parts_of_a_date_add_up_in_every_zone() -> None:
    wrong = []
    for name in different_zones():
        for on in dates_of_change(zones.zone(name)):
            length = zones.day_start(name, on + timedelta(days=1)) - zones.day_start(name, on)
            parts = zones.stretches(name, on)
            if timedelta(minutes=sum(part.minutes for part in parts)) != length:
                wrong.append((name, on))

    assert wrong == []


def test_a_date_on_which_the_clock_jumps_has_two_parts() -> None:
    assert zones.stretches(NEW_YORK, SPRING) == ((0, 120, 0), (120, 21 * 60, 180))
    assert zones.stretches(NEW_YORK, AUTUMN) == ((0, 120, 0), (120, 23 * 60, 60))
    assert zones.stretches(NEW_YORK, date(2026, 12, 1)) == zones.PLAIN_DAY


def test_a_date_whose_midnight_is_skipped_begins_at_one() -> None:
    on = date(2026, 4, 24)

    assert zones.day_start("Africa/Cairo", on) == datetime(2026, 4, 23, 22, tzinfo=UTC)
    assert zones.stretches("Africa/Cairo", on) == ((0, 23 * 60, 60),)


@pytest.mark.parametrize("name", [NEW_YORK, "UTC", "America/Indiana/Indianapolis", "US/Eastern"])
def test_a_zone_goes_by_its_name(name: str) -> None:
    assert zones.zone(name) is ZoneInfo(name)


@pytest.mark.parametrize(
    "name",
    [
        "",
        "Atlantis/Poseidonis",
        "america/new_york",
        "America/New_York ",
        "America/",
        "America",
        "/etc/localtime",
        "../zoneinfo/UTC",
        "America/../UTC",
        "America\\New_York",
        "UTC\x00",
        "tzdata.zi",
        "Amérique/New_York",
        "EST5EDT,M3.2.0,M11.1.0",
        "A" * 5000,
    ],
)
def test_what_is_not_the_name_of_a_zone_is_refused(name: str) -> None:
    with pytest.raises(Invalid):
        zones.zone(name)


def test_check_24_the_rules_of_the_zones_are_the_pinned_ones() -> None:
    assert zoneinfo.TZPATH == ()
    assert zoneinfo.available_timezones() == zones.zone_names()


def test_a_local_date_is_the_one_on_the_wall() -> None:
    late = datetime(2026, 12, 2, 4, 59, tzinfo=UTC)

    assert zones.local_date(late, NEW_YORK) == date(2026, 12, 1)
    assert zones.local_date(late, "UTC") == date(2026, 12, 2)


def test_weeks_run_from_monday_to_sunday() -> None:
    assert zones.iso_week(date(2027, 1, 3)) == (2026, 53)
    assert zones.iso_week(date(2027, 1, 4)) == (2027, 1)


def test_a_time_on_the_wall_is_an_instant() -> None:
    first = zones.instant_of(NEW_YORK, AUTUMN, time(1, 30))
    second = zones.instant_of(NEW_YORK, AUTUMN, time(1, 30), second_reading=True)

    assert zones.instant_of(NEW_YORK, AUTUMN, NOON) == datetime(2026, 11, 1, 17, tzinfo=UTC)
    assert first == datetime(2026, 11, 1, 5, 30, tzinfo=UTC)
    assert second == datetime(2026, 11, 1, 6, 30, tzinfo=UTC)


def test_a_time_that_the_clocks_skip_is_refused_in_words() -> None:
    with pytest.raises(Invalid) as refused:
        zones.instant_of(NEW_YORK, SPRING, time(2, 30))

    assert refused.value.message == "The clocks skip 2:30 AM on Sun, Mar 14."


def test_the_second_of_a_time_that_comes_once_is_refused_in_words() -> None:
    with pytest.raises(Invalid) as refused:
        zones.instant_of(NEW_YORK, AUTUMN, NOON, second_reading=True)

    assert refused.value.message == "The clocks show 12:00 PM only once on Sun, Nov 1."


@pytest.mark.parametrize(
    ("instant", "words"),
    [
        (datetime(2026, 12, 1, 15, 30, tzinfo=UTC), "Tue, Dec 1, 10:30 AM"),
        (datetime(2026, 12, 1, 17, 0, tzinfo=UTC), "Tue, Dec 1, 12:00 PM"),
        (datetime(2026, 12, 1, 5, 0, tzinfo=UTC), "Tue, Dec 1, 12:00 AM"),
        (datetime(2026, 11, 1, 5, 30, tzinfo=UTC), "Sun, Nov 1, 1:30 AM EDT"),
        (datetime(2026, 11, 1, 6, 30, tzinfo=UTC), "Sun, Nov 1, 1:30 AM EST"),
        (datetime(2027, 3, 14, 7, 0, tzinfo=UTC), "Sun, Mar 14, 3:00 AM"),
    ],
)
def test_an_instant_is_written_as_the_clock_shows_it(instant: datetime, words: str) -> None:
    assert zones.instant_words(instant, NEW_YORK) == words


@pytest.mark.parametrize(
    ("name", "words"),
    [
        (NEW_YORK, "New York time"),
        ("America/Indiana/Indianapolis", "Indianapolis time"),
        ("UTC", "UTC"),
        ("Etc/GMT+5", "Etc/GMT+5"),
    ],
)
def test_a_zone_is_called_by_its_city(name: str, words: str) -> None:
    assert zones.zone_words(name) == words


HERE = """
import wsgi, sys, os
from datetime import UTC, datetime
from practice import web
from practice.calendar.rules import ics, zones
from practice.core import clock
with wsgi.app.app_context():
    print(clock.now().utcoffset())
for zone in ("America/New_York", "America/Vancouver", "Asia/Kolkata"):
    for at in (datetime(2026, 11, 1, 6, 30, tzinfo=UTC), datetime(2027, 3, 14, 10, tzinfo=UTC)):
        window = ics.feed_window(zones.local_date(at, zone))
        print(web.zoned(at, zone), zones.day_start(zone, at.date()).isoformat())
        print(ics.feed_text(name="x", zone=zone, events=[], window=window))
"""


def test_check_24_neither_the_clock_nor_the_zone_files_of_the_machine_count(tmp_path: Path) -> None:
    """With another zone, and with files that would have every zone be UTC."""
    for name in ("America/New_York", "America/Vancouver", "Asia/Kolkata"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        file = resources.files("tzdata.zoneinfo").joinpath("UTC")
        (tmp_path / name).write_bytes(file.read_bytes())
    machines = [
        {"TZ": "UTC"},
        {"TZ": "America/Los_Angeles"},
        {"TZ": "Asia/Kolkata", "PYTHONTZPATH": str(tmp_path)},
    ]
    command, program = [sys.executable, "-c", HERE], databases.settings("sqlite:////nowhere")
    running = [
        subprocess.Popen(
            command, cwd=ROOT, env=os.environ | program | each, stdout=subprocess.PIPE, text=True
        )
        for each in machines
    ]

    said = [each.communicate()[0] for each in running]

    assert [each.returncode for each in running] == [0, 0, 0]
    assert len(set(said)) == 1
    assert "EST" in said[0]
