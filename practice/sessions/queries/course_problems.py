"""From a client's course and the calendar, as it is now, to a problem for the planner.

The same look as everywhere says when each step can start; what is booked or was held is a fact.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import cached_property
from time import monotonic
from uuid import UUID

from practice.calendar.models import BookingRules
from practice.calendar.queries import booking_rules
from practice.calendar.rules import free, hours, timeline, zones
from practice.calendar.rules.free import Limit
from practice.calendar.rules.timeline import Axis
from practice.clients.queries import papers_by_client
from practice.clients.rules.papers import PaperOnFile
from practice.core import clock
from practice.people.models import Client
from practice.people.queries import get_practice
from practice.sessions.models import Appointment, Course, CourseStepRow, Service
from practice.sessions.queries.courses import services_named
from practice.sessions.queries.looking import Look, Sought, dosings_between, looks
from practice.sessions.rules import caps, course_reach, course_wishes, templates
from practice.sessions.rules import courses as course_rules
from practice.sessions.rules.course_wishes import Wishes
from practice.sessions.rules.courses import CourseStep, CourseTemplate
from practice.sessions.rules.held import held_at
from practice.sessions.rules.lifecycle import (
    GIVES_MEDICINE,
    LIVE,
    AppointmentState,
    Modality,
)
from practice.sessions.rules.needs import Shape
from practice.sessions.rules.planner import (
    Cap,
    Fact,
    Given,
    Placed,
    Problem,
    placed_at,
    problem_of,
    relaxed_by,
)
from practice.sessions.rules.planner.search import Clock

S = AppointmentState
LOOK_SECONDS = 2.0
NOON = time(12)
SETTLED = frozenset({S.ARRIVED, S.IN_SESSION, S.COMPLETED})
"""A session that began is where it is."""


def for_a_page() -> Clock:
    """Return a clock that says after two seconds that the time for looking is up."""
    ends_at = monotonic() + LOOK_SECONDS
    return lambda: monotonic() > ends_at


@dataclass(frozen=True)
class Seen:
    """A course as one look at the calendar saw it.

    Args:
        course: as it is kept, with steps and sessions.
        template: what its document says.
        problem: what the planner is asked.
        looks: what was seen for each step of ours that is to be placed, wishes included.
        services: by slug.
        ways: in which way each step is given.
        old: where each step that is booked, planned or held lies.
    """

    course: Course
    template: CourseTemplate
    problem: Problem
    looks: Mapping[str, Look]
    services: Mapping[str, Service]
    ways: Mapping[str, Modality]
    old: Mapping[str, Placed]

    @cached_property
    def rows(self) -> dict[str, CourseStepRow]:
        """The steps as they are kept, by key."""
        return {each.key: each for each in self.course.steps}

    def service(self, key: str) -> Service:
        """Return the service of a step."""
        return self.services[self.template.step(key).service]


def see(
    course: Course,
    client: Client,
    *,
    as_staff: bool = True,
    replanning: bool = False,
    moved: Mapping[str, datetime] | None = None,
) -> Seen:
    """Look at the calendar for all steps of a course at once. Eight statements, however many.

    What is booked is a fact and in the way of the rest. Starts past the calendar's horizon, and
    dosings past the clearance, are ``later``: they cannot be booked yet.

    Args:
        course: from ``queries.courses``, which brings steps and sessions along.
        client: whose it is.
        as_staff: staff need no notice.
        replanning: all that has not begun may move. Its claims are not in the way, and only what
            was held, or is ``moved``, is a fact.
        moved: new starts of steps that are booked, by key. Not looked at whether they are free.

    Raises:
        Invalid: if the course's document cannot be read.
    """
    zone, rules, now = get_practice().time_zone, booking_rules(), clock.now()
    template = template_of(course)
    services = services_named(each.service for each in template.steps)
    wishes = course_wishes.read(course.wishes)
    rows = {each.key: each for each in course.steps if each.dropped_at is None}
    steps = [each for each in template.steps if each.key in rows]
    facts = {
        key: fact
        for key, row in rows.items()
        if (fact := _fact(row, zone, now, (moved or {}).get(key), replanning=replanning))
    }
    today = zones.local_date(now, zone)
    axis = _axis(zone, today, rules, template)
    ways = {each.key: _way(each, rows[each.key], services[each.service], wishes) for each in steps}
    own = {row.appointment_id for row in rows.values() if row.appointment_id is not None}
    freed = own if replanning else own & {rows[key].appointment_id for key in moved or {}}
    open_steps = [each for each in steps if each.key not in facts]
    seen = _looks(
        [each for each in open_steps if not each.is_external],
        services,
        ways,
        {key: _host(row, wishes) for key, row in rows.items()},
        axis,
        client_id=client.id,
        as_staff=as_staff,
        freed=freed,
    )
    ends = _clearances(client, services.values())
    reach = course_reach.within(axis, today, rules.horizon_days)
    given = {
        each.key: Given(
            shape=services[each.service].shape, modality=ways[each.key], fact=facts[each.key]
        )
        for each in steps
        if each.key in facts
    }
    laid: dict[int, tuple[Given, Look]] = {}
    looked = {}
    for each in open_steps:
        service = services[each.service]
        if each.is_external:
            given[each.key] = _outside(service.shape, axis, rules, wishes)
            continue
        look = seen[each.key]
        if id(look) not in laid:
            beyond = (reach, *course_reach.cleared(axis, ends.get(service.id), service.kind))
            laid[id(look)] = _laid_out(look, beyond, course_wishes.limits(wishes, axis))
        given[each.key], looked[each.key] = laid[id(look)]
    whole = problem_of(
        course_rules.only(template, set(rows)),
        axis,
        given,
        caps=_caps(steps, rules, axis, own),
        gap_minutes=rules.gap_between_clients_minutes,
    )
    return Seen(course, template, whole, looked, services, ways, old_places(course, zone))


def template_of(course: Course) -> CourseTemplate:
    """Read what the document of a course says.

    Raises:
        Invalid: if something is wrong with it.
    """
    slugs = {each["service"] for each in course.document["steps"]}
    boosters = course.document.get("boosters")
    if boosters:
        slugs |= {boosters["service"], boosters["integration_service"]}
    kinds = {slug: each.kind for slug, each in services_named(slugs).items()}
    gates = {each["key"] for each in templates.shipped()["gates"]}
    return course_rules.read(course.document, services=kinds, gates=gates)


def old_places(course: Course, zone: str) -> dict[str, Placed]:
    """Return where the steps of a course lie that are booked, planned or held, by their keys."""
    found = {}
    for row in course.steps:
        fact = _as_it_is(row, zone)
        if fact is not None and row.dropped_at is None:
            found[row.key] = placed_at(row.key, fact, zone, is_external=row.is_external)
    return found


def waits_for_a_time(step: CourseStepRow) -> bool:
    """Say whether a step is the practice's to book and has no session that stands."""
    return not step.is_external and not stands(step.appointment)


def stands(appointment: Appointment | None) -> bool:
    """Say whether a step's session is booked or was held, not cancelled or missed."""
    return appointment is not None and appointment.state in LIVE | {S.COMPLETED}


# What is so already -------------------------------------------------------------------------------


def _fact(
    row: CourseStepRow, zone: str, now: datetime, moved_to: datetime | None, *, replanning: bool
) -> Fact | None:
    """Return where a step lies that is not to be chosen."""
    fact = _as_it_is(row, zone)
    if fact is None:
        return None
    if moved_to is not None:
        return Fact(moved_to, moved_to + (fact.ends_at - fact.starts_at))
    if not replanning:
        return fact
    if row.is_external:
        is_settled = row.held_on is not None or fact.starts_at <= now
    else:
        is_settled = fact.starts_at <= now or (
            row.appointment is not None and row.appointment.state in SETTLED
        )
    return fact if is_settled else None


def _as_it_is(row: CourseStepRow, zone: str) -> Fact | None:
    if row.is_external:
        on = row.held_on or row.planned_on
        if on is None:
            return None
        noon = zones.instant_of(zone, on, NOON)
        return Fact(noon, noon)
    if row.appointment is None or not stands(row.appointment):
        return None
    a = row.appointment
    if a.state is S.COMPLETED or a.begun_at is not None:
        return Fact(
            *held_at(
                a.starts_at,
                a.ends_at,
                arrived_at=a.arrived_at,
                begun_at=a.begun_at,
                completed_at=a.completed_at,
                zone=zone,
            )
        )
    return Fact(a.starts_at, a.ends_at)


def _way(step: CourseStep, row: CourseStepRow, service: Service, wishes: Wishes) -> Modality:
    """Return in which way a step is given: as booked, or as wished, or as it usually is."""
    if row.appointment is not None and stands(row.appointment):
        return row.appointment.modality
    if step.key in wishes.by_video and Modality.TELEHEALTH in service.modality_set:
        return Modality.TELEHEALTH
    return Modality(service.modalities[0])


def _host(row: CourseStepRow, wishes: Wishes) -> UUID | None:
    """Return who holds a step: whoever it is booked with, or is wished for."""
    if row.appointment is not None and stands(row.appointment):
        return row.appointment.host_id
    return wishes.host_id


# What the calendar allows -------------------------------------------------------------------------


def _axis(zone: str, today: date, rules: BookingRules, template: CourseTemplate) -> Axis:
    """Lay out the days up to the horizon, and as far behind it as the course can reach."""
    days = rules.horizon_days + course_reach.longest_days(template)
    return free.axis_around(zone, today, today + timedelta(days=min(days, course_reach.FARTHEST)))


def _looks(
    steps: Sequence[CourseStep],
    services: Mapping[str, Service],
    ways: Mapping[str, Modality],
    hosts: Mapping[str, UUID | None],
    axis: Axis,
    *,
    client_id: UUID,
    as_staff: bool,
    freed: Collection[UUID],
) -> dict[str, Look]:
    """Look once for every service, way and host, and share that among the steps."""
    if not steps:
        return {}
    wishes = {each.key: (each.service, ways[each.key], hosts[each.key]) for each in steps}
    wanted = {
        (slug, way, host_id): Sought(services[slug], way, host_id, if_able=True)
        for slug, way, host_id in dict.fromkeys(wishes.values())
    }
    found = looks(
        list(wanted.values()),
        axis.first_on + zones.DAY,
        axis.last_on - zones.DAY,
        zone=axis.zone,
        client_id=client_id,
        as_staff=as_staff,
        but_not=freed,
        has_horizon=False,
    )
    by_wish = dict(zip(wanted, found, strict=True))
    return {key: by_wish[wish] for key, wish in wishes.items()}


def _laid_out(look: Look, beyond: Sequence[Limit], wished: Sequence[Limit]) -> tuple[Given, Look]:
    """Return what one look leaves to the steps that it is for, and the look with all limits."""
    offer = free.limited(look.offer, [*wished, *beyond])
    too_far, later = 0, look.whenever_free
    for limit in beyond:
        too_far |= look.offer.axis.full & ~limit.allowed
    for limit in wished:
        later &= limit.allowed
    given = Given(
        shape=look.service.shape,
        modality=look.modality,
        starts=offer.starts,
        later=later & too_far,
        relaxed=relaxed_by(offer),
        resources=frozenset(
            str(each) for need in offer.ask.needs for each in need.any_of if each != look.client_id
        ),
    )
    return given, look.with_offer(offer)


def _outside(shape: Shape, axis: Axis, rules: BookingRules, wishes: Wishes) -> Given:
    """Return the dates on which somebody outside may be seen: working days from today on."""
    open_days = hours.open_hours(axis, {day - 1: [hours.WHOLE_DAY] for day in rules.weekdays})
    starts = hours.starts_between(axis, NOON, NOON) & open_days
    today = axis.first_on + zones.DAY
    starts &= ~timeline.before(axis, zones.day_start(axis.zone, today))
    for limit in course_wishes.limits(wishes, axis, of_a_visit_outside=True):
        starts &= limit.allowed
    return Given(shape=shape, modality=Modality.TELEHEALTH, starts=starts)


def _clearances(client: Client, services: Collection[Service]) -> dict[UUID, date]:
    """Return until when the client is cleared for each service that gives medicine."""
    if not any(each.kind in GIVES_MEDICINE for each in services):
        return {}
    papers = [paper.on_file for paper in papers_by_client([client.id])[client.id]]
    return _until(papers, services)


def _until(papers: Sequence[PaperOnFile], services: Collection[Service]) -> dict[UUID, date]:
    ends = {each.id: course_reach.cleared_until(papers, each.route) for each in services}
    return {service_id: until for service_id, until in ends.items() if until is not None}


def _caps(
    steps: Sequence[CourseStep], rules: BookingRules, axis: Axis, own: Collection[UUID]
) -> tuple[Cap, ...]:
    """Return what others leave of days and weeks; the planner counts the course's own dosings."""
    keys = frozenset(each.key for each in steps if each.kind in GIVES_MEDICINE)
    if not keys:
        return ()
    starts = dosings_between(axis.zone, axis.first_on, axis.last_on, but_not=own)
    return tuple(
        Cap(keys, most, caps.room(starts, axis.zone, most=most, weekly=weekly), weekly=weekly)
        for most, weekly in (
            (rules.max_dosings_per_day, False),
            (rules.max_dosings_per_week, True),
        )
    )
