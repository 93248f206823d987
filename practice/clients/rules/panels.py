"""What other rooms put on a client's page."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from practice.core.money import Money


@dataclass(frozen=True, slots=True, kw_only=True)
class NextSession:
    """The session that a client comes to next. ``address`` is that of its page.

    ``waiting`` counts the sessions to come that are not confirmed because something is missing.
    """

    starts_at: datetime
    what: str
    address: str
    waiting: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionLine:
    """A session as a client's page shows it. ``on`` is its local date.

    ``missing`` says what must still be on file, in words for those who may see papers. One that
    was held elsewhere has no page, and so no ``address``.
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
    address: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CourseLine:
    """A course of a client: how far it has come in words, and the address of its page."""

    id: UUID
    title: str
    state: str
    is_over: bool
    position: str
    address: str


@dataclass(frozen=True, slots=True)
class LeftOver:
    """What a client still had before them when they came: how many of what, and how many since."""

    what: str
    count: int
    since: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OverrideLine:
    """Something that was passed for a session without its proof: what, by whom, and why.

    ``session_id`` is that of the session, ``ended_at`` when it stopped to count, if it did.
    """

    id: UUID
    session_id: UUID
    what: str
    by: str
    at: datetime
    reason: str
    ended_at: datetime | None
