"""Putting superbills together, one for each clinician, and handing them over to be kept."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import date
from uuid import UUID

from practice.audit.rules import Actor
from practice.billing.document_models import Document, DocumentKind
from practice.billing.documents import said_of
from practice.billing.service.documents import Finished, Item, issue
from practice.billing.service.parties import parties
from practice.core.errors import Conflict, NotFound
from practice.core.money import Money
from practice.people.models import Client
from practice.people.queries import get_practice
from practice.sessions.queries.billable import Clinician, held_by_clinician, patient_of
from practice.sessions.rules import superbills
from practice.sessions.rules.superbills import Held, Patient

LONGEST_DAYS = 366


@dataclass(frozen=True, slots=True)
class Prepared:
    """A superbill as it would be issued. With ``problems`` it cannot be, and ``finished`` may lack.

    ``earlier`` are the numbers of superbills that have some of its sessions already.
    """

    clinician: Clinician | None
    sessions: int
    finished: Finished | None
    problems: tuple[str, ...]
    earlier: tuple[str, ...]


class ChangedMeanwhile(Conflict):
    """It is no longer what the preview showed."""


def prepare(client: Client, first_on: date, last_on: date, *, by: Actor) -> list[Prepared]:
    """Return the superbills of a period, both days included: one for each clinician who held any.

    ``by`` signs the one that is their own.
    """
    patient = patient_of(client)
    return [
        _prepared((client, patient), clinician, held, (first_on, last_on), by)
        for clinician, held in held_by_clinician(client, first_on, last_on)
    ]


def issue_one(
    client: Client, first_on: date, last_on: date, *, provider_id: UUID, seen: str, by: Actor
) -> Document:
    """Issue the superbill of one clinician. The very same one is issued once.

    Call inside ``transaction()``. ``seen`` is the mark of what the preview showed.

    Raises:
        NotFound: if that clinician held nothing in the period.
        ChangedMeanwhile: if it says something else by now.
        Conflict: if something is missing, in words.
    """
    for each in prepare(client, first_on, last_on, by=by):
        if each.clinician is None or each.clinician.user_id != provider_id:
            continue
        if each.problems or each.finished is None:
            raise Conflict(" ".join(each.problems))
        if seen != each.finished.mark:
            raise ChangedMeanwhile("This superbill says something else by now. Look at it again.")
        return issue(each.finished, by=by)
    raise NotFound("There is nothing to put on a superbill.")


def _prepared(
    whom: tuple[Client, Patient],
    clinician: Clinician | None,
    held: list[Held],
    period: tuple[date, date],
    by: Actor,
) -> Prepared:
    client, patient = whom
    earlier = said_of([each.id for each in held], DocumentKind.SUPERBILL)
    numbers = tuple(sorted({each.number for each in earlier}))
    if clinician is None:
        problem = "Whoever held these sessions is nobody of the team."
        return Prepared(None, len(held), None, (problem,), numbers)
    practice = get_practice()
    problems = superbills.lacking(patient, clinician.provider, tax_id=practice.tax_id)
    in_codes, uncoded = superbills.in_codes(held)
    problems += uncoded
    if not in_codes:
        return Prepared(clinician, len(held), None, tuple(problems), numbers)
    said = superbills.facts(in_codes, patient, currency=practice.currency)
    return Prepared(
        clinician,
        len(held),
        Finished(
            kind=DocumentKind.SUPERBILL,
            client_id=client.id,
            facts={
                **parties(practice, client),
                **said,
                "group_npi": practice.group_npi,
                "provider": {"name": clinician.name, **asdict(clinician.provider)},
                "first_on": period[0].isoformat(),
                "last_on": period[1].isoformat(),
                "signed_by_provider": by.id == clinician.user_id,
            },
            items=[
                Item(session.id, clinician.user_id, session.on, session.fee.minor)
                for session, _ in in_codes
            ],
            total=Money(said["fee_minor"], practice.currency),
            first_on=period[0],
            last_on=period[1],
        ),
        tuple(problems),
        numbers,
    )
