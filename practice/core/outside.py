"""Sending to an address that somebody typed, without being led into our own house.

The name is resolved once, every address that it has is looked at, and the connection goes to the
very address that was looked at, with the name kept for the certificate. No proxy is asked. What
is sent follows no redirect; what is fetched (``fetching``) follows some, each looked at likewise.
"""

from __future__ import annotations

import ipaddress
import socket
import ssl
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from threading import Timer
from urllib.parse import urlsplit

from practice.core.errors import Invalid, Unavailable
from practice.core.settings import settings

TIMEOUT_SECONDS = 10
LONGEST_SECONDS = 20
LONGEST_ANSWER = 2_000  # bytes of an answer that are read
LONGEST_ADDRESS = 500
HTTPS_PORT = 443

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

LEADS_INSIDE = tuple(
    ipaddress.IPv6Network(network)
    for network in (
        "::/96",  # an IPv4 address, compatible
        "64:ff9b::/96",  # an IPv4 address behind a translator
        "64:ff9b:1::/48",
        "2001::/32",  # Teredo
        "2002::/16",  # 6to4
    )
)
"""What counts as global but holds an address of another kind."""

NOWHERE = tuple(
    ipaddress.IPv6Network(network)
    for network in (
        "fec0::/10",  # a site of its own: out of use, but routed where it still is
        "3fff::/20",  # for documents
    )
)
"""What counts as global to this Python and is not."""


class Unreachable(Unavailable):
    """Nobody answered there, or not in time; ``message`` is for whoever typed the address."""


@dataclass(frozen=True, slots=True)
class Target:
    """An address that may be sent to, taken apart."""

    host: str
    port: int
    path: str
    is_https: bool


def target_of(url: str, *, longest: int = LONGEST_ADDRESS) -> Target:
    """Take an address apart that somebody typed, of at most ``longest`` characters.

    It is https on the usual port; in a sandbox also http to this very machine.

    Raises:
        Invalid: saying what it must be instead.
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise Invalid("Enter an address like https://www.example.com/news") from None
    if not url.isascii() or not url.isprintable() or " " in url or len(url) > longest:
        raise Invalid(f"An address has at most {longest} plain characters")
    if "@" in parts.netloc or parts.fragment:
        raise Invalid("Leave the name, the password and what follows # out of the address")
    path = parts.path or "/"
    path = f"{path}?{parts.query}" if parts.query else path
    if parts.scheme == "http" and settings().payments_sandbox and _is_this_machine(host):
        return Target(host, port or 80, path, is_https=False)
    if parts.scheme != "https" or port not in (None, HTTPS_PORT) or not host:
        raise Invalid("The address must begin with https:// and use the usual port")
    if _literal(host) is not None and why_not(host) is not None:
        raise Invalid("That address is not on the open internet")
    return Target(host, HTTPS_PORT, path, is_https=True)


def why_not(address: str) -> str | None:
    """Say why nothing is sent to an IP address, or ``None`` if it is on the open internet."""
    found = _literal(address)
    if found is None:
        return "it is no address"
    if isinstance(found, ipaddress.IPv6Address):
        if found.ipv4_mapped is not None:
            found = found.ipv4_mapped
        elif any(found in network for network in LEADS_INSIDE):
            return "it holds an address of another kind"
        elif any(found in network for network in NOWHERE):
            return "it is inside a network"
    if found.is_multicast or found.is_unspecified or found.is_reserved:
        return "it is not the address of one machine"
    return None if found.is_global else "it is inside a network"


def post(url: str, body: bytes, headers: Mapping[str, str]) -> int:
    """Send ``body`` to an address, and return the status of the answer.

    Call outside transactions. Takes 20 seconds at most, however slowly the other side speaks.

    Raises:
        Invalid: if it may not be sent there.
        Unreachable: if nobody answers, or the name leads inside.
    """
    with connected(target_of(url)) as connection:
        path = connection.target.path
        connection.request("POST", path, body=body, headers=dict(headers))
        with closing(connection.getresponse()) as answer:
            answer.read(LONGEST_ANSWER)
            return answer.status


@contextmanager
def connected(target: Target, *, seconds: float = LONGEST_SECONDS) -> Iterator[Pinned]:
    """Give a connection to one of the addresses of a target, all of which were looked at.

    It is hung up after ``seconds``, however busy it is then.

    Raises:
        Unreachable: if nobody answers, the name leads inside, or whatever goes wrong with it.
    """
    try:
        with (
            closing(_connection(target, _resolved(target))) as connection,
            _ending(connection, seconds),
        ):
            yield connection
    except TimeoutError:
        raise Unreachable("It did not answer in time.") from None
    except ssl.SSLError:
        raise Unreachable("Its certificate cannot be trusted.") from None
    except (OSError, HTTPException):
        raise Unreachable("It could not be reached.") from None


def _resolved(target: Target) -> str:
    """Return one IP address of a host, after looking at all it has."""
    try:
        found = socket.getaddrinfo(target.host, target.port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise Unreachable("There is no such name.") from None
    addresses = [str(each[4][0]) for each in found]
    if target.is_https:
        if any(why_not(address) is not None for address in addresses):
            raise Unreachable("That name leads inside a network.")
    elif not all(_is_this_machine(address) for address in addresses):
        raise Unreachable("That name leads to another machine.")
    return addresses[0]


def dial(address: str, port: int, timeout: float) -> socket.socket:
    """Connect to an IP address that was looked at. Nothing else here opens a connection."""
    return socket.create_connection((address, port), timeout)


def _connection(target: Target, address: str) -> Pinned:
    """Return a connection to ``address`` that names the host it is meant for."""
    return (PinnedWithTls if target.is_https else Pinned)(address, target)


class Pinned(HTTPConnection):
    """A connection to an address that was looked at, whatever its name leads to by now.

    ``wire`` is what it goes over. The base class forgets that as soon as an answer begins after
    which the other side hangs up, and it is then that somebody may have to hang up on them.
    ``is_over`` says that its time is up, should that be so before there is anything to hang up.
    """

    wire: socket.socket | None = None
    is_over = False

    def __init__(self, address: str, target: Target) -> None:
        super().__init__(target.host, target.port, timeout=TIMEOUT_SECONDS)
        self.address = address
        self.target = target

    def connect(self) -> None:
        self.sock = self.wire = dial(self.address, self.port, TIMEOUT_SECONDS)
        if self.is_over:
            raise TimeoutError


class PinnedWithTls(Pinned):
    """The same, enciphered; the certificate has to be the name's."""

    default_port = HTTPS_PORT

    def connect(self) -> None:
        super().connect()  # first, so that it can be hung up in the middle of a greeting
        context = ssl.create_default_context()
        self.sock = self.wire = context.wrap_socket(self.sock, server_hostname=self.host)


@contextmanager
def _ending(connection: Pinned, seconds: float) -> Iterator[None]:
    """Hang up after a while: each wait has an end, but a thousand short ones would have none."""

    def hang_up() -> None:
        connection.is_over = True
        if connection.wire is not None:
            with suppress(OSError):
                connection.wire.shutdown(socket.SHUT_RDWR)

    timer = Timer(max(0.0, seconds), hang_up)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _literal(host: str) -> Address | None:
    try:
        return ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return None


def _is_this_machine(host: str) -> bool:
    found = _literal(host)
    return host == "localhost" or (found is not None and found.is_loopback)
