"""Free times of one service over 60 days, as programs and as people ask for them."""

from __future__ import annotations

from contextlib import ExitStack
from functools import partial

from bench import seed
from bench.measure import at_most, in_turn, ratio, show
from bench.serving import HELLO, Request, Served, serving
from practice.people.rules import Role
from tests import databases

LISTED = Request("/p/tidewater/book/consult/?days=60", accept="application/json")
PAGE = Request("/p/tidewater/book/consult/?days=60", accept="text/html")

ONE_SUITABLE = (Role.THERAPIST, *[Role.MEDICAL_MONITOR] * 9)
"""Ten people share the book; one of them gives the session in question."""

ALL_SUITABLE = (Role.THERAPIST,) * 10


def run() -> None:
    for kind in databases.KINDS:
        with ExitStack() as open_until_the_end:
            small, large, any_of_ten = (
                _booked(kind, appointments, roles, open_until_the_end)
                for appointments, roles in (
                    (10_000, ONE_SUITABLE),
                    (100_000, ONE_SUITABLE),
                    (10_000, ALL_SUITABLE),
                )
            )
            cpu = in_turn(
                {
                    "hello": partial(small.cost, HELLO, times=1600),
                    "listed": partial(small.cost, LISTED, times=160),
                    "page": partial(small.cost, PAGE, times=160),
                    "listed, large": partial(large.cost, LISTED, times=160),
                    "listed, ten": partial(any_of_ten.cost, LISTED, times=80),
                }
            )
        print(f" {kind}: CPU of 60 days of free times")
        show("10,000 booked: JSON / bare Flask route", ratio(cpu["listed"], cpu["hello"]),
             at_most(20))  # fmt: skip
        show("10,000 booked: page / bare Flask route", ratio(cpu["page"], cpu["hello"]))
        show("100,000 booked / 10,000 booked", ratio(cpu["listed, large"], cpu["listed"]),
             at_most(1.3, 1.1))  # fmt: skip
        show("any of 10 people / one person", ratio(cpu["listed, ten"], cpu["listed"]),
             at_most(8, 5))  # fmt: skip


def _booked(kind: str, appointments: int, roles: tuple[Role, ...], stack: ExitStack) -> Served:
    """Serve a practice whose book is filled, until ``stack`` ends."""
    url = stack.enter_context(databases.fresh(kind))
    with seed.application(url):
        seed.book_up(seed.staffed(*roles), appointments=appointments)
        seed.analyze()
    return stack.enter_context(serving(url))
