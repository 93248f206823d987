"""Paying in the demo: on the sandbox's page if there is one, and in person where there is none."""

from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa

from practice.billing.models import Payment, Refund
from practice.billing.rules.payments import PaymentMethod, PaymentState
from practice.core.db import db
from practice.demo import stage
from practice.demo.cast import HARBOR, TIDEWATER
from practice.people.queries import enter_by_slug
from tests import databases
from tests.integration.demo.conftest import appointments, program, told
from tests.stripe_sandbox import Sandbox

JONAS = next(story for story in TIDEWATER.stories if story.first_name == "Jonas")
SMALL = replace(HARBOR, stories=(JONAS,), strangers=TIDEWATER.strangers)
NOBODY = "http://127.0.0.1:9"
ONLINE = PaymentMethod.CARD_ONLINE


@pytest.fixture
def sandbox(sandbox_process: Sandbox, clock_file: Path) -> Sandbox:
    clock_file.write_text("0")
    sandbox_process.reset()
    sandbox_process.set_webhook(None)
    return sandbox_process


def cards_at(address: str, clock_file: Path) -> dict[str, str]:
    return {
        "STRIPE_SECRET_KEY": "sk_test_sandbox",
        "STRIPE_WEBHOOK_SECRETS": "whsec_of_the_demo",
        "STRIPE_API_BASE": address,
        "PAYMENTS_SANDBOX": "1",
        "CLOCK_FILE": str(clock_file),
    }


def test_cards_are_paid_on_the_sandboxs_page(
    database_url: str, sandbox: Sandbox, clock_file: Path
) -> None:
    with program(database_url, **cards_at(sandbox.base_url, clock_file)):
        stage.make([SMALL])
        enter_by_slug(SMALL.facts.slug)
        names = {each.id: each.client.name for each in appointments() if each.client}
        paid = db.session.scalars(sa.select(Payment).where(Payment.method == ONLINE)).all()
        [refund] = db.session.scalars(sa.select(Refund))

        assert {names[each.for_id] for each in paid} == {
            "Jonas Feld", "Lena Fairchild", "Silas Mercer",
        }  # fmt: skip
        assert {each.state for each in paid} == {PaymentState.PAID}
        assert all(each.charge_id and each.fee_minor for each in paid)
        assert [names[each.for_id] for each in paid if each.id == refund.payment_id] == [
            "Silas Mercer"
        ]


def test_a_sandbox_that_does_not_answer_is_said_so_and_nobody_pays_online(
    database_url: str, clock_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with program(database_url, **cards_at(NOBODY, clock_file)):
        stage.make([SMALL])
        enter_by_slug(SMALL.facts.slug)
        online = db.session.scalars(sa.select(Payment).where(Payment.method == ONLINE)).all()

    said = capsys.readouterr()
    assert f"The payment sandbox at {NOBODY} does not answer" in said.err
    assert (said.out, list(online)) == ("", [])


def test_the_calendar_is_the_same_however_people_pay(sandbox: Sandbox, clock_file: Path) -> None:
    in_person, by_card, unanswered = (
        calendar(way)
        for way in ({}, cards_at(sandbox.base_url, clock_file), cards_at(NOBODY, clock_file))
    )

    assert in_person == by_card == unanswered


def calendar(settings: dict[str, str]) -> list[tuple[object, ...]]:
    with databases.fresh("sqlite") as url, program(url, **settings):
        stage.make([SMALL])
        enter_by_slug(SMALL.facts.slug)
        return told()
