"""The smallest answer of the API, against the least that the program can say."""

from __future__ import annotations

from functools import partial

from bench import seed
from bench.measure import at_most, in_turn, ratio, show
from bench.serving import Request, serving
from practice.api.rules.scopes import Scope
from practice.api.service import tokens
from practice.audit.rules import PROGRAM
from practice.people.rules import Role
from tests import databases, factories

ALIVE = Request("/healthz")


def run() -> None:
    for kind in databases.KINDS:
        with databases.fresh(kind) as url:
            with seed.application(url):
                secret = _let_in()
            with serving(url) as web:
                asked = Request(
                    "/api/v1/practice", headers=(("Authorization", f"Bearer {secret}"),)
                )
                cpu = in_turn(
                    {
                        "alive": partial(web.cost, ALIVE, times=1600),
                        "api": partial(web.cost, asked, times=800),
                    }
                )
        print(f" {kind}: CPU of who the practice is, with a token")
        show("authenticated answer / healthz", ratio(cpu["api"], cpu["alive"]), at_most(4))


def _let_in() -> str:
    """Make a practice and a token that may do everything; return the token."""
    place = seed.staffed(Role.OWNER)
    with factories.made(place.practice):
        user = factories.create_user(Role.OWNER)
        _, secret = tokens.make("Website", Scope, made_by=user.id, by=PROGRAM)
    return secret
