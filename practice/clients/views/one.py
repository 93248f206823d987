"""One client: the page, what is on file, and what was done."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from flask import abort, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from practice.billing import accounts, archive, cards, ledger
from practice.billing.archive import Filter
from practice.billing.documents import documents_of
from practice.clients import ports, queries, service
from practice.clients.forms import CareForm, ClientForm, EmergencyForm, PaperForm
from practice.clients.models import Paper
from practice.clients.rules.diagnoses import WORDS as DIAGNOSES
from practice.clients.rules.papers import (
    NAMES,
    OF_CLIENT,
    RECORDED_WITH,
    ROUTE_NAMES,
    RULES,
    Group,
    PaperKind,
    PaperRule,
)
from practice.clients.rules.treatments import HELPED_WORDS
from practice.clients.service import ChangedMeanwhile
from practice.clients.views.blueprint import bp
from practice.core.db import in_transaction
from practice.core.errors import NotAllowed
from practice.core.money import Money
from practice.outbox.queries import open_tasks_about
from practice.people import queries as people
from practice.people.access import current_staff, may, requires
from practice.people.forms import PlainForm
from practice.people.models import Client
from practice.people.rules import Permission

OnFile = dict[str, Any]
"""What a form shows, by the names of its fields, with the fingerprint of all of it as ``seen``."""

SHOWN = 4  # of what is over; the rest is folded away


# One client ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Shelf:
    """All papers of one kind. The first of each route that is on file is the one that counts."""

    kind: PaperKind
    rule: PaperRule
    on_file: list[Paper]
    may_record: bool

    @property
    def name(self) -> str:
        return self.rule.name

    @property
    def counting(self) -> list[Paper]:
        """The papers that count: the newest of each route, or all that stand in the way."""
        if self.rule.is_open:
            return self.on_file
        newest = {paper.route: paper for paper in reversed(self.on_file)}
        return [paper for paper in self.on_file if newest[paper.route] is paper]

    @property
    def earlier(self) -> list[Paper]:
        counting = self.counting
        return [paper for paper in self.on_file if paper not in counting]


@bp.get("/<uuid:client_id>")
@requires(Permission.CLIENT_VIEW)
def client(client_id: UUID) -> ResponseReturnValue:
    """Show one client: contact, sessions, papers, money, and what was done."""
    client = people.get_client(client_id)
    sees_care, sees_money = may(Permission.CARE_VIEW), may(Permission.MONEY_VIEW)
    birth_on, today = _birth_on(client), people.today_here()
    sessions = ports.sessions_of(client_id)
    papers = queries.every_paper_of(client_id)
    payments = accounts.payments_of(client_id)
    merges = queries.merges_into(client_id)
    everybody = [client_id, *(each.gone_id for each in merges)]  # who are this one person
    subjects = [*everybody, *(each.id for group in (sessions, papers) for each in group)]
    courses = ports.courses_of(client_id)
    subjects += [paid.payment.id for paid in payments] + [each.id for each in courses]
    openings = accounts.openings_of(everybody) if sees_money else []
    subjects += [each.id for each in openings]
    documents = documents_of(everybody) if sees_money else []
    subjects += [each.id for each in documents]
    merged = queries.find_merge(client_id) if client.archived_at else None
    return render_template(
        "clients/client.html",
        client=client,
        birth_on=birth_on,
        age=_years_between(birth_on, today) if birth_on else None,
        care=queries.find_care(client_id),
        tasks=open_tasks_about(client_id),
        coming=[each for each in sessions if each.is_coming],
        past=[each for each in sessions if not each.is_coming],
        shelves=_shelves(papers) if sees_care else {},
        overrides=ports.overrides_of([each.id for each in sessions]) if sees_care else [],
        route_names=ROUTE_NAMES,
        payments=payments if sees_money else [],
        invoices=[
            invoice
            for each in (everybody if sees_money else [])
            for invoice in archive.invoices(Filter(client_id=each))
        ],
        openings=openings,
        card=cards.on_file(client_id) if sees_money else None,
        credit=Money(ledger.free_credit(client_id), people.get_practice().currency)
        if sees_money
        else None,
        documents=documents,
        left_over=ports.left_over(client_id),
        courses=courses,
        treatments=queries.treatments_of(client_id) if sees_care else [],
        helped_words=HELPED_WORDS,
        diagnoses=queries.diagnoses_of(client_id) if sees_care else [],
        diagnosis_words=DIAGNOSES,
        merges=[(each, people.get_client(each.gone_id)) for each in merges],
        merged_into=people.get_client(merged.kept_id) if merged else None,
        paid_for={each.id: each for each in sessions},
        shown=SHOWN,
        history=queries.history(subjects),
        today=today,
    )


def _years_between(birth_on: date, today: date) -> int:
    return today.year - birth_on.year - ((today.month, today.day) < (birth_on.month, birth_on.day))


def _shelves(papers: list[Paper]) -> dict[Group, list[Shelf]]:
    """Return what is the client's own, under its headings; what is of one session is there."""
    found: dict[Group, list[Shelf]] = {}
    for kind in OF_CLIENT:
        found.setdefault(RULES[kind].group, []).append(_shelf(kind, papers))
    return found


def _shelf(kind: PaperKind, papers: list[Paper]) -> Shelf:
    return Shelf(
        kind,
        RULES[kind],
        [each for each in papers if each.kind is kind and each.withdrawn_at is None],
        may(RECORDED_WITH[kind]),
    )


# What is on file of one ------------------------------------------------------------------------


@bp.route("/<uuid:client_id>/edit", methods=["GET", "POST"])
@requires(Permission.CLIENT_EDIT)
def edit(client_id: UUID) -> ResponseReturnValue:
    """Change how a client is reached."""
    client = people.get_client(client_id)
    form = ClientForm(data=_contact(client))
    return _change(
        "clients/contact.html",
        client,
        form,
        on_file=lambda: _contact(people.get_client(client_id)),
        save=lambda: service.edit_contact(
            client_id, form.details(), by=current_staff(), seen=form.seen.data
        ),
        said="The contact details are saved.",
    )


@bp.route("/<uuid:client_id>/emergency", methods=["GET", "POST"])
@requires(Permission.CLIENT_EDIT)
def emergency(client_id: UUID) -> ResponseReturnValue:
    """Say whom to call in an emergency."""
    client = people.get_client(client_id)
    form = EmergencyForm(data=_emergency(client_id))
    return _change(
        "clients/emergency.html",
        client,
        form,
        on_file=lambda: _emergency(client_id),
        save=lambda: service.name_emergency_contact(
            client,
            form.contact(),
            today=people.today_here(),
            by=current_staff(),
            seen=form.seen.data,
        ),
        said="The emergency contact is saved.",
    )


@bp.route("/<uuid:client_id>/care", methods=["GET", "POST"])
@requires(Permission.CARE_EDIT)
def care(client_id: UUID) -> ResponseReturnValue:
    """Write down why a client comes, and what was tried before."""
    client = people.get_client(client_id)
    form = CareForm(data=_care(client_id))
    return _change(
        "clients/care.html",
        client,
        form,
        on_file=lambda: _care(client_id),
        save=lambda: service.write_care(
            client, form.care(), by=current_staff(), seen=form.seen.data
        ),
        said="The reason for care is saved.",
    )


def _change(
    page: str,
    client: Client,
    form: ClientForm | EmergencyForm | CareForm,
    *,
    on_file: Callable[[], OnFile],
    save: Callable[[], object],
    said: str,
) -> ResponseReturnValue:
    """Show a form of what is on file, and save it unless somebody else has written meanwhile.

    Then the same page comes back with everything that was typed, beside what is on file now;
    sending it again saves it.
    """
    if not form.is_submitted():
        return render_template(page, form=form, client=client, now=None)
    if not form.validate():
        return render_template(page, form=form, client=client, now=None), 422
    try:
        in_transaction(save)
    except ChangedMeanwhile as changed:
        now = on_file()
        form.form_errors = [changed.message]
        form.seen.data = now["seen"]
        return render_template(page, form=form, client=client, now=now), 409
    flash(said)
    return redirect(url_for(".client", client_id=client.id))


def _birth_on(client: Client) -> date | None:
    return date.fromisoformat(client.birth_on) if client.birth_on else None


def _contact(client: Client) -> OnFile:
    return {
        "first_name": client.first_name,
        "last_name": client.last_name,
        "email": client.email,
        "phone": client.phone,
        "birth_on": _birth_on(client),
        "address": client.address,
        "seen": service.seen_contact(client),
    }


def _emergency(client_id: UUID) -> OnFile:
    care = queries.find_care(client_id)
    return {
        "name": care and care.emergency_name,
        "relation": care and care.emergency_relation,
        "phone": care and care.emergency_phone,
        "seen": service.seen_emergency(care),
    }


def _care(client_id: UUID) -> OnFile:
    care = queries.find_care(client_id)
    return {
        "reason": care and care.reason,
        "tried_before": care and care.tried_before,
        "seen": service.seen_care(care),
    }


# Papers ----------------------------------------------------------------------------------------


@bp.route("/<uuid:client_id>/papers/<kind>", methods=["GET", "POST"])
@requires(Permission.CARE_VIEW)
def record_paper(client_id: UUID, kind: str) -> ResponseReturnValue:
    """Put a paper of one kind on file; sessions that waited for it are looked at again."""
    if kind not in set(OF_CLIENT):
        abort(404)
    paper_kind = PaperKind(kind)
    _require(RECORDED_WITH[paper_kind])
    client, today = people.get_client(client_id), people.today_here()
    form, name = PaperForm(paper_kind, today=today), NAMES[paper_kind]
    shown: dict[str, Any] = {"form": form, "client": client, "name": name, "session": None}
    shown["back"] = url_for(".client", client_id=client_id, _anchor="papers")
    if not form.is_submitted():
        form.dated_on.data = today
        return render_template("clients/record_paper.html", **shown)
    if not form.validate():
        return render_template("clients/record_paper.html", **shown), 422
    in_transaction(
        lambda: service.record_paper(
            client,
            paper_kind,
            dated_on=form.day,
            valid_until=form.until,
            facts=form.facts(),
            today=today,
            by=current_staff(),
        )
    )
    flash(f"{name}: now on file.")
    return redirect(shown["back"])


@bp.route("/<uuid:client_id>/papers/<uuid:paper_id>/withdraw", methods=["GET", "POST"])
@requires(Permission.CARE_VIEW)
def withdraw_paper(client_id: UUID, paper_id: UUID) -> ResponseReturnValue:
    """Say what withdrawing a paper will do, then do it."""
    client, paper = people.get_client(client_id), queries.get_paper(client_id, paper_id)
    _require(RECORDED_WITH[paper.kind])
    form, name = PlainForm(), NAMES[paper.kind]
    if not form.validate_on_submit():
        return render_template(
            "clients/withdraw_paper.html",
            form=form,
            client=client,
            paper=paper,
            name=name,
            is_open=RULES[paper.kind].is_open,
        )
    in_transaction(lambda: service.withdraw_paper(paper, by=current_staff()))
    flash(f"{name}: withdrawn.")
    if paper.appointment_id is not None:
        return redirect(
            url_for("sessions.appointment", appointment_id=paper.appointment_id, _anchor="gates")
        )
    return redirect(url_for(".client", client_id=client_id, _anchor="papers"))


def _require(permission: Permission) -> None:
    if not may(permission):
        raise NotAllowed("Your role does not include this. The owner of the practice can add it.")
