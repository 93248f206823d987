"""What a client must be told, from what they know and what is so now.

News that may be undone waits for some minutes. Whatever happens to a session meanwhile is told
as one: who moves it twice, or there and back, has made one piece of news, or none.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from practice.sessions.rules.lifecycle import AppointmentState

S = AppointmentState


class News(StrEnum):
    """What a client is told, by the name of the mail."""

    BOOKED = "booked"
    TENTATIVE = "tentative"
    MOVED = "moved"
    CANCELLED = "cancelled"
    REQUESTED = "requested"
    APPROVED = "approved"
    DECLINED = "declined"
    SLOT_LOST = "slot-lost"  # paid after the time was gone


CAN_BE_UNDONE = frozenset({News.MOVED, News.CANCELLED})
"""News that waits whoever made it; all other waits if staff made it."""

OF_STATE = {
    S.REQUESTED: News.REQUESTED,
    S.TENTATIVE: News.TENTATIVE,
    S.CONFIRMED: News.BOOKED,
}


@dataclass(frozen=True, slots=True)
class Known:
    """What a client has heard of a session: when it is, and how it stands."""

    starts_at: datetime
    state: S


@dataclass(frozen=True, slots=True)
class Told:
    """A piece of news with what the session's row does not say: ``knew``, what was so before."""

    news: News
    knew: Known | None


def to_tell(knew: Known | None, now: Known) -> tuple[Told, ...]:
    """Return what a client must hear who ``knew`` this of a session (``None``: not of it at all).

    A session that was cancelled before they heard of it is no news.
    """
    if now.state is S.CANCELLED:
        return () if knew is None or knew.state is S.CANCELLED else (Told(News.CANCELLED, knew),)
    found = []
    if knew is None or knew.state is not now.state:
        is_answer = knew is not None and knew.state is S.REQUESTED and now.state is S.CONFIRMED
        found.append(News.APPROVED if is_answer else OF_STATE.get(now.state))
    if knew is not None and knew.starts_at != now.starts_at:
        found.append(News.MOVED)
    return tuple(Told(news, knew) for news in found if news is not None)
