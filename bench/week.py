"""The week with two hundred events: all that its page takes, against its bare queries and template.

In one process, so that nothing but the page is measured. The other side asks the database the very
same statements past everything, and draws the very same template of values that are there already.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Sequence
from datetime import timedelta
from functools import partial
from time import process_time
from typing import Any

from flask import Flask, template_rendered
from jinja2 import Template
from sqlalchemy import event
from sqlalchemy.engine import Engine
from werkzeug.test import create_environ

from bench import seed
from bench.measure import at_most, in_turn, ratio, show
from bench.today import ask
from practice.calendar.rules import zones
from practice.calendar.rules.week import monday_of
from practice.core import clock
from practice.core.db import db
from practice.people.rules import Role
from tests import databases, factories

EVENTS = 200
TIMES = 10


class Seen:
    """What one asking for the page asks of the database and gives to its template."""

    def __init__(self, app: Flask, environ: dict[str, Any]) -> None:
        self.statements: list[tuple[str, Any]] = []
        self.template: Template
        self.context: dict[str, Any] = {}
        event.listen(Engine, "before_cursor_execute", self._note)
        with template_rendered.connected_to(self._keep, app):
            ask(app, environ)
        event.remove(Engine, "before_cursor_execute", self._note)

    def _note(self, _connection: Any, _cursor: Any, words: str, given: Any, *_: Any) -> None:
        self.statements.append((words, given))

    def _keep(self, _app: Flask, template: Template, context: dict[str, Any], **_: Any) -> None:
        self.template, self.context = template, dict(context)


def run() -> None:
    for kind in databases.KINDS:
        with databases.fresh(kind) as url, seed.application(url) as app:
            place = seed.staffed(Role.OWNER, *[Role.THERAPIST] * 7)
            zone = place.practice.time_zone
            monday = monday_of(zones.local_date(clock.now(), zone)) + timedelta(days=7)
            seed.book_up(place, appointments=EVENTS * 6)
            with factories.made(place.practice):
                cookie = seed.signed_in(app)
            seed.analyze()
            headers = {"Cookie": cookie, "Accept": "text/html"}
            page = create_environ(f"/calendar/week?on={monday}", headers=headers)
            ask(app, page)
            seen = Seen(app, page)
            gc.collect()
            gc.freeze()  # as wsgi.py does
            items = [item for day in seen.context["days"] for item in day.items]
            shown = {item.placed.event.id for item in items if item.placed and item.placed.event}
            with app.request_context({**page}):
                cpu = in_turn(
                    {
                        "page": partial(_spent, partial(ask, app, page)),
                        "queries": partial(_spent, partial(_query, seen.statements)),
                        "template": partial(_spent, partial(_draw, seen)),
                    }
                )
        bare = [a + b for a, b in zip(cpu["queries"], cpu["template"], strict=True)]
        print(f" {kind}: a week with {len(shown)} sessions, in {len(seen.statements)} statements")
        show("the page / its bare queries and template", ratio(cpu["page"], bare), at_most(2))
        show("its template / all of it", ratio(cpu["template"], cpu["page"]))


def _spent(work: Callable[[], object]) -> float:
    before = process_time()
    for _ in range(TIMES):
        work()
    return (process_time() - before) / TIMES


def _query(statements: Sequence[tuple[str, Any]]) -> None:
    pooled = db.engine.raw_connection()
    driver = pooled.driver_connection
    if driver is None:
        raise RuntimeError("the pool gave nothing")
    for words, given in statements:
        driver.execute(words, given).fetchall()
    pooled.close()


def _draw(seen: Seen) -> None:
    seen.template.render(seen.context)
