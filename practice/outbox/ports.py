"""What this room asks of rooms above it; ``app.py`` says who answers."""

from typing import Protocol
from uuid import UUID

from practice.core.ports import Port


class Sender(Protocol):
    """Whom a mail comes from, as its reader may see it."""

    @property
    def neutral_name(self) -> str: ...
    @property
    def email(self) -> str: ...


every_practice: Port[[], list[UUID]] = Port("outbox.every_practice")

sender: Port[[], Sender] = Port("outbox.sender")
"""The practice that the scope is in. Mails know it as ``practice``."""
