"""Passing a gate without its proof: by whom the gate's rule allows, with a reason kept for ever.

Call inside ``transaction()``. Nothing of it is undone; it may be ended, and then counts no more.
"""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from practice.audit import service as audit
from practice.audit.rules import Actor
from practice.core import clock
from practice.core.db import db
from practice.core.errors import Conflict, Invalid, NotAllowed, NotFound
from practice.people.queries import get_member
from practice.sessions.models import Appointment, GateOverride
from practice.sessions.queries.course_facts import step_gates_of
from practice.sessions.queries.facts import overrides_of, subject_of
from practice.sessions.rules.gates import GATES, Gate, GateResult, Stage
from practice.sessions.rules.lifecycle import LIVE
from practice.sessions.service import readiness
from practice.sessions.service.readiness import GatesClosed
from practice.sessions.service.taking import lock

LONGEST_REASON = 300


class NobodyPasses(NotAllowed):
    """This gate is passed by its proof alone, whoever asks."""


def check(shut: Sequence[GateResult], reason: str | None, by: Actor) -> None:
    """Refuse what is closed, unless somebody who may pass all of it wrote down why.

    Raises:
        GatesClosed: without a reason, or where nobody may pass one of them.
        NotAllowed: with a reason of somebody whose role may not.
    """
    if not shut:
        return
    if reason is None or any(GATES[each.gate].override is None for each in shut):
        raise GatesClosed(shut)
    for each in shut:
        _check_role(each.gate, by)


def keep(
    appointment: Appointment, shut: Sequence[GateResult], reason: str | None, by: Actor
) -> None:
    """Write down that gates which were ``check``-ed are passed for a session."""
    for each in shut:
        _write(appointment.id, each.gate, each.stage, reason=reason or "", by=by)


def override(appointment: Appointment, gate: Gate, *, reason: str, by: Actor) -> None:
    """Pass one gate of a session that is not over, with a written reason.

    The session is looked at again in the same transaction: it may be confirmed by it.

    Raises:
        Invalid: without a reason, or with one that is longer than its place.
        NobodyPasses: for a gate that is passed by its proof alone.
        NotAllowed: by somebody whose role may not.
        Conflict: if the session is over, does not ask for it, or it was passed already.
    """
    text = reason.strip()
    if not 0 < len(text) <= LONGEST_REASON:
        raise Invalid(f"Write down why, in at most {LONGEST_REASON} characters.")
    _check_role(gate, by)
    appointment = _locked(appointment)
    if appointment.state not in LIVE:
        raise Conflict("This session is over, or not booked.")
    subject = subject_of(appointment, step_gates_of([appointment.id]).get(appointment.id))
    if gate not in subject.gates:
        raise Conflict("This session does not ask for that.")
    if any(each.gate is gate and ended is None for each, ended in overrides_of([appointment.id])):
        raise Conflict("That was passed already, with a reason.")
    stage = GATES[gate].stage_for(appointment.kind)
    _write(appointment.id, gate, stage, reason=text, by=by)
    _look_again(appointment, by)


def end(appointment: Appointment, override_id: UUID, *, by: Actor) -> None:
    """Let a gate that was passed count as what it is again. What was written down stays.

    Raises:
        NotFound: if this session has no such override.
        NotAllowed: by somebody whose role may not pass the gate either.
        Conflict: if it was ended already.
    """
    appointment = _locked(appointment)
    found = [each for each in overrides_of([appointment.id]) if each[0].id == override_id]
    if not found:
        raise NotFound("There is no such entry.")
    given, ended_at = found[0]
    _check_role(given.gate, by)
    if ended_at is not None:
        raise Conflict("That was ended already.")
    _write(appointment.id, given.gate, given.stage, by=by, ends=given.id)
    _look_again(appointment, by)


def _check_role(gate: Gate, by: Actor) -> None:
    passer = GATES[gate].override
    if passer is None:
        raise NobodyPasses("Nobody may pass this without it.")
    if by.id is None or not passer.is_among(get_member(by.id).role_set):
        raise NotAllowed(f"Only a {passer} may pass this, with a written reason.")


def _write(
    appointment_id: UUID,
    gate: Gate,
    stage: Stage,
    *,
    by: Actor,
    reason: str = "",
    ends: UUID | None = None,
) -> None:
    row = GateOverride(
        appointment_id=appointment_id,
        gate=gate.value,
        stage=stage.value,
        reason=reason,
        made_by=by.id,
        made_at=clock.now(),
        ends=ends,
    )
    db.session.add(row)
    db.session.flush()
    audit.record(
        "gate:end_override" if ends else "gate:override",
        by=by,
        subject_id=appointment_id,
        gate=gate.value,
        stage=stage.value,
        entry=str(ends or row.id),
    )


def _locked(appointment: Appointment) -> Appointment:
    if appointment.client_id is not None:
        readiness.take_turns_on_client(appointment.client_id)
    return lock(appointment.id)


def _look_again(appointment: Appointment, by: Actor) -> None:
    if appointment.client_id is not None:
        readiness.reconsider(appointment.client_id, by)
