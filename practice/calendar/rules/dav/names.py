"""Names of CalDAV, with their namespaces, as ElementTree writes them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from xml.etree.ElementTree import Element, register_namespace

DAV, CALDAV, SERVER = "DAV:", "urn:ietf:params:xml:ns:caldav", "http://calendarserver.org/ns/"

for _prefix, _namespace in (("D", DAV), ("C", CALDAV), ("CS", SERVER)):
    register_namespace(_prefix, _namespace)

D, C, CS = f"{{{DAV}}}", f"{{{CALDAV}}}", f"{{{SERVER}}}"

CALENDAR_DATA = f"{C}calendar-data"

QUERY, MULTIGET, SYNC = f"{C}calendar-query", f"{C}calendar-multiget", f"{D}sync-collection"
REPORTS = (QUERY, MULTIGET, SYNC)

VALID_TOKEN = f"{D}valid-sync-token"
WITHIN_LIMITS = f"{D}number-of-matches-within-limits"
FINITE_DEPTH = f"{D}propfind-finite-depth"
KNOWN_REPORT = f"{D}supported-report"
KNOWN_FILTER = f"{C}supported-filter"
VALID_FILTER = f"{C}valid-filter"
KNOWN_DATA = f"{C}supported-calendar-data"

NONE: Mapping[str, str] = MappingProxyType({})
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def element(name: str, *inside: Element | str, attributes: Mapping[str, str] = NONE) -> Element:
    """Make an element of other elements and text. What XML cannot hold is left out."""
    made = Element(name, dict(attributes))
    for each in inside:
        if isinstance(each, str):
            made.text = _NOT_XML.sub("", each)
        else:
            made.append(each)
    return made
