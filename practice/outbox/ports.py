"""What this room asks of rooms above it; ``app.py`` says who answers."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol
from uuid import UUID

from practice.core.ports import Port


class Sender(Protocol):
    """Whom a mail comes from, as its reader may see it."""

    @property
    def neutral_name(self) -> str: ...
    @property
    def email(self) -> str: ...


class OwnWords(Protocol):
    """What a practice says in a mail in words of its own; no subject: the shipped one."""

    @property
    def subject(self) -> str | None: ...
    @property
    def paragraphs(self) -> Sequence[str]: ...


every_practice: Port[[], list[UUID]] = Port("outbox.every_practice")

sender: Port[[], Sender] = Port("outbox.sender")
"""The practice that the scope is in. Mails know it as ``practice``."""

own_words: Port[[str, Mapping[str, Any]], OwnWords] = Port("outbox.own_words")
"""What the practice says in the mail of this name, filled in with what the mail is handed."""

made_up: Port[[str], Mapping[str, Any]] = Port("outbox.made_up")
"""What the mail of this name is handed when staff send themselves a test."""
