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

NEW_YORK = "America/New_York"
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
def test_what_is_offered_is_what_every_rule_allows(zone: str, data: st.DataObject) -> None:
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


# One Tuesday, told by example.

TUESDAY = date(2026, 12, 1)
NINE = datetime(2026, 12, 1, 14, tzinfo=UTC)
WEEK_BEFORE = NINE - timedelta(days=7)
AXIS = free.axis_around(NEW_YORK, TUESDAY, TUESDAY)
CLIENT_HOURS = hours.daily(AXIS, (Window(9 * 60, 18 * 60),))
FREE = ResourceTime(hours=AXIS.full, taken=0)


def dosing(*needs: Need, **limits: object) -> Ask:
    ask = Ask(minutes=180, needs=needs, client_hours=CLIENT_HOURS, step_minutes=30)
    return replace(ask, **limits)  # type: ignore[arg-type]  # a test names the field it means


def taken(start: datetime, minutes: int) -> ResourceTime:
    claim = (start, start + timedelta(minutes=minutes))
    return ResourceTime(hours=AXIS.full, taken=timeline.busy(AXIS, [claim]))


def clock(offer: Offer) -> list[str]:
    place = ZoneInfo(NEW_YORK)
    return [f"{start.astimezone(place):%H:%M}" for start in free.starts(offer, TUESDAY, TUESDAY)]


def test_a_dosing_starts_between_nine_and_two_and_ends_by_six() -> None:
    long_days = dosing(start_between=(time(9), time(14)))
    late = replace(long_days, start_between=(time(14), time(23)))

    assert clock(free.find(AXIS, long_days, {}, now=WEEK_BEFORE)) == [
        "09:00", "09:30", "10:00", "10:30", "11:00", "11:30",
        "12:00", "12:30", "13:00", "13:30", "14:00",
    ]  # fmt: skip
    assert clock(free.find(AXIS, late, {}, now=WEEK_BEFORE)) == ["14:00", "14:30", "15:00"]


def test_buffers_need_nobodys_hours_but_must_be_unclaimed() -> None:
    at_nine = hours.daily(AXIS, (Window(9 * 60, 18 * 60),))
    until_nine = (NINE - timedelta(hours=1), NINE)
    staff = Need(
        label="the practitioner", any_of=(MORGAN,), pad_before_minutes=30, pad_after_minutes=45
    )

    unclaimed = free.find(AXIS, dosing(staff), {MORGAN: ResourceTime(at_nine, 0)}, now=WEEK_BEFORE)
    claimed = free.find(
        AXIS,
        dosing(staff),
        {MORGAN: ResourceTime(at_nine, timeline.busy(AXIS, [until_nine]))},
        now=WEEK_BEFORE,
    )

    assert (clock(unclaimed)[0], clock(unclaimed)[-1]) == ("09:00", "15:00")
    assert (clock(claimed)[0], clock(claimed)[-1]) == ("09:30", "15:00")


def test_clients_do_not_meet_in_the_home() -> None:
    home = Need(label="the home", any_of=(HOME,), pad_after_minutes=20)
    one_leaves_at_ten = {HOME: taken(NINE, 60 + 20)}
    one_comes_at_three = {HOME: taken(NINE + timedelta(hours=6), 60 + 20)}

    after = free.find(AXIS, dosing(home), one_leaves_at_ten, now=WEEK_BEFORE)
    before = free.find(AXIS, dosing(home), one_comes_at_three, now=WEEK_BEFORE)

    assert clock(after)[0] == "10:30"
    assert clock(before)[-1] == "11:30"


def test_notice_and_horizon_include_their_ends() -> None:
    three_days = dosing(notice_hours=72)
    a_week = dosing(horizon_days=7)
    exactly = NINE - timedelta(hours=72)
    second = timedelta(seconds=1)
    a_week_before = datetime(2026, 11, 24, 5, tzinfo=UTC)  # midnight in New York

    offers = [
        free.is_offered(free.find(AXIS, ask, {}, now=now), NINE)
        for ask, now in [
            (three_days, exactly),
            (three_days, exactly + second),
            (a_week, a_week_before),
            (a_week, a_week_before - second),
        ]
    ]

    assert offers == [True, False, True, False]


def test_a_full_week_of_another_year_closes_nothing() -> None:
    weeks = {"this year": {(2026, 49)}, "next year": {(2027, 49)}}

    offered = {
        when: free.is_offered(free.find(AXIS, dosing(full_weeks=full), {}, now=WEEK_BEFORE), NINE)
        for when, full in weeks.items()
    }

    assert offered == {"this year": False, "next year": True}


def test_one_person_does_not_fill_two_needs() -> None:
    therapist = Need(label="the practitioner", any_of=(MORGAN, SAM))
    monitor = Need(label="the medical monitor", any_of=(SAM,))

    offer = free.find(
        AXIS, dosing(therapist, monitor), {MORGAN: taken(NINE, 60), SAM: FREE}, now=WEEK_BEFORE
    )

    assert clock(offer)[0] == "10:00"
    assert free.team_for(offer, NINE + timedelta(hours=1)) == (MORGAN, SAM)
    assert [refusal.words for refusal in free.why_not(offer, NINE)] == [
        "Those who are needed are not free together then."
    ]


def test_the_preferred_resource_is_chosen_while_it_is_free() -> None:
    therapist = Need(label="the practitioner", any_of=(ADA, MORGAN))

    offer = free.find(
        AXIS, dosing(therapist), {MORGAN: FREE, ADA: taken(NINE, 60)}, now=WEEK_BEFORE
    )

    assert free.team_for(offer, NINE) == (MORGAN,)
    assert free.team_for(offer, NINE + timedelta(hours=1)) == (ADA,)
    assert free.team_for(offer, NINE - timedelta(hours=1)) is None


def test_every_refusal_is_said_in_words() -> None:
    practitioner = Need(label="the practitioner", any_of=(MORGAN,))
    room = Need(label="the room", any_of=(ROOM,))
    ask = dosing(
        practitioner,
        room,
        start_between=(time(9), time(14)),
        notice_hours=72,
        horizon_days=3,
        quiet=hours.windows_over_midnight(time(20), time(8)),
        full_days={TUESDAY},
        full_weeks={(2026, 49)},
    )
    resources = {
        MORGAN: ResourceTime(hours=0, taken=0),
        ROOM: ResourceTime(hours=AXIS.full, taken=AXIS.full),
    }
    at_night = NINE + timedelta(hours=-5, minutes=10)

    def words(now: datetime) -> list[str]:
        offer = free.find(AXIS, ask, resources, now=now)
        return [refusal.words for refusal in free.why_not(offer, at_night)]

    everything_else = [
        "Sessions start every 30 minutes, counted from midnight.",
        "That is outside the hours for clients.",
        "This starts between 9:00 AM and 2:00 PM.",
        "Those are quiet hours.",
        "That day is full.",
        "That week is full.",
        "The practitioner is not available then.",
        "The room is taken then.",
    ]
    assert words(NINE) == ["That time has passed.", *everything_else]
    assert words(at_night) == ["This has to be booked 72 hours ahead.", *everything_else]
    too_early = words(WEEK_BEFORE)
    assert sorted(too_early) == sorted(
        ["This can be booked at most 3 days ahead.", *everything_else]
    )


@pytest.mark.parametrize(
    ("start", "reason"),
    [
        (NINE + timedelta(minutes=7), Reason.OFF_GRID),
        (NINE + timedelta(microseconds=1), Reason.OFF_GRID),
        (NINE + timedelta(minutes=5), Reason.OFF_GRID),
        (AXIS.starts_at - timedelta(minutes=30), Reason.NOT_LOOKED_AT),
        (AXIS.ends_at, Reason.NOT_LOOKED_AT),
    ],
)
def test_a_start_off_the_grid_or_the_axis_is_refused_with_a_reason(
    start: datetime, reason: Reason
) -> None:
    offer = free.find(AXIS, dosing(), {}, now=WEEK_BEFORE)

    assert [refusal.reason for refusal in free.why_not(offer, start)] == [reason]
    assert not free.is_offered(offer, start)
    assert free.team_for(offer, start) is None


def test_both_readings_of_a_repeated_hour_are_offered() -> None:
    on = date(2026, 11, 1)
    axis = free.axis_around(NEW_YORK, on, on)
    ask = Ask(
        minutes=60,
        needs=(),
        client_hours=hours.daily(axis, (Window(60, 180),)),
        step_minutes=30,
    )

    offer = free.find(axis, ask, {}, now=WEEK_BEFORE - timedelta(days=60))

    place = ZoneInfo(NEW_YORK)
    found = [f"{at.astimezone(place):%H:%M %Z}" for at in free.starts(offer, on, on)]
    assert found == ["01:00 EDT", "01:30 EDT", "01:00 EST", "01:30 EST", "02:00 EST"]
