"""When can this session start? One answer, both to show times and to check one.

``find`` lays one bitmap of allowed starts per rule and per set of resources over each other.
What is left is offered; what is not can be told from the very same bitmaps, so a time that
is shown is never refused for a reason that the page did not know.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from functools import reduce
from itertools import product
from operator import and_
from typing import NamedTuple
from uuid import UUID

from practice.calendar.rules import hours, timeline, zones
from practice.calendar.rules.hours import Window
from practice.calendar.rules.timeline import Axis


class Reason(StrEnum):
    """Why a session cannot start at some instant."""

    NOT_LOOKED_AT = "not_looked_at"
    PAST = "past"
    TOO_SOON = "too_soon"
    BEYOND_HORIZON = "beyond_horizon"
    OFF_GRID = "off_grid"
    OUTSIDE_HOURS = "outside_hours"
    OUTSIDE_START_HOURS = "outside_start_hours"
    QUIET_HOURS = "quiet_hours"
    DAY_FULL = "day_full"
    WEEK_FULL = "week_full"
    TAKEN = "taken"
    NOT_WISHED = "not_wished"
    CLEARANCE_ENDS = "clearance_ends"


@dataclass(frozen=True, slots=True)
class Refusal:
    """One thing that speaks against a start, and how to say it on the screen."""

    reason: Reason
    words: str


@dataclass(frozen=True, slots=True)
class ResourceTime:
    """A resource's time on one axis: when it works, and when it is claimed. Two bitmaps.

    Its hours hold the session itself; set-up and turnover only have to be unclaimed, so that
    somebody who works from nine can begin a session at nine. A resource that has no hours of
    its own, like a client or the home, is there on the whole axis: ``hours=axis.full``.
    """

    hours: int
    taken: int


class Wanted(NamedTuple):
    """One resource's time ``[starts_at, ends_at)``, as it is claimed: pads included."""

    resource_id: UUID
    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """One of some resources, for the whole session and a while on either side of it.

    Any of ``any_of`` will do; those named earlier are preferred. ``label`` names it in a
    sentence: "the room".
    """

    label: str
    any_of: tuple[UUID, ...]
    pad_before_minutes: int = 0
    pad_after_minutes: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """A session that looks for a start, and the limits that it keeps.

    ``minutes`` is what the client sees, without set-up and turnover. ``client_hours`` is a
    bitmap of the axis; session and ``start_between`` lie within their hours, pads need not.
    Starts are ``step_minutes`` apart on the wall clock. ``notice_hours`` are elapsed hours;
    ``horizon_days`` counts local dates from today, ``None`` is no limit. ``quiet`` holds the
    windows of each date in which no session takes place. Full days are local dates, full
    weeks ISO years and weeks, that may hold no more of this kind of session.
    """

    minutes: int
    needs: tuple[Need, ...]
    client_hours: int
    step_minutes: int
    start_between: tuple[time, time] | None = None
    notice_hours: int = 0
    horizon_days: int | None = None
    quiet: tuple[Window, ...] = ()
    full_days: Collection[date] = ()
    full_weeks: Collection[tuple[int, int]] = ()


@dataclass(frozen=True, slots=True)
class Limit:
    """A rule that looks at the session alone, and the starts that it allows."""

    refusal: Refusal
    allowed: int


@dataclass(frozen=True, slots=True)
class Offer:
    """The answer: the starts on offer, and what it was made of.

    ``teams`` are the sets of resources that could serve, one resource per need and in the
    order of the needs, each with the starts at which all of them are free.
    """

    axis: Axis
    ask: Ask
    resources: Mapping[UUID, ResourceTime]
    limits: tuple[Limit, ...]
    teams: tuple[tuple[tuple[UUID, ...], int], ...]
    starts: int


def axis_around(zone: str, first_on: date, last_on: date) -> Axis:
    """Lay out the cells for starts on some local dates, with room for pads over midnight.

    Raises:
        Invalid: if the zone is unknown, or the dates are out of order or too many.
    """
    timeline.check_dates(first_on, last_on)
    return timeline.axis_of(zone, first_on - zones.DAY, last_on + zones.DAY)


def find(axis: Axis, ask: Ask, resources: Mapping[UUID, ResourceTime], *, now: datetime) -> Offer:
    """Work out every start that the limits allow and for which some set of resources is free.

    Where several resources can meet a need, every set of different ones is tried; the sets
    multiply, so this is meant for tens of them. ``resources`` holds all that are named.
    """
    limits = _limits(axis, ask, now)
    teams = _teams(ask, resources, axis)
    some_team = 0
    for _, free in teams:
        some_team |= free
    starts = reduce(and_, (limit.allowed for limit in limits), some_team)
    return Offer(axis, ask, resources, limits, teams, starts)


def limited(offer: Offer, limits: Sequence[Limit]) -> Offer:
    """Return an offer with further limits, which also tell why a start is not on offer."""
    return replace(
        offer,
        limits=(*offer.limits, *limits),
        starts=reduce(and_, (limit.allowed for limit in limits), offer.starts),
    )


def starts(offer: Offer, first_on: date, last_on: date) -> list[datetime]:
    """Return, in order, the UTC instants on offer on some local dates, both included."""
    asked = timeline.on_dates(
        offer.axis, (on for on in offer.axis.dates if first_on <= on <= last_on)
    )
    return timeline.instants(offer.axis, offer.starts & asked)


def is_offered(offer: Offer, start: datetime) -> bool:
    """Say whether a session may start at an instant."""
    return _holds(offer.axis, offer.starts, start)


def team_for(offer: Offer, start: datetime) -> tuple[UUID, ...] | None:
    """Choose the resources for a start, one per need; ``None`` if it is not on offer.

    The first set that is free is taken, and the preferred resources of the earlier needs
    come first: the same question always gets the same answer.
    """
    if not is_offered(offer, start):
        return None
    return next(team for team, free in offer.teams if _holds(offer.axis, free, start))


def wanted(ask: Ask, team: Sequence[UUID], start: datetime) -> tuple[Wanted, ...]:
    """Return the time that each member of a team gives to a session, one per need."""
    return tuple(
        Wanted(
            member,
            start - timedelta(minutes=need.pad_before_minutes),
            start + timedelta(minutes=ask.minutes + need.pad_after_minutes),
        )
        for need, member in zip(ask.needs, team, strict=True)
    )


def why_not(offer: Offer, start: datetime) -> list[Refusal]:
    """List what speaks against a start. An empty list means that it is on offer."""
    if not offer.axis.starts_at <= start < offer.axis.ends_at:
        return [Refusal(Reason.NOT_LOOKED_AT, "That day is not among the days looked at.")]
    if timeline.cell_at(offer.axis, start) is None:
        return [_off_grid(offer.ask)]

    refusals = [
        limit.refusal for limit in offer.limits if not _holds(offer.axis, limit.allowed, start)
    ]
    missing = [
        refusal for need in offer.ask.needs if (refusal := _missing(offer, need, start)) is not None
    ]
    if not missing and not any(_holds(offer.axis, free, start) for _, free in offer.teams):
        missing = [Refusal(Reason.TAKEN, "Those who are needed are not free together then.")]
    return refusals + missing


def _limits(axis: Axis, ask: Ask, now: datetime) -> tuple[Limit, ...]:
    """Turn every limit of the session into the starts that it allows."""
    full, length = axis.full, timeline.cells_for(ask.minutes)
    past = timeline.before(axis, now)
    too_soon = timeline.before(axis, now + timedelta(hours=ask.notice_hours))
    limits = [
        Limit(Refusal(Reason.PAST, "That time has passed."), full & ~past),
        Limit(
            Refusal(Reason.TOO_SOON, f"This has to be booked {ask.notice_hours} hours ahead."),
            full & ~too_soon | past,
        ),
        Limit(_off_grid(ask), hours.start_grid(axis, ask.step_minutes)),
        Limit(
            Refusal(Reason.OUTSIDE_HOURS, "That is outside the hours for clients."),
            timeline.fits(ask.client_hours, length),
        ),
    ]
    if ask.horizon_days is not None:
        last_on = zones.local_date(now, axis.zone) + timedelta(days=ask.horizon_days)
        words = f"This can be booked at most {ask.horizon_days} days ahead."
        allowed = timeline.before(axis, zones.day_start(axis.zone, last_on + zones.DAY))
        limits.append(Limit(Refusal(Reason.BEYOND_HORIZON, words), allowed))
    if ask.start_between is not None:
        earliest, latest = (zones.clock_words(at) for at in ask.start_between)
        words = f"This starts between {earliest} and {latest}."
        allowed = hours.starts_between(axis, *ask.start_between)
        limits.append(Limit(Refusal(Reason.OUTSIDE_START_HOURS, words), allowed))
    if ask.quiet:
        allowed = timeline.fits(hours.daily(axis, hours.all_but(ask.quiet)), length)
        limits.append(Limit(Refusal(Reason.QUIET_HOURS, "Those are quiet hours."), allowed))
    if ask.full_days:
        blocked = timeline.on_dates(axis, ask.full_days)
        limits.append(Limit(Refusal(Reason.DAY_FULL, "That day is full."), full & ~blocked))
    if ask.full_weeks:
        dates = (on for on in axis.dates if zones.iso_week(on) in ask.full_weeks)
        blocked = timeline.on_dates(axis, dates)
        limits.append(Limit(Refusal(Reason.WEEK_FULL, "That week is full."), full & ~blocked))
    return tuple(limits)


def _off_grid(ask: Ask) -> Refusal:
    words = f"Sessions start every {ask.step_minutes} minutes, counted from midnight."
    return Refusal(Reason.OFF_GRID, words)


def _teams(
    ask: Ask, resources: Mapping[UUID, ResourceTime], axis: Axis
) -> tuple[tuple[tuple[UUID, ...], int], ...]:
    """Pair every set of different resources, one per need, with the starts it is free for."""
    free = [
        {each: _starts(need, ask, axis, resources[each]) for each in need.any_of}
        for need in ask.needs
    ]
    return tuple(
        (team, reduce(and_, (bits[each] for bits, each in zip(free, team, strict=True)), axis.full))
        for team in product(*free)
        if len(set(team)) == len(team)
    )


def _starts(need: Need, ask: Ask, axis: Axis, time: ResourceTime) -> int:
    """Return the starts that keep the session within hours, and it and its pads unclaimed."""
    lead = timeline.cells_for(need.pad_before_minutes)
    rest = timeline.cells_for(ask.minutes + need.pad_after_minutes)
    works = timeline.fits(time.hours, timeline.cells_for(ask.minutes))
    return works & timeline.fits(axis.full & ~time.taken, lead + rest) << lead


def _missing(offer: Offer, need: Need, start: datetime) -> Refusal | None:
    """Say why no resource can meet a need at a start; ``None`` if one can."""
    times = [offer.resources[each] for each in need.any_of]

    def any_serves(some: list[ResourceTime]) -> bool:
        bitmaps = (_starts(need, offer.ask, offer.axis, each) for each in some)
        return any(_holds(offer.axis, bits, start) for bits in bitmaps)

    if any_serves(times):
        return None
    if any_serves([ResourceTime(each.hours, taken=0) for each in times]):
        return Refusal(Reason.TAKEN, f"{_capital(need.label)} is taken then.")
    return Refusal(Reason.OUTSIDE_HOURS, f"{_capital(need.label)} is not available then.")


def _holds(axis: Axis, bits: int, start: datetime) -> bool:
    """Say whether the cell that begins at an instant is set; never so between two cells."""
    cell = timeline.cell_at(axis, start)
    return cell is not None and bool(bits >> cell & 1)


def _capital(label: str) -> str:
    return label[:1].upper() + label[1:]
