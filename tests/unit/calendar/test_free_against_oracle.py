from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import product
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from practice.calendar.rules import free, hours, timeline
from practice.calendar.rules.free import Ask, Need, Offer, Reason, ResourceTime
from practice.calendar.rules.hours import WHOLE_DAY, Window
from tests.unit.calendar.wall import (
    ZONES,
    Minute,
    cells_where,
    dates_around_a_change,
    is_open,
    minutes_of,
    windows,
)

MORGAN, ADA, SAM, ROOM, HOME = (UUID(int=n) for n in range(1, 6))
EVERYBODY = (MORGAN, ADA, SAM, ROOM, HOME)
CLOCK_TIMES = st.sampled_from([time(0), time(1, 30), time(9), time(14), time(20), time(20, 7)])


@dataclass(frozen=True)
class World:
    """A practice around a change of clocks, as rows would tell it: nothing is a bitmap yet."""

    zone: str
    first_on: date
    last_on: date
    now: datetime
    client_windows: tuple[Window, ...]
    windows: dict[UUID, tuple[Window, ...]]
    claims: dict[UUID, list[timeline.Span]]
    ask: Ask  # with client hours still to be laid out

    @property
    def minutes(self) -> list[Minute]:
        """Every minute of the asked dates and of one date on either side."""
        day = timedelta(days=1)
        return minutes_of(self.zone, self.first_on - day, self.last_on + day)

    def offer(self, first_on: date, last_on: date) -> Offer:
        """Ask the fast code about some of the dates."""
        axis = free.axis_around(self.zone, first_on, last_on)
        resources = {
            each: ResourceTime(
                hours=hours.daily(axis, self.windows[each]),
                taken=timeline.busy(axis, self.claims[each]),
            )
            for each in EVERYBODY
        }
        ask = replace(self.ask, client_hours=hours.daily(axis, self.client_windows))
        return free.find(axis, ask, resources, now=self.now)


mostly_open = st.just((WHOLE_DAY,)) | st.just((WHOLE_DAY,)) | windows()


@st.composite
def needs(draw: st.DrawFn) -> tuple[Need, ...]:
    people = st.permutations([MORGAN, ADA, SAM]).flatmap(
        lambda order: st.integers(1, 3).map(lambda n: tuple(order[:n]))
    )
    pads = st.sampled_from([0, 5, 10, 13, 20, 30, 45])
    kinds = {
        "the practitioner": draw(people),
        "the medical monitor": draw(people),
        "the room": (ROOM,),
        "the home": (HOME,),
    }
    chosen = draw(st.sets(st.sampled_from(sorted(kinds)), max_size=4))
    return tuple(
        Need(
            label=label,
            any_of=kinds[label],
            pad_before_minutes=draw(pads),
            pad_after_minutes=draw(pads),
        )
        for label in sorted(chosen)
    )


@st.composite
def worlds(draw: st.DrawFn, zone: str) -> World:
    first_on, last_on = draw(dates_around_a_change())
    midnight = datetime.combine(first_on, time.min, UTC)
    moments = st.integers(-3000, 6000).map(lambda n: midnight + timedelta(minutes=n))
    days = st.sets(st.integers(-1, 2).map(lambda n: first_on + timedelta(days=n)), max_size=2)
    claims = st.lists(
        st.tuples(moments, st.integers(1, 400)).map(
            lambda pair: (pair[0], pair[0] + timedelta(minutes=pair[1]))
        ),
        max_size=4,
    )
    between = st.lists(CLOCK_TIMES, min_size=2, max_size=2).map(lambda pair: (min(pair), max(pair)))
    ask = Ask(
        minutes=draw(st.sampled_from([5, 20, 52, 60, 75, 180])),
        needs=draw(needs()),
        client_hours=0,
        step_minutes=draw(st.sampled_from([5, 15, 30, 45])),
        start_between=draw(st.none() | between),
        notice_hours=draw(st.sampled_from([0, 1, 24])),
        horizon_days=draw(st.none() | st.integers(0, 3)),
        quiet=hours.windows_over_midnight(draw(CLOCK_TIMES), draw(CLOCK_TIMES)),
        full_days=draw(days),
        full_weeks={on.isocalendar()[:2] for on in draw(days) if draw(st.booleans())},
    )
    return World(
        zone=zone,
        first_on=first_on,
        last_on=last_on,
        now=draw(moments) - timedelta(hours=draw(st.sampled_from([0, 48]))),
        client_windows=draw(mostly_open),
        windows={each: draw(mostly_open) for each in EVERYBODY},
        claims={each: draw(claims) for each in EVERYBODY},
        ask=ask,
    )


class SlowAnswer:
    """The rules read straight from their sentences, one minute and one start at a time."""

    def __init__(self, world: World) -> None:
        self.world = world
        minutes = world.minutes
        self.client_hours = cells_where(minutes, lambda m: is_open(m, world.client_windows))
        self.awake = cells_where(minutes, lambda m: not is_open(m, world.ask.quiet))
        self.works = {
            each: cells_where(minutes, lambda m, w=own: is_open(m, w))  # type: ignore[misc]  # mypy cannot infer a lambda's default
            for each, own in world.windows.items()
        }
        self.unclaimed = {
            each: cells_where(
                minutes,
                lambda m, c=claims: not any(start <= m.at < end for start, end in c),  # type: ignore[misc]  # the same
            )
            for each, claims in world.claims.items()
        }

    def clear(self, cells: Sequence[bool], first_minute: int, past_minute: int) -> bool:
        """Whether every cell that a stretch of minutes touches is set, none off the axis."""
        first, past = first_minute // 5, -(-past_minute // 5)
        return first >= 0 and past <= len(cells) and all(cells[first:past])

    def reasons(self, nth: int) -> list[Reason]:
        """What speaks against starting in the minute with this number, rule by rule."""
        world, ask, minute = self.world, self.world.ask, self.world.minutes[nth]
        today = world.now.astimezone(ZoneInfo(world.zone)).date()
        notice = timedelta(hours=ask.notice_hours)
        end = nth + ask.minutes
        wall = time(minute.wall // 60, minute.wall % 60)
        earliest, latest = ask.start_between or (time.min, time.max)
        against = {
            Reason.PAST: minute.at < world.now,
            Reason.TOO_SOON: world.now <= minute.at < world.now + notice,
            Reason.OFF_GRID: minute.wall % ask.step_minutes != 0,
            Reason.OUTSIDE_HOURS: not self.clear(self.client_hours, nth, end),
            Reason.BEYOND_HORIZON: ask.horizon_days is not None
            and minute.on > today + timedelta(days=ask.horizon_days),
            Reason.OUTSIDE_START_HOURS: not earliest <= wall <= latest,
            Reason.QUIET_HOURS: not self.clear(self.awake, nth, end),
            Reason.DAY_FULL: minute.on in ask.full_days,
            Reason.WEEK_FULL: minute.on.isocalendar()[:2] in ask.full_weeks,
        }
        found = [reason for reason, holds in against.items() if holds]
        missing = [
            Reason.TAKEN
            if any(self.at_work(each, nth) for each in need.any_of)
            # nobody who could do it works then
            else Reason.OUTSIDE_HOURS
            for need in ask.needs
            if not any(self.can_serve(need, each, nth) for each in need.any_of)
        ]
        if not missing and self.team(nth) is None:
            missing = [Reason.TAKEN]
        return found + missing

    def at_work(self, each: UUID, nth: int) -> bool:
        return self.clear(self.works[each], nth, nth + self.world.ask.minutes)

    def can_serve(self, need: Need, each: UUID, nth: int) -> bool:
        first = nth - need.pad_before_minutes
        past = nth + self.world.ask.minutes + need.pad_after_minutes
        return self.at_work(each, nth) and self.clear(self.unclaimed[each], first, past)

    def team(self, nth: int) -> tuple[UUID, ...] | None:
        """The first set of different resources, in the order of preference, that can serve."""
        asked = self.world.ask.needs
        return next(
            (
                team
                for team in product(*(need.any_of for need in asked))
                if len(set(team)) == len(team)
                and all(
                    self.can_serve(need, each, nth) for need, each in zip(asked, team, strict=True)
                )
            ),
            None,
        )


@pytest.mark.parametrize("zone", ZONES)
@settings(max_examples=12, deadline=None)
@given(data=st.data())
def test_check_22_what_is_offered_is_what_every_rule_allows(zone: str, data: st.DataObject) -> None:
    world = data.draw(worlds(zone))
    slow = SlowAnswer(world)

    offer = world.offer(world.first_on, world.last_on)

    offered = []
    for nth, minute in enumerate(world.minutes):
        if nth % 5 or not world.first_on <= minute.on <= world.last_on:
            continue
        expected = slow.reasons(nth)
        refusals = free.why_not(offer, minute.at)
        assert sorted(each.reason for each in refusals) == sorted(expected)
        assert free.is_offered(offer, minute.at) == (not expected)
        assert free.team_for(offer, minute.at) == (None if expected else slow.team(nth))
        if not expected:
            offered.append(minute.at)
    assert free.starts(offer, world.first_on, world.last_on) == offered


@settings(max_examples=60, deadline=None)
@given(data=st.data(), zone=st.sampled_from(ZONES))
def test_what_is_shown_for_many_days_is_what_is_checked_for_one(
    zone: str, data: st.DataObject
) -> None:
    world = data.draw(worlds(zone))

    shown = free.starts(world.offer(world.first_on, world.last_on), world.first_on, world.last_on)

    days = (world.last_on - world.first_on).days + 1
    dates = [world.first_on + timedelta(days=n) for n in range(days)]
    assert shown == [start for on in dates for start in free.starts(world.offer(on, on), on, on)]
