"""Files that are made to hang or to fill a machine, read by the real child program.

Its limit of processor time is lowered here, so that the tests end soon; ``python -m bench
imports`` lets the worst file run into the real one.
"""

import json
import subprocess
import sys
from typing import Any

import pytest

from practice.calendar.rules.foreign.busy import Choices
from practice.calendar.service import reading
from practice.calendar.service.reading import NotRead
from tests.unit.calendar.foreign import AT_NINE, MARCH, NEW_YORK, OWN_ZONE, calendar, event, read

START = "DTSTART:20270302T140000Z"
CHOICES = Choices(zone=NEW_YORK)

LEFT_OUT = {
    "by the second": event(START, "RRULE:FREQ=SECONDLY"),
    "by the minute": event(START, "RRULE:FREQ=MINUTELY"),
    "standing still": event(START, "RRULE:FREQ=DAILY;INTERVAL=0"),
    "BY x BY x BY": event(
        START,
        "RRULE:FREQ=DAILY;BYHOUR={};BYMINUTE={};BYSECOND={}".format(
            *(",".join(map(str, range(most))) for most in (24, 60, 60))
        ),
    ),
    "no day ever": event(START, "RRULE:FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30"),
    "100,000 dates": event(START, "RDATE:" + ",".join(["20270302T140000Z"] * 100_000)),
    "100,000 lines of dates": event(START, *["RDATE:20270302T140000Z"] * 100_000),
    "a line of 10 MB": event(START, "RDATE:" + "2" * 10_000_000),
}


@pytest.mark.parametrize("bomb", LEFT_OUT.values(), ids=LEFT_OUT.keys())
def test_check_16_an_event_that_would_never_end_is_left_out_and_the_others_are_read(
    bomb: str,
) -> None:
    """calendar.md §6, row 16."""
    other = event("DTSTART:20270305T140000Z", uid="other")

    found = reading.busy_times(calendar(bomb, other), CHOICES, MARCH)

    assert (found.events, found.unreadable, len(found.spans)) == (2, 1, 2)


def test_the_child_reads_what_it_would_read_without_its_limits() -> None:
    """Whatever it needs to load, for rules and for zones, it may."""
    parts = [
        event("DTSTART;TZID=Pacific Standard Time:20270302T090000", uid="Windows"),
        OWN_ZONE.format("-0800"),
        event(AT_NINE, "RRULE:FREQ=WEEKLY;COUNT=3", uid="own"),
        event("DTSTART;TZID=Nowhere:20270303T090000", uid="unknown"),
    ]

    found = reading.busy_times(calendar(*parts), CHOICES, MARCH)

    assert list(found.spans) == read(*parts).spans
    assert (found.unreadable, found.guessed) == (0, 1)


def test_check_16_a_description_of_10_mb_is_passed_over() -> None:
    found = reading.busy_times(
        calendar(event(START, "DESCRIPTION:" + "x" * 10_000_000)), CHOICES, MARCH
    )

    assert (found.events, found.unreadable, len(found.spans)) == (1, 0, 1)


def endless_rules(most: int) -> bytes:
    """Return events each of which takes the second that one may take."""
    never = "RRULE:FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30"
    return calendar(*(event(START, never, uid=str(n)) for n in range(most)))


@pytest.mark.parametrize(
    "body",
    [
        b"BEGIN:VCALENDAR\r\n" + b"BEGIN:VEVENT\r\n" * 200_000,
        b"BEGIN:VCALENDAR\r\n" + b"BEGIN:VTIMEZONE\r\n" * 200_000,
        calendar(*(event(START, uid=str(n)) for n in range(10_001))),
    ],
    ids=["200,000 beginnings", "200,000 zones", "too many events"],
)
def test_check_16_a_file_without_measure_is_refused(body: bytes) -> None:
    """calendar.md §6, row 16."""
    with pytest.raises(NotRead, match="more than 10,000"):
        reading.busy_times(body, CHOICES, MARCH)


def test_check_16_what_takes_too_long_ends_and_says_so() -> None:
    """calendar.md §6, row 16."""
    with pytest.raises(NotRead, match="too long"):
        reading.busy_times(endless_rules(30), CHOICES, MARCH, seconds=1.5)


def test_the_processor_itself_ends_what_takes_too_long() -> None:
    question = reading.question_of(CHOICES, MARCH) | {"cpu_seconds": 1}

    with pytest.raises(NotRead, match="too long"):
        reading.ask(endless_rules(30), question)


def run_in_child(work: str) -> Any:
    """Run some lines in a program that has given up what the child gives up."""
    program = f"""
import json, sys
from practice.calendar import reading_child
reading_child._give_up(5)
def work():
{work}
try:
    answer = work()
except BaseException as error:
    answer = type(error).__name__
json.dump(answer, sys.stdout)
"""
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        check=True,
        cwd=reading.ROOT,
    )
    return json.loads(done.stdout)


@pytest.mark.parametrize(
    ("work", "outcome"),
    [
        ("    import socket; socket.create_connection(('127.0.0.1', 9))", "PermissionError"),
        ("    import subprocess; subprocess.run(['true'])", "PermissionError"),
        ("    import os; os.system('true')", "PermissionError"),
        ("    bytearray(800_000_000)", "MemoryError"),
        ("    open('grows', 'wb')", "PermissionError"),
    ],
    ids=["network", "programs", "shell", "memory", "files"],
)
def test_check_16_the_child_has_neither_network_nor_programs_nor_memory_nor_files(
    work: str, outcome: str
) -> None:
    assert run_in_child(work) == outcome
