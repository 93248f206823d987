"""Today with twelve sessions: what it takes beyond its statements, in one process."""

from __future__ import annotations

import io
from contextvars import Context
from functools import partial
from time import process_time
from typing import Any

from flask import Flask, template_rendered
from flask.signals import before_render_template
from sqlalchemy import event
from sqlalchemy.engine import Engine
from werkzeug.test import create_environ, run_wsgi_app

from bench import seed
from bench.measure import at_most, in_turn, ratio, show
from practice.people.rules import Role
from tests import databases, factories

SESSIONS = 12
TIMES = 40


class Watch:
    """Counts statements, and the processor time that this process spends in them and in pages."""

    def __init__(self) -> None:
        self.statements = 0
        self.spent = {"statements": 0.0, "template": 0.0}
        self._since = 0.0
        event.listen(Engine, "before_cursor_execute", self._begin)
        event.listen(Engine, "after_cursor_execute", partial(self._end, "statements"))
        before_render_template.connect(self._begin)
        self._rendered = partial(self._end, "template")
        template_rendered.connect(self._rendered)

    def _begin(self, *_: Any, **_named: Any) -> None:
        self._since = process_time()

    def _end(self, what: str, *_: Any, **_named: Any) -> None:
        self.spent[what] += process_time() - self._since
        self.statements += what == "statements"


def run() -> None:
    watch = Watch()
    for kind in databases.KINDS:
        with databases.fresh(kind) as url, seed.application(url) as app:
            place = seed.staffed(Role.OWNER, Role.THERAPIST)
            seed.book_today(place, appointments=SESSIONS)
            with factories.made(place.practice):
                cookie = seed.signed_in(app)
            seed.analyze()
            page = create_environ("/today", headers={"Cookie": cookie, "Accept": "text/html"})
            alive = create_environ("/healthz")
            before = watch.statements
            ask(app, page)
            statements = watch.statements - before
            spent = in_turn(
                {
                    "healthz": partial(_beyond, watch, app, alive, times=20 * TIMES),
                    "page": partial(_beyond, watch, app, page, times=TIMES),
                    "template": partial(_template, watch, app, page, times=TIMES),
                }
            )
        print(f" {kind}: Today with {SESSIONS} sessions, CPU of the program alone")
        show("statements", statements, at_most(15), unit="")
        show("its template / healthz", ratio(spent["template"], spent["healthz"]), at_most(3))
        show("all of it beyond its statements / healthz", ratio(spent["page"], spent["healthz"]))


def _beyond(watch: Watch, app: Flask, environ: dict[str, Any], *, times: int) -> float:
    """Return the CPU seconds that a request takes besides its statements."""
    before, in_statements = process_time(), watch.spent["statements"]
    for _ in range(times):
        ask(app, environ)
    spent = process_time() - before - (watch.spent["statements"] - in_statements)
    return spent / times


def _template(watch: Watch, app: Flask, environ: dict[str, Any], *, times: int) -> float:
    before = watch.spent["template"]
    for _ in range(times):
        ask(app, environ)
    return (watch.spent["template"] - before) / times


def ask(app: Flask, environ: dict[str, Any]) -> None:
    """Ask as a web server does, from outside of every context."""
    asked = {**environ, "wsgi.input": io.BytesIO()}
    answer = Context().run(lambda: run_wsgi_app(app, asked, buffered=True))
    if not answer[1].startswith("200"):
        raise RuntimeError(f"{environ['PATH_INFO']} answered {answer[1]}")
