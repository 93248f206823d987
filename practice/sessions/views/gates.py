"""The gates of one session: its checklist by stage, its records, and passing one with a reason."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from flask import abort, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from practice.calendar.rules import zones
from practice.clients.forms import PaperForm
from practice.clients.models import Paper
from practice.clients.queries import every_paper_of
from practice.clients.rules.papers import NAMES, OF_SESSION, RECORDED_WITH, PaperKind
from practice.clients.service import record_for_session
from practice.core import clock
from practice.core.db import in_transaction
from practice.core.errors import Invalid, NotAllowed, NotFound
from practice.people.access import current_roles, current_staff, may, requires
from practice.people.forms import PlainForm
from practice.people.queries import get_practice
from practice.people.rules import Permission
from practice.sessions import queries
from practice.sessions.models import Appointment
from practice.sessions.queries.facts import Standing
from practice.sessions.rules.gates import (
    GATES,
    MET,
    PASSED_BY,
    RECORDED_AS,
    STAGE_WORDS,
    Gate,
    GateResult,
    Stage,
)
from practice.sessions.rules.gates import NAMES as ASKED
from practice.sessions.service import passing
from practice.sessions.staff_forms import PassForm
from practice.sessions.views.staff import bp


@dataclass(frozen=True, slots=True)
class Check:
    """One line of the checklist. ``records`` are names and addresses of what may be recorded.

    ``until`` is the last day on which what passed it holds; ``may_pass`` says whether whoever
    looks may pass it with a reason, ``passed_by`` who may.
    """

    result: GateResult
    words: str
    until: date | None
    records: list[tuple[str, str]]
    on_file: list[Paper]
    may_pass: bool
    passed_by: str


def checklist(session: Appointment, standing: Standing) -> list[tuple[str, list[Check]]]:
    """Return what a session asks for, under the words of each stage that asks for anything."""
    papers = _papers_of(session)
    found: dict[Stage, list[Check]] = {stage: [] for stage in Stage}
    for result in standing.results:
        found[result.stage].append(_check(session, result, papers))
    return [(STAGE_WORDS[stage], checks) for stage, checks in found.items() if checks]


def _check(session: Appointment, result: GateResult, papers: Sequence[Paper]) -> Check:
    passer, kinds = GATES[result.gate].override, RECORDED_AS[result.gate]
    is_mine = passer is not None and passer.is_among(current_roles())
    return Check(
        result=result,
        words=result.reason or MET[result.gate],
        until=result.holds_until,
        records=[
            (NAMES[kind], _record_url(session, kind))
            for kind in kinds
            if may(RECORDED_WITH[kind]) and (result.reason or kind in OF_SESSION)
        ]
        or _contact_of(session, result),
        on_file=[each for each in papers if each.kind in kinds],
        may_pass=is_mine and not result.is_open,
        passed_by=PASSED_BY[passer],
    )


def _record_url(session: Appointment, kind: PaperKind) -> str:
    if kind in OF_SESSION:
        return url_for(".record", appointment_id=session.id, record=kind)
    return url_for("clients.record_paper", client_id=session.client_id, kind=kind)


def _contact_of(session: Appointment, result: GateResult) -> list[tuple[str, str]]:
    """Return the way to the emergency contact, which is no paper, where it is missing."""
    if result.gate is not Gate.EMERGENCY_CONTACT or not result.reason:
        return []
    if not may(Permission.CLIENT_EDIT):
        return []
    return [(ASKED[result.gate], url_for("clients.emergency", client_id=session.client_id))]


def _papers_of(session: Appointment) -> list[Paper]:
    if session.client_id is None:
        return []
    return [
        each
        for each in every_paper_of(session.client_id)
        if each.appointment_id == session.id and each.withdrawn_at is None
    ]


# Records ---------------------------------------------------------------------------------------


@bp.route("/sessions/<uuid:appointment_id>/records/<record>", methods=["GET", "POST"])
@requires(Permission.APPOINTMENT_RUN)
def record(appointment_id: UUID, record: str) -> ResponseReturnValue:
    """Put a record of this one session on file; it is looked at again at once."""
    if record not in set(OF_SESSION):
        abort(404)
    paper_kind = PaperKind(record)
    if not may(RECORDED_WITH[paper_kind]):
        raise NotAllowed("Your role does not include this. The owner of the practice can add it.")
    session = queries.get_appointment(appointment_id)
    if session.client is None:
        raise NotFound("Nobody has said yet who this session is for.")
    zone = get_practice().time_zone
    today = zones.local_date(clock.now(), zone)
    session_on = zones.local_date(session.starts_at, zone)
    back = url_for(".appointment", appointment_id=appointment_id, _anchor="gates")
    form = PaperForm(paper_kind, today=today, session_on=session_on)
    shown: dict[str, Any] = {"form": form, "client": session.client, "session": session}
    shown |= {"name": NAMES[paper_kind], "back": back}
    if not form.is_submitted():
        form.dated_on.data = min(today, session_on)
        return render_template("clients/record_paper.html", **shown)
    if not form.validate():
        return render_template("clients/record_paper.html", **shown), 422
    client_id, by = session.client.id, current_staff()
    in_transaction(
        lambda: record_for_session(
            client_id,
            paper_kind,
            session_id=appointment_id,
            session_on=session_on,
            dated_on=form.day,
            today=today,
            facts=form.facts(),
            by=by,
        )
    )
    flash(f"{NAMES[paper_kind]}: now on file.")
    return redirect(back)


# Passing with a reason -------------------------------------------------------------------------


@bp.route("/sessions/<uuid:appointment_id>/gates/<gate>/pass", methods=["GET", "POST"])
@requires(Permission.GATE_PASS)
def pass_gate(appointment_id: UUID, gate: str) -> ResponseReturnValue:
    """Say what passing a gate means, and pass it with a written reason."""
    if gate not in set(Gate):
        abort(404)
    session, chosen = queries.get_appointment(appointment_id), Gate(gate)
    form = PassForm()
    if not form.validate_on_submit():
        return render_template(
            "sessions/pass_gate.html",
            session=session,
            form=form,
            asked=ASKED[chosen],
            meaning=GATES[chosen].meaning,
            passed_by=PASSED_BY[GATES[chosen].override],
        ), 422 if form.is_submitted() else 200
    by = current_staff()
    in_transaction(
        lambda: passing.override(
            queries.get_appointment(appointment_id), chosen, reason=form.reason.data or "", by=by
        )
    )
    flash(f"Passed without {ASKED[chosen]}. The reason stays on the chart.", "wait")
    return redirect(url_for(".appointment", appointment_id=appointment_id, _anchor="gates"))


@bp.post("/sessions/<uuid:appointment_id>/passed/<uuid:passed_id>/end")
@requires(Permission.GATE_PASS)
def end_override(appointment_id: UUID, passed_id: UUID) -> ResponseReturnValue:
    """Let a gate that was passed count as what it is again. The entry stays."""
    if not PlainForm().validate_on_submit():
        raise Invalid("This page was open too long. Go back and try again.")
    by = current_staff()
    in_transaction(lambda: passing.end(queries.get_appointment(appointment_id), passed_id, by=by))
    flash("Ended. The session asks for it again.")
    return redirect(url_for(".appointment", appointment_id=appointment_id, _anchor="gates"))
