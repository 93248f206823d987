"""The zones that foreign calendars name: IANA's, Windows', their own, and none at all."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, tzinfo
from typing import NamedTuple
from zoneinfo import ZoneInfo

from practice.calendar.rules import zones

SAID_IN_WORDS = {
    "eastern time (us & canada)": "America/New_York",
    "central time (us & canada)": "America/Chicago",
    "mountain time (us & canada)": "America/Denver",
    "pacific time (us & canada)": "America/Los_Angeles",
    "arizona": "America/Phoenix",
    "alaska": "America/Anchorage",
    "hawaii": "Pacific/Honolulu",
    "coordinated universal time": "Etc/UTC",
}
"""What Outlook shows to people, and sometimes writes into a file."""

_OFFSET = re.compile(r"^\((?:UTC|GMT)[^)]*\)\s*")


class Placed(NamedTuple):
    """A zone, and whether it was only guessed."""

    zone: tzinfo
    is_guess: bool


class Zones:
    """Finds the zone that a time of one calendar is in.

    ``floating`` is where times without a zone are read, or such whose zone nobody knows.
    """

    def __init__(self, own: Mapping[str, bytes], floating: tzinfo) -> None:
        self.own = own
        self.floating = floating
        self.found: dict[str, Placed] = {"": Placed(floating, is_guess=True), "UTC": _UTC}

    def named(self, name: str) -> Placed:
        """Return the zone that a TZID names.

        A name that everybody knows is what everybody means by it, whatever the file says. Any
        other is the file's own, if it describes it.
        """
        if name not in self.found:
            zone = known(name) or self._described(name)
            self.found[name] = Placed(zone or self.floating, is_guess=zone is None)
        return self.found[name]

    def _described(self, name: str) -> tzinfo | None:
        text = self.own.get(name)
        if text is None:
            return None
        from icalendar import Timezone  # noqa: PLC0415  # seldom needed, and slow to load
        from icalendar.timezone.tzp import TZP  # noqa: PLC0415

        try:
            # A finder of its own: the library's remembers the zones of one file for the next.
            zone: tzinfo = TZP().create_timezone(Timezone.from_ical(text))
        except Exception:  # noqa: BLE001  # whatever is wrong with it, it is not known
            return None
        return zone


_UTC = Placed(UTC, is_guess=False)


def known(name: str) -> tzinfo | None:
    """Return the zone of a name that is not one file's own; ``None`` if nobody knows it."""
    plain = name.strip().strip("/")
    # Some programs put a path before it: /freeassociation.sourceforge.net/America/New_York
    parts = plain.split("/")
    tails = ["/".join(parts[-n:]) for n in (len(parts), 3, 2) if n <= len(parts)]
    for each in tails:
        if each in zones.zone_names():
            return ZoneInfo(each)
    said = SAID_IN_WORDS.get(_OFFSET.sub("", plain).lower())
    if said is not None:
        return ZoneInfo(said)
    from icalendar.timezone.windows_to_olson import WINDOWS_TO_OLSON  # noqa: PLC0415

    windows = WINDOWS_TO_OLSON.get(plain)
    return ZoneInfo(windows) if windows in zones.zone_names() else None
