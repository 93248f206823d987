"""The page on which staff choose a time: which days, which starts, and what the course says.

Booking and moving share it. The course's windows sort the starts of the open day into those as
recommended, those that only warn, and those outside the limits.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from werkzeug.datastructures import MultiDict

from practice.calendar.rules import free, zones
from practice.core import clock
from practice.people.models import Client
from practice.people.queries import get_practice
from practice.sessions import queries
from practice.sessions.forms import MOST_DAYS, SHOWN_DAYS, Asked, written
from practice.sessions.models import Appointment, Service
from practice.sessions.queries.appointments import sessions_of
from practice.sessions.queries.course_boosters import AfterCourse
from practice.sessions.queries.course_keeping import Elsewhere
from practice.sessions.queries.course_steps import Judge
from practice.sessions.queries.times import Start
from practice.sessions.rules import choosing, windows
from practice.sessions.rules.lifecycle import Modality
from practice.sessions.rules.windows import Session
from practice.sessions.staff_forms import TimeForm
from practice.sessions.views.choosing import DayLink, TimeChoice

Url = Callable[[date, date | None], str]
FARTHEST = timedelta(days=730)  # how far ahead staff may page


@dataclass(frozen=True, slots=True)
class Wish:
    """What a time is looked for: a session for a client, new or to be moved.

    ``elsewhere`` is what its course says of other times, if it is a step of one that runs;
    ``judge`` what a course says of a new one that would be its next step, or a booster after it.
    """

    client: Client
    service: Service
    modality: Modality
    moving: Appointment | None = None
    elsewhere: Elsewhere | None = None
    judge: Judge | AfterCourse | None = None


@dataclass(frozen=True, slots=True)
class Group:
    """Starts of one day of which the course says the same. ``words`` say what."""

    tone: str  # good, wait or bad
    heading: str
    words: tuple[str, ...]
    times: tuple[TimeChoice, ...]


@dataclass(frozen=True, slots=True)
class Offer:
    """A page of free times. ``rules`` are the windows that this session has to keep, in words."""

    days: list[DayLink]
    day_words: str
    groups: list[Group]
    rules: list[str]
    earlier: str | None
    later: str | None


FREE = "Free times"
HEADINGS = {
    "good": "As recommended",
    "wait": "Outside what is recommended",
    "bad": "Outside the limits",
}
OF_A_COURSE = {
    "good": "Nothing else has to move",
    "wait": "Others move along, or a recommendation is passed",
    "bad": "Outside the limits",
}


def offer(wish: Wish, asked: Asked, url: Url, *, lost_on: date | None = None) -> Offer:
    """Lay out the free times of two weeks, with one day open: that of a lost time, if one was.

    Without days in the address, those in which the first start as recommended lies; for a
    session that is moved, those around it. ``url`` makes the address of the same page from the
    first day and the open one.
    """
    zone = get_practice().time_zone
    today = zones.local_date(clock.now(), zone)
    starts: Sequence[Start]
    if asked.first_on:
        first_on, wanted = max(asked.first_on, today), asked.day or lost_on
        starts = _free(wish, first_on, SHOWN_DAYS)
    else:
        starts = _free(wish, today, MOST_DAYS)
        wanted = asked.day or lost_on or _where_to_look(wish, starts, zone)
        first_on = _fortnight_with(wanted, today)
    now_at = wish.moving.starts_at if wish.moving else None
    by_instant = {start.starts_at: start for start in starts if start.starts_at != now_at}
    days = choosing.days_of(by_instant, zone, first_on, SHOWN_DAYS)
    day = choosing.opened(days, wanted)
    of_the_day = [by_instant[instant] for instant in day.starts] if day else []
    after = first_on + timedelta(days=SHOWN_DAYS)
    before = max(first_on - timedelta(days=SHOWN_DAYS), today)
    rules = _rules(wish, of_the_day, zone)
    return Offer(
        days=[
            _link(each, by_instant, url(first_on, each.on), is_chosen=each is day) for each in days
        ],
        day_words=f"{day.on:%A, %B} {day.on.day}" if day else "",
        groups=_groups(
            of_the_day,
            zone,
            OF_A_COURSE if wish.elsewhere else HEADINGS if rules else HEADINGS | {"good": FREE},
        ),
        rules=rules,
        earlier=url(before, None) if first_on > today else None,
        later=url(after, None) if after - today < FARTHEST else None,
    )


@dataclass(frozen=True, slots=True)
class Instead:
    """The times nearest to one that cannot be had; ``why`` that is, where no field says it."""

    near: tuple[TimeChoice, ...]
    why: str = ""


class NotChosen(Exception):
    """No time was chosen, or one that cannot be had; ``form`` says which, beside its field.

    ``on`` is the local date of the one that was wanted, if there is one, and ``instead`` what
    could be had near it.
    """

    def __init__(
        self,
        form: TimeForm,
        status: int,
        on: date | None = None,
        instead: Instead | None = None,
    ) -> None:
        super().__init__()
        self.form = form
        self.status = status
        self.on = on
        self.instead = instead


def chosen_start(wish: Wish, args: MultiDict[str, str]) -> Start:
    """Return the start that an address names, with what the course says of it.

    Raises:
        NotChosen: if it names none, or one that is not free.
    """
    form = TimeForm(formdata=args)
    if not form.validate():
        raise NotChosen(form, 422)
    start = start_at(wish, form.start.instant)
    if start is None:
        raise not_then(wish, args, _why_gone(wish, form.start.instant))
    return start


def start_at(wish: Wish, starts_at: datetime) -> Start | None:
    """Return a start with what the course says of it; ``None`` if it cannot be had."""
    on = zones.local_date(starts_at, get_practice().time_zone)
    return next((each for each in _free(wish, on, 1) if each.starts_at == starts_at), None)


GONE = "That time is not free any more. Choose another one."


def _why_gone(wish: Wish, starts_at: datetime) -> str:
    """Say why a session cannot move to a time; of a new one, that the time has gone."""
    why = "" if wish.moving is None else _why_not(wish, starts_at)
    if not why:
        return GONE
    return f"It cannot start on {zones.instant_words(starts_at, get_practice().time_zone)}. {why}"


def _why_not(wish: Wish, starts_at: datetime) -> str:
    look = queries.look_at(
        wish.service,
        wish.modality,
        starts_at,
        client_id=wish.client.id,
        as_staff=True,
        moving=wish.moving,
    )
    return " ".join(each.words for each in free.why_not(look.offer, starts_at))


def instead_of(wish: Wish, starts_at: datetime) -> Instead | None:
    """Say why a session cannot be had at a time, and what can near it; ``None`` if it can."""
    why = _why_not(wish, starts_at)
    if not why:
        return None
    when = zones.instant_words(starts_at, get_practice().time_zone)
    return Instead(near(wish, starts_at), f"{wish.service.label} cannot start on {when}. {why}")


def near(wish: Wish, wanted: datetime, *, alone: bool = False) -> tuple[TimeChoice, ...]:
    """Return the times closest to one that cannot be had, as the limits of the course allow.

    The time that a session has already is no answer to where else it could go. ``alone`` leaves
    out those for which others of its course would have to move, which may turn out not to be.
    """
    zone = get_practice().time_zone
    today = zones.local_date(clock.now(), zone)
    first_on = max(zones.local_date(wanted, zone) - timedelta(days=SHOWN_DAYS), today)
    now_at = wish.moving.starts_at if wish.moving else None
    allowed = [
        each.starts_at
        for each in _free(wish, first_on, 2 * SHOWN_DAYS)
        if not each.refusals and each.starts_at != now_at and not (alone and each.warnings)
    ]
    return tuple(
        TimeChoice(written(at), zones.instant_words(at, zone), is_chosen=False)
        for at in choosing.nearest(allowed, wanted)
    )


def not_then(wish: Wish, args: MultiDict[str, str], words: str) -> NotChosen:
    """Say why the start that an address names, which is an instant, cannot be had."""
    form = TimeForm(formdata=args)
    form.validate()
    form.start.errors = [words]
    on = zones.local_date(form.start.instant, get_practice().time_zone)
    return NotChosen(form, 409, on, Instead(near(wish, form.start.instant)))


def _free(wish: Wish, first_on: date, days: int) -> list[Start]:
    return queries.free_times(
        wish.service,
        wish.modality,
        first_on,
        days,
        client=wish.client,
        as_staff=True,
        moving=wish.moving,
        said_of=said.said_of if (said := wish.elsewhere or wish.judge) else None,
        freed=wish.elsewhere.others if wish.elsewhere else (),
    )


def _where_to_look(wish: Wish, starts: Sequence[Start], zone: str) -> date | None:
    """Return the day to open: of a moved session its own, of a new one that of the best start.

    That is the first of those against which the least speaks, and best behind something that
    it is measured against.
    """
    if wish.moving is not None:
        return zones.local_date(wish.moving.starts_at, zone)
    if not starts:
        return None
    others = sessions_of(wish.client.id)

    def speaks_against(start: Start) -> tuple[int, bool, int]:
        is_free_floating = not wish.judge and not windows.anchors(_session(wish, start), others)
        return len(start.refusals), is_free_floating, len(start.warnings)

    return zones.local_date(min(starts, key=speaks_against).starts_at, zone)


def _session(wish: Wish, start: Start) -> Session:
    own = wish.moving.id if wish.moving else wish.service.id
    moved = wish.moving
    length = moved.ends_at - moved.starts_at if moved else timedelta(minutes=wish.service.minutes)
    return Session(own, wish.service.kind, start.starts_at, start.starts_at + length)


def _fortnight_with(day: date | None, today: date) -> date:
    if day is None or day < today:
        return today
    return day - (day - today) % timedelta(days=SHOWN_DAYS)


def _is_recommended(start: Start) -> bool:
    return not start.warnings and not start.refusals


def _is_allowed(start: Start) -> bool:
    return not start.refusals


def _link(
    day: choosing.Day, starts: dict[datetime, Start], url: str, *, is_chosen: bool
) -> DayLink:
    found = [starts[instant] for instant in day.starts]
    count = sum(map(_is_allowed, found))
    said = f"{count} times" if count != 1 else "1 time"
    if found and not count:
        said = "only times outside the limits"
    elif count and not any(map(_is_recommended, found)):
        said = f"{said}, none of them as recommended"
    return DayLink(
        weekday=f"{day.on:%a}",
        number=day.on.day,
        month=f"{day.on:%b}",
        spoken=f"{day.on:%A, %B} {day.on.day}, {said if found else 'no times'}",
        count=count,
        url=url if found else None,
        is_chosen=is_chosen,
    )


def _groups(starts: Sequence[Start], zone: str, headings: Mapping[str, str]) -> list[Group]:
    """Sort starts by what the course says."""
    tones: dict[str, list[Start]] = {tone: [] for tone in HEADINGS}
    for start in starts:
        tones["bad" if start.refusals else "wait" if start.warnings else "good"].append(start)
    return [
        Group(
            tone,
            headings[tone],
            _said_of(found, zone),
            tuple(
                TimeChoice(written(at), _clock(at, zone), is_chosen=False)
                for at in (start.starts_at for start in found)
            ),
        )
        for tone, found in tones.items()
        if found
    ]


def _said_of(starts: Sequence[Start], zone: str) -> tuple[str, ...]:
    """Say what speaks against some starts: once if it is the same of all, else of both ends."""
    said = {start.starts_at: (*start.refusals, *start.warnings) for start in starts}
    if len(set(said.values())) == 1:
        return next(iter(said.values()))
    first, *_, last = said.items()
    return tuple(f"{_clock(at, zone)}: {' '.join(words)}" for at, words in (first, last))


def _rules(wish: Wish, starts: Sequence[Start], zone: str) -> list[str]:
    if not starts or wish.elsewhere:
        return []
    if wish.judge:
        return wish.judge.rules
    session = _session(wish, starts[0])
    others = [each for each in sessions_of(wish.client.id) if each.id != session.id]
    return windows.in_words(session, others, zone)


def _clock(instant: datetime, zone: str) -> str:
    on = zones.local_date(instant, zone)
    return zones.instant_words(instant, zone).removeprefix(f"{zones.day_words(on)}, ")
