"""What foreign calendars say of time, and what it comes to in UTC."""

import pytest

from practice.calendar.rules.foreign.busy import Choices, busy
from tests.unit.calendar.foreign import (
    AT_NINE,
    MARCH,
    NEW_YORK,
    OWN_ZONE,
    calendar,
    event,
    read,
    spans,
)

NINE = "DTSTART;TZID={}:20270302T090000"
ONE_HOUR = "DURATION:PT1H"
NOON = ("DTSTART;TZID=America/New_York:20270301T120000", "DURATION:PT1H")
IN_NEW_YORK = ["2027-03-02 14:00 +60"]

TABLE: dict[str, tuple[list[str], list[str]]] = {
    "an instant": ([event("DTSTART:20270302T140000Z", "DTEND:20270302T150000Z")], IN_NEW_YORK),
    "a zone of IANA": ([event(NINE.format("America/Chicago"), ONE_HOUR)], ["2027-03-02 15:00 +60"]),
    "a zone in quotes": ([event(NINE.format('"America/New_York"'), ONE_HOUR)], IN_NEW_YORK),
    "a zone behind a path": (
        [event(NINE.format("/freeassociation.sourceforge.net/America/New_York"), ONE_HOUR)],
        IN_NEW_YORK,
    ),
    "a zone of Windows": (
        [event(NINE.format("Pacific Standard Time"), ONE_HOUR)],
        ["2027-03-02 17:00 +60"],
    ),
    "a zone as Outlook shows it": (
        [event(NINE.format("(UTC-06:00) Central Time (US & Canada)"), ONE_HOUR)],
        ["2027-03-02 15:00 +60"],
    ),
    "an unknown zone": ([event(NINE.format("Nowhere/Land"), ONE_HOUR)], IN_NEW_YORK),
    "a zone that is a path": ([event(NINE.format("../../etc/passwd"), ONE_HOUR)], IN_NEW_YORK),
    "an unknown zone in a calendar that has one": (
        ["X-WR-TIMEZONE:America/Denver", event(NINE.format("Nowhere/Land"), ONE_HOUR)],
        ["2027-03-02 16:00 +60"],
    ),
    "a zone of its own": (
        [OWN_ZONE.format("-0800"), event(AT_NINE, ONE_HOUR)],
        ["2027-03-02 17:00 +60"],
    ),
    "no zone": ([event("DTSTART:20270302T090000", ONE_HOUR)], IN_NEW_YORK),
    "no zone in a calendar that has one": (
        ["X-WR-TIMEZONE:America/Los_Angeles", event("DTSTART:20270302T090000", ONE_HOUR)],
        ["2027-03-02 17:00 +60"],
    ),
    "until an instant": (
        [event(*NOON, "RRULE:FREQ=DAILY;UNTIL=20270302T170000Z")],
        ["2027-03-01 17:00 +60", "2027-03-02 17:00 +60"],
    ),
    "until just before it": (
        [event(*NOON, "RRULE:FREQ=DAILY;UNTIL=20270302T165959Z")],
        ["2027-03-01 17:00 +60"],
    ),
    "until a local time": (
        [event(*NOON, "RRULE:FREQ=DAILY;UNTIL=20270302T120000")],
        ["2027-03-01 17:00 +60", "2027-03-02 17:00 +60"],
    ),
    "until a date": (
        [event(*NOON, "RRULE:FREQ=DAILY;UNTIL=20270302")],
        ["2027-03-01 17:00 +60", "2027-03-02 17:00 +60"],
    ),
    "so many times": (
        [event(*NOON, "RRULE:FREQ=WEEKLY;COUNT=3;BYDAY=MO")],
        # In summer time by now, noon is an hour earlier by the sun.
        ["2027-03-01 17:00 +60", "2027-03-08 17:00 +60", "2027-03-15 16:00 +60"],
    ),
    "the last working day of a month": (
        [
            event(
                "DTSTART:20200131T140000Z",
                ONE_HOUR,
                "RRULE:FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1",
            )
        ],
        ["2027-03-31 14:00 +60"],
    ),
    "every other week since long ago": (
        [
            event(
                "DTSTART;TZID=America/New_York:19990104T120000",
                ONE_HOUR,
                "RRULE:FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,WE;WKST=SU",
            )
        ],
        [
            "2027-03-08 17:00 +60",
            "2027-03-10 17:00 +60",
            "2027-03-22 16:00 +60",
            "2027-03-24 16:00 +60",
        ],
    ),
    "some left out": (
        [
            event(
                *NOON,
                "RRULE:FREQ=DAILY;COUNT=4",
                "EXDATE;TZID=America/New_York:20270302T120000,20270303T120000",
            )
        ],
        ["2027-03-01 17:00 +60", "2027-03-04 17:00 +60"],
    ),
    "a day left out": (
        [event(*NOON, "RRULE:FREQ=DAILY;COUNT=2", "EXDATE;VALUE=DATE:20270302")],
        ["2027-03-01 17:00 +60"],
    ),
    "some more": (
        [
            event(
                *NOON,
                "RDATE:20270305T140000Z",
                "RDATE;VALUE=PERIOD:20270306T140000Z/PT2H,20270307T140000Z/20270307T143000Z",
            )
        ],
        [
            "2027-03-01 17:00 +60",
            "2027-03-05 14:00 +60",
            "2027-03-06 14:00 +120",
            "2027-03-07 14:00 +30",
        ],
    ),
    "one moved": (
        [
            event(*NOON, "RRULE:FREQ=DAILY;COUNT=2"),
            event("RECURRENCE-ID:20270302T170000Z", "DTSTART:20270309T200000Z", ONE_HOUR),
        ],
        ["2027-03-01 17:00 +60", "2027-03-09 20:00 +60"],
    ),
    "one cancelled": (
        [
            event(*NOON, "RRULE:FREQ=DAILY;COUNT=2"),
            event(
                "RECURRENCE-ID;TZID=America/New_York:20270302T120000",
                "DTSTART;TZID=America/New_York:20270302T120000",
                "STATUS:CANCELLED",
            ),
        ],
        ["2027-03-01 17:00 +60"],
    ),
    "one and all later ones moved": (
        [
            event(*NOON, "RRULE:FREQ=DAILY;COUNT=3"),
            event(
                "RECURRENCE-ID;RANGE=THISANDFUTURE;TZID=America/New_York:20270302T120000",
                "DTSTART;TZID=America/New_York:20270302T130000",
                "DURATION:PT30M",
            ),
        ],
        ["2027-03-01 17:00 +60", "2027-03-02 18:00 +30", "2027-03-03 18:00 +30"],
    ),
    "two versions of one": (
        [
            event("DTSTART:20270302T140000Z", ONE_HOUR, "SEQUENCE:1"),
            event("DTSTART:20270303T140000Z", ONE_HOUR, "SEQUENCE:2"),
        ],
        ["2027-03-03 14:00 +60"],
    ),
    "two of one name": (
        [event("DTSTART:20270302T140000Z", ONE_HOUR), event("DTSTART:20270303T140000Z", ONE_HOUR)],
        ["2027-03-02 14:00 +60", "2027-03-03 14:00 +60"],
    ),
    "a whole day": ([event("DTSTART;VALUE=DATE:20270304")], ["2027-03-04 05:00 +1440"]),
    "the day of 23 hours": (
        [event("DTSTART;VALUE=DATE:20270314", "DTEND;VALUE=DATE:20270315")],
        ["2027-03-14 05:00 +1380"],
    ),
    "several whole days": (
        [event("DTSTART;VALUE=DATE:20270304", "DTEND;VALUE=DATE:20270307")],
        ["2027-03-04 05:00 +4320"],
    ),
    "whole days every week": (
        [event("DTSTART;VALUE=DATE:20270301", "RRULE:FREQ=WEEKLY;UNTIL=20270308")],
        ["2027-03-01 05:00 +1440", "2027-03-08 05:00 +1440"],
    ),
    "over midnight": (
        [event("DTSTART:20270302T230000Z", "DTEND:20270303T050000Z")],
        ["2027-03-02 23:00 +360"],
    ),
    "months": (
        [event("DTSTART:20270210T000000Z", "DTEND:20270420T000000Z")],
        # Cut from its beginning on, so that the pieces stay when time goes on.
        ["2027-02-10 00:00 +44640", "2027-03-13 00:00 +44640"],
    ),
    "no end": ([event("DTSTART:20270302T140000Z")], ["2027-03-02 14:00 +30"]),
    "an end before the beginning": (
        [event("DTSTART:20270302T140000Z", "DTEND:20270302T130000Z")],
        ["2027-03-02 14:00 +30"],
    ),
    "an end at the beginning": (
        [event("DTSTART:20270302T140000Z", "DTEND:20270302T140000Z")],
        ["2027-03-02 14:00 +30"],
    ),
    "a time that the clocks skip": (
        [event("DTSTART;TZID=America/New_York:20270314T023000", ONE_HOUR)],
        ["2027-03-14 07:30 +60"],
    ),
    "an hour over the change, by its end": (
        [
            event(
                "DTSTART;TZID=America/New_York:20270314T013000",
                "DTEND;TZID=America/New_York:20270314T033000",
            )
        ],
        ["2027-03-14 06:30 +60"],
    ),
    "a day by its length, over the change": (
        [event("DTSTART;TZID=America/New_York:20270313T120000", "DURATION:P1D")],
        ["2027-03-13 17:00 +1380"],
    ),
    "a folded line": (
        [event("DTSTART:20270302T14\r\n 0000Z", "DTEND:2027030\r\n\t2T150000Z")],
        IN_NEW_YORK,
    ),
    "an alarm with a time of its own": (
        [
            event(
                "BEGIN:VALARM", "DURATION:PT5M", "END:VALARM", "DTSTART:20270302T140000Z", ONE_HOUR
            )
        ],
        IN_NEW_YORK,
    ),
    "letters of any size": (
        [event("dtstart;tzid=America/New_York:20270302T090000", "duration:pt1h")],
        IN_NEW_YORK,
    ),
}


@pytest.mark.parametrize(("parts", "expected"), TABLE.values(), ids=TABLE.keys())
def test_check_18_every_way_to_write_a_time_gives_the_instants_that_were_meant(
    parts: list[str], expected: list[str]
) -> None:
    """calendar.md §6, row 18."""
    found = read(*parts)

    assert found.spans == spans(*expected)
    assert found.unreadable == 0


def test_check_18_the_same_zone_name_of_two_files_is_each_files_own() -> None:
    """calendar.md §6, row 18: "Customized Time Zone" of two tenants with different offsets."""
    earlier = read(OWN_ZONE.format("-0800"), event(AT_NINE, ONE_HOUR))
    later = read(OWN_ZONE.format("-0500"), event(AT_NINE, ONE_HOUR))

    assert [earlier.spans, later.spans] == [
        spans("2027-03-02 17:00 +60"),
        spans("2027-03-02 14:00 +60"),
    ]


def test_two_calendars_in_one_file_keep_their_zones_apart() -> None:
    one, other = (
        calendar(OWN_ZONE.format(offset), event(AT_NINE, ONE_HOUR, uid=offset))
        for offset in ("-0800", "-0500")
    )

    found = busy(one + other, Choices(zone=NEW_YORK), MARCH)

    assert found.spans == spans("2027-03-02 14:00 +60", "2027-03-02 17:00 +60")


def test_a_zone_that_had_to_be_guessed_is_counted() -> None:
    found = read(
        event(NINE.format("Nowhere/Land"), uid="unknown"),
        event("DTSTART:20270302T090000", uid="floating"),
        event("DTSTART:20270302T140000Z", uid="known"),
        event("DTSTART;VALUE=DATE:20270302", uid="day"),
    )

    assert (found.events, found.guessed) == (4, 2)


def test_somebody_may_say_in_which_zone_times_without_one_are() -> None:
    floating = event("DTSTART:20270302T090000", ONE_HOUR)

    found = read("X-WR-TIMEZONE:America/New_York", floating, floating="America/Chicago")

    assert found.spans == spans("2027-03-02 15:00 +60")
