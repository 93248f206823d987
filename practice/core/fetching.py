"""Fetching what lies at an address that somebody typed: bounded in time, size and redirects.

Each address on the way is looked at as ``outside`` does it. What comes back is counted after it
was unpacked, so that a small answer cannot become a large one unseen.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from http.client import HTTPMessage, HTTPResponse, IncompleteRead
from time import monotonic
from urllib.parse import quote, urldefrag, urljoin

from practice.core.errors import Invalid
from practice.core.outside import Pinned, Target, Unreachable, connected, target_of

LONGEST_SECONDS = 30.0
MOST_BYTES = 25_000_000
MOST_REDIRECTS = 3
LONGEST_ADDRESS = 2_000
PIECE = 64 * 1024
REDIRECTS = frozenset({301, 302, 303, 307, 308})
GZIP = 31  # the window and the header that zlib expects then
PLAIN = frozenset({"", "identity"})
ZIPPED = frozenset({"gzip", "x-gzip"})


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: status, headers, and the body of a 200, unpacked."""

    status: int
    headers: HTTPMessage
    body: bytes


def fetch(url: str, headers: Mapping[str, str], *, seconds: float | None = None) -> Answer:
    """Fetch what lies at an address. Call outside transactions.

    At most three redirects are followed, none of them from https to anything else. Takes 30
    seconds at most, or ``seconds``, however slowly the other side speaks, and 25 MB.

    Raises:
        Invalid: if nothing may be fetched there.
        Unreachable: if nobody answers, it leads inside, or it is too much. Neither the address
            nor what was answered is in the message.
    """
    ends = monotonic() + (LONGEST_SECONDS if seconds is None else seconds)
    target = target_of(url, longest=LONGEST_ADDRESS)
    for _ in range(MOST_REDIRECTS + 1):
        try:
            with connected(target, seconds=ends - monotonic()) as connection:
                found = _ask(connection, headers, ends)
        except Unreachable:
            if monotonic() >= ends:  # hung up by ourselves
                raise Unreachable("It did not answer in time.") from None
            raise
        if isinstance(found, Answer):
            return found
        target = _led_on(target, found)
    raise Unreachable("It leads from one address to the next.")


def _ask(connection: Pinned, headers: Mapping[str, str], ends: float) -> Answer | str:
    """Return the answer, or the address that it leads to."""
    asked = {"Accept-Encoding": "gzip", "Connection": "close", **headers}
    connection.request("GET", connection.target.path, headers=asked)
    with closing(connection.getresponse()) as answer:
        if answer.status in REDIRECTS:
            return answer.headers.get("Location") or ""
        body = _body(answer, ends) if answer.status == 200 else b""
        return Answer(answer.status, answer.headers, body)


def _led_on(target: Target, location: str) -> Target:
    """Return the target of a redirect, which has to be one that may be fetched itself."""
    scheme = "https" if target.is_https else "http"
    port = "" if target.is_https else f":{target.port}"
    here = f"{scheme}://{target.host}{port}{target.path}"
    # Headers are Latin-1 to http.client, whatever they were.
    there = quote(location.encode("latin-1", "replace"), safe="%/:=&?~#+!$,;'@()*[]")
    try:
        found = target_of(urldefrag(urljoin(here, there)).url, longest=LONGEST_ADDRESS)
    except (Invalid, ValueError):
        raise Unreachable("It leads to an address that is not on the open internet.") from None
    if target.is_https and not found.is_https:
        raise Unreachable("It leads to an address that is not on the open internet.")
    return found


def _body(answer: HTTPResponse, ends: float) -> bytes:
    coding = (answer.headers.get("Content-Encoding") or "").strip().lower()
    if coding not in PLAIN | ZIPPED:
        raise Unreachable("It is packed in a way that cannot be read.")
    unpacker = zlib.decompressobj(GZIP) if coding in ZIPPED else None
    expected = answer.length
    body, came = bytearray(), 0
    try:
        while piece := answer.read1(PIECE):
            came += len(piece)
            body += unpacker.decompress(piece, MOST_BYTES + 1 - len(body)) if unpacker else piece
            if max(len(body), came) > MOST_BYTES:
                raise Unreachable(f"It is larger than {MOST_BYTES // 1_000_000} MB.")
            if monotonic() >= ends:
                break
    except IncompleteRead:
        raise Unreachable("It arrived incomplete.") from None
    except zlib.error:
        raise Unreachable("It is packed in a way that cannot be read.") from None
    if monotonic() >= ends:  # what was hung up looks as though it were whole
        raise TimeoutError
    if (expected is not None and came != expected) or (unpacker and not unpacker.eof):
        raise Unreachable("It arrived incomplete.")
    return bytes(body)
