"""Addresses below the root of CalDAV: opaque, without a name in them.

``<account>/`` is its principal, ``<account>/calendars/`` holds its one calendar,
``<account>/calendars/sessions/`` is that, with ``<session>.ics`` in it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import unquote, urlsplit
from uuid import UUID


class Kind(StrEnum):
    """What lies at an address."""

    ROOT = "root"
    PRINCIPAL = "principal"
    HOME = "home"
    CALENDAR = "calendar"
    SESSION = "session"


@dataclass(frozen=True, slots=True)
class Place:
    """What an address means. A session that has no id of ours is never there."""

    kind: Kind
    account_id: UUID | None = None
    session_id: UUID | None = None


_HEX = "[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}"
_PATH = re.compile(
    rf"(?P<account>{_HEX})(?:/(?P<home>calendars)(?:/(?P<calendar>sessions)(?:/(?P<name>[^/]+))?)?)?/?",
    re.ASCII,
)
_NAME = re.compile(rf"(?P<session>{_HEX})\.ics", re.ASCII | re.IGNORECASE)


def place_of(path: str) -> Place | None:
    """Return what lies at a path below the root; ``None`` for nothing."""
    if not path:
        return Place(Kind.ROOT)
    found = _PATH.fullmatch(path)
    if found is None:
        return None
    account_id = UUID(found["account"])
    if found["name"]:
        name = _NAME.fullmatch(found["name"])
        return Place(Kind.SESSION, account_id, UUID(name["session"]) if name else None)
    if found["calendar"]:
        return Place(Kind.CALENDAR, account_id)
    return Place(Kind.HOME if found["home"] else Kind.PRINCIPAL, account_id)


@dataclass(frozen=True, slots=True)
class Addresses:
    """The addresses of one account. ``root`` is the path of the root, with a slash at its end."""

    root: str
    account_id: UUID

    @property
    def principal(self) -> str:
        return f"{self.root}{self.account_id}/"

    @property
    def home(self) -> str:
        return f"{self.principal}calendars/"

    @property
    def calendar(self) -> str:
        return f"{self.home}sessions/"

    def session(self, session_id: UUID) -> str:
        return f"{self.calendar}{session_id}.ics"

    def session_at(self, address: str) -> UUID | None:
        """Return which session of this account an address means, whole or only its path."""
        try:
            path = unquote(urlsplit(address).path)
        except ValueError:
            return None
        place = place_of(path.removeprefix(self.root)) if path.startswith(self.root) else None
        return place.session_id if place and place.account_id == self.account_id else None
