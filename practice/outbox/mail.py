"""Mail: written when it is sent, from the rows as they are then, and handed to one SMTP server.

A mail is sent at least once. When the worker is killed between handing it over and writing that
down, it goes out again under the same Message-ID, by which mail programs show it once.
"""

import re
import smtplib
import ssl
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from email import policy
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr
from typing import Any
from urllib.parse import unquote, urlsplit
from uuid import UUID

from flask import current_app

from config import LOOPBACK
from practice.core import clock
from practice.core.db import read_again, transaction
from practice.core.settings import settings
from practice.outbox import ports, queries, service
from practice.outbox.jobs import NotYet
from practice.outbox.models import Message
from practice.outbox.rules import MessageState

Composer = Callable[[Message], dict[str, Any]]

COMPOSERS: dict[str, Composer] = {}

PATIENCE_SECONDS = 10
LOOKED_AGAIN_AFTER = timedelta(hours=1)
"""How long mail waits where no SMTP server is configured."""


@dataclass(frozen=True, slots=True)
class Letter:
    """A mail in words: one line, plain text, and the same as HTML."""

    subject: str
    text: str
    html: str


@dataclass(frozen=True, slots=True)
class CalendarPart:
    """What a mail tells its reader's calendar (RFC 6047): ``text``, which asks by ``method``.

    A composer hands it over as ``calendar``. ``sent`` is called, inside the transaction that
    writes down that the mail is out.
    """

    method: str
    text: str
    sent: Callable[[], None]


class Refused(Exception):
    """The server will never take this mail; ``code`` is its SMTP reply."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


class Stale(Exception):
    """Raised by a composer when what the mail would say is no longer so: it is not sent."""


class InTheClear(Exception):
    """A password would cross a network unencrypted."""


def compose(name: str, context: Composer) -> None:
    """Say who supplies the variables of the mail in ``templates/email/<name>``.

    ``context(message)`` runs inside the practice and only reads. Every mail knows ``practice``
    besides, whose neutral name signs and whose address takes replies, and ``posted_at``. A mail
    that is from no practice has ``signed_by``, a name, instead.
    """
    COMPOSERS[name] = context


def deliver(message_id: UUID) -> None:
    """Send one message, unless that was done. Call outside transactions.

    Raises:
        NotYet: while no SMTP server is configured.
        OSError: if the server cannot be reached or refuses for now (``SMTPException`` is one).
    """
    if settings().smtp_url is None:
        raise NotYet(clock.now() + LOOKED_AGAIN_AFTER)
    message = queries.get_message(message_id)
    if message.state is not MessageState.WAITING:
        return
    try:
        letter, calendar = _written(message)
        read_again()  # nothing stays open while we talk over the network
        _send(letter)
    except Stale:
        _mark(message_id, MessageState.STALE)
    except Refused as refused:
        _mark(message_id, MessageState.FAILED, code=refused.code)
    else:
        _mark(message_id, MessageState.SENT, told=calendar)


def _mark(
    message_id: UUID,
    state: MessageState,
    code: int | None = None,
    told: CalendarPart | None = None,
) -> None:
    with transaction():
        message = queries.get_message(message_id)
        message.state = state
        if state is MessageState.SENT:
            message.sent_at = clock.now()
            if told is not None:
                told.sent()
        if code is not None:
            message.error = str(code)
            _ask_for_another_address(message)


def write(message: Message) -> EmailMessage:
    """Make the mail, plain text with its HTML twin, as it reads at this moment."""
    return _written(message)[0]


def _written(message: Message) -> tuple[EmailMessage, CalendarPart | None]:
    practice, mailbox = ports.sender(), parseaddr(settings().mail_from)[1]
    is_test = message.facts.get("is_test", False) if message.facts else False
    facts = ports.made_up(message.name) if is_test else COMPOSERS[message.name](message)
    context = {"practice": practice, "posted_at": message.created_at, **facts}
    drawn = draw(message.name, context, ports.own_words(message.name, context), is_test=is_test)
    letter = EmailMessage(policy=policy.SMTP)
    signed_by = facts.get("signed_by")
    letter["From"] = Address(signed_by or practice.neutral_name, addr_spec=mailbox)
    letter["To"] = Address(addr_spec=message.to)
    if signed_by is None:
        letter["Reply-To"] = Address(practice.neutral_name, addr_spec=practice.email)
    letter["Subject"] = drawn.subject
    letter["Date"] = format_datetime(clock.now())
    letter["Message-ID"] = f"<{message.id}@{mailbox.rpartition('@')[2]}>"
    letter["Auto-Submitted"] = "auto-generated"
    letter.set_content(drawn.text)
    letter.add_alternative(drawn.html, subtype="html")
    calendar: CalendarPart | None = facts.get("calendar")
    if calendar is not None:
        _attach(letter, calendar)
    return letter, calendar


def _attach(letter: EmailMessage, calendar: CalendarPart) -> None:
    """Add a message for calendars twice: inside, and as a file for programs that look there."""
    letter.add_alternative(
        calendar.text, subtype="calendar", cte="base64", params={"method": calendar.method}
    )
    letter.add_attachment(
        calendar.text.encode(), maintype="application", subtype="ics", filename="appointment.ics"
    )


def draw(
    name: str, context: Mapping[str, Any], own: ports.OwnWords, *, is_test: bool = False
) -> Letter:
    """Put a mail into words: the shipped ones, and those of the practice's own."""
    handed = {
        "calendar": None,
        "signed_by": None,
        **context,
        "own": own.paragraphs,
        "is_test": is_test,
    }
    return Letter(
        subject=" ".join((own.subject or _render(name, "subject.txt", handed)).split()),
        text=_without_gaps(_render(name, "body.txt", handed)),
        html=_render(name, "body.html", handed),
    )


def _render(name: str, part: str, context: dict[str, Any]) -> str:
    # Not render_template(): what the pages of people are handed is no business of a mail.
    return current_app.jinja_env.get_template(f"email/{name}/{part}").render(context)


def _without_gaps(text: str) -> str:
    return re.sub(r"\n\s*\n", "\n\n", text).strip() + "\n"


def _ask_for_another_address(message: Message) -> None:
    service.assign(
        "mail-refused",
        key=f"mail-refused:{message.id}",
        what="A mail could not be delivered: the address was refused. Ask the person for another.",
        due_at=clock.now(),
        client_id=message.client_id,
        about_id=message.about_id,
    )


def _send(letter: EmailMessage) -> None:
    with _server() as server:
        try:
            server.send_message(letter)
        except smtplib.SMTPRecipientsRefused as refused:
            _tell_apart(refused, *(code for code, _ in refused.recipients.values()))
        except smtplib.SMTPDataError as refused:
            _tell_apart(refused, refused.smtp_code)


def _tell_apart(error: smtplib.SMTPException, code: int) -> None:
    """A 5xx reply about this very mail is for good; everything else is tried again."""
    if 500 <= code < 600:
        raise Refused(code) from None
    raise error


@contextmanager
def _server() -> Iterator[smtplib.SMTP]:
    url = urlsplit(settings().smtp_url or "")
    host = url.hostname or ""
    here = parseaddr(settings().mail_from)[1].rpartition("@")[2]
    encryption = ssl.create_default_context()
    if url.scheme == "smtps":
        server: smtplib.SMTP = smtplib.SMTP_SSL(
            host, url.port or 465, here, timeout=PATIENCE_SECONDS, context=encryption
        )
    else:
        port = url.port or (587 if url.username else 25)
        server = smtplib.SMTP(host, port, here, timeout=PATIENCE_SECONDS)
    with server:
        server.ehlo()
        if url.scheme == "smtp" and (url.username or host not in LOOPBACK):
            if server.has_extn("starttls"):
                server.starttls(context=encryption)
            elif url.username and host not in LOOPBACK:
                raise InTheClear
        if url.username:
            server.login(unquote(url.username), unquote(url.password or ""))
        yield server
