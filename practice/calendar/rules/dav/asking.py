"""Reading what programs ask: the bodies of PROPFIND and REPORT.

No document types are read, so that nothing in a body stands for anything else.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from xml.etree.ElementTree import Element

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import ParseError, fromstring

from practice.calendar.rules.dav.names import (
    CALENDAR_DATA,
    KNOWN_DATA,
    KNOWN_FILTER,
    KNOWN_REPORT,
    MULTIGET,
    QUERY,
    SYNC,
    VALID_FILTER,
    C,
    D,
)
from practice.core.errors import Malformed, NotAllowed

_INSTANT = re.compile(r"[0-9]{8}T[0-9]{6}Z", re.ASCII)
_COUNT = re.compile(r"[0-9]{1,9}", re.ASCII)
_NEVER = frozenset({"VTODO", "VJOURNAL", "VFREEBUSY", "VALARM", "VAVAILABILITY", "VPOLL"})
"""Parts of calendars that ours have none of."""


class Refused(NotAllowed):
    """What is asked can be read, but not had. ``condition`` names the rule of the protocol."""

    def __init__(self, condition: str, message: str) -> None:
        super().__init__(message)
        self.condition = condition


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which properties are asked for: by name, or all that there are, or only their names."""

    names: tuple[str, ...] = ()
    is_all: bool = False
    only_names: bool = False


@dataclass(frozen=True, slots=True)
class Query:
    """Sessions of some time, or of all; ``matches`` is false where none can be meant."""

    wanted: Wanted
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    matches: bool = True


@dataclass(frozen=True, slots=True)
class Multiget:
    """Sessions by their addresses."""

    wanted: Wanted
    addresses: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Sync:
    """What changed since a token, or all there is without one; at most ``limit`` of it."""

    wanted: Wanted
    token: str
    limit: int | None = None


Report = Query | Multiget | Sync


def propfind(body: bytes) -> Wanted:
    """Read which properties are asked for. An empty body asks for all.

    Raises:
        Malformed: if it is not a PROPFIND.
    """
    if not body.strip():
        return Wanted(is_all=True)
    root = _tree(body)
    if root.tag != f"{D}propfind":
        raise Malformed("A PROPFIND asks with a DAV propfind element.")
    return _wanted(root)


def report(body: bytes) -> Report:
    """Read a report on the calendar.

    Raises:
        Malformed: if it cannot be read.
        Refused: for a report, a filter or a kind of data that is not known here.
    """
    root = _tree(body)
    reader = READERS.get(root.tag)
    if reader is None:
        raise Refused(KNOWN_REPORT, "This report is not known here.")
    return reader(root)


def depth(given: str | None) -> str | None:
    """Read how far down is asked: ``0``, ``1``, ``infinity``; ``None`` where it is not said.

    Raises:
        Malformed: for anything else.
    """
    said = None if given is None else given.strip().lower()
    if said not in (None, "0", "1", "infinity"):
        raise Malformed("Depth is 0, 1 or infinity.")
    return said


def _tree(body: bytes) -> Element:
    try:
        root: Element = fromstring(body, forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError, LookupError):
        raise Malformed("The request is no XML that can be read here.") from None
    return root


def _wanted(root: Element) -> Wanted:
    if root.find(f"{D}propname") is not None:
        return Wanted(only_names=True)
    prop = root.find(f"{D}prop")
    if root.find(f"{D}allprop") is not None:
        return Wanted(is_all=True)
    if prop is None:
        if root.tag == f"{D}propfind":
            raise Malformed("A PROPFIND asks for prop, allprop or propname.")
        return Wanted()
    data = prop.find(CALENDAR_DATA)
    if data is not None and (
        data.get("content-type", "text/calendar").lower() != "text/calendar"
        or data.get("version", "2.0") != "2.0"
    ):
        raise Refused(KNOWN_DATA, "Calendars are text/calendar 2.0 here.")
    return Wanted(tuple(dict.fromkeys(each.tag for each in prop)))


# Reports ----------------------------------------------------------------------------------------


def _query(root: Element) -> Query:
    outer = root.find(f"{C}filter")
    if outer is None:
        raise Malformed("A calendar-query has a filter.")
    filters = list(outer)
    if [each.tag for each in filters] != [f"{C}comp-filter"] or filters[0].get(
        "name"
    ) != "VCALENDAR":
        raise Refused(VALID_FILTER, "A filter begins with VCALENDAR.")
    found = Query(_wanted(root))
    for each in filters[0]:
        found = _narrowed(found, each)
    return found


def _narrowed(query: Query, part: Element) -> Query:
    """Return the query as far as one more part of its filter allows."""
    name, inside = part.get("name", ""), list(part)
    if part.tag != f"{C}comp-filter" or (name != "VEVENT" and name not in _NEVER):
        raise Refused(KNOWN_FILTER, "Only sessions, by their time, can be asked for.")
    is_there = [each.tag for each in inside] != [f"{C}is-not-defined"]
    if is_there != (name == "VEVENT"):
        return Query(query.wanted, matches=False)
    if not is_there or not inside:
        return query
    if [each.tag for each in inside] != [f"{C}time-range"]:
        raise Refused(KNOWN_FILTER, "Only sessions, by their time, can be asked for.")
    starts_at, ends_at = (_instant(inside[0].get(name)) for name in ("start", "end"))
    if (starts_at is None and ends_at is None) or (starts_at and ends_at and starts_at >= ends_at):
        raise Refused(VALID_FILTER, "A time range has a start, an end, or both in their order.")
    return Query(query.wanted, starts_at, ends_at, matches=query.matches)


def _instant(text: str | None) -> datetime | None:
    if text is None:
        return None
    with suppress(ValueError):
        if _INSTANT.fullmatch(text):
            return datetime.strptime(text, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    raise Refused(VALID_FILTER, "Times are written like 20261201T153000Z.")


def _multiget(root: Element) -> Multiget:
    found = (each.text or "" for each in root.findall(f"{D}href"))
    addresses = tuple(dict.fromkeys(each.strip() for each in found))
    if not addresses:
        raise Malformed("A calendar-multiget names at least one address.")
    return Multiget(_wanted(root), addresses)


def _sync(root: Element) -> Sync:
    token = root.findtext(f"{D}sync-token")
    level = (root.findtext(f"{D}sync-level") or "1").strip()
    limit = root.find(f"{D}limit")
    if token is None or level not in ("1", "infinite"):
        raise Malformed("A sync-collection has a sync-token, which may be empty, and level 1.")
    most = None
    if limit is not None:
        text = (limit.findtext(f"{D}nresults") or "").strip()
        if not _COUNT.fullmatch(text) or not int(text):
            raise Malformed("A limit is a number of results.")
        most = int(text)
    return Sync(_wanted(root), token.strip(), most)


READERS: Mapping[str, Callable[[Element], Report]] = {
    QUERY: _query,
    MULTIGET: _multiget,
    SYNC: _sync,
}
