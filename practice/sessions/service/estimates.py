"""Good faith estimates: written by themselves when they are owed, and when somebody asks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from uuid import UUID

from practice.audit.rules import PROGRAM, Actor
from practice.billing.charges import charges_for
from practice.billing.document_models import Document, DocumentKind
from practice.billing.documents import Said, newest_about, said_by, said_of
from practice.billing.rules.estimates import Priced, counts_for, due_on_request, passes
from practice.billing.rules.selling import RefundRule
from practice.billing.sales import get_sale, sale_for
from practice.billing.service.documents import Finished, Item, issue
from practice.billing.service.parties import parties
from practice.calendar.rules import zones
from practice.clients.rules.papers import PaperKind
from practice.clients.service import record_paper
from practice.core import clock
from practice.core.db import in_transaction, take_turns
from practice.core.errors import Conflict, Invalid
from practice.core.money import Money
from practice.outbox import service as outbox
from practice.people.models import Client
from practice.people.queries import get_client, get_practice, today_here
from practice.sessions.models import Appointment, Course, Service
from practice.sessions.queries.billable import clinicians
from practice.sessions.queries.estimating import Scope, asked_for, insured, scopes, wanted_of
from practice.sessions.rules import estimating
from practice.sessions.rules.lifecycle import AppointmentState

S = AppointmentState
MAIL = TASK = "estimate"
MOST = 52
"""How many sessions of a kind one estimate can be asked for: one a week, for a year."""


class Lacking(Conflict):
    """An estimate cannot be written yet. ``found`` says why: a key, and words for staff."""

    def __init__(self, found: Sequence[tuple[str, str]]) -> None:
        super().__init__(" ".join(words for _, words in found))
        self.found = tuple(found)


class PassesEstimate(Conflict):
    """A bill would be so far above its estimate that the client could dispute it."""


# By themselves -----------------------------------------------------------------------------------


def write_due(_practice_id: UUID) -> None:
    """Write every estimate that is owed, and put on the list of tasks what one is lacking.

    A job, outside transactions. Doing it again writes nothing twice.
    """
    every = scopes()
    owing = _owing(every)
    for client_id in sorted({scope.client.id for scope, _ in owing}):
        in_transaction(lambda client_id=client_id: _write_for(client_id))  # type: ignore[misc]
    in_transaction(lambda: _say_what_lacks(owing))


def _owing(found: Sequence[Scope]) -> list[tuple[Scope, date]]:
    """Return what a new estimate is owed for, each with its last date."""
    exempt = insured({scope.client.id for scope in found})
    said = newest_about([scope.id for scope in found])
    owing = []
    for scope in found:
        due = estimating.owed_by(scope.expected, _priced(said.get(scope.id, ())))
        if due is not None and scope.client.id not in exempt:
            owing.append((scope, due))
    return owing


def _write_for(client_id: UUID) -> None:
    take_turns(f"estimates:{client_id}")
    written = []
    for scope, _ in _owing(scopes([client_id])):
        try:
            written.append(_issue(scope, by=PROGRAM))
        except Lacking:
            continue  # whoever reads the tasks learns what
    _tell(client_id, written)


def _say_what_lacks(owing: Sequence[tuple[Scope, date]]) -> None:
    practice = get_practice()
    tasks: dict[tuple[str, UUID | None], tuple[date, str]] = {}
    for scope, due in owing:
        lacks = estimating.lacking(scope.expected, wanted_of(scope.client), scope.named)
        for key, words in lacks:
            of_client = scope.client.id if key == "birth" else None
            known = tasks.get((key, of_client))
            if known is None or due < known[0]:
                tasks[key, of_client] = (due, words)
    keys = {each: f"{TASK}:{each[0]}:{each[1] or practice.id}"[:120] for each in tasks}
    outbox.withdraw_others((TASK,), about_id=practice.id, keys=list(keys.values()))
    for each, (due, words) in tasks.items():
        outbox.assign(
            TASK,
            key=keys[each],
            what=f"A good faith estimate is due by {zones.day_words(due)} and cannot be written. "
            f"{words}"[:300],
            due_at=_end_of(due),
            client_id=each[1],
            about_id=practice.id,
        )


# On request --------------------------------------------------------------------------------------


def write_for_booked(client: Client, *, by: Actor) -> list[Document]:
    """Write an estimate of all that is booked for a client, whether or not one is owed.

    Call inside ``transaction()``. What says the very same as before is not written again.

    Raises:
        Lacking: if something is missing for one.
        Invalid: if nothing is booked.
    """
    take_turns(f"estimates:{client.id}")
    found = scopes([client.id])
    if not found:
        raise Invalid("Nothing is booked that an estimate could be about.")
    written = [_issue(scope, by=by) for scope in found]
    _tell(client.id, written)
    return written


def write_for_service(client: Client, service: Service, count: int, *, by: Actor) -> Document:
    """Write an estimate of some sessions of a service that are not booked.

    Call inside ``transaction()``.

    Raises:
        Lacking: if something is missing for it.
        Invalid: for a free service, or too many sessions.
    """
    document = issue(finished_for_service(client, service, count), by=by)
    _put_on_file(client, by)
    _tell(client.id, [document])
    return document


def finished_for_service(client: Client, service: Service, count: int) -> Finished:
    """Return the estimate of some sessions of a service as it would be issued; writes nothing.

    Raises:
        Lacking: if something is missing for it.
        Invalid: for a free service, or too many sessions.
    """
    if not 1 <= count <= MOST:
        raise Invalid(f"An estimate is about 1 to {MOST} sessions.")
    if not service.price or not service.billed_by_practice:
        raise Invalid("The practice bills nothing for this.")
    expected, named, aside = asked_for(client, service, count)
    scope = Scope(client.id, client, tuple(expected), tuple(aside), named)
    return _finished(scope, None, scope_id=None)


def finished_for_booked(client: Client) -> list[Finished]:
    """Return the estimates of what is booked as they would be issued; writes nothing.

    Raises:
        Lacking: if something is missing for one.
    """
    found = scopes([client.id])
    said = newest_about([scope.id for scope in found])
    return [_finished(each, said.get(each.id), scope_id=each.id) for each in found]


def ask(client: Client, lacking: Lacking) -> date:
    """Put on the list that a client asked for an estimate and something is missing for it.

    Returns the last date for it. Call inside ``transaction()``.
    """
    practice = get_practice()
    due = due_on_request(zones.local_date(clock.now(), practice.time_zone))
    outbox.assign(
        f"{TASK}-asked",
        key=f"{TASK}-asked:{client.id}:{due}",
        what=f"A client asked for an estimate. It is due by {zones.day_words(due)} and cannot be "
        f"written. {lacking.message}"[:300],
        due_at=_end_of(due),
        client_id=client.id,
        about_id=client.id,
    )
    return due


# Before a bill -----------------------------------------------------------------------------------


def check_bill(appointment: Appointment) -> None:
    """Look whether the invoice of a session would pass its estimate so far that it can be disputed.

    What counts is the newest estimate that came at least a business day before; and of it, what
    was billed so far by the same clinician.

    Raises:
        PassesEstimate: if so, in words with both amounts.
    """
    said = said_of([appointment.id], DocumentKind.ESTIMATE)
    if not said:
        return
    counting = _counting(appointment, said) or said[-1]
    people = clinicians([appointment.host_id])
    who = people[appointment.host_id].user_id if appointment.host_id in people else None
    own = {
        each.for_id: each.amount_minor
        for each in said_by(counting.document_id)
        if each.for_id is not None and each.provider_id in (who, counting.provider_id)
    }
    billed = {
        for_id: charge.fee.minor
        for for_id, charge in charges_for([*own]).items()
        if for_id != appointment.id
    }
    share = None
    if appointment.sale_id is not None and appointment.sale_what is not None:
        share = get_sale(appointment.sale_id).share(appointment.sale_what)
    billed_minor = sum(billed.values()) + (share or appointment.price).minor
    estimated_minor = sum(own[each] for each in (*billed, appointment.id) if each in own)
    if passes(estimated_minor=estimated_minor, billed_minor=billed_minor):
        found = _far_above(
            billed_minor, estimated_minor, appointment.price.currency, counting.number
        )
        raise PassesEstimate(f"With this invoice {found}")


def above_when_ended(course: Course) -> list[str]:
    """Say where a course that ends now would pass an estimate so far that it can be disputed.

    Where the sessions that were had count at their single prices then, and not at their shares.
    """
    sale = sale_for(course.id)
    if sale is None or sale.ended_at is not None or sale.refund_rule is not RefundRule.AT_LIST:
        return []
    single = {}
    for row in course.steps:
        session = row.appointment
        if session is None or session.sale_id != sale.id or session.state is not S.COMPLETED:
            continue
        if (item := sale.item(row.key)) is not None:
            single[session.id] = (session, item.list_minor)
    estimated, billed = Counter[tuple[str, UUID | None]](), Counter[tuple[str, UUID | None]]()
    said = said_of([*single], DocumentKind.ESTIMATE)
    for session, minor in single.values():
        if (counting := _counting(session, said)) is not None:
            key = (counting.number, counting.provider_id)
            estimated[key] += counting.amount_minor
            billed[key] += minor
    currency = sale.price.currency
    return [
        f"Ended now, {_far_above(minor, estimated[key], currency, key[0])}"
        for key, minor in ((key, min(each, sale.charged_minor)) for key, each in billed.items())
        if passes(estimated_minor=estimated[key], billed_minor=minor)
    ]


def _counting(session: Appointment, said: Sequence[Said]) -> Said | None:
    """Return what the estimate says of a session that counts for it: it came in time."""
    found = [each for each in said if each.for_id == session.id]
    on = zones.local_date(session.starts_at, get_practice().time_zone)
    in_time = (each for each in found if counts_for(on, each.issued_on))
    return next(in_time, found[-1] if found else None)


def _far_above(billed_minor: int, estimated_minor: int, currency: str, number: str) -> str:
    now, then = (Money(minor, currency) for minor in (billed_minor, estimated_minor))
    return (
        f"{now} is billed where estimate {number} said {then}. "
        "From $400 above an estimate a client may dispute the bill."
    )


# The paper itself --------------------------------------------------------------------------------


def _issue(scope: Scope, *, by: Actor) -> Document:
    said = newest_about([scope.id]).get(scope.id)
    document = issue(_finished(scope, said, scope_id=scope.id), by=by)
    _put_on_file(scope.client, by)
    return document


def _finished(scope: Scope, said: Sequence[Said] | None, *, scope_id: UUID | None) -> Finished:
    practice, wanted = get_practice(), wanted_of(scope.client)
    expected = estimating.within_reach(scope.expected)
    lacks = estimating.lacking(expected, wanted, scope.named)
    if lacks:
        raise Lacking(lacks)
    facts = estimating.facts(
        expected,
        wanted,
        scope.named,
        separately=scope.separately,
        currency=practice.currency,
    )
    dates = [each.on for each in expected if each.on is not None]
    return Finished(
        kind=DocumentKind.ESTIMATE,
        client_id=scope.client.id,
        facts={
            **parties(practice, scope.client),
            **facts,
            "group_npi": practice.group_npi,
            "replaces": said[0].number if said else None,
        },
        items=[Item(each.for_id, each.provider_id, each.on, each.price.minor) for each in expected],
        total=Money(facts["total_minor"], practice.currency),
        first_on=min(dates, default=None),
        last_on=max(dates, default=None),
        scope_id=scope_id,
        replaces_id=said[0].document_id if said else None,
    )


def _put_on_file(client: Client, by: Actor) -> None:
    """Let the gate that asks for an estimate see that one was delivered."""
    today = today_here()
    record_paper(client, PaperKind.ESTIMATE, dated_on=today, today=today, by=by)


def _tell(client_id: UUID, written: Sequence[Document]) -> None:
    if written:
        outbox.post(
            MAIL,
            key=f"{MAIL}:{written[0].id}",
            to=get_client(client_id).email,
            about_id=written[0].id,
            client_id=client_id,
        )


def _end_of(on: date) -> datetime:
    """Return the last minute of a local day."""
    return zones.day_start(get_practice().time_zone, on + zones.DAY) - timedelta(minutes=1)


def _priced(said: Sequence[Said]) -> list[Priced]:
    return [Priced(each.for_id, each.provider_id, each.amount_minor) for each in said]
