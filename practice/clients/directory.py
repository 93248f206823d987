"""The list of clients: narrowed, sorted, a page of it, with what stands beside each name.

The number of statements is the same for one client and for thousands. What a list is sorted by
or narrowed to is asked for everybody; the rest for the fifty on the page alone.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from practice.billing import owing
from practice.clients import ports
from practice.clients.models import ClientMerge
from practice.clients.rules.listing import Show, Sort, items_in_words
from practice.clients.rules.panels import CourseLine, NextSession
from practice.core.db import db
from practice.core.money import Money
from practice.outbox.queries import open_tasks_by_client
from practice.people.models import Client
from practice.people.queries import PAGE, get_practice, matches


@dataclass(frozen=True, slots=True)
class Wish:
    """Which list it is, as the address says it. ``page`` counts from 1."""

    text: str = ""
    show: Show = Show.ALL
    sort: Sort = Sort.NAME
    page: int = 1


@dataclass(frozen=True, slots=True)
class Line:
    """One client in the list. ``owed`` is due by now; none for whoever may not see money."""

    id: UUID
    name: str
    email: str
    phone: str
    next: NextSession | None
    course: CourseLine | None
    items: str
    owed: Money | None


@dataclass(frozen=True, slots=True)
class Directory:
    """One page of the list. There is always a first, and a page past the end is the last."""

    lines: list[Line]
    total: int
    page: int
    last_page: int


def directory(wish: Wish, *, with_money: bool) -> Directory:
    """Return a page of the list that is wished for."""
    plan = _Plan(wish)
    total = db.session.scalar(_Plan(replace(wish, sort=Sort.NAME)).counted()) or 0
    last_page = max(1, -(-total // PAGE))
    page = min(max(1, wish.page), last_page)
    rows = db.session.execute(plan.listed().limit(PAGE).offset((page - 1) * PAGE)).all()
    return Directory(_lines([tuple(row) for row in rows], with_money), total, page, last_page)


def merged_into(client_ids: list[UUID]) -> dict[UUID, UUID]:
    """Return the clients who were merged into some others: whom each became."""
    rows = db.session.execute(
        sa.select(ClientMerge.gone_id, ClientMerge.kept_id).where(
            ClientMerge.kept_id.in_(client_ids), ClientMerge.undone_at.is_(None)
        )
    )
    return {row.gone_id: row.kept_id for row in rows}


class _Plan:
    """The statements of one list, which join only what they need."""

    def __init__(self, wish: Wish) -> None:
        self.joins: list[tuple[sa.Subquery, sa.ColumnElement[bool]]] = []
        archived = wish.show is Show.ARCHIVED
        is_shown = Client.archived_at.is_not(None) if archived else Client.archived_at.is_(None)
        self.where = [is_shown, matches(wish.text)]
        self.order: list[sa.ColumnElement[Any]] = []
        if wish.show in {Show.COMING, Show.NOTHING, Show.MISSING} or wish.sort in {
            Sort.NEXT,
            Sort.ITEMS,
        }:
            self._with_sessions(wish)
        if Show.MISSING is wish.show or Sort.ITEMS is wish.sort:
            self._with_tasks(wish)
        if Show.OWES is wish.show or Sort.OWES is wish.sort:
            self._with_money(wish)

    def counted(self) -> sa.Select[Any]:
        return self._from(sa.func.count())

    def listed(self) -> sa.Select[Any]:
        columns = (Client.id, Client.first_name, Client.last_name, Client.email, Client.phone)
        return self._from(*columns).order_by(*self.order, Client.findable, Client.id)

    def _from(self, *columns: Any) -> sa.Select[Any]:
        statement = sa.select(*columns).select_from(Client)
        for subquery, on in self.joins:
            statement = statement.outerjoin(subquery, on)
        return statement.where(*self.where)

    def _join(self, subquery: sa.Subquery) -> sa.Subquery:
        self.joins.append((subquery, subquery.c.client_id == Client.id))
        return subquery

    def _with_sessions(self, wish: Wish) -> None:
        self.to_come = self._join(ports.sessions_to_come()).c
        if wish.show is Show.COMING:
            self.where.append(self.to_come.next_at.is_not(None))
        if wish.show is Show.NOTHING:
            self.where.append(self.to_come.next_at.is_(None))
        if wish.sort is Sort.NEXT:
            self.order = [self.to_come.next_at.asc().nulls_last()]

    def _with_tasks(self, wish: Wish) -> None:
        open_tasks = self._join(open_tasks_by_client()).c
        items = sa.func.coalesce(open_tasks.tasks, 0) + sa.func.coalesce(self.to_come.waiting, 0)
        if wish.show is Show.MISSING:
            self.where.append(items > 0)
        if wish.sort is Sort.ITEMS:
            self.order = [items.desc()]

    def _with_money(self, wish: Wish) -> None:
        owed = owing.owed_by_client()
        # What a client owed who was merged into another is owed by that one.
        who = sa.func.coalesce(ClientMerge.kept_id, owed.c.client_id).label("client_id")
        by_person = self._join(
            sa.select(who, sa.func.sum(owed.c.minor).label("minor"))
            .select_from(owed)
            .outerjoin(
                ClientMerge,
                sa.and_(ClientMerge.gone_id == owed.c.client_id, ClientMerge.undone_at.is_(None)),
            )
            .group_by(who)
            .subquery("owed_by_person")
        ).c
        if wish.show is Show.OWES:
            self.where.append(by_person.minor > 0)
        if wish.sort is Sort.OWES:
            self.order = [sa.func.coalesce(by_person.minor, 0).desc()]


def _lines(rows: list[tuple[Any, ...]], with_money: bool) -> list[Line]:  # noqa: FBT001
    ids = [row[0] for row in rows]
    coming, courses = ports.next_sessions(ids), ports.course_positions(ids)
    open_tasks = open_tasks_by_client()
    some = sa.select(open_tasks).where(open_tasks.c.client_id.in_(ids))
    tasks = {row.client_id: row.tasks for row in db.session.execute(some)}
    owed = _owed(ids) if with_money else {}
    nothing = Money(0, get_practice().currency) if with_money else None
    return [
        Line(
            client_id,
            f"{first_name} {last_name}",
            email,
            phone,
            next_session := coming.get(client_id),
            courses.get(client_id),
            items_in_words(tasks.get(client_id, 0), next_session.waiting if next_session else 0),
            owed.get(client_id, nothing),
        )
        for client_id, first_name, last_name, email, phone in rows
    ]


def _owed(client_ids: list[UUID]) -> dict[UUID, Money]:
    became = merged_into(client_ids)
    currency = get_practice().currency
    minor = dict.fromkeys(client_ids, 0)
    for client_id, amount in owing.due_minor([*client_ids, *became]).items():
        minor[became.get(client_id, client_id)] += amount
    return {client_id: Money(amount, currency) for client_id, amount in minor.items()}
