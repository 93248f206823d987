"""How long a sign-in lasts, who must wait, and where a sign-in may lead."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from practice.people.rules import (
    PATIENCE,
    Attempt,
    browser_in_words,
    is_over,
    network_of,
    safe_path,
    wait_before_next,
)

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("opened_ago", "quiet", "is_closed", "over"),
    [
        (timedelta(), timedelta(), False, False),
        (timedelta(hours=1), timedelta(minutes=14, seconds=59), False, False),
        (timedelta(hours=1), timedelta(minutes=15), False, True),
        (timedelta(hours=11, minutes=59), timedelta(), False, False),
        (timedelta(hours=12), timedelta(), False, True),
        (timedelta(), timedelta(), True, True),
    ],
)
def test_a_sign_in_is_over(
    opened_ago: timedelta, quiet: timedelta, is_closed: bool, over: bool
) -> None:
    ended_at = NOON if is_closed else None

    assert (
        is_over(created_at=NOON - opened_ago, seen_at=NOON - quiet, ended_at=ended_at, now=NOON)
        is over
    )


def test_every_kind_of_attempt_has_its_patience() -> None:
    assert PATIENCE.keys() == set(Attempt)


@pytest.mark.parametrize("attempt", Attempt)
def test_the_first_failures_cost_no_wait_and_then_it_only_grows(attempt: Attempt) -> None:
    waits = [
        wait_before_next(attempt, failures=failures, since_last=timedelta())
        for failures in range(100)
    ]

    free = PATIENCE[attempt].free
    assert waits[:free] == [timedelta()] * free
    assert waits[free : free + 4] == [timedelta(seconds=2**n) for n in range(4)]
    assert all(earlier <= later for earlier, later in pairwise(waits))
    assert waits[-1] == PATIENCE[attempt].longest


@given(
    attempt=st.sampled_from(Attempt),
    failures=st.integers(0, 10**9),
    since_last=st.timedeltas(timedelta(), timedelta(days=2)),
)
@example(attempt=Attempt.ACCOUNT, failures=10**9, since_last=timedelta(minutes=5))
def test_nobody_waits_for_ever(attempt: Attempt, failures: int, since_last: timedelta) -> None:
    wait = wait_before_next(attempt, failures=failures, since_last=since_last)

    assert timedelta() <= wait <= max(PATIENCE[attempt].longest - since_last, timedelta())
    assert wait_before_next(attempt, failures=failures, since_last=since_last + wait) == timedelta()


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("203.0.113.77", "203.0.113.0/24"),
        ("203.0.113.1", "203.0.113.0/24"),
        ("::ffff:203.0.113.1", "203.0.113.0/24"),
        ("2001:db8:aa:bb::1", "2001:db8:aa::/48"),
        ("2001:db8:aa:cc::2", "2001:db8:aa::/48"),
        (None, "unknown"),
        ("not an address", "unknown"),
    ],
)
def test_neighbours_share_a_network(address: str | None, network: str) -> None:
    assert network_of(address) == network


@pytest.mark.parametrize("path", ["/", "/today", "/clients/?q=a%20b&page=2", "/a//b", "/x?u=//e"])
def test_a_path_of_this_site_is_kept(path: str) -> None:
    assert safe_path(path) == path


@pytest.mark.parametrize(
    "target",
    [
        None,
        "",
        "today",
        "//evil.test",
        "///evil.test",
        "https:evil.test",
        "https://evil.test",
        "/\\evil.test",
        "/\t/evil.test",
        "/\n/evil.test",
        " /today",
        "/to day",
        "\\/evil.test",
        "javascript:alert(1)",
        "/today\x7f",
        "/today\x00",
    ],
)
def test_anything_a_browser_could_read_as_another_site_is_dropped(target: str | None) -> None:
    assert safe_path(target) is None


WEBKIT = "AppleWebKit/537.36 (KHTML, like Gecko)"


@pytest.mark.parametrize(
    ("description", "words"),
    [
        (f"Mozilla/5.0 (X11; Linux x86_64) {WEBKIT} Chrome/131.0 Safari/537.36", "Chrome on Linux"),
        (f"Mozilla/5.0 (Windows NT 10.0) {WEBKIT} Chrome/131.0 Edg/131.0", "Edge on Windows"),
        (f"Mozilla/5.0 (iPad; CPU OS 18_1 like Mac OS X) {WEBKIT} Safari/604.1", "Safari on iPad"),
        (f"Mozilla/5.0 (Linux; Android 15) {WEBKIT} Chrome/131.0 Mobile", "Chrome on Android"),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X) Gecko/20100101 Firefox/132.0", "Firefox on Mac"),
        ("curl/8.5.0", "A browser"),
        ("", "A browser"),
        ("x" * 10_000, "A browser"),
    ],
)
def test_a_browser_is_named_as_people_name_it(description: str, words: str) -> None:
    assert browser_in_words(description) == words
