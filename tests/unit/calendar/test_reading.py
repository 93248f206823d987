from datetime import UTC, datetime, timedelta

import pytest

from practice.calendar.rules.reading import PROGRAMS, Standing, ago, program_of, standing

NOW = datetime(2026, 12, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.mark.parametrize(
    ("agent", "name"),
    [
        ("Google-Calendar-Importer", "Google Calendar"),
        ("macOS/26.1 (25B78) CalendarAgent/1", "Apple Calendar"),
        ("iOS/26.1 (23B85) dataaccessd/1.0", "Apple Calendar"),
        ("Microsoft.Exchange/15.20", "Outlook"),
        (
            "Mozilla/5.0 (X11; rv:153.0) Gecko/20100101 Thunderbird/153.0",
            "Thunderbird",
        ),
    ],
)
def test_check_25_a_program_is_known_by_what_it_says_of_itself(agent: str, name: str) -> None:
    program = program_of(agent)

    assert program is not None
    assert program.name == name


def test_check_25_every_program_says_how_soon_and_how() -> None:
    assert [each.name for each in PROGRAMS if each.soon and each.steps] == [
        "Google Calendar",
        "Apple Calendar",
        "Outlook",
        "Thunderbird",
    ]
    assert program_of("curl/8") is None


@pytest.mark.parametrize(
    ("agent", "fetched", "changed", "is_now"),
    [
        (None, None, 1 * HOUR, Standing.NEW),
        ("Thunderbird", 2 * HOUR, None, Standing.CURRENT),
        ("Thunderbird", 2 * HOUR, 3 * HOUR, Standing.CURRENT),
        ("Thunderbird", 2 * HOUR, 1 * HOUR, Standing.BEHIND),
        ("Google", 25 * HOUR, 30 * HOUR, Standing.STALE),
        ("curl", 25 * HOUR, 30 * HOUR, Standing.CURRENT),
    ],
)
def test_check_25_a_link_stands_as_it_was_read(
    agent: str | None, fetched: timedelta | None, changed: timedelta | None, is_now: Standing
) -> None:
    found = standing(
        agent=agent,
        fetched_at=NOW - fetched if fetched else None,
        changed_at=NOW - changed if changed else None,
        now=NOW,
    )

    assert found is is_now


@pytest.mark.parametrize(
    ("passed", "words"),
    [
        (timedelta(seconds=59), "just now"),
        (timedelta(minutes=1), "1 minute ago"),
        (timedelta(hours=26), "1 day ago"),
        (timedelta(days=3), "3 days ago"),
    ],
)
def test_how_long_ago_is_said_roughly(passed: timedelta, words: str) -> None:
    assert ago(NOW - passed, NOW) == words
