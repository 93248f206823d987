"""The tables of an export that a person reads: names instead of ids, the practice's own clock."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from practice.audit.models import AuditEntry
from practice.audit.rules import in_words
from practice.billing.archive import OPEN_MINOR
from practice.billing.models import Invoice, OpeningBalance, Payment, Receipt, Refund
from practice.calendar.rules import zones
from practice.clients.models import CareProfile, Paper, TreatmentTried
from practice.clients.rules.papers import NAMES, RULES
from practice.clients.rules.treatments import HELPED_WORDS, Helped
from practice.core.db import db
from practice.moving.rules.written import money
from practice.outbox.models import Message
from practice.people.models import Client, Practice, User
from practice.sessions.models import Appointment, BroughtSession, GateOverride
from practice.sessions.rules.gates import NAMES as ASKED
from practice.sessions.rules.gates import Gate
from practice.sessions.rules.lifecycle import WORDS

AT_ONCE = 500
Table = tuple[str, tuple[str, ...], Iterable[Iterable[Any]]]


def tables(practice: Practice) -> Iterator[Table]:
    """Return each table: its name, its header, and its rows as they are read."""
    zone = practice.time_zone
    names = {
        row.id: f"{row.first_name} {row.last_name}"
        for row in db.session.execute(sa.select(Client.id, Client.first_name, Client.last_name))
    }
    staff = {row.id: row.name for row in db.session.execute(sa.select(User.id, User.name))}

    def when(instant: datetime | None) -> str:
        return f"{instant.astimezone(zones.zone(zone)):%Y-%m-%d %H:%M}" if instant else ""

    def who(client_id: UUID | None) -> str:
        return names.get(client_id, "") if client_id else ""

    yield (
        "clients",
        (
            "First name",
            "Last name",
            "Email",
            "Mobile number",
            "Birth date",
            "Home address",
            "On file since",
            "Archived",
        ),
        (
            (
                c.first_name,
                c.last_name,
                c.email,
                c.phone,
                c.birth_on,
                c.address,
                when(c.created_at),
                when(c.archived_at),
            )
            for c in _every(sa.select(Client).order_by(Client.findable, Client.id))
        ),
    )
    yield (
        "care",
        ("Client", "Reason for care", "Tried before", "Emergency contact", "Relation", "Phone"),
        (
            (
                who(c.client_id),
                c.reason,
                c.tried_before,
                c.emergency_name,
                c.emergency_relation,
                c.emergency_phone,
            )
            for c in _every(sa.select(CareProfile).order_by(CareProfile.id))
        ),
    )
    yield (
        "treatments tried before",
        ("Client", "What", "When", "Did it help", "What it did"),
        (
            (who(t.client_id), t.what, t.when, HELPED_WORDS[Helped(t.helped)], t.effect)
            for t in _every(sa.select(TreatmentTried).order_by(TreatmentTried.client_id))
        ),
    )
    yield (
        "sessions",
        ("Client", "Session", "Starts", "Ends", "State", "Where", "Price", "Currency", "Booked"),
        (
            (
                who(a.client_id),
                a.label,
                when(a.starts_at),
                when(a.ends_at),
                WORDS[a.state],
                a.modality.value.replace("_", " "),
                money(a.price.minor),
                a.price.currency,
                when(a.created_at),
            )
            for a in _every(sa.select(Appointment).order_by(Appointment.starts_at, Appointment.id))
        ),
    )
    yield (
        "sessions held elsewhere",
        ("Client", "Kind", "Held on", "Left"),
        (
            (who(b.client_id), b.kind.value.replace("_", " "), when(b.starts_at)[:10], b.left_over)
            for b in _every(sa.select(BroughtSession).order_by(BroughtSession.client_id))
        ),
    )
    yield (
        "passed without proof",
        ("Session", "Without", "Reason", "By", "When", "Ends"),
        (
            (
                g.appointment_id,
                ASKED[Gate(g.gate)],
                g.reason,
                staff.get(g.made_by, ""),
                when(g.made_at),
                g.ends,
            )
            for g in _every(sa.select(GateOverride).order_by(GateOverride.made_at))
        ),
    )
    yield (
        "papers",
        (
            *("Client", "Paper", "Route", "Outcome", "Dated", "Valid until", "Says", "Names"),
            *("Phone", "Session", "Recorded", "By", "Withdrawn"),
        ),
        (
            (
                who(p.client_id),
                NAMES[p.kind],
                p.route,
                _outcome(p),
                p.dated_on,
                p.valid_until,
                p.detail,
                p.person,
                p.phone,
                p.appointment_id,
                when(p.recorded_at),
                staff.get(p.recorded_by, ""),
                when(p.withdrawn_at),
            )
            for p in _every(sa.select(Paper).order_by(Paper.client_id, Paper.dated_on))
        ),
    )
    yield from _money_tables(who, when)
    yield (
        "messages",
        ("Client", "To", "Message", "State", "Written", "Sent", "What went wrong"),
        (
            (
                who(m.client_id),
                m.to,
                m.name.replace("-", " "),
                m.state,
                when(m.created_at),
                when(m.sent_at),
                m.error,
            )
            for m in _every(sa.select(Message).order_by(Message.created_at, Message.id))
        ),
    )
    yield (
        "audit",
        ("When", "Who", "What was done", "About", "Details"),
        (
            (
                when(e.at),
                staff.get(e.actor_id, e.actor_kind),
                in_words(e.verb, e.detail),
                who(e.subject_id) or str(e.subject_id),
                e.detail,
            )
            for e in _every(sa.select(AuditEntry).order_by(AuditEntry.at, AuditEntry.id))
        ),
    )


def _money_tables(who: Any, when: Any) -> Iterator[Table]:
    yield (
        "payments",
        ("Client", "Amount", "Currency", "How", "State", "Asked for", "Paid", "Fee"),
        (
            (
                who(p.client_id),
                money(p.amount_minor),
                p.currency,
                p.method.value.replace("_", " "),
                p.state.value.replace("_", " "),
                when(p.created_at),
                when(p.paid_at),
                money(p.fee_minor),
            )
            for p in _every(sa.select(Payment).order_by(Payment.created_at, Payment.id))
        ),
    )
    yield (
        "refunds",
        ("Amount", "Currency", "State", "Why", "Decided", "Settled", "Payment"),
        (
            (
                money(r.amount_minor),
                r.currency,
                r.state,
                r.reason,
                when(r.created_at),
                when(r.settled_at),
                r.payment_id,
            )
            for r in _every(sa.select(Refund).order_by(Refund.created_at, Refund.id))
        ),
    )
    rows = db.session.execute(
        sa.select(
            Invoice.number,
            Invoice.kind,
            Invoice.client_id,
            Invoice.issued_on,
            Invoice.due_on,
            Invoice.total_minor,
            OPEN_MINOR.label("open_minor"),
            Invoice.currency,
        ).order_by(Invoice.issued_at, Invoice.number),
        execution_options={"yield_per": AT_ONCE},
    )
    yield (
        "invoices",
        ("Number", "Kind", "Client", "Issued", "Due", "Total", "Open", "Currency"),
        (
            (
                i.number,
                i.kind.value.replace("_", " "),
                who(i.client_id),
                i.issued_on,
                i.due_on,
                money(i.total_minor),
                money(i.open_minor),
                i.currency,
            )
            for i in rows
        ),
    )
    yield (
        "opening balances",
        ("Client", "Number", "Date", "Amount", "Paid", "Currency"),
        (
            (
                who(o.client_id),
                o.number,
                o.dated_on,
                money(o.amount_minor),
                money(o.paid_minor),
                o.currency,
            )
            for o in _every(sa.select(OpeningBalance).order_by(OpeningBalance.dated_on))
        ),
    )
    yield (
        "receipts",
        ("Number", "Issued", "Payment", "What it says"),
        (
            (r.number, when(r.issued_at), r.payment_id, r.facts)
            for r in _every(sa.select(Receipt).order_by(Receipt.issued_at, Receipt.number))
        ),
    )


def _outcome(paper: Paper) -> str:
    results = RULES[paper.kind].results
    return results[not paper.is_good] if results else ""


def _every(statement: sa.Select[Any]) -> Iterator[Any]:
    """Yield objects some at a time, and forget each one when the next is asked for."""
    for row in db.session.scalars(statement.execution_options(yield_per=AT_ONCE)):
        yield row
        db.session.expunge(row)


def read_me(practice: Practice, now: datetime, tables: int, papers: int) -> str:
    """Say what the file holds, for whoever opens it in ten years."""
    local = now.astimezone(zones.zone(practice.time_zone))
    return f"""{practice.name}: all data, as of {local:%B} {local.day}, {local.year}, {local:%H:%M}
in {practice.time_zone}.

{tables} tables and {papers} papers.

- The tables beside this text are in words: one file for clients, sessions, papers, payments and
  so on. Times in them are those of {practice.time_zone}.
- as-kept/ holds every table as the program keeps it, with its ids. Times in it are UTC, amounts
  in cents. Nothing was left out but passwords, links that open something, and unfinished work.
- papers/ holds the invoices and receipts as they were issued.

All tables are CSV in UTF-8 with commas. A text that a spreadsheet would run as a formula has an
apostrophe in front of it.

This file holds health information in plain text. Keep it where only you can read it.
"""
