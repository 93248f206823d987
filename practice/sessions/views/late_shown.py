"""What changing or missing a session costs: reasons to choose from, and fees on pages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from wtforms import BooleanField, HiddenField, IntegerField, RadioField, StringField
from wtforms.validators import InputRequired
from wtforms.widgets import HiddenInput

from practice.billing import cards, linked
from practice.billing.fees import fees_of, open_of
from practice.billing.rules.cards import Use
from practice.billing.rules.fees import LINES, FeeState
from practice.billing.service.fees import LONGEST_WHY, is_being_charged
from practice.core.money import Money
from practice.people.forms import BaseForm, at_most
from practice.sessions.forms import CancelForm
from practice.sessions.keeping_forms import ClientWayForm, WayForm
from practice.sessions.models import Appointment
from practice.sessions.rules.lifecycle import LIVE, AppointmentState
from practice.sessions.service.late import Choice, Wish
from practice.sessions.staff_forms import BookForm

S = AppointmentState
OTHERWISE = "What this costs has changed meanwhile. Look at it again"


class LateFields(BaseForm):
    """Why a session is changed: one of the choices of the page, each with what it costs."""

    why = RadioField("Why?", validate_choice=False)


class ClientLateForm(CancelForm, LateFields):
    """A client's own change of a session that costs something by now."""


class ClientLateWayForm(ClientWayForm, LateFields):
    """A client's own change of a session of a course: what moves along, and why."""


class StaffLateFields(LateFields):
    """Why staff change a session, and why nobody is charged for it, if so."""

    waived_why = StringField(
        "Charge nothing, because",
        [at_most(LONGEST_WHY)],
    )


class RestFields(BaseForm):
    """What becomes of what was paid beyond the fee."""

    rest_is_credit = BooleanField("Keep the rest as credit instead of giving it back")


class StaffLateForm(StaffLateFields, RestFields):
    """That staff cancel a session, as it was shown."""

    sequence = IntegerField(widget=HiddenInput(), validators=[InputRequired()])


class LateBookForm(BookForm, StaffLateFields):
    """The last look before staff move a session."""


class StaffLateWayForm(WayForm, StaffLateFields):
    """A change of a session of a course by staff: what moves along, and why."""


class MissedForm(StaffLateFields, RestFields):
    """That a client did not come, as the page showed it."""

    next = HiddenField()


def offer_reasons(form: LateFields, choices: Sequence[Choice]) -> None:
    """Let a form offer these reasons. The first one is chosen until somebody says otherwise."""
    form.why.choices = [(each.code, each.words) for each in choices]
    if form.why.data not in {each.code for each in choices} and not form.errors:
        form.why.data = choices[0].code


def wish_of(form: LateFields, choices: Sequence[Choice]) -> Wish | None:
    """Return what was chosen; ``None``, with words on the form, if that is not to be had now."""
    chosen = next((each for each in choices if each.code == form.why.data), None)
    if chosen is None and form.why.data is None and len(choices) == 1:
        chosen = choices[0]  # the page of a free change asks nothing
    if chosen is None:
        form.why.errors = [OTHERWISE]
        return None
    waived = form.waived_why.data if isinstance(form, StaffLateFields) else None
    rest = isinstance(form, RestFields) and form.rest_is_credit.data
    return Wish(chosen.why, waived or None, chosen.fee, rest)


def collected_by(client_id: UUID | None) -> str:
    """Say in words which card a fee would be taken from; empty where none is."""
    if client_id is None or not linked.takes_cards():
        return ""
    card = cards.on_file(client_id)
    return card.words if card and Use.FEE in card.uses else ""


@dataclass(frozen=True, slots=True)
class FeeShown:
    """A fee as pages show it."""

    id: UUID
    words: str
    amount: Money
    open: Money
    state: FeeState
    invoice_id: UUID | None
    waived_why: str | None
    is_being_charged: bool = False
    takes_unit: bool = False

    @property
    def state_words(self) -> str:
        if self.state is FeeState.WAITING:
            return "Not charged yet"
        if self.state is FeeState.WAIVED:
            return "Waived"
        if self.takes_unit:
            return "Counts as used"
        if self.is_being_charged:
            return "Your card on file is being charged"
        return f"{self.open} still to pay" if self.open else "Paid"


def fees_shown(appointment: Appointment) -> list[FeeShown]:
    """Return the fees of a session, newest first. Asks nothing where there can be none."""
    changed = appointment.sequence > 0 and appointment.state in LIVE
    if not changed and appointment.state not in {S.CANCELLED, S.NO_SHOW}:
        return []
    return [
        FeeShown(
            each.id,
            LINES[each.fee_for],
            each.amount,
            open_of(each),
            each.state,
            each.invoice_id,
            each.waived_why,
            each.state is FeeState.DUE and is_being_charged(each),
            each.takes_unit,
        )
        for each in fees_of(appointment.id)
    ]
