"""What becomes of the rows of each kind of table: read, compared with what is on file, written.

Everything here is called inside a practice; ``write`` and ``take_back`` inside ``transaction()``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Protocol
from uuid import UUID

import sqlalchemy as sa

from practice.audit.rules import Actor
from practice.audit.service import record
from practice.billing.service import openings
from practice.calendar.rules import zones
from practice.clients.references import hanging_on
from practice.core.db import db
from practice.core.errors import Conflict
from practice.moving.rules import reading
from practice.moving.rules.reading import Balance, Held, Item, Problem, Reader
from practice.moving.rules.runs import What
from practice.people.models import Client
from practice.people.queries import clients_by_email, get_practice
from practice.people.rules import ClientDetails
from practice.people.service import import_clients
from practice.sessions.models import BroughtSession
from practice.sessions.service import brought
from practice.sessions.service.brought import Brought

NAMED = 5  # of many clients, in one sentence
NOBODY = "Nobody on file has this email address. Bring the clients over first."
TWICE = "This row stands in the file twice. The first one counts."

Numbered = Sequence[tuple[int, Item]]
"""Items, each with the number of its row in the file."""


class Kind(Protocol):
    """What an import does with one kind of table."""

    def read(self, reader: Reader) -> Item | None:
        """Return what a row says, or note its problems."""

    def compare(self, items: Numbered) -> list[Problem]:
        """Say which of these rows cannot be brought over beside what is on file."""

    def same(self, item: Item) -> object:
        """Return what makes two rows of a file the same."""

    def write(self, items: Numbered, *, by: Actor) -> list[UUID]:
        """Bring the rows over; return what became of each."""

    def take_back(self, ids: Sequence[UUID], *, by: Actor) -> None:
        """Undo it, or refuse with ``Conflict``."""


class Clients:
    """People. One with an address that is on file is left out: nobody is overwritten."""

    column = "email"

    def read(self, reader: Reader) -> ClientDetails | None:
        return reading.read_client(reader)

    def same(self, item: ClientDetails) -> object:
        return item.email

    def compare(self, items: Numbered) -> list[Problem]:
        known = clients_by_email({item.email for _, item in items}, archived=True)
        return [
            Problem(row, "email", "A client with this email address is on file already")
            for row, item in items
            if item.email in known
        ]

    def write(self, items: Numbered, *, by: Actor) -> list[UUID]:
        made = import_clients([item for _, item in items], by=by)
        return [client.id for client in made]

    def take_back(self, ids: Sequence[UUID], *, by: Actor) -> None:
        if hanging := hanging_on(list(ids)):
            raise Conflict(
                f"{_named(hanging)} by now: sessions, papers, payments, or something else "
                "that would be lost. Nothing was undone."
            )
        for some in _in_pieces(ids):
            db.session.execute(
                sa.delete(Client)
                .where(Client.id.in_(some))
                .execution_options(synchronize_session=False)
            )
        for each in ids:
            record("client:take_back", by=by, subject_id=each)


class Sessions:
    """Sessions held elsewhere, and how many of a kind are left."""

    def read(self, reader: Reader) -> Held | None:
        return reading.read_held(reader)

    def same(self, item: Held) -> object:
        return item.email, item.kind, item.held_on

    def compare(self, items: Numbered) -> list[Problem]:
        known = clients_by_email({item.email for _, item in items})
        zone = get_practice().time_zone
        here = {
            (each.client_id, each.kind, _day(each, zone))
            for each in db.session.scalars(
                sa.select(BroughtSession).where(BroughtSession.client_id.in_(known.values()))
            )
        }
        problems = []
        for row, item in items:
            if item.email not in known:
                problems.append(Problem(row, "email", NOBODY))
            elif (known[item.email], item.kind, item.held_on) in here:
                problems.append(Problem(row, "date", "This is on file already"))
        return problems

    def write(self, items: Numbered, *, by: Actor) -> list[UUID]:
        known = clients_by_email({item.email for _, item in items})
        facts = [
            Brought(known[item.email], item.kind, item.held_on, item.left) for _, item in items
        ]
        return brought.bring(facts, by=by)

    def take_back(self, ids: Sequence[UUID], *, by: Actor) -> None:
        brought.take_back(ids, by=by)


class Balances:
    """Invoices of the former program, as what was still open of them."""

    def read(self, reader: Reader) -> Balance | None:
        return reading.read_balance(reader)

    def same(self, item: Balance) -> object:
        return item.number

    def compare(self, items: Numbered) -> list[Problem]:
        known = clients_by_email({item.email for _, item in items})
        numbers = openings.known_numbers([item.number for _, item in items])
        problems = []
        for row, item in items:
            if item.email not in known:
                problems.append(Problem(row, "email", NOBODY))
            elif item.number in numbers:
                problems.append(Problem(row, "number", "This number is on file already"))
        return problems

    def write(self, items: Numbered, *, by: Actor) -> list[UUID]:
        known = clients_by_email({item.email for _, item in items})
        return openings.bring(
            [
                openings.Opening(
                    known[item.email],
                    item.number,
                    item.dated_on,
                    item.amount_minor,
                    item.paid_minor,
                )
                for _, item in items
            ],
            by=by,
        )

    def take_back(self, ids: Sequence[UUID], *, by: Actor) -> None:
        openings.take_back(ids, by=by)


KINDS: Mapping[What, Kind] = {
    What.CLIENTS: Clients(),
    What.SESSIONS: Sessions(),
    What.BALANCES: Balances(),
}


@dataclass(frozen=True, slots=True)
class Judged:
    """Rows that can be brought over, and what is wrong with the others."""

    good: list[tuple[int, Any]]
    problems: list[Problem]


def judge(kind: Kind, readers: Iterable[Reader]) -> Judged:
    """Read rows, and leave out what is wrong, what stands there twice, and what is on file."""
    items: list[tuple[int, Item]] = []
    problems: list[Problem] = []
    seen: set[object] = set()
    for reader in readers:
        item = None if reader.problems else kind.read(reader)
        problems += reader.problems
        if item is None:
            continue
        if kind.same(item) in seen:
            problems.append(Problem(reader.row, "", TWICE))
            continue
        seen.add(kind.same(item))
        items.append((reader.row, item))
    refused: list[Problem] = []
    for some in _in_pieces(items):
        refused += kind.compare(some)
    left_out = {each.row for each in refused}
    good = [each for each in items if each[0] not in left_out]
    return Judged(good, sorted(problems + refused, key=lambda each: each.row))


def _day(session: BroughtSession, zone: str) -> date | None:
    return zones.local_date(session.starts_at, zone) if session.starts_at else None


def _named(client_ids: set[UUID]) -> str:
    names = [
        client.name
        for client in db.session.scalars(
            sa.select(Client)
            .where(Client.id.in_(sorted(client_ids)[:NAMED]))
            .order_by(Client.findable)
        )
    ]
    more = len(client_ids) - len(names)
    others = f" and {more} more" if more else ""
    return f"{', '.join(names)}{others} {'has' if len(client_ids) == 1 else 'have'} something"


def _in_pieces(items: Sequence[Any], size: int = 500) -> Iterable[Sequence[Any]]:
    return (items[first : first + size] for first in range(0, len(items), size))
