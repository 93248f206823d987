from bisect import bisect_right
from calendar import monthcalendar
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from practice.calendar.rules import ics, vtimezone, zones
from tests.unit.calendar.test_zones import different_zones
from tests.unit.calendar.wall import CHANGES, ZONES

WEEKDAYS = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"]
HOUR = timedelta(hours=1)
WINDOW = ics.feed_window(date(2026, 11, 17))


class Reader:
    """A VTIMEZONE as another program reads it: rule by rule, from the text alone."""

    def __init__(self, text: str) -> None:
        self.parts: list[dict[str, str]] = []
        for line in text.split("\r\n"):
            name, _, value = line.partition(":")
            if (name, value) in {("BEGIN", "STANDARD"), ("BEGIN", "DAYLIGHT")}:
                self.parts.append({})
            elif self.parts and name != "END":
                self.parts[-1][name] = value
        self.changes = sorted(self.onsets())
        self.moments = [moment for moment, _ in self.changes]

    def onsets(self) -> list[tuple[datetime, timedelta]]:
        found = []
        for part in self.parts:
            before, after = self.offset(part["TZOFFSETFROM"]), self.offset(part["TZOFFSETTO"])
            begins = datetime.strptime(part["DTSTART"] + "Z", "%Y%m%dT%H%M%S%z")
            locally = self.every_year(part["RRULE"], begins) if "RRULE" in part else [begins]
            assert locally[0] == begins
            found += [(at - before, after) for at in locally]
        return found

    def every_year(self, rule: str, begins: datetime) -> list[datetime]:
        said = dict(pair.split("=") for pair in rule.split(";"))
        assert said.keys() == {"FREQ", "BYMONTH", "BYDAY"}
        assert said["FREQ"] == "YEARLY"
        nth, weekday = int(said["BYDAY"][:-2]), WEEKDAYS.index(said["BYDAY"][-2:])
        found = []
        for year in range(begins.year, 2032):
            weeks = monthcalendar(year, int(said["BYMONTH"]))
            days = [week[weekday] for week in weeks if week[weekday]]
            day = days[nth - 1] if nth > 0 else days[nth]
            found.append(begins.replace(year=year, month=int(said["BYMONTH"]), day=day))
        return found

    def offset(self, text: str) -> timedelta:
        length = timedelta(hours=int(text[1:3]), minutes=int(text[3:5]))
        return -length if text.startswith("-") else length

    def offset_at(self, instant: datetime) -> timedelta:
        return self.changes[bisect_right(self.moments, instant) - 1][1]


def hours_of(first_on: date, last_on: date) -> list[datetime]:
    start = datetime(first_on.year, first_on.month, first_on.day, tzinfo=UTC)
    return [start + n * HOUR for n in range(24 * ((last_on - first_on).days + 1))]


def text_of(zone: str, window: tuple[date, date] = WINDOW) -> str:
    text = vtimezone.vtimezone_text(zone, *window)
    assert text is not None
    return text


@pytest.mark.parametrize("zone", ZONES)
def test_every_hour_around_a_change_reads_as_the_zone_says(zone: str) -> None:
    reader = Reader(text_of(zone, (CHANGES[0], CHANGES[-1])))

    wrong = [
        instant
        for change in CHANGES
        for instant in hours_of(change - timedelta(days=1), change + timedelta(days=1))
        if reader.offset_at(instant) != instant.astimezone(ZoneInfo(zone)).utcoffset()
    ]

    assert wrong == []


def test_a_zone_of_the_world_reads_as_it_is_or_is_not_written() -> None:
    wrong, unwritten = [], []
    for zone in different_zones():
        text = vtimezone.vtimezone_text(zone, *WINDOW)
        if text is None:
            unwritten.append(zone)
            continue
        reader, place = Reader(text), ZoneInfo(zone)
        wrong += [
            (zone, instant)
            for instant in hours_of(*WINDOW)[::97]
            if reader.offset_at(instant) != instant.astimezone(place).utcoffset()
        ]

    assert wrong == []
    assert len(unwritten) < 20
    assert not set(unwritten) & set(ZONES)


@pytest.mark.parametrize(
    "zone",
    [
        pytest.param("America/Vancouver", id="ends its changes within the window"),
        pytest.param("Africa/Casablanca", id="changes for Ramadan"),
        pytest.param("Asia/Jerusalem", id="changes on a day counted from another"),
        pytest.param("America/Santiago", id="changes at the end of a day"),
        pytest.param("America/Nuuk", id="changes the evening before"),
    ],
)
def test_a_zone_that_two_rules_cannot_tell_is_not_written(zone: str) -> None:
    assert vtimezone.vtimezone_text(zone, *ics.feed_window(date(2026, 5, 4))) is None


def test_a_rule_counts_from_where_it_holds() -> None:
    vancouver = "America/Vancouver"

    assert vtimezone.vtimezone_text(vancouver, date(2027, 3, 1), date(2028, 3, 1)) is not None
    assert not vtimezone.is_local_safe(vancouver, datetime(2026, 2, 1, tzinfo=UTC))
    assert vtimezone.is_local_safe(vancouver, datetime(2027, 2, 1, tzinfo=UTC))


@pytest.mark.parametrize("late", [-HOUR, HOUR])
def test_a_rule_that_is_an_hour_off_is_noticed(
    late: timedelta, monkeypatch: pytest.MonkeyPatch
) -> None:
    right = vtimezone.yearly("America/New_York")
    assert right is not None
    wrong = replace(right, onsets=tuple(replace(each, at=each.at + late) for each in right.onsets))
    monkeypatch.setattr(vtimezone, "yearly", lambda _: wrong)
    vtimezone.vtimezone_text.cache_clear()

    assert vtimezone.vtimezone_text("America/New_York", CHANGES[2], CHANGES[3]) is None


def test_new_york_is_written_with_two_yearly_rules() -> None:
    assert text_of("America/New_York").splitlines() == [
        "BEGIN:VTIMEZONE",
        "TZID:America/New_York",
        "BEGIN:DAYLIGHT",
        "DTSTART:19700308T020000",
        "RRULE:FREQ=YEARLY;BYDAY=2SU;BYMONTH=3",
        "TZNAME:EDT",
        "TZOFFSETFROM:-0500",
        "TZOFFSETTO:-0400",
        "END:DAYLIGHT",
        "BEGIN:STANDARD",
        "DTSTART:19701101T020000",
        "RRULE:FREQ=YEARLY;BYDAY=1SU;BYMONTH=11",
        "TZNAME:EST",
        "TZOFFSETFROM:-0400",
        "TZOFFSETTO:-0500",
        "END:STANDARD",
        "END:VTIMEZONE",
    ]


def test_a_zone_without_changes_is_written_as_standard_time() -> None:
    assert text_of("America/Phoenix").splitlines() == [
        "BEGIN:VTIMEZONE",
        "TZID:America/Phoenix",
        "BEGIN:STANDARD",
        "DTSTART:19700101T000000",
        "TZNAME:MST",
        "TZOFFSETFROM:-0700",
        "TZOFFSETTO:-0700",
        "END:STANDARD",
        "END:VTIMEZONE",
    ]


def test_daylight_time_is_the_one_that_is_ahead() -> None:
    lines = text_of("Europe/Dublin").splitlines()

    daylight = lines[lines.index("BEGIN:DAYLIGHT") : lines.index("END:DAYLIGHT")]
    assert daylight == [
        "BEGIN:DAYLIGHT",
        "DTSTART:19700329T010000",
        "RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=3",
        "TZNAME:IST",
        "TZOFFSETFROM:+0000",
        "TZOFFSETTO:+0100",
    ]


def test_neither_reading_of_a_repeated_hour_is_safe_in_local_time() -> None:
    first = datetime(2026, 11, 1, 5, 30, tzinfo=UTC)

    safe = [vtimezone.is_local_safe("America/New_York", first + n * HOUR) for n in range(-1, 3)]

    assert safe == [True, False, False, True]


def test_every_zone_of_the_world_has_a_file_that_can_be_read() -> None:
    assert {name for name in zones.zone_names() if vtimezone.yearly(name)} >= set(ZONES)
