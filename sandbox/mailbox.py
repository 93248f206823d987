"""The mail that was caught, newest first, and what is in it."""

import base64
import json
import re
import threading
import time
from dataclasses import asdict, dataclass
from email import policy
from email.message import EmailMessage, MIMEPart
from email.parser import BytesParser
from pathlib import Path
from typing import Any

from markupsafe import Markup, escape

_LINK = re.compile(r"https?://[^\s<>\"]+[^\s<>\".,;:!?)\]']")


@dataclass(frozen=True)
class Attachment:
    """A file that came with a letter."""

    name: str
    kind: str
    """Its media type as the sender named it."""
    content: bytes


@dataclass(frozen=True)
class Letter:
    """One mail as it came in over SMTP."""

    id: int
    received_at: float
    """Unix seconds, real time."""
    envelope_from: str
    envelope_to: list[str]
    raw: bytes

    @property
    def message(self) -> EmailMessage:
        return BytesParser(EmailMessage, policy=policy.default).parsebytes(self.raw)

    @property
    def subject(self) -> str:
        return str(self.message["Subject"] or "(no subject)")

    @property
    def text(self) -> str | None:
        return self._body("plain")

    @property
    def html(self) -> str | None:
        return self._body("html")

    @property
    def attachments(self) -> list[Attachment]:
        return [
            Attachment(
                part.get_filename() or f"attachment-{place}",
                part.get_content_type(),
                _bytes_of(part),
            )
            for place, part in enumerate(self.message.iter_attachments(), start=1)
        ]

    def _body(self, kind: str) -> str | None:
        part = self.message.get_body(preferencelist=(kind,))
        if part is None:
            return None
        try:
            return str(part.get_content()).rstrip()
        except LookupError:  # An encoding that nobody knows.
            return _bytes_of(part).decode(errors="replace").rstrip()


def as_json(letter: Letter) -> dict[str, Any]:
    """Return a letter for ``/messages.json``."""
    message = letter.message
    return {
        "id": letter.id,
        "received_at": letter.received_at,
        "envelope_from": letter.envelope_from,
        "envelope_to": letter.envelope_to,
        "from": str(message["From"] or ""),
        "to": str(message["To"] or ""),
        "subject": letter.subject,
        "message_id": str(message["Message-ID"] or ""),
        "headers": [[name, str(value)] for name, value in message.items()],
        "text": letter.text,
        "html": letter.html,
        "attachments": [
            {"name": one.name, "kind": one.kind, "bytes": len(one.content)}
            for one in letter.attachments
        ],
    }


def with_links(text: str) -> Markup:
    """Return text as HTML in which every web address can be followed."""
    pieces: list[Markup] = []
    end = 0
    for found in _LINK.finditer(text):
        pieces.append(escape(text[end : found.start()]))
        pieces.append(Markup('<a href="{0}" rel="noreferrer">{0}</a>').format(found[0]))
        end = found.end()
    return Markup("").join([*pieces, escape(text[end:])])


class Mailbox:
    """Letters in memory, and in a file of one JSON line each where one is given."""

    def __init__(self, state_file: Path | None = None) -> None:
        self._lock = threading.Lock()
        self._letters: list[Letter] = []
        self._last_id = 0
        self._state_file = state_file
        self.refusing = False
        """While true, every mail is answered with 451: try again later."""
        if state_file is not None and state_file.exists():
            with state_file.open(encoding="utf-8") as lines:
                self._letters = [_loaded(line) for line in lines]
            self._last_id = max((letter.id for letter in self._letters), default=0)

    def keep(self, envelope_from: str, envelope_to: list[str], raw: bytes) -> Letter:
        """Keep a letter that has just come in."""
        with self._lock:
            self._last_id += 1
            letter = Letter(self._last_id, time.time(), envelope_from, envelope_to, raw)
            self._letters.append(letter)
            if self._state_file is not None:
                with self._state_file.open("a", encoding="utf-8") as file:
                    file.write(_dumped(letter) + "\n")
        return letter

    def letters(self, to: str | None = None) -> list[Letter]:
        """Return the letters, newest first; those to one address if it is given."""
        with self._lock:
            found = list(reversed(self._letters))
        if to is None:
            return found
        return [
            letter
            for letter in found
            if to.casefold() in (address.casefold() for address in letter.envelope_to)
        ]

    def find(self, wanted: int) -> Letter | None:
        return next((letter for letter in self.letters() if letter.id == wanted), None)

    def clear(self) -> None:
        """Throw every letter away."""
        with self._lock:
            self._letters = []
            if self._state_file is not None:
                self._state_file.write_text("", encoding="utf-8")


def _bytes_of(part: MIMEPart) -> bytes:
    content = part.get_payload(decode=True)
    return content if isinstance(content, bytes) else b""


def _dumped(letter: Letter) -> str:
    return json.dumps(asdict(letter) | {"raw": base64.b64encode(letter.raw).decode("ascii")})


def _loaded(line: str) -> Letter:
    kept = json.loads(line)
    return Letter(**(kept | {"raw": base64.b64decode(kept["raw"])}))
