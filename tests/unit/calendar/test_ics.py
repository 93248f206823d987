from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import vobject
from hypothesis import given, settings
from hypothesis import strategies as st

from practice.calendar.rules import ics
from practice.calendar.rules.ics import Detail, EventFacts, Status
from tests.unit.calendar.wall import CHANGES, ZONES

NEW_YORK = "America/New_York"
WINDOW = ics.feed_window(date(2026, 11, 17))
HOUR = timedelta(hours=1)
TEN = datetime(2026, 12, 1, 15, tzinfo=UTC)
SESSION = EventFacts(
    uid="5d4f7c1e@calendar.invalid",
    sequence=2,
    created_at=datetime(2026, 11, 2, 14, 30, 1, 999, tzinfo=UTC),
    changed_at=datetime(2026, 11, 3, 9, 0, 59, tzinfo=UTC),
    starts_at=TEN,
    ends_at=TEN + 3 * HOUR,
    status=Status.CONFIRMED,
    title="Session AB D",
)

NASTY = [
    "Zoë 🌿👩‍👩‍👧 " + "x" * 300,
    'comma, semicolon; backslash\\ "quotes" and \\n that is none',
    "one\r\nEND:VEVENT\r\nBEGIN:VEVENT\r\nUID:other",
    "nul\x00 bell\x07 tab\tform\x0cfeed",
    "next\x85line\u2028separator\u2029paragraph",
    "half a character \ud83d.",
    "END:VCALENDAR",
    "x" * 66 + "END:VEVENT",
    "   ",
]


def feed(*events: str, zone: str = NEW_YORK, window: tuple[date, date] = WINDOW) -> str:
    return ics.feed_text(name="Calendar", zone=zone, events=events, window=window).decode()


def lines(text: str) -> list[str]:
    """The lines as meant: folded ones put together again (RFC 5545, 3.1)."""
    return text.replace("\r\n ", "").split("\r\n")


def value(text: str, name: str) -> str:
    return next(line.partition(":")[2] for line in lines(text) if line.startswith(f"{name}:"))


def starts_read(text: str) -> list[datetime]:
    """The instants that another program finds in a feed."""
    calendar = vobject.readOne(text)
    return [event.dtstart.value.astimezone(UTC) for event in calendar.vevent_list]


def test_a_feed_is_this_text() -> None:
    text = feed(ics.event_text(SESSION, NEW_YORK))

    assert text.split("\r\n") == [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//Appointments//Calendar//EN",
        "CALSCALE:GREGORIAN",
        "NAME:Calendar",
        "X-WR-CALNAME:Calendar",
        "REFRESH-INTERVAL;VALUE=DURATION:PT30M",
        "X-PUBLISHED-TTL:PT30M",
        "X-WR-TIMEZONE:America/New_York",
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
        "BEGIN:VEVENT",
        "SUMMARY:Session AB D",
        "DTSTART;TZID=America/New_York:20261201T100000",
        "DTEND;TZID=America/New_York:20261201T130000",
        "DTSTAMP:20261103T090059Z",
        "UID:5d4f7c1e@calendar.invalid",
        "SEQUENCE:2",
        "CLASS:PRIVATE",
        "CREATED:20261102T143001Z",
        "LAST-MODIFIED:20261103T090059Z",
        "STATUS:CONFIRMED",
        "TRANSP:OPAQUE",
        "END:VEVENT",
        "END:VCALENDAR",
        "",
    ]


@pytest.mark.parametrize("zone", ZONES)
def test_another_program_reads_the_instants_that_were_written(zone: str) -> None:
    half_hours = [
        datetime(on.year, on.month, on.day, tzinfo=UTC) + n * HOUR / 2
        for on in CHANGES
        for n in range(48)
    ]

    text = feed(
        *(
            ics.event_text(replace(SESSION, starts_at=start, ends_at=start + HOUR), zone)
            for start in half_hours
        ),
        zone=zone,
        window=(CHANGES[0], CHANGES[-1]),
    )

    assert starts_read(text) == half_hours


def test_the_second_half_past_one_is_written_in_utc() -> None:
    second = datetime(2026, 11, 1, 6, 30, tzinfo=UTC)
    early = replace(SESSION, starts_at=second - 2 * HOUR, ends_at=second)

    late_text = ics.event_text(replace(SESSION, starts_at=second, ends_at=second + HOUR), NEW_YORK)
    early_text = ics.event_text(early, NEW_YORK)

    assert (value(late_text, "DTSTART"), value(late_text, "DTEND")) == (
        "20261101T063000Z",
        "20261101T073000Z",
    )
    assert (value(early_text, "DTSTART"), value(early_text, "DTEND")) == (
        "20261101T043000Z",
        "20261101T063000Z",
    )


def test_local_times_become_utc_where_the_rule_does_not_hold_for_the_whole_feed() -> None:
    vancouver = "America/Vancouver"
    window = ics.feed_window(date(2026, 5, 4))
    text = ics.event_text(SESSION, vancouver)
    folded = ics.event_text(replace(SESSION, location="DTSTART;TZID= " * 20), NEW_YORK)

    read = feed(text, folded, zone=vancouver, window=window)

    assert "DTSTART;TZID=America/Vancouver:20261201T080000" in text
    assert "America/Vancouver:" not in read
    assert "DTSTART:20261201T150000Z\r\nDTEND:20261201T180000Z\r\n" in read
    assert "DTSTART;TZID=America/New_York:20261201T100000" in read
    assert folded in read
    assert starts_read(read) == [TEN, TEN]


def test_appointments_keep_their_zone_when_a_practice_moves() -> None:
    before = ics.event_text(SESSION, NEW_YORK)
    after = ics.event_text(SESSION, "America/Denver")

    text = feed(before, after, zone="America/Denver")

    assert [line for line in lines(text) if line.startswith("TZID:")] == [
        "TZID:America/Denver",
        "TZID:America/New_York",
    ]
    assert starts_read(text) == [TEN, TEN]


@pytest.mark.parametrize("zone", [NEW_YORK, "America/Phoenix", "Africa/Casablanca"])
def test_an_empty_feed_still_has_a_part(zone: str) -> None:
    calendar = vobject.readOne(feed(zone=zone))

    assert [part.name for part in calendar.components()] == ["VTIMEZONE"]


def test_the_same_appointments_give_the_same_bytes_all_week() -> None:
    events = [ics.event_text(SESSION, NEW_YORK), ics.event_text(SESSION, "America/Denver")]
    monday = date(2026, 11, 16)

    texts = {feed(*events, window=ics.feed_window(monday + timedelta(days=n))) for n in range(7)}

    assert texts == {feed(*events)}


def test_check_06_every_change_that_can_be_seen_is_told_three_times() -> None:
    moved = replace(
        SESSION,
        starts_at=TEN + HOUR,
        ends_at=TEN + 4 * HOUR,
        sequence=3,
        changed_at=SESSION.changed_at + HOUR,
    )

    before, after = (lines(ics.event_text(facts, NEW_YORK)) for facts in (SESSION, moved))

    assert set(after) - set(before) == {
        "DTSTART;TZID=America/New_York:20261201T110000",
        "DTEND;TZID=America/New_York:20261201T140000",
        "SEQUENCE:3",
        "DTSTAMP:20261103T100059Z",
        "LAST-MODIFIED:20261103T100059Z",
    }


def test_a_tentative_session_blocks_its_time() -> None:
    text = ics.event_text(replace(SESSION, status=Status.TENTATIVE), NEW_YORK)

    assert (value(text, "STATUS"), value(text, "TRANSP")) == ("TENTATIVE", "OPAQUE")


def test_a_cancelled_session_is_a_tombstone_that_tells_no_place() -> None:
    at_home = replace(SESSION, location="12 Tidewater Lane", description="Ring at the side door.")
    cancelled = replace(at_home, status=Status.CANCELLED)

    before, after = (ics.event_text(facts, NEW_YORK) for facts in (at_home, cancelled))

    assert (value(before, "LOCATION"), value(before, "DESCRIPTION")) == (
        "12 Tidewater Lane",
        "Ring at the side door.",
    )
    assert sorted(set(lines(after)) - set(lines(before))) == [
        "STATUS:CANCELLED",
        "SUMMARY:Cancelled: Session AB D",
        "TRANSP:TRANSPARENT",
    ]
    assert "Tidewater" not in after
    assert "DESCRIPTION" not in after


@given(today=st.dates(date(2024, 1, 1), date(2100, 1, 1)))
def test_a_feed_reaches_far_enough_and_begins_on_a_monday(today: date) -> None:
    first_on, last_on = ics.feed_window(today)

    assert first_on.weekday() == 0
    assert timedelta(90) <= today - first_on < timedelta(97)
    assert timedelta(400) <= last_on - today < timedelta(407)


@pytest.mark.parametrize("text", NASTY)
@pytest.mark.parametrize("field", ["title", "location", "description"])
def test_check_12_no_text_breaks_out_of_its_line(text: str, field: str) -> None:
    facts = replace(SESSION, **{field: text})  # type: ignore[arg-type]  # fields of text

    raw = feed(ics.event_text(facts, NEW_YORK))

    assert raw.splitlines() == raw.split("\r\n")[:-1]
    assert all(len(line.encode()) <= 75 for line in raw.splitlines())
    names = [line.partition(":")[0] for line in lines(raw)]
    usual = {*names} - {"LOCATION", "DESCRIPTION"}
    assert usual == {
        line.partition(":")[0] for line in lines(feed(ics.event_text(SESSION, NEW_YORK)))
    }
    assert [line for line in lines(raw) if line.endswith(":VEVENT")].count("END:VEVENT") == 1
    [event] = vobject.readOne(raw).vevent_list
    assert event.uid.value == SESSION.uid


@settings(deadline=None)
@given(title=st.text(st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"]), min_size=1))
def test_check_12_another_program_reads_a_title_as_it_was(title: str) -> None:
    raw = feed(ics.event_text(replace(SESSION, title=title), NEW_YORK))

    [event] = vobject.readOne(raw).vevent_list
    assert event.summary.value == title


def test_lines_of_a_description_stay_apart_and_those_of_a_title_do_not() -> None:
    facts = replace(SESSION, title="one\r\ntwo", description="one\r\ntwo\rthree\nfour")

    text = ics.event_text(facts, NEW_YORK)

    assert value(text, "SUMMARY") == "one two"
    assert value(text, "DESCRIPTION") == "one\\ntwo\\nthree\\nfour"


def test_the_name_of_a_feed_is_one_line() -> None:
    name = "Calendar, A;\r\nBEGIN:VEVENT \ud83d\x00"

    text = ics.feed_text(name=name, zone=NEW_YORK, events=[], window=WINDOW).decode()

    assert value(text, "NAME") == "Calendar\\, A\\; BEGIN:VEVENT "
    assert value(text, "X-WR-CALNAME") == "Calendar\\, A\\; BEGIN:VEVENT "


def test_a_file_to_download_is_the_same_appointment_and_asks_for_nothing() -> None:
    event = ics.event_text(SESSION, NEW_YORK)

    text = ics.file_text(event, zone=NEW_YORK, on=date(2026, 12, 1)).decode()

    assert event in text
    assert starts_read(text) == [TEN]
    assert {"METHOD", "ATTENDEE", "ORGANIZER", "REFRESH-INTERVAL;VALUE=DURATION"}.isdisjoint(
        line.partition(":")[0] for line in lines(text)
    )


@pytest.mark.parametrize(
    ("detail", "words"),
    [
        (Detail.BUSY, "Busy"),
        (Detail.PLAIN, "Session"),
        (Detail.INITIALS, "Session AB"),
        (Detail.INITIALS_AND_CODE, "Session AB D"),
    ],
)
def test_a_title_says_as_much_as_was_chosen(detail: Detail, words: str) -> None:
    assert ics.title(detail, client_name="Alex Bell", service_code="D") == words


def test_every_level_of_detail_has_its_title() -> None:
    assert ics.TITLES.keys() == set(Detail)


@pytest.mark.parametrize(
    ("name", "letters"),
    [
        ("Alex Bell", "AB"),
        ("alex  maría van der bell", "AB"),
        ("Cher", "C"),
        ("Ångström O'Neil-Smith", "ÅO"),
        ("(Bo) “Zed”", "BZ"),
        ("🌿 7", ""),
        ("", ""),
        ("\r\nEND:VEVENT\r\n", "E"),
        ("ßen ﬁn", "SF"),
    ],
)
def test_initials_are_the_first_letters_of_the_first_and_last_word(name: str, letters: str) -> None:
    assert ics.initials(name) == letters


def test_a_title_without_initials_is_plain() -> None:
    assert ics.title(Detail.INITIALS_AND_CODE, client_name="🌿", service_code="") == "Session"


def test_times_of_any_zone_are_written_as_the_same_instant() -> None:
    kolkata = ZoneInfo("Asia/Kolkata")
    abroad = replace(
        SESSION,
        **{
            name: getattr(SESSION, name).astimezone(kolkata)
            for name in ("created_at", "changed_at", "starts_at", "ends_at")
        },
    )

    assert ics.event_text(abroad, NEW_YORK) == ics.event_text(SESSION, NEW_YORK)
