"""A mail server for tests that answers as it is told and keeps what it takes."""

import asyncio
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from ipaddress import ip_address
from pathlib import Path
from threading import Event, Thread

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

ACCOUNT = ("sanctuary", "p@ss/word")
PATIENCE_SECONDS = 60


@dataclass
class Letter:
    """A mail as the server took it."""

    to: list[str]
    text: EmailMessage
    was_encrypted: bool
    was_signed_in: bool


@dataclass
class PostOffice:
    """What the server has taken, and what it answers to each step of a delivery."""

    recipient_reply: str = "250 OK"
    data_reply: str = "250 OK"
    on_taken: Callable[[], object] = lambda: None
    port: int = 0
    letters: list[Letter] = field(default_factory=list)

    async def handle_RCPT(  # noqa: N802 - aiosmtpd names its hooks after SMTP's commands
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        del server, session, options
        if self.recipient_reply.startswith("2"):
            envelope.rcpt_tos.append(address)
        return self.recipient_reply

    async def handle_DATA(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        del server
        if self.data_reply.startswith("2"):
            assert isinstance(envelope.content, bytes)
            text = BytesParser(EmailMessage, policy=policy.default).parsebytes(envelope.content)
            encrypted, signed_in = session.ssl is not None, bool(session.authenticated)
            self.letters.append(Letter(envelope.rcpt_tos, text, encrypted, signed_in))
            self.on_taken()
        return self.data_reply


def _who(
    server: SMTP, session: Session, envelope: Envelope, mechanism: str, given: LoginPassword
) -> AuthResult:
    return AuthResult(success=(given.login.decode(), given.password.decode()) == ACCOUNT)


@contextmanager
def open_for_mail(
    host: str = "127.0.0.1", encryption: ssl.SSLContext | None = None
) -> Iterator[PostOffice]:
    """Serve SMTP on a free port of ``host``; offer STARTTLS and ask for ``ACCOUNT`` if told how."""
    office, opened, closing = PostOffice(), Event(), asyncio.Event()
    loops: list[asyncio.AbstractEventLoop] = []

    async def serve() -> None:
        loop = asyncio.get_running_loop()
        loops.append(loop)

        def greet() -> SMTP:
            return SMTP(
                office,
                hostname="localhost",
                tls_context=encryption,
                require_starttls=encryption is not None,
                auth_required=encryption is not None,
                authenticator=_who,
                loop=loop,
            )

        server = await loop.create_server(greet, host, 0)
        office.port = server.sockets[0].getsockname()[1]
        opened.set()
        await closing.wait()
        server.close()

    # All of it in a thread of its own: in a test's own thread a browser's loop may be running.
    thread = Thread(target=asyncio.run, args=(serve(),))
    thread.start()
    assert opened.wait(PATIENCE_SECONDS)
    try:
        yield office
    finally:
        loops[0].call_soon_threadsafe(closing.set)
        thread.join()


def certificate_for(host: str, folder: Path) -> Path:
    """Make a certificate for an IP address that vouches for itself; return its file, key inside."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address(host))]), False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), True)
        .sign(key, hashes.SHA256())
    )
    file = folder / "certificate.pem"
    file.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    return file
