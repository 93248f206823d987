"""The week, one day, and a list: the same days in three sizes, to read and to work from."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from flask import render_template, request, session, url_for
from flask.typing import ResponseReturnValue

from practice.calendar import blocked as blocking
from practice.calendar import imported, opening, ports, queries
from practice.calendar.forms import read_day, read_member
from practice.calendar.models import BookingRules, Resource, ResourceKind
from practice.calendar.rules import zones
from practice.calendar.rules.week import (
    Free,
    Placed,
    WeekBlock,
    WeekEvent,
    first_row_at,
    free_parts,
    is_in_grid,
    monday_of,
    place,
    quiet_parts,
    row_of,
    span_words,
)
from practice.calendar.views.blueprint import bp
from practice.core import clock
from practice.people.access import may, requires
from practice.people.queries import get_practice
from practice.people.rules import US_ZONES, Permission

LIST_DAYS = 14


class Item(NamedTuple):
    """One line of a day: something placed, an empty part of an hour, or the present."""

    kind: str
    row: int
    placed: Placed | None = None
    span: str = ""  # how much of the day a block takes
    free: Free | None = None
    address: str = ""  # where an empty part is filled
    is_in_grid: bool = True  # the present may lie before or after all of it


@dataclass(frozen=True, slots=True)
class Day:
    """A column of the week, in order of time. The present is on today's column alone.

    ``begins_at`` is the instant of its uppermost row, ``closed`` the reason if nobody comes, and
    ``away`` names who is not there.
    """

    on: date
    begins_at: datetime
    words: str
    items: list[Item]
    closed: str
    away: str
    is_empty: bool


@dataclass(frozen=True, slots=True)
class Shown:
    """What an address asks for: which days, in which size, and whose."""

    view: str
    first_on: date
    days: int
    members: Sequence[Resource] = field(repr=False)
    person: Resource | None
    room: Resource | None

    def url(self, view: str | None = None, on: date | None = None) -> str:
        """Return the address of other days or another size, with the same people and rooms."""
        return url_for(f".{view or self.view}", on=on, **self.whose)

    @property
    def whose(self) -> dict[str, Any]:
        named = {"person": self.person, "room": self.room}
        return {name: member.id for name, member in named.items() if member}

    def names_among(self, ids: Collection[UUID]) -> str:
        """Name those of some people and rooms that are shown."""
        chosen = self.whose.values() or ids
        return ", ".join(m.name for m in self.members if m.id in ids and m.id in chosen)

    @property
    def before_on(self) -> date:
        return self.first_on - timedelta(days=self.days)

    @property
    def past_on(self) -> date:
        return self.first_on + timedelta(days=self.days)


@bp.get("/week")
@requires(Permission.CALENDAR_VIEW)
def week() -> ResponseReturnValue:
    """Show seven days, ``?on=YYYY-MM-DD`` being one of them."""
    return _page("week", monday_of(_on()), 7)


@bp.get("/day")
@requires(Permission.CALENDAR_VIEW)
def day() -> ResponseReturnValue:
    """Show one day, ``?on=`` another than this one."""
    return _page("day", _on(), 1)


@bp.get("/list", endpoint="list")
@requires(Permission.CALENDAR_VIEW)
def list_of_days() -> ResponseReturnValue:
    """List two weeks from a day on."""
    return _page("list", _on(), LIST_DAYS)


def _also_in(home: str) -> str:
    """Return the zone whose clock whoever travels wants to see too, or nothing.

    ``?also=`` chooses one until the sign-in ends, and ``?also=`` with nothing none again.

    Raises:
        Invalid: for a zone that there is not.
    """
    asked = request.args.get("also")
    if asked:
        session["also_in"] = zones.zone(asked).key
    elif asked is not None:
        session.pop("also_in", None)
    chosen = str(session.get("also_in", ""))
    return "" if chosen == home else chosen


def _on() -> date:
    today = zones.local_date(clock.now(), get_practice().time_zone)
    return read_day(request.args.get("on", ""), today)


def _page(view: str, first_on: date, days: int) -> str:
    members = queries.members()
    shown = Shown(
        view,
        first_on,
        days,
        members,
        read_member(request.args.get("person", ""), members, ResourceKind.PERSON),
        read_member(request.args.get("room", ""), members, ResourceKind.ROOM, ResourceKind.HOME),
    )
    now, zone = clock.now(), get_practice().time_zone
    today = zones.local_date(now, zone)
    said = opening.days(shown.first_on, shown.past_on)
    rules = said.rules
    return render_template(
        "calendar/week.html",
        shown=shown,
        days=_days(shown, zone, now, said),
        quiet=quiet_parts(rules.quiet_from_minute, rules.quiet_to_minute),
        today=today,
        now=now,
        stale=imported.stale_calendars(),
        people=[each for each in members if each.kind is ResourceKind.PERSON],
        rooms=[each for each in members if each.kind is not ResourceKind.PERSON],
        also_in=_also_in(zone),
        zone_choices=[choice for choice in US_ZONES if choice[0] != zone],
        zone_words=zones.zone_words,
    )


def _days(shown: Shown, zone: str, now: datetime, said: opening.Opening) -> list[Day]:
    first_at, past_at = zones.day_start(zone, shown.first_on), zones.day_start(zone, shown.past_on)
    events, blocks = _what_lies_there(shown, first_at, past_at)
    rules, closed, may_fill = said.rules, said.closed, _may_fill()
    filled_at = _filling(shown, zone)
    days = []
    for on in (shown.first_on + timedelta(days=n) for n in range(shown.days)):
        placed = place(events, on, zone, blocks)
        empty = _empty(placed, on, zone, rules, now) if may_fill and on not in closed else []
        items = [
            Item(
                each.kind,
                each.row,
                placed=each,
                span=span_words(each.block, on, zone) if each.block else "",
            )
            for each in placed
        ]
        items += [Item("free", each.row, free=each, address=filled_at(each)) for each in empty]
        if on == zones.local_date(now, zone):
            items.append(Item("now", row_of(now, on, zone), is_in_grid=is_in_grid(now, on, zone)))
        # The order of time, since on a phone this is a list. What begins goes before the present.
        items.sort(key=lambda item: (item.row, item.kind == "now"))
        days.append(
            Day(
                on,
                first_row_at(on, zone),
                zones.day_words(on),
                items,
                closed.get(on, ""),
                shown.names_among(said.away.get(on, ())),
                is_empty=not placed,
            )
        )
    return days


def _may_fill() -> bool:
    return may(Permission.APPOINTMENT_BOOK) or may(Permission.TIME_BLOCK)


def _filling(shown: Shown, zone: str) -> Callable[[Free], str]:
    """Return what tells where an empty part of an hour is filled: booked, or else blocked."""
    if may(Permission.APPOINTMENT_BOOK):
        booking = url_for("sessions.new", start="")  # once: a week has a hundred of them
        return lambda empty: f"{booking}{empty.starts_at:%Y-%m-%dT%H:%M:%SZ}"

    def blocked_at(empty: Free) -> str:
        local = empty.starts_at.astimezone(zones.zone(zone))
        return url_for(".new_block", on=local.date(), at=f"{local:%H:%M}", **shown.whose)

    return blocked_at


def _empty(
    placed: list[Placed], on: date, zone: str, rules: BookingRules, now: datetime
) -> list[Free]:
    if on.isoweekday() not in rules.weekdays:
        return []
    parts = free_parts(
        placed, on, zone, opens_minute=rules.opens_minute, closes_minute=rules.closes_minute
    )
    return [part for part in parts if part.starts_at > now]


def _what_lies_there(
    shown: Shown, first_at: datetime, past_at: datetime
) -> tuple[list[WeekEvent], list[WeekBlock]]:
    """Return the sessions and what is blocked on some days, of the chosen person and room alone."""
    events = list(ports.sessions_between(first_at, past_at))
    blocked = blocking.blocks_between(first_at, past_at)
    chosen = [member for member in (shown.person, shown.room) if member is not None]
    elsewhere = imported.imported_between(
        first_at, past_at, resource_ids=[member.id for member in chosen] if chosen else None
    )
    for member in chosen:
        theirs = queries.holders_of(member.id, first_at, past_at)
        events = [each for each in events if _is_of(each, member.id, theirs)]
        blocked = [each for each in blocked if each.block.id in theirs]
    return events, [
        WeekBlock(
            id=each.block.id,
            starts_at=each.block.starts_at,
            ends_at=each.block.ends_at,
            whose=", ".join(resource.name for resource in each.resources),
            reason=each.block.reason or "",
        )
        for each in blocked
    ] + [
        WeekBlock(
            id=each.id,
            starts_at=each.starts_at,
            ends_at=each.ends_at,
            whose=each.whose,
            reason=each.calendar,
            is_imported=True,
        )
        for each in elsewhere
    ]


def _is_of(event: WeekEvent, member_id: UUID, holders: set[UUID]) -> bool:
    """Say whether somebody has to do with a session; one that is over gave its time back."""
    return event.id in holders or event.host_id == member_id
