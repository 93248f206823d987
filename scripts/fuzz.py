"""``python -m scripts.fuzz [EXAMPLES [SEED]]``: ask the API whatever its document allows, for long.

On SQLite and PostgreSQL, each a fresh database with a practice, a token and some rows. Ends with
1 if anything broke or was answered in a way that the document does not know, and prints the
seed under which it happens again.
"""

from __future__ import annotations

import logging
import random
import sys
from datetime import timedelta

from config import Config
from practice.api.rules.scopes import Scope
from practice.api.service import tokens
from practice.app import create_app
from practice.audit.rules import PROGRAM
from practice.core import clock
from practice.core.db import db
from practice.people.rules import Role
from practice.sessions.queries import free_times, get_service
from practice.sessions.rules.lifecycle import Modality
from practice.sessions.service import setup
from tests import databases, factories
from tests.fuzzing import Found, ask_everything

EXAMPLES = 100


def main(arguments: list[str]) -> int:
    """Ask on both databases; return how the program should end."""
    examples = int(arguments[0]) if arguments else EXAMPLES
    start = int(arguments[1]) if len(arguments) > 1 else random.randrange(10**6)
    logging.getLogger("practice").setLevel(logging.CRITICAL)
    with databases.shared_by_the_run():
        found = {kind: _ask(kind, examples, start) for kind in databases.KINDS}
    for kind, each in found.items():
        answers = ", ".join(f"{n} × {status}" for status, n in sorted(each.statuses.items()))
        print(f"{kind}: {each.broken} broken of {each.statuses.total()} (seed {start}): {answers}")
        print("\n\n".join(each.wrong[:20]))
    return 1 if any(each.wrong or each.broken for each in found.values()) else 0


def _ask(kind: str, examples: int, start: int) -> Found:
    with databases.fresh(kind) as url:
        app = create_app(Config.from_env(databases.settings(url)))
        with app.app_context():
            secret, known = _furnished()
            db.session.remove()
        found = ask_everything(app, secret, known, examples=examples, start=start)
        with app.app_context():
            db.session.remove()
            db.engine.dispose()
    return found


def _furnished() -> tuple[str, dict[str, list[object]]]:
    """Make a practice at work; return a token that may do everything, and what leads to rows."""
    place = factories.create_practice()
    with factories.made(place):
        user = factories.create_user(Role.OWNER, Role.THERAPIST)
        setup.furnish(place, PROGRAM)
        host = setup.employ(user, PROGRAM)
        client = factories.create_client()
        booked = factories.create_appointment(
            get_service("consult"),
            host=host,
            client=client,
            starts_at=clock.now() + timedelta(days=2),
        )
        _, secret = tokens.make("Fuzz", Scope, made_by=user.id, by=PROGRAM)
        first_on = clock.now().date()
        free = free_times(get_service("consult"), Modality.TELEHEALTH, first_on, 14)
        known: dict[str, list[object]] = {
            "slug": [place.slug],
            "service": ["consult", "intake", "prep_60"],
            "booking_id": [str(booked.id)],
            "client_id": [str(client.id)],
            "starts_at": [f"{each.starts_at:%Y-%m-%dT%H:%M:%SZ}" for each in free[:40]],
            "url": ["https://www.example.com/news"],
        }
    return secret, known


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
