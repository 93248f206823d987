import unicodedata
from datetime import UTC, datetime, timedelta
from email.utils import getaddresses

from hypothesis import given
from hypothesis import strategies as st

from practice.outbox.rules import (
    ATTEMPTS,
    TOLD_AFTER,
    is_address,
    pause_after,
    slot_of,
)


def test_pauses_double_up_to_an_hour() -> None:
    pauses = [pause_after(attempt).total_seconds() for attempt in range(1, 13)]

    assert pauses == [5, 10, 20, 40, 80, 160, 320, 640, 1280, 2560, 3600, 3600]


def test_a_person_is_told_within_the_hour_and_a_job_is_parked_after_a_day() -> None:
    told = sum(map(pause_after, range(1, TOLD_AFTER)), timedelta())
    parked = sum(map(pause_after, range(1, ATTEMPTS)), timedelta())

    assert timedelta(minutes=30) < told < timedelta(hours=1)
    assert timedelta(hours=24) < parked < timedelta(hours=28)


@given(attempt=st.integers(1, 10_000))
def test_no_pause_is_longer_than_an_hour_or_shorter_than_the_one_before(attempt: int) -> None:
    assert pause_after(attempt) <= pause_after(attempt + 1) <= timedelta(hours=1)


@given(
    number=st.integers(0, 1000),
    seconds=st.integers(60, 10**6),
    passed=st.floats(0, 1, exclude_max=True),
)
def test_a_slot_is_one_period_long(number: int, seconds: int, passed: float) -> None:
    begins = datetime.fromtimestamp(number * seconds, UTC)
    ends = begins + timedelta(seconds=seconds)

    assert slot_of(begins + timedelta(seconds=int(passed * seconds)), seconds) == number
    assert slot_of(ends - timedelta(microseconds=1), seconds) == number
    assert slot_of(ends, seconds) == number + 1


ODD = st.text(alphabet=st.sampled_from('ab.@\r\n\t ,;:<>()[]"\\\x00\u2028é'), max_size=20)


@given(text=ODD)
def test_an_address_is_what_a_mail_program_reads_as_that_one_address(text: str) -> None:
    if is_address(text):
        assert getaddresses([text]) == [("", text)]
        assert text.count("@") == 1
        assert not any(unicodedata.category(character).startswith(("C", "Z")) for character in text)


def test_ordinary_addresses_are_addresses() -> None:
    given_by_people = ["alex@mail.example", "a.b+tag@sub.mail.example", "o'neil@mail.example"]

    assert [text for text in given_by_people if not is_address(text)] == []
