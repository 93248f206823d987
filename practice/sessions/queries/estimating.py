"""What is to come for clients, as estimates are about it: their courses, and single sessions."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import joinedload

from practice.billing.rules.prices import Own, own_price
from practice.billing.sale_models import ClientPrice, Sale
from practice.billing.sales import sales_by_id
from practice.calendar.models import Resource
from practice.calendar.rules import zones
from practice.clients.queries import diagnoses_of, papers_by_client
from practice.clients.rules.diagnoses import in_order
from practice.clients.rules.papers import PaperKind
from practice.core import clock
from practice.core.db import db
from practice.core.money import Money
from practice.people.models import Client, User
from practice.people.queries import get_practice, today_here
from practice.sessions.models import Appointment, Course, CourseStepRow, Service
from practice.sessions.queries.billable import Clinician, clinicians, codes_of
from practice.sessions.queries.courses import services_named
from practice.sessions.rules.codes import Codes
from practice.sessions.rules.course_states import CourseState
from practice.sessions.rules.estimating import Expected, Named, Wanted
from practice.sessions.rules.lifecycle import GIVES_MEDICINE, LIVE, Modality

PRESCRIBER = "Medical evaluation, prescription and follow-up, by your prescriber"
PHARMACY = "What your prescriber orders for you, from the pharmacy"


@dataclass(frozen=True, slots=True)
class Scope:
    """What one estimate is about: a course, or all single sessions of a client.

    ``id`` is the course's, or else the client's.
    """

    id: UUID
    client: Client
    expected: tuple[Expected, ...]
    separately: tuple[str, ...]
    named: Mapping[UUID, Named]


def scopes(client_ids: Collection[UUID] | None = None) -> list[Scope]:
    """Return what is to come and is billed here, of some clients or of all.

    Six statements and some, however many clients there are.
    """
    coming, courses = _coming(client_ids), _courses(client_ids)
    slugs = {each["service"] for course in courses for each in course.document["steps"]}
    services = services_named(slugs) if slugs else {}
    people = clinicians({each.host_id for each in coming})
    codes = codes_of({each.service_id for each in coming} | {each.id for each in services.values()})
    named = {who.user_id: Named(who.name, who.provider) for who in people.values()}

    sold = sales_by_id(
        {each.sale_id for each in coming if each.sale_id}, [each.id for each in courses]
    )
    sale_by_id = {each.id: each for each in sold}
    sale_of_course = {each.for_id: each for each in sold if each.for_id}
    own = _own_prices({each.client_id for each in courses})

    of_course = {step.appointment_id: course for course in courses for step in course.steps}
    expected: dict[UUID, list[Expected]] = defaultdict(list)
    aside: dict[UUID, list[str]] = defaultdict(list)
    clients: dict[UUID, Client] = {}
    for each in coming:
        client = each.client
        if client is None:
            continue
        course = of_course.get(each.id)
        scope_id = course.id if course else client.id
        clients[scope_id] = client
        if not each.service.billed_by_practice:
            aside[scope_id].append(f"{each.label}, billed by whoever gives it")
        elif price := _price(each, sale_by_id):
            expected[scope_id].append(_booked(each, price, people.get(each.host_id), codes))
            if each.kind in GIVES_MEDICINE:
                aside[scope_id] += (
                    [PRESCRIBER, PHARMACY] if _is_brought(each.service) else [PRESCRIBER]
                )
    for course in courses:
        if course.id in expected:
            price_of = partial(
                _price_of_step, sale_of_course.get(course.id), own.get(course.client_id, ())
            )
            open_steps, outside = _not_booked(
                course, services, codes, expected[course.id], price_of
            )
            expected[course.id] += open_steps
            if outside:  # then the prescriber is named by what they do
                aside[course.id] = [each for each in aside[course.id] if each != PRESCRIBER]
            aside[course.id] += outside
    return [
        Scope(
            scope_id,
            clients[scope_id],
            tuple(found),
            tuple(dict.fromkeys(aside[scope_id])),
            named,
        )
        for scope_id, found in expected.items()
    ]


def wanted_of(client: Client) -> Wanted:
    """Return what an estimate says of a client and of the practice."""
    practice = get_practice()
    names = practice.estimates_name_diagnoses
    return Wanted(
        birth_on=client.birth_on or "",
        tax_id=practice.tax_id,
        locality=practice.locality,
        names_diagnoses=names,
        diagnoses=in_order((each.code or "", each.is_primary) for each in diagnoses_of(client.id))
        if names
        else (),
    )


def insured(client_ids: Collection[UUID]) -> set[UUID]:
    """Return those of some clients who use insurance, so that no estimate is owed to them."""
    today = today_here()
    return {
        client_id
        for client_id, papers in papers_by_client(client_ids).items()
        if any(
            paper.kind is PaperKind.INSURANCE_USED
            and (paper.valid_until is None or paper.valid_until >= today)
            for paper in papers
        )
    }


def asked_for(
    client: Client, service: Service, count: int
) -> tuple[list[Expected], dict[UUID, Named], list[str]]:
    """Return so many sessions of a service without a date, at a client's price for it.

    And who would hold them, and what is to be scheduled separately.
    """
    own = _own_prices({client.id}).get(client.id, ())
    codes = codes_of([service.id]).get(service.id)
    people = clinicians(
        db.session.scalars(sa.select(Resource.id).where(Resource.user_id.is_not(None))).all()
    )
    roles = _roles_of({who.user_id for who in people.values()})
    role = service.needs_roles[0]
    able = sorted(
        (who for who in people.values() if role in roles.get(who.user_id, ())),
        key=lambda who: (not who.provider.npi, who.name),
    )
    who = able[0] if able else None
    way = Modality(service.modalities[0])
    expected = [
        Expected(
            for_id=None,
            on=None,
            booked_on=None,
            label=service.label,
            minutes=service.minutes,
            modality=way,
            price=_own_price(service, own),
            provider_id=who.user_id if who else None,
            codes=codes,
        )
    ] * count
    aside = [PRESCRIBER] if service.kind in GIVES_MEDICINE else []
    aside += [PHARMACY] if _is_brought(service) else []
    return expected, {who.user_id: Named(who.name, who.provider)} if who else {}, aside


def _roles_of(user_ids: Collection[UUID]) -> Mapping[UUID, Sequence[str]]:
    rows = db.session.execute(
        sa.select(User.id, User.roles).where(User.id.in_(user_ids), User.ended_at.is_(None))
    )
    return {row.id: row.roles for row in rows}


def _is_brought(service: Service) -> bool:
    """Say whether clients bring what they take."""
    return service.route is not None and service.route.value in ("SL", "RDT", "TROCHE")


def _coming(client_ids: Collection[UUID] | None) -> list[Appointment]:
    whose = Appointment.client_id.is_not(None)
    if client_ids is not None:
        whose = Appointment.client_id.in_(client_ids)
    return list(
        db.session.scalars(
            sa.select(Appointment)
            .where(
                whose,
                Appointment.state.in_(LIVE),
                Appointment.hold_ends_at.is_(None),
                Appointment.starts_at > clock.now(),
            )
            .options(
                joinedload(Appointment.client), joinedload(Appointment.service, innerjoin=True)
            )
            .order_by(Appointment.starts_at, Appointment.id)
        )
    )


def _courses(client_ids: Collection[UUID] | None) -> list[Course]:
    whose = sa.true() if client_ids is None else Course.client_id.in_(client_ids)
    return list(
        db.session.scalars(
            sa.select(Course)
            .where(whose, Course.state.in_((CourseState.BOOKED, CourseState.UNDER_WAY)))
            .options(sa.orm.selectinload(Course.steps))
            .order_by(Course.created_at, Course.id)
        )
    )


def _price(each: Appointment, sold: Mapping[UUID, Sale]) -> Money:
    """Return what a session is charged with: its share, where it is part of something sold."""
    sale = sold.get(each.sale_id) if each.sale_id else None
    share = sale.share(each.sale_what) if sale and each.sale_what else None
    return each.price if share is None else share


def _price_of_step(sale: Sale | None, own: Sequence[Own], key: str, service: Service) -> Money:
    """Return what a step without a time will be charged with."""
    share = sale.share(key) if sale is not None else None
    return _own_price(service, own) if share is None else share


def _own_price(service: Service, own: Sequence[Own]) -> Money:
    today = today_here()
    found = own_price(own, service.id, today)
    minor = service.price.minor
    return Money(found.minor(minor) if found else minor, service.price.currency)


def _own_prices(client_ids: Collection[UUID]) -> Mapping[UUID, list[Own]]:
    """Return the prices of their own that clients have. One statement, none for none."""
    found: dict[UUID, list[Own]] = defaultdict(list)
    if client_ids:
        for each in db.session.scalars(
            sa.select(ClientPrice).where(
                ClientPrice.client_id.in_(client_ids), ClientPrice.ended_at.is_(None)
            )
        ):
            found[each.client_id].append(each.own)
    return found


def _booked(
    each: Appointment, price: Money, who: Clinician | None, codes: Mapping[UUID, Codes]
) -> Expected:
    zone = get_practice().time_zone
    return Expected(
        for_id=each.id,
        on=zones.local_date(each.starts_at, zone),
        booked_on=zones.local_date(each.created_at, zone),
        label=each.label,
        minutes=int((each.ends_at - each.starts_at).total_seconds()) // 60,
        modality=each.modality,
        price=price,
        provider_id=who.user_id if who else None,
        codes=codes.get(each.service_id),
    )


def _not_booked(
    course: Course,
    services: Mapping[str, Service],
    codes: Mapping[UUID, Codes],
    booked: Sequence[Expected],
    price_of: Callable[[str, Service], Money],
) -> tuple[list[Expected], list[str]]:
    """Return the steps of a course without a time, as its usual clinician would hold them.

    And what somebody outside gives.
    """
    usual = Counter(each.provider_id for each in booked).most_common(1)[0][0]
    slugs = {each["key"]: each["service"] for each in course.document["steps"]}
    found, outside = [], []
    for step in course.steps:
        service = services.get(slugs.get(step.key, ""))
        if service is None or not _is_open(step):
            continue
        if step.is_external or not service.billed_by_practice:
            outside.append(f"{service.label}, billed by whoever gives it")
        elif price := price_of(step.key, service):
            found.append(
                Expected(
                    for_id=None,
                    on=None,
                    booked_on=None,
                    label=service.label,
                    minutes=service.minutes,
                    modality=Modality(service.modalities[0]),
                    price=price,
                    provider_id=usual,
                    codes=codes.get(service.id),
                )
            )
    return found, outside


def _is_open(step: CourseStepRow) -> bool:
    return step.appointment_id is None and step.dropped_at is None and step.held_on is None
