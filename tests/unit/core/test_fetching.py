"""Fetching from addresses that somebody typed: never inside, and never without measure."""

import gzip
import os
import socket
import threading
from collections.abc import Iterator
from types import SimpleNamespace

import pytest

from practice.core import fetching, outside
from practice.core.errors import Invalid
from practice.core.fetching import fetch
from practice.core.outside import Unreachable
from tests.far_away import FAR, NAME, FarAway, Wire, far_away

INSIDE = [
    "127.0.0.1",
    "127.1",
    "0x7f000001",
    "2130706433",
    "localhost",
    "[::1]",
    "[::ffff:7f00:1]",
    "[::7f00:1]",
    "[64:ff9b::7f00:1]",
    "[2002:7f00:1::]",
    "169.254.169.254",
    "100.64.0.1",
    "10.0.0.1",
    "192.168.0.1",
    "[fd00::1]",
    "[fe80::1]",
    "0.0.0.0",
    "224.0.0.1",
]


@pytest.fixture(autouse=True)
def in_earnest(monkeypatch: pytest.MonkeyPatch) -> None:
    """In a sandbox, this very machine may be asked."""
    monkeypatch.setattr(outside, "settings", lambda: SimpleNamespace(payments_sandbox=False))


class Forbidden:
    """Somebody who listens inside, on one port of both kinds of address, and counts."""

    def __init__(self) -> None:
        self.connections = 0
        self.listening = [socket.create_server(("127.0.0.1", 0))]
        self.port: int = self.listening[0].getsockname()[1]
        if socket.has_ipv6:
            self.listening.append(socket.create_server(("::1", self.port), family=socket.AF_INET6))
        for each in self.listening:
            threading.Thread(target=self._count, args=(each,), daemon=True).start()

    def _count(self, listening: socket.socket) -> None:
        while True:
            try:
                listening.accept()[0].close()
            except OSError:
                return
            self.connections += 1


@pytest.fixture
def forbidden(monkeypatch: pytest.MonkeyPatch) -> Iterator[Forbidden]:
    there = Forbidden()
    monkeypatch.setattr(outside, "HTTPS_PORT", there.port)
    yield there
    for each in there.listening:
        each.close()


@pytest.fixture
def far(monkeypatch: pytest.MonkeyPatch) -> Iterator[FarAway]:
    with far_away(monkeypatch) as server:
        yield server


def refuse(url: str) -> str:
    """Fetch what must not be, and return what was said about it."""
    with pytest.raises((Invalid, Unreachable)) as refused:
        fetch(url, {})
    return str(refused.value)


@pytest.mark.parametrize("host", INSIDE)
def test_check_15_no_connection_is_made_to_an_address_inside(
    forbidden: Forbidden, host: str
) -> None:
    """calendar.md §6, row 15; reliability.md §8, row 23."""
    refuse(f"https://{host}:{forbidden.port}/latest/meta-data")

    assert forbidden.connections == 0


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd",
        "gopher://127.0.0.1:6379/_SET",
        "ftp://calendar.example/basic.ics",
        "https://me:secret@calendar.example/basic.ics",
        "https://calendar.example:22/basic.ics",
        "https://calendar.example:99999/",
        "https:///basic.ics",
        "https://[::1/",
        "https://calendar.example/\r\nHost: inside",
        "https://calendar.example/" + "x" * 2_000,
        "//calendar.example/basic.ics",
        "",
    ],
)
def test_check_15_no_connection_is_made_to_what_is_no_address_of_the_web(
    far: FarAway, url: str
) -> None:
    """calendar.md §6, row 15; reliability.md §8, row 23."""
    refuse(url)

    assert (far.dialled, far.looked_up) == ([], [])


@pytest.mark.parametrize("host", INSIDE)
def test_check_15_a_redirect_leads_nowhere_inside(far: FarAway, host: str) -> None:
    """calendar.md §6, row 15: redirect to each."""
    far.script = lambda _head, wire: wire.answer(
        302, Location=f"https://{host}:{far.port}/latest/meta-data"
    )

    assert host not in refuse(far.url)
    assert far.dialled == [FAR]


@pytest.mark.parametrize(
    "there", ["http://calendar.example/", "file:///etc/passwd", "", "//[", "\x80"]
)
def test_a_redirect_never_leaves_https(far: FarAway, there: str) -> None:
    far.script = lambda _head, wire: wire.answer(302, Location=there)

    refuse(far.url)

    assert set(far.dialled) == {FAR}


def test_in_a_sandbox_too_a_redirect_from_https_leads_to_no_http(
    far: FarAway, monkeypatch: pytest.MonkeyPatch
) -> None:
    """There, this very machine may be asked by its own address: not by way of another."""
    monkeypatch.setattr(outside, "settings", lambda: SimpleNamespace(payments_sandbox=True))
    far.script = lambda _head, wire: wire.answer(302, Location=f"http://127.0.0.1:{far.port}/")

    refuse(far.url)

    assert far.dialled == [FAR]


def test_check_15_a_name_that_changes_its_mind_is_believed_once(far: FarAway) -> None:
    """calendar.md §6, row 15: rebinding resolver."""
    far.leads_to[NAME] = [[FAR], ["127.0.0.1"]]
    far.script = lambda _head, wire: wire.answer(200, b"whole")

    assert fetch(far.url, {}).body == b"whole"
    assert (far.dialled, far.looked_up) == ([FAR], [NAME])


@pytest.mark.parametrize("inside", ["127.0.0.1", "::ffff:127.0.0.1", "10.1.2.3"])
def test_a_name_with_one_address_inside_is_not_reached_at_all(far: FarAway, inside: str) -> None:
    """calendar.md §6, row 15: rebinding resolver."""
    far.leads_to[NAME] = [[FAR, inside]]

    refuse(far.url)

    assert far.dialled == []


def test_some_redirects_are_followed_and_no_more(far: FarAway) -> None:
    def lead(head: str, wire: Wire) -> None:
        step = int(head.split("step=")[1].split(maxsplit=1)[0]) if "step=" in head else 0
        if step < steps:
            wire.answer(307, Location=f"/on?step={step + 1}#part")
        else:
            wire.answer(200, b"there")

    far.script = lead
    steps = 3
    assert fetch(far.url, {}).body == b"there"
    steps = 4
    assert refuse(far.url) == "It leads from one address to the next."


def test_the_environment_sends_nobody_to_a_proxy(
    far: FarAway, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.setitem(os.environ, name, "http://127.0.0.1:9")

    assert fetch(far.url, {}).status == 200


def test_an_answer_comes_unpacked_with_its_headers(far: FarAway) -> None:
    far.script = lambda _head, wire: wire.answer(
        200, gzip.compress(b"BEGIN"), Content_Encoding="gzip", ETag='"1"'
    )

    answer = fetch(far.url, {"If-None-Match": '"0"'})

    assert (answer.status, answer.headers["ETag"], answer.body) == (200, '"1"', b"BEGIN")
    assert 'If-None-Match: "0"' in far.heads[0]
    assert f"Host: {NAME}" in far.heads[0]


def test_check_16_a_small_answer_that_becomes_a_large_one_is_counted_unpacked(
    far: FarAway, monkeypatch: pytest.MonkeyPatch
) -> None:
    """calendar.md §6, row 16: gzip bomb."""
    bomb = gzip.compress(b"0" * 60_000_000, 1)
    far.script = lambda _head, wire: wire.answer(200, bomb, Content_Encoding="gzip")

    assert refuse(far.url) == "It is larger than 25 MB."


SLOWLY = 0.002
LONGEST_HEAD = 65_536  # of one line, where the library itself would give up


def pour(wire: Wire, piece: bytes) -> Iterator[int]:
    """Send one piece after another, until nobody is there any more."""
    sent = 0
    while wire.send(piece) and not wire.is_over.wait(SLOWLY):
        sent += 1
        yield sent


@pytest.mark.parametrize(
    ("head", "piece", "said"),
    [
        ("HTTP/1.1 200 OK\r\n\r\n", b"x" * 100_000, "It is larger than 25 MB."),
        (
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
            b"186a0\r\n" + b"x" * 100_000 + b"\r\n",
            "It is larger than 25 MB.",
        ),
        ("HTTP/1.1 200 OK\r\n\r\n", b"x", "It did not answer in time."),
        ("HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n", b"x", "It did not answer in time."),
        ("HTTP/1.1 200 OK\r\nA: ", b"x", "It did not answer in time."),
    ],
    ids=["endless stream", "endless chunks", "slow body", "slow body of a length", "slow head"],
)
def test_check_16_what_never_ends_is_ended(
    far: FarAway, monkeypatch: pytest.MonkeyPatch, head: str, piece: bytes, said: str
) -> None:
    """calendar.md §6, row 16: endless stream, slow-loris, with 30 seconds made shorter."""
    monkeypatch.setattr(fetching, "LONGEST_SECONDS", 0.4 if len(piece) == 1 else 30)

    poured = [0]

    def script(_head: str, wire: Wire) -> None:
        wire.send(head.encode())
        for poured[0] in pour(wire, piece):
            pass

    far.script = script

    assert refuse(far.url) == said
    assert poured[0] < LONGEST_HEAD / 4  # by ourselves, and not by the library in the end


def test_check_16_a_time_that_is_up_before_anybody_answers_ends_all_the_same(
    far: FarAway, monkeypatch: pytest.MonkeyPatch
) -> None:
    """calendar.md §6, row 16: the call is taken when there was nothing yet to hang up."""

    def late(address: str, port: int, timeout: float) -> socket.socket:
        for each in threading.enumerate():
            if isinstance(each, threading.Timer):
                each.join()
        return far.dial(address, port, timeout)

    monkeypatch.setattr(outside, "dial", late)
    monkeypatch.setattr(fetching, "LONGEST_SECONDS", 0.0)

    assert refuse(far.url) == "It did not answer in time."
    assert far.heads == []


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf", "It arrived incomplete."),
        (
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n8\r\nhalf",
            "It arrived incomplete.",
        ),
        (
            b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n" + gzip.compress(b"half")[:-4],
            "It arrived incomplete.",
        ),
        (
            b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\nplain",
            "It is packed in a way that cannot be read.",
        ),
        (
            b"HTTP/1.1 200 OK\r\nContent-Encoding: br\r\n\r\nplain",
            "It is packed in a way that cannot be read.",
        ),
        (b"220 mail.example ESMTP\r\n", "It could not be reached."),
        (b"", "It could not be reached."),
    ],
    ids=["length", "chunks", "gzip", "no gzip", "other packing", "other protocol", "nothing"],
)
def test_check_17_half_an_answer_is_none(far: FarAway, sent: bytes, said: str) -> None:
    """calendar.md §6, row 17: truncated body."""

    def script(_head: str, wire: Wire) -> None:
        wire.send(sent)

    far.script = script

    assert refuse(far.url) == said


def test_a_certificate_of_another_name_is_not_trusted(far: FarAway) -> None:
    far.leads_to["other.example"] = [[FAR]]

    assert refuse(far.url.replace(NAME, "other.example")) == "Its certificate cannot be trusted."
