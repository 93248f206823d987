"""What other rooms put on a client's page."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from practice.core.money import Money


@dataclass(frozen=True, slots=True, kw_only=True)
class NextSession:
    """The session that a client comes to next. ``address`` is that of its page."""

    starts_at: datetime
    what: str
    address: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionLine:
    """A session as a client's page shows it. ``on`` is its local date.

    ``missing`` says what must still be on file, in words for those who may see papers.
    """

    id: UUID
    starts_at: datetime
    on: date
    what: str
    state: str
    state_words: str
    is_coming: bool
    missing: tuple[str, ...]
    owed: Money
    address: str
