"""What insurers ask for in the demo: made-up numbers, codes, a diagnosis, a superbill, an estimate.

The NPIs have right check digits and belong to nobody. The codes are of HCPCS Level II, which is
public; a practice enters its own.
"""

from __future__ import annotations

from datetime import timedelta

import sqlalchemy as sa

from practice.audit.rules import PROGRAM, Actor
from practice.clients.service import record_diagnosis
from practice.core.db import db
from practice.demo import lives
from practice.demo.lives import Hands
from practice.demo.ways import Story
from practice.people import changing
from practice.people.identifiers import Provider
from practice.people.models import User
from practice.people.providers import describe
from practice.people.queries import today_here
from practice.people.rules import Role
from practice.sessions.models import Service
from practice.sessions.rules.codes import CodeLine, Codes
from practice.sessions.service import codes, estimates, superbills

GROUP_NPI = "1999999927"
CREDENTIALS = {
    Role.THERAPIST: Provider("LPC", "1999999901", "0000-000001", "VA"),
    Role.PRESCRIBER: Provider("MD", "1999999919", "0000-000002", "VA"),
}
ASSESSMENT, QUARTER_HOURS, OTHER = "H0031", "H0004", "H2019"
BILLED_FOR = timedelta(days=120)
DIAGNOSIS = "F33.1"


def provide(stories: tuple[Story, ...], staff: list[User], hands: Hands) -> None:
    """Fill in what superbills and estimates need, and issue one of each, as people would."""
    changing.edit({"group_npi": GROUP_NPI}, by=PROGRAM)
    for user in staff:
        role = next((role for role in CREDENTIALS if role in user.role_set), None)
        if role is not None:
            describe(user.id, CREDENTIALS[role], by=PROGRAM)
    _code_services(hands.practitioner)

    today = today_here()
    old_hand = lives.known(stories[0])
    record_diagnosis(
        old_hand,
        DIAGNOSIS,
        dated_on=today - BILLED_FOR // 2,
        is_primary=True,
        today=today,
        by=hands.practitioner,
    )
    period = (today - BILLED_FOR, today)
    for each in superbills.prepare(old_hand, *period, by=hands.practitioner):
        if each.finished is not None and each.clinician is not None and not each.problems:
            superbills.issue_one(
                old_hand,
                *period,
                provider_id=each.clinician.user_id,
                seen=each.finished.mark,
                by=hands.practitioner,
            )
    planned = next((each for each in stories if each.course and each.is_booked), None)
    if planned is not None:
        estimates.write_for_booked(lives.known(planned), by=hands.desk)


def _code_services(by: Actor) -> None:
    for service in db.session.scalars(sa.select(Service).order_by(Service.slug)):
        if not service.price:
            continue
        kind, units = service.kind.value, max(service.minutes // 15, 1)
        talk = kind in ("prep", "integration")
        line = CodeLine(
            code=ASSESSMENT if kind == "intake" else QUARTER_HOURS if talk else OTHER,
            label=service.label,
            units=1 if kind == "intake" else units,
        )
        codes.keep(service.id, Codes(lines=(line,)), by=by)
