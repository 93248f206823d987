"""Who is let in, to what, and until when."""

from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask import Flask

from practice.api import queries
from practice.api.models import ApiToken
from practice.api.rules.scopes import Scope
from practice.api.service import tokens
from practice.audit.models import AuditEntry
from practice.clients.queries import history
from practice.core.db import db, read_again, transaction
from practice.core.errors import Conflict, Invalid
from tests import factories
from tests.factories import OWNER
from tests.integration.api.conftest import LetIn, Program, problem
from tests.integration.sessions.conftest import Clock


def row() -> ApiToken:
    read_again()
    return db.session.scalars(sa.select(ApiToken)).one()


def test_a_token_opens_what_it_is_good_for_and_nothing_else(let_in: LetIn) -> None:
    program = let_in(Scope.PRACTICE_READ)

    answer = program.get("/practice")

    assert answer.get_json() == {
        "slug": "tidewater",
        "name": "Tidewater Sanctuary (demo)",
        "about": "",
        "locality": "Hampton Roads, VA",
        "time_zone": "America/New_York",
        "currency": "USD",
        "email": "hello@tidewater.example",
        "phone": "+17575550100",
    }
    assert problem(program.get("/clients")) == (403, "NotAllowed")


def test_nobody_is_let_in_without_one(visitor: Program) -> None:
    sent = ["", "Bearer", "Bearer ", "Basic abc", "Bearer sk_sanctuary_x", "Bearer \xe9\xff"]

    answers = [visitor.ask("GET", "/practice", Authorization=each) for each in sent]

    assert list(map(problem, answers)) == [(401, "NotKnown")] * len(sent)
    assert {each.headers["WWW-Authenticate"] for each in answers} == {"Bearer"}


def test_a_token_opens_its_own_practice_alone(program: Program, visitor: Program) -> None:
    other = factories.create_practice(slug="harbor")
    secret = program.token[len("sk_sanctuary_") + 32 :]
    visitor.token = f"sk_sanctuary_{other.id.hex}{secret}"

    assert problem(visitor.get("/practice")) == (401, "NotKnown")


def test_a_revoked_token_opens_nothing(program: Program) -> None:
    with transaction():
        tokens.revoke(row(), by=OWNER)

    assert problem(program.get("/practice")) == (401, "NotKnown")
    with pytest.raises(Conflict), transaction():
        tokens.revoke(row(), by=OWNER)


def test_its_use_is_noted_once_a_minute(program: Program, time: Clock) -> None:
    first = time.now
    for seconds in (0, 30, 61):
        time.now = first + timedelta(seconds=seconds)
        program.get("/practice")
        noted = row().used_at
        assert noted == (first if seconds < 60 else time.now)


def test_the_secret_itself_is_kept_nowhere(program: Program) -> None:
    program.get("/practice")

    rows = [
        str(each)
        for table in db.metadata.sorted_tables
        for each in db.session.execute(sa.select(table)).all()
    ]

    assert len(program.token) > 43
    assert [each for each in rows if program.token in each] == []


def test_making_and_revoking_are_written_down(program: Program) -> None:
    with transaction():
        tokens.revoke(row(), by=OWNER)

    verbs = db.session.scalars(
        sa.select(AuditEntry.verb).where(AuditEntry.subject_kind == "api_token")
    )
    assert sorted(verbs) == ["api_token:make", "api_token:revoke"]


def test_what_a_program_does_is_written_down_as_its_own_deed(program: Program) -> None:
    made = program.post(
        "/clients",
        {"first_name": "A", "last_name": "B", "email": "a@b.example", "phone": "7575550123"},
    )

    entry = db.session.scalars(sa.select(AuditEntry).where(AuditEntry.verb == "client:add")).one()
    assert made.status_code == 201
    assert (entry.actor_kind, entry.actor_id) == ("api", row().id)
    (deed,) = history([entry.subject_id])
    assert (deed.what, deed.who) == ("Taken on as a client", "another program")


def test_a_token_that_is_good_for_nothing_is_not_made(owner: object, app: Flask) -> None:
    with pytest.raises(Invalid), transaction():
        tokens.make("Website", [], made_by=owner.id, by=OWNER)  # type: ignore[attr-defined]
    assert queries.tokens_shown() == []


def test_the_smallest_answer_takes_one_statement(
    program: Program, count_statements: object
) -> None:
    program.get("/practice")

    assert count_statements(lambda: program.get("/practice")) == 1  # type: ignore[operator]
