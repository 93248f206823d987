"""Writing answers: what a multistatus says of the account, its calendar and its sessions."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from uuid import UUID
from xml.etree.ElementTree import Element, tostring

from practice.calendar.rules.dav.asking import Wanted
from practice.calendar.rules.dav.names import (
    CALENDAR_DATA,
    CS,
    REPORTS,
    WITHIN_LIMITS,
    C,
    D,
    element,
)
from practice.calendar.rules.dav.places import Addresses, Kind

CONTENT_TYPE = "text/calendar; charset=utf-8"
OK, GONE, CUT = "HTTP/1.1 200 OK", "HTTP/1.1 404 Not Found", "HTTP/1.1 507 Insufficient Storage"


@dataclass(frozen=True, slots=True)
class Here:
    """An account as its properties show it. ``token`` says how far its calendar has come."""

    at: Addresses
    name: str
    token: str


@dataclass(frozen=True, slots=True)
class Session:
    """A session in an account's calendar: its mark, and the calendar file that it is."""

    id: UUID
    etag: str
    written: Callable[[], bytes]


def etag_of(*parts: object) -> str:
    """Return a mark that differs whenever one of its parts does."""
    return hashlib.sha256("\x1f".join(map(str, parts)).encode()).hexdigest()[:32]


# Properties -------------------------------------------------------------------------------------

Make = Callable[[Here], Element]


def _href(name: str, address: str) -> Element:
    return element(name, element(f"{D}href", address))


def _may_read(name: str) -> Element:
    rights = ("read", "read-current-user-privilege-set")
    return element(name, *(element(f"{D}privilege", element(f"{D}{right}")) for right in rights))


def _reports(name: str, reports: Iterable[str]) -> Element:
    return element(
        name,
        *(
            element(f"{D}supported-report", element(f"{D}report", element(report)))
            for report in reports
        ),
    )


def _is(*kinds: str) -> dict[str, Make]:
    name = f"{D}resourcetype"
    return {name: lambda _: element(name, *map(element, kinds))}


EVERYWHERE: dict[str, Make] = {
    f"{D}displayname": lambda here: element(f"{D}displayname", here.name),
    f"{D}current-user-principal": lambda here: _href(
        f"{D}current-user-principal", here.at.principal
    ),
    f"{D}principal-collection-set": lambda here: _href(
        f"{D}principal-collection-set", here.at.root
    ),
    f"{D}owner": lambda here: _href(f"{D}owner", here.at.principal),
    f"{D}current-user-privilege-set": lambda _: _may_read(f"{D}current-user-privilege-set"),
    f"{D}supported-report-set": lambda _: _reports(f"{D}supported-report-set", ()),
}

PROPERTIES: Mapping[Kind, dict[str, Make]] = {
    Kind.ROOT: EVERYWHERE | _is(f"{D}collection"),
    Kind.PRINCIPAL: EVERYWHERE
    | _is(f"{D}collection", f"{D}principal")
    | {
        f"{D}principal-URL": lambda here: _href(f"{D}principal-URL", here.at.principal),
        f"{C}calendar-home-set": lambda here: _href(f"{C}calendar-home-set", here.at.home),
    },
    Kind.HOME: EVERYWHERE | _is(f"{D}collection"),
    Kind.CALENDAR: EVERYWHERE
    | _is(f"{D}collection", f"{C}calendar")
    | {
        f"{CS}getctag": lambda here: element(f"{CS}getctag", here.token),
        f"{D}sync-token": lambda here: element(f"{D}sync-token", here.token),
        f"{D}supported-report-set": lambda _: _reports(f"{D}supported-report-set", REPORTS),
        f"{C}supported-calendar-component-set": lambda _: element(
            f"{C}supported-calendar-component-set",
            element(f"{C}comp", attributes={"name": "VEVENT"}),
        ),
        f"{C}supported-calendar-data": lambda _: element(
            f"{C}supported-calendar-data",
            element(CALENDAR_DATA, attributes={"content-type": "text/calendar", "version": "2.0"}),
        ),
    },
}

ADDRESS_OF: Mapping[Kind, Callable[[Addresses], str]] = {
    Kind.ROOT: lambda at: at.root,
    Kind.PRINCIPAL: lambda at: at.principal,
    Kind.HOME: lambda at: at.home,
    Kind.CALENDAR: lambda at: at.calendar,
}

BELOW: Mapping[Kind, Kind] = {
    Kind.ROOT: Kind.PRINCIPAL,
    Kind.PRINCIPAL: Kind.HOME,
    Kind.HOME: Kind.CALENDAR,
}
"""What one step further down there is, but for the sessions in the calendar."""

MakeOfSession = Callable[[Here, Session], Element]

OF_SESSION: Mapping[str, MakeOfSession] = {
    f"{D}getetag": lambda _, session: element(f"{D}getetag", f'"{session.etag}"'),
    f"{D}resourcetype": lambda *_: element(f"{D}resourcetype"),
    f"{D}getcontenttype": lambda *_: element(
        f"{D}getcontenttype", f"{CONTENT_TYPE}; component=VEVENT"
    ),
    f"{D}getcontentlength": lambda _, session: element(
        f"{D}getcontentlength", str(len(session.written()))
    ),
    f"{D}owner": lambda here, _: _href(f"{D}owner", here.at.principal),
    f"{D}current-user-principal": lambda here, _: _href(
        f"{D}current-user-principal", here.at.principal
    ),
    f"{D}current-user-privilege-set": lambda *_: _may_read(f"{D}current-user-privilege-set"),
    # XML would make a line's end one character of two: the first may be left out (RFC 4791, 9.6).
    CALENDAR_DATA: lambda _, session: element(
        CALENDAR_DATA, session.written().decode().replace("\r\n", "\n")
    ),
}
ONLY_BY_NAME = {CALENDAR_DATA}


# Responses --------------------------------------------------------------------------------------


def of_place(kind: Kind, here: Here, wanted: Wanted) -> Element:
    """Tell of the root, the principal, the home or the calendar."""
    made = {name: (lambda make=make: make(here)) for name, make in PROPERTIES[kind].items()}
    return _response(ADDRESS_OF[kind](here.at), made, wanted)


def of_session(session: Session, here: Here, wanted: Wanted) -> Element:
    """Tell of one session in the calendar."""
    made = {name: (lambda make=make: make(here, session)) for name, make in OF_SESSION.items()}
    return _response(here.at.session(session.id), made, wanted)


def gone(address: str) -> Element:
    """Tell that there is nothing at an address, or not any more."""
    return element(f"{D}response", element(f"{D}href", address), element(f"{D}status", GONE))


def cut_short(here: Here) -> Element:
    """Tell that there is more: whoever asks from the new token is told."""
    return element(
        f"{D}response",
        element(f"{D}href", here.at.calendar),
        element(f"{D}status", CUT),
        element(f"{D}error", element(WITHIN_LIMITS)),
    )


def multistatus(responses: Iterable[Element], *, token: str = "") -> bytes:
    """Put responses into the body of a 207; a report of changes has the token that it leads to."""
    parts = [*responses, *([element(f"{D}sync-token", token)] if token else [])]
    return _written(element(f"{D}multistatus", *parts))


def error(condition: str, words: str) -> bytes:
    """Name the rule that was broken, and say it in words for whoever reads the traffic."""
    return _written(
        element(f"{D}error", element(condition), element(f"{D}responsedescription", words))
    )


def _response(address: str, made: Mapping[str, Callable[[], Element]], wanted: Wanted) -> Element:
    if wanted.only_names:
        parts = [_propstat(OK, map(element, made))]
    else:
        names = (
            [each for each in made if each not in ONLY_BY_NAME] if wanted.is_all else wanted.names
        )
        found = [made[name]() for name in names if name in made]
        missing = [element(name) for name in names if name not in made]
        parts = [_propstat(OK, found)] if found or not missing else []
        parts += [_propstat(GONE, missing)] if missing else []
    return element(f"{D}response", element(f"{D}href", address), *parts)


def _propstat(status: str, properties: Iterable[Element]) -> Element:
    return element(f"{D}propstat", element(f"{D}prop", *properties), element(f"{D}status", status))


def _written(root: Element) -> bytes:
    written: bytes = tostring(root, encoding="utf-8", xml_declaration=True)
    return written
