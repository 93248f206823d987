"""Which WSGI server: what each costs for the same answers."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from functools import partial

from bench.measure import in_turn, ratio, show
from bench.serving import APP, HELLO, Command, Request, as_shipped, serving
from scripts.run import HOST
from tests import databases

ROUTES = {
    "bare Flask route": (HELLO, 1600),
    "one statement": (Request("/bare/query"), 1200),
    "a static file": (Request("/static/css/sanctuary.css"), 800),
}


def _gunicorn(*kind: str) -> Command:
    def command(port: int) -> Sequence[str]:
        return ("gunicorn", "--bind", f"{HOST}:{port}", "--no-control-socket", *kind, APP)

    return command


def _waitress(port: int) -> Sequence[str]:
    return ("waitress", f"--listen={HOST}:{port}", "--threads=8", APP)


SERVERS: dict[str, Command] = {
    "as shipped": as_shipped,
    "gunicorn, 2 sync workers": _gunicorn("--workers=2"),
    "gunicorn, 8 threads": _gunicorn("--worker-class=gthread", "--threads=8"),
    "waitress, 8 threads": _waitress,
}


def run() -> None:
    with databases.fresh("sqlite") as url, ExitStack() as open_until_the_end:
        served = {
            name: open_until_the_end.enter_context(serving(url, command))
            for name, command in SERVERS.items()
        }
        for words, (request, times) in ROUTES.items():
            cpu = in_turn(
                {name: partial(web.cost, request, times=times) for name, web in served.items()}
            )
            print(f" {words}: CPU against the server as shipped")
            for name in list(SERVERS)[1:]:
                show(name, ratio(cpu[name], cpu["as shipped"]))
