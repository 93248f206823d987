"""A client's own pages: what is next and what it still needs, and all their sessions.

Everything is read by the id of the client who signed in; changing a session happens on the page
of its booking, to which these lead.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from flask import render_template
from flask.typing import ResponseReturnValue

from practice.billing.accounts import kept_minor, openings_of
from practice.billing.fees import due_of
from practice.billing.sales import sales_of, standings
from practice.calendar.rules import zones
from practice.core import clock
from practice.core.money import Money
from practice.outbox.queries import letters_to
from practice.people.client_access import for_clients, this_client
from practice.people.client_views import bp
from practice.people.models import Client
from practice.people.queries import get_practice
from practice.sessions.forms import PublicForm
from practice.sessions.links import token_of
from practice.sessions.models import Appointment
from practice.sessions.queries.appointments import of_client
from practice.sessions.rules import for_clients as rules
from practice.sessions.rules.for_staff import owed
from practice.sessions.rules.lifecycle import AppointmentState
from practice.sessions.views.mine_course import courses_shown
from practice.sessions.views.showing import shown_of, zone_for

S = AppointmentState
LETTERS = 5
HERE_NOW = frozenset({S.ARRIVED, S.IN_SESSION})


@dataclass(frozen=True, slots=True)
class Line:
    """One session in a list of the client's own: in words, with the way to its page."""

    token: str
    label: str
    when: str
    zone_words: str
    state: AppointmentState
    state_words: str
    is_coming: bool
    owed: Money


@bp.get("/me/")
@for_clients
def home() -> ResponseReturnValue:
    """Show the next session with everything it still needs, then what else there is."""
    client = this_client()
    mine = booked_of(client)
    coming = [each for each in mine if is_ahead(each)]
    next_one = shown_of(coming[0], token_of(coming[0])) if coming else None
    return render_template(
        "me/home.html",
        client=client,
        shown=next_one,
        after=lines_of(coming[1:4]),
        courses=courses_shown(client),
        to_pay=_owed_in_all(client, mine),
        letters=[
            (rules.LETTERS[each.name], each.sent_at)
            for each in letters_to(client.id, tuple(rules.LETTERS), LETTERS)
        ],
        button_form=PublicForm(formdata=None),
    )


@bp.get("/me/sessions")
@for_clients
def sessions() -> ResponseReturnValue:
    """List all sessions: those to come, the nearest first, then those that were."""
    lines = lines_of(booked_of(this_client()))
    return render_template(
        "me/sessions.html",
        coming=[each for each in lines if each.is_coming],
        past=[each for each in reversed(lines) if not each.is_coming],
    )


def _owed_in_all(client: Client, mine: Sequence[Appointment]) -> Money:
    """Return what is to pay for sessions, of balances that were brought along, and of fees."""
    owes = [each.owed for each in lines_of(mine)]
    owes += [each.open for each in openings_of([client.id])]
    owes += [each.open for each in standings(sales_of(client.id))]
    owes += [each.open for each in due_of(client.id)]
    return sum(owes, Money(0, get_practice().currency))


def booked_of(client: Client) -> list[Appointment]:
    """Return what a client has, or had, in the book, by its start: no times that are held."""
    return [each for each in of_client(client.id) if each.hold_ends_at is None]


def is_ahead(appointment: Appointment) -> bool:
    """Say whether a session lies before its client, or is just being held."""
    now = clock.now()
    here = appointment.state in HERE_NOW and appointment.ends_at > now
    return here or rules.is_coming(appointment.state, starts_at=appointment.starts_at, now=now)


def lines_of(appointments: Sequence[Appointment]) -> list[Line]:
    """Write some sessions down as lines of a list. One statement."""
    kept = kept_minor([each.id for each in appointments]) if appointments else {}
    return [
        Line(
            token=token_of(each),
            label=each.label,
            when=zones.instant_words(each.starts_at, zone_for(each)),
            zone_words=zones.zone_words(zone_for(each)),
            state=each.state,
            state_words=rules.STATE_WORDS[each.state],
            is_coming=is_ahead(each),
            owed=owed(each.state, each.to_pay, kept.get(each.id, 0)),
        )
        for each in appointments
    ]
