"""A server that seems to be far away on the open internet, and a count of all connections.

Names lead to an address of the open internet, and connections to that one come here. Whatever
else is dialled is written down and refused.
"""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from practice.core import outside

FAR = "93.184.216.34"
NAME = "calendar.example"
Script = Callable[[str, "Wire"], None]
"""What the server does with the head of a request, on the wire that it came by."""


class Wire:
    """One connection from somebody. What is written to it after they hung up is lost."""

    def __init__(self, tls: ssl.SSLSocket) -> None:
        self.tls = tls
        self.is_over = threading.Event()

    def send(self, data: bytes) -> bool:
        """Send something; say whether anybody is still there."""
        try:
            self.tls.sendall(data)
        except OSError:
            return False
        return True

    def answer(self, status: int, body: bytes = b"", **headers: str) -> None:
        lines = [f"HTTP/1.1 {status} Said", f"Content-Length: {len(body)}"]
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        self.send("\r\n".join([*lines, "", ""]).encode() + body)


class FarAway:
    """The server, whom it was asked by, and all that was dialled."""

    def __init__(self) -> None:
        self.script: Script = lambda _head, wire: wire.answer(200)
        self.heads: list[str] = []
        self.dialled: list[str] = []
        self.looked_up: list[str] = []
        self.leads_to: dict[str, list[list[str]]] = {}
        """By name, the addresses that it has, for each time that somebody asks."""
        self.listening = socket.create_server(("127.0.0.1", 0))
        self.port: int = self.listening.getsockname()[1]
        self.ended = threading.Event()

    @property
    def url(self) -> str:
        return f"https://{NAME}:{self.port}/private-1a2b3c/basic.ics"

    def serve(self) -> None:
        while not self.ended.is_set():
            with suppress(OSError):
                plain, _ = self.listening.accept()
                threading.Thread(target=self._talk, args=(plain,), daemon=True).start()

    def _talk(self, plain: socket.socket) -> None:
        with suppress(OSError), _context().wrap_socket(plain, server_side=True) as tls:
            head = b""
            while b"\r\n\r\n" not in head:
                piece = tls.recv(4096)
                if not piece:
                    return
                head += piece
            self.heads.append(head.decode())
            self.script(head.decode(), Wire(tls))

    def dial(self, address: str, _port: int, timeout: float) -> socket.socket:
        self.dialled.append(address)
        if address != FAR:
            raise ConnectionRefusedError
        dialled = socket.socket()
        dialled.settimeout(timeout)
        dialled.connect(("127.0.0.1", self.port))
        return dialled

    def look_up(self, host: str, port: int, **more: Any) -> Any:
        """Answer as the resolver does; what is no name of ours is asked of the real one."""
        self.looked_up.append(host)
        turns = self.leads_to.get(host, [[FAR]] if host == NAME else [])
        if not turns:
            return _real_look_up(host, port, **more)
        addresses = turns[0] if len(turns) == 1 else turns.pop(0)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (each, port)) for each in addresses]


_real_look_up = socket.getaddrinfo
_real_context = ssl.create_default_context


@contextmanager
def far_away(monkeypatch: pytest.MonkeyPatch) -> Iterator[FarAway]:
    """Run the server; the house reaches it, and trusts its certificate."""
    server = FarAway()
    monkeypatch.setattr(outside, "HTTPS_PORT", server.port)
    monkeypatch.setattr(outside, "dial", server.dial)
    monkeypatch.setattr("socket.getaddrinfo", server.look_up)
    authority = _certificate()[0].decode()
    monkeypatch.setattr("ssl.create_default_context", lambda: _real_context(cadata=authority))
    thread = threading.Thread(target=server.serve, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.ended.set()
        with suppress(OSError):
            server.listening.shutdown(socket.SHUT_RDWR)
        server.listening.close()
        thread.join(2)


@cache
def _certificate() -> tuple[bytes, bytes]:
    """Make a certificate that vouches for itself, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, NAME)])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(datetime(2000, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(2100, 1, 1, tzinfo=UTC))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(NAME)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    return made.public_bytes(serialization.Encoding.PEM), key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


@cache
def _context() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with TemporaryDirectory() as folder:
        file = Path(folder) / "both.pem"
        file.write_bytes(b"".join(_certificate()))
        context.load_cert_chain(file)
    return context
