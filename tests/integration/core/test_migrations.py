"""The migrations go both ways, and say what the models say."""

from datetime import UTC, date, datetime
from itertools import pairwise
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa
from alembic.script import ScriptDirectory
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import joinedload

from practice.billing import ledger
from practice.billing.archive import Filter, invoices
from practice.billing.rules.invoices import Line
from practice.billing.rules.payments import PaymentMethod
from practice.billing.service import openings, papers, refunds, verifying, visit
from practice.core.db import db, practice_scope
from practice.core.money import Money
from practice.health import BEHIND, MIGRATIONS, UNGUARDED
from practice.sessions.models import Appointment
from practice.sessions.queries import get_service
from practice.sessions.rules.lifecycle import SessionKind
from practice.sessions.rules.policies import shipped_policy
from tests import factories

SCRIPT = ScriptDirectory(str(MIGRATIONS))
HISTORY = [each.revision for each in SCRIPT.walk_revisions()][::-1]


@pytest.fixture
def app(app_of_its_own: Flask) -> Flask:
    """Migrations open the database for themselves."""
    return app_of_its_own


def command(app: Flask, *words: str) -> int:
    """Run a command of ``flask db`` as people do; return how it ended."""
    return app.test_cli_runner().invoke(args=["db", *words]).exit_code


@pytest.fixture
def moved(app: Flask) -> Flask:
    """Have no connection open that would hold a table while it is changed."""
    with app.app_context():
        db.engine.dispose()
    return app


QUESTIONS = {
    "sqlite": "SELECT 'object', name, sql FROM sqlite_master",
    "postgresql": """
        SELECT 'column', table_name || '.' || column_name,
            concat_ws(' ', data_type, character_maximum_length, is_nullable, column_default)
            FROM information_schema.columns WHERE table_schema = 'public'
        UNION ALL
        SELECT 'constraint', conrelid::regclass || '.' || conname, pg_get_constraintdef(oid)
            FROM pg_constraint WHERE connamespace = 'public'::regnamespace
        UNION ALL
        SELECT 'index', indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'
        UNION ALL
        SELECT 'trigger', tgname, pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal
        UNION ALL
        SELECT 'policy', tablename || '.' || policyname, concat_ws(' ', cmd, qual, with_check)
            FROM pg_policies
        UNION ALL
        SELECT 'wall', relname, concat_ws(' ', relrowsecurity, relforcerowsecurity)
            FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace
        UNION ALL
        SELECT 'right', table_name || '.' || privilege_type, grantee
            FROM information_schema.table_privileges WHERE grantee = 'sanctuary_app'
    """,
}


def catalogue(app: Flask) -> set[tuple[str, str, str | None]]:
    """Return all that the database says of its tables, keys, guards and rights."""
    with app.app_context():
        with db.engine.connect() as connection:
            rows = connection.execute(sa.text(QUESTIONS[connection.dialect.name])).all()
        db.engine.dispose()
    return {(kind, name, text) for kind, name, text in rows}


def drop(app: Flask, **statements: str) -> None:
    """Take something away, as a careless migration would."""
    with app.app_context(), db.engine.begin() as connection:
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql("SET LOCAL ROLE NONE")
        connection.exec_driver_sql(statements[connection.dialect.name])
    with app.app_context():
        db.engine.dispose()


def test_the_models_ask_for_nothing_that_the_migrations_do_not_make(moved: Flask) -> None:
    assert command(moved, "check") == 0


def test_the_check_finds_what_is_not_there(moved: Flask) -> None:
    drop(moved, sqlite="DROP INDEX ix_claims_holder", postgresql="DROP INDEX ix_claims_holder")

    assert command(moved, "check") == 1


def test_all_the_way_down_leaves_nothing_and_up_again_makes_the_same(moved: Flask) -> None:
    before = catalogue(moved)

    command(moved, "downgrade", "base")
    left = {name for _, name, _ in catalogue(moved)}
    assert {name for name in left if "alembic_version" not in name} == set()

    command(moved, "upgrade")
    assert len(before) > 100
    assert catalogue(moved) == before


def test_each_step_down_can_be_taken_back(moved: Flask) -> None:
    command(moved, "downgrade", "base")

    for below, step in pairwise(["base", *HISTORY]):
        assert command(moved, "upgrade", step) == 0
        made = catalogue(moved)
        assert command(moved, "downgrade", below) == 0
        assert command(moved, "upgrade", step) == 0
        assert catalogue(moved) == made, step


def test_the_folder_reads_as_one_numbered_history() -> None:
    assert [f"{number:04}" for number in range(1, len(HISTORY) + 1)] == HISTORY
    assert all(each.doc for each in SCRIPT.walk_revisions())
    assert [
        file.name
        for file in sorted(MIGRATIONS.glob("versions/*.py"))
        if "practice" in file.read_text().partition("import ")[2].split("\n")[0]
    ] == []


def test_migrating_twice_changes_nothing(moved: Flask) -> None:
    before = catalogue(moved)

    command(moved, "upgrade")

    assert catalogue(moved) == before


# Ready or not ------------------------------------------------------------------------------------


def test_a_migrated_database_is_ready(client: FlaskClient) -> None:
    answer = client.get("/readyz")

    assert (answer.status_code, answer.get_json()) == (200, {"status": "ready"})


@pytest.mark.parametrize("step", [HISTORY[-2], "base"])
def test_a_database_behind_its_migrations_is_not_ready(
    moved: Flask, client: FlaskClient, step: str
) -> None:
    command(moved, "downgrade", step)

    answer = client.get("/readyz")

    assert answer.status_code == 503
    assert answer.get_json() == {"status": "not ready", "reason": BEHIND}
    assert answer.headers["Retry-After"] == "5"
    assert client.get("/healthz").status_code == 200


def test_a_database_that_lacks_a_guard_is_not_ready(moved: Flask, client: FlaskClient) -> None:
    drop(
        moved,
        sqlite="DROP TRIGGER claims_no_overlap_insert",
        postgresql="ALTER TABLE claims DROP CONSTRAINT claims_no_overlap",
    )

    answer = client.get("/readyz")

    assert (answer.status_code, answer.get_json()["reason"]) == (503, UNGUARDED)


@pytest.mark.database("sqlite")
def test_a_database_that_cannot_be_opened_is_not_ready(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = sa.create_engine("sqlite:////nowhere/at/all.db", poolclass=sa.NullPool)
    monkeypatch.setattr(type(db), "engine", property(lambda _: elsewhere))

    answer = client.get("/readyz")

    assert (answer.status_code, answer.get_json()["reason"]) == (
        503,
        "the database does not answer",
    )
    assert client.get("/healthz").get_json() == {"status": "alive"}


def test_services_and_sessions_from_before_get_the_terms_that_are_shipped(moved: Flask) -> None:
    kinds = ("prep_60", "dosing_sl")
    with moved.app_context():
        practice = factories.create_practice()
        with factories.made(practice):
            (host,) = factories.furnish()
            for slug in kinds:
                factories.create_appointment(
                    get_service(slug),
                    host=host,
                    starts_at=datetime(2027, 3, 2, 15, tzinfo=UTC),
                    client=factories.create_client(),
                )
        db.engine.dispose()

    assert command(moved, "downgrade", str(SCRIPT.get_revision("0006").down_revision)) == 0
    assert command(moved, "upgrade") == 0

    with moved.app_context(), practice_scope(practice.id):
        found = [
            (each.kind, each.policy, each.service.policy)
            for each in db.session.scalars(
                sa.select(Appointment).options(joinedload(Appointment.service))
            )
        ]
        db.session.rollback()
    assert sorted(found, key=lambda each: each[0]) == [
        (kind, shipped_policy(kind), shipped_policy(kind))
        for kind in (SessionKind.DOSING, SessionKind.PREP)
    ]


def test_the_books_of_before_say_what_allocations_said_and_the_other_way_round(
    moved: Flask,
) -> None:
    with moved.app_context():
        practice = factories.create_practice()
        with factories.made(practice):
            client, for_id = factories.create_client(), uuid4()
            brought = openings.Opening(client.id, "A-1", date(2027, 1, 4), 30_000, 10_000)
            openings.bring([brought], by=factories.OWNER)
            cash = PaymentMethod.CASH
            payments = [
                visit.record(client.id, for_id, Money(minor, "USD"), cash, factories.OWNER)
                for minor in (10_000, 9_000)
            ]
            line = Line(date(2027, 3, 1), "Session", 1, Money(17_500, "USD"))
            papers.issue_invoice(
                client, for_id=for_id, source_key="once", lines=[line], by=factories.OWNER
            )
            refunds.decide(payments[1], Money(4_000, "USD"), "asked for", factories.OWNER)
    before = _books(moved, practice.id)

    assert command(moved, "downgrade", str(SCRIPT.get_revision("0017").down_revision)) == 0
    assert command(moved, "upgrade") == 0

    assert _books(moved, practice.id) == before


def _books(app: Flask, practice_id: UUID) -> tuple[object, ...]:
    """Return all that the books say of a practice, and what is wrong with them."""
    with app.app_context(), practice_scope(practice_id):
        days = (date(2000, 1, 1), date(2100, 1, 1))
        stands = {
            account: debit - credit for account, (debit, credit) in ledger.totals(*days).items()
        }
        listed = [(each.number, each.paid, each.open, each.state) for each in invoices(Filter())]
        found = stands, listed, verifying.problems()
        db.session.rollback()
        db.engine.dispose()
    assert found[-1] == []
    return found
