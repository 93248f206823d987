"""Which events of a foreign calendar block time, and what becomes of those nobody can read."""

import pytest

from practice.calendar.rules.foreign.busy import Choices, busy
from practice.calendar.rules.foreign.cutting import Refused, Unreadable
from tests.unit.calendar.foreign import MARCH, NEW_YORK, calendar, event, read, spans

WHEN = ("DTSTART:20270302T140000Z", "DTEND:20270302T150000Z")
HOUR = spans("2027-03-02 14:00 +60")
DAY = spans("2027-03-02 05:00 +1440")
ALL_DAY = "DTSTART;VALUE=DATE:20270302"
ME = frozenset({"me@practice.example"})


def attendee(answer: str, address: str = "Me@Practice.example") -> str:
    return f'ATTENDEE;CN="Doe; Jo: (she)";PARTSTAT={answer};ROLE=REQ-PARTICIPANT:MAILTO:{address}'


FREE = {
    "transparent": "TRANSP:TRANSPARENT",
    "free": "X-MICROSOFT-CDO-BUSYSTATUS:FREE",
    "cancelled": "STATUS:CANCELLED",
    "declined by me": attendee("DECLINED"),
}
BUSY = {
    "tentative": "STATUS:TENTATIVE",
    "opaque": "TRANSP:OPAQUE",
    "accepted": attendee("ACCEPTED"),
    "no answer": "ATTENDEE:mailto:me@practice.example",
    "declined by another": attendee("DECLINED", "you@practice.example"),
    "away": "X-MICROSOFT-CDO-BUSYSTATUS:OOF",
}


@pytest.mark.parametrize("line", FREE.values(), ids=FREE.keys())
def test_check_19_what_is_free_cancelled_or_declined_by_me_frees_the_time(line: str) -> None:
    """calendar.md §6, row 19."""
    assert read(event(*WHEN, line), own_addresses=ME).spans == []


@pytest.mark.parametrize("line", BUSY.values(), ids=BUSY.keys())
def test_check_19_what_is_tentative_opaque_accepted_or_unanswered_blocks_the_time(
    line: str,
) -> None:
    """calendar.md §6, row 19."""
    assert read(event(*WHEN, line), own_addresses=ME).spans == HOUR


def test_check_19_the_switches_of_a_calendar_decide() -> None:
    """calendar.md §6, row 19: switches per calendar work."""
    free, tentative = event(*WHEN, "TRANSP:TRANSPARENT"), event(*WHEN, "STATUS:TENTATIVE")

    assert [
        read(free, free_blocks=True).spans,
        read(tentative, tentative_blocks=False).spans,
        read(event(ALL_DAY)).spans,
        read(event(ALL_DAY), all_day_blocks=False).spans,
        read(event(*WHEN, attendee("DECLINED"))).spans,
    ] == [HOUR, [], DAY, [], HOUR]


def test_check_21_our_own_events_read_back_block_nothing_twice() -> None:
    """calendar.md §6, row 21."""
    ours = event(*WHEN, uid="x").replace("@elsewhere.example", "@Appointments.invalid")

    assert read(ours, own_hosts=("one.invalid", "appointments.invalid")).spans == []
    assert read(ours).spans == HOUR


BROKEN = {
    "a rule by the second": "RRULE:FREQ=SECONDLY",
    "a rule by the minute": "RRULE:FREQ=MINUTELY",
    "a rule that stands still": "RRULE:FREQ=DAILY;INTERVAL=0",
    "a rule nobody knows": "RRULE:FREQ=OFTEN",
    "a rule of another calendar": "RRULE:RSCALE=CHINESE;FREQ=YEARLY",
    "by hour, minute and second": "RRULE:FREQ=DAILY;BYHOUR=1,2,3;BYMINUTE=1,2,3;BYSECOND=1,2",
    "too many values": "RRULE:FREQ=YEARLY;BYYEARDAY=" + ",".join(map(str, range(1, 368))),
    "too many dates": "RDATE:" + ",".join(["20270302T140000Z"] * 5_001),
    "a line without end": "RDATE:" + "20270302T140000Z," * 6_000,
    "a length of months, repeated": "RRULE:FREQ=DAILY\r\nDURATION:P40D",
    "an end in no year": "DTEND:99991332T250000Z",
    "an end in the year 9999": "DTEND:99991231T235959Z",
    "no line": "DTEND",
    "until never": "RRULE:FREQ=DAILY;UNTIL=tomorrow",
}


@pytest.mark.parametrize("line", BROKEN.values(), ids=BROKEN.keys())
def test_an_event_that_cannot_be_read_blocks_its_day_and_hides_no_other(line: str) -> None:
    """calendar.md §6, row 17: one broken VEVENT."""
    other = event("DTSTART:20270305T140000Z", uid="other")

    found = read(event("DTSTART:20270302T140000Z", line), other)

    assert found.spans == [*DAY, *spans("2027-03-05 14:00 +30")]
    assert (found.events, found.unreadable) == (2, 1)


@pytest.mark.parametrize("start", ["DTSTART:00000101T000000Z", "DTSTART:soon", "SUMMARY:None"])
def test_an_event_without_a_day_is_counted(start: str) -> None:
    found = read(event(start), event(*WHEN, uid="other"))

    assert (found.spans, found.unreadable) == (HOUR, 1)


REFUSED = {
    "nothing": (b"", Refused.NO_CALENDAR),
    "a page to sign in": (b"<!doctype html><title>Sign in</title>", Refused.NO_CALENDAR),
    "cut in an event": (calendar(event(*WHEN))[:-30], Refused.INCOMPLETE),
    "cut after an event": (calendar(event(*WHEN))[:-15], Refused.INCOMPLETE),
    "never ended": (b"BEGIN:VCALENDAR\r\n" + b"BEGIN:VEVENT\r\n" * 200_000, Refused.TOO_MANY),
    "cut in a zone": (b"BEGIN:VCALENDAR\r\nBEGIN:VTIMEZONE\r\nTZID:x\r\n", Refused.INCOMPLETE),
}


@pytest.mark.parametrize(("body", "why"), REFUSED.values(), ids=REFUSED.keys())
def test_check_17_what_is_no_whole_calendar_is_refused_and_never_read_as_free(
    body: bytes, why: Refused
) -> None:
    """calendar.md §6, row 17."""
    with pytest.raises(Unreadable) as refused:
        busy(body, Choices(zone=NEW_YORK), MARCH)

    assert refused.value.why is why


def test_more_busy_times_than_a_calendar_can_have_are_refused() -> None:
    every = [
        event("DTSTART:20270301T000000Z", f"RRULE:FREQ=DAILY;BYHOUR={n}", uid=f"{n}")
        for n in range(24)
    ]
    long = MARCH._replace(past_at=MARCH.past_at.replace(year=2029))

    with pytest.raises(Unreadable) as refused:
        busy(calendar(*every), Choices(zone=NEW_YORK), long)

    assert refused.value.why is Refused.TOO_MANY


def test_what_is_over_is_left_out_before_it_is_read() -> None:
    long_ago = [event(f"DTSTART:2020{n % 12 + 1:02}02T140000Z", uid=f"{n}") for n in range(12_000)]

    found = read(*long_ago, event(*WHEN))

    assert (found.spans, found.events) == (HOUR, 1)


def test_busy_times_without_events_block_as_events_do() -> None:
    """As some servers publish who is busy and no more (RFC 5545, 3.6.4)."""
    lines = (
        "BEGIN:VFREEBUSY",
        "UID:busy@example.com",
        "DTSTART:20270301T000000Z",
        "DTEND:20270401T000000Z",
        "FREEBUSY:20270302T140000Z/20270302T150000Z,20270303T140000Z/PT30M",
        "FREEBUSY;FBTYPE=FREE:20270304T140000Z/PT1H",
        "freebusy;fbtype=busy-tentative:20270305T140000Z/PT1H",
        "FREEBUSY;FBTYPE=BUSY-UNAVAILABLE:20270306T140000Z/20270306T",
        "END:VFREEBUSY",
    )
    told = "\r\n".join(lines)

    assert read(told).spans == spans(
        "2027-03-02 14:00 +60",
        "2027-03-03 14:00 +30",
        "2027-03-05 14:00 +60",
        "2027-03-06 05:00 +1440",  # what cannot be read blocks its day
    )
    assert read(told, tentative_blocks=False).spans == spans(
        "2027-03-02 14:00 +60", "2027-03-03 14:00 +30", "2027-03-06 05:00 +1440"
    )
    with pytest.raises(Unreadable):
        read("\r\n".join(lines[:-1]))


def test_what_began_long_ago_blocks_as_long_as_it_lasts_however_that_is_written() -> None:
    began = "DTSTART:20270210T140000Z"

    assert (
        read(event(began, "DURATION:P3W")).spans
        == read(event(began, "DTEND:20270303T140000Z")).spans
        == spans("2027-02-10 14:00 +30240")
    )
