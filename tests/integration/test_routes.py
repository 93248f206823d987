"""Every address of the program: for whom it is, and what it says to whom it is not.

The list is read from the program itself, so a new view that forgets something fails here.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa
from flask import Flask, url_for
from flask.testing import FlaskClient
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from practice.api.models import Delivery, DeliveryState
from practice.api.rules.events import Event
from practice.api.rules.scopes import Scope
from practice.api.service import tokens as api_tokens
from practice.api.service import webhooks
from practice.billing.models import Receipt
from practice.billing.rules.invoices import Line
from practice.billing.rules.payments import PaymentMethod
from practice.billing.service import papers, visit
from practice.calendar.models import DetailLevel, FeedSubscription
from practice.clients.models import Paper
from practice.clients.rules.papers import PaperKind
from practice.core.db import Base, db, practice_scope, transaction
from practice.core.money import Money
from practice.outbox.models import Task
from practice.outbox.service import assign
from practice.people.models import Practice, SignIn, User
from practice.people.rules import MAY, Permission, Role
from practice.sessions.models import Service
from practice.sessions.rules.lifecycle import SessionKind
from practice.sessions.service import setup
from tests import factories
from tests.browsers import send, sign_in
from tests.factories import OWNER

PUBLIC = {
    "health.alive",
    "health.ready",
    "health.robots",
    "static",
    # Who comes without a name.
    "people.front",
    "people.sign_in",
    "people.sign_out",
    "public.find",
    "public.found",
    "public.practice",
    "public.services",
    "public.times",
    # Who holds a link.
    "calendar.feed",
    "public.booking",
    "public.calendar_file",
    "public.cancel",
    "public.confirm",
    "public.details",
    "public.keep",
    "public.pay",
    "public.receipt",
    "public.receipt_pdf",
    "public.waiting",
    # Who signs what they send.
    "stripe.receive",
    # Other programs, without a token.
    "api.index",
    "api.openapi",
    "api_public.booking_openly",
    "api_public.checkout_openly",
    "api_public.confirm_openly",
    "api_public.details_openly",
    "api_public.hold_openly",
    "api_public.practice_openly",
    "api_public.services_openly",
    "api_public.times_openly",
}

TOMORROW = datetime(2026, 12, 1, 15, 0, tzinfo=UTC)
PRICE = Money(17_500, "USD")
WORDS: dict[str, str] = {"kind": "consent_ketamine", "deed": "arrive"}
ALSO_ASKS = {"clients.record_paper": Permission.CONSENT_RECORD}
"""What a view asks for besides, once it knows what is wanted: here, by the kind of paper."""


def permission_of(app: Flask, endpoint: str) -> Permission | None:
    return getattr(app.view_functions[endpoint], "permission", None)


def scope_of(app: Flask, endpoint: str) -> str | None:
    """Return what a program's token has to be good for: tests/integration/api asks those."""
    return getattr(app.view_functions[endpoint], "scope", None)


def test_the_list_of_public_views_is_this_one(app: Flask) -> None:
    found = {name for name, view in app.view_functions.items() if hasattr(view, "is_public")}

    assert found == PUBLIC


def test_every_other_view_says_what_it_asks_for(app: Flask) -> None:
    asked = {
        name: getattr(view, "permission", None)
        for name, view in app.view_functions.items()
        if name not in PUBLIC and scope_of(app, name) is None
    }

    assert {
        name for name, permission in asked.items() if permission not in set(Permission)
    } == set()


def test_every_permission_but_the_last_one_opens_something(app: Flask) -> None:
    asked = {permission_of(app, name) for name in app.view_functions}

    assert set(Permission) - asked <= {
        Permission.WINDOW_OVERRIDE,  # looked at inside the page that books
        Permission.CLEARANCE_RECORD,  # looked at inside the page that records any paper
        Permission.CONSENT_RECORD,
    }


def test_addresses_hold_no_counted_ids(app: Flask) -> None:
    counted = [rule.rule for rule in app.url_map.iter_rules() if "<int" in rule.rule]

    assert counted == []


# Two practices with one of everything ------------------------------------------------------------


@dataclass(frozen=True)
class House:
    """A practice, its owner, and one row for each id that an address may hold."""

    practice: Practice
    owner: User
    ids: Mapping[str, UUID]


def furnish(slug: str) -> House:
    practice = factories.create_practice(slug=slug)
    with factories.made(practice):
        owner = factories.create_user(*Role)
        setup.furnish(practice, OWNER)
        person = setup.employ(owner, OWNER)
        client = factories.create_client()
        service = db.session.scalars(
            sa.select(Service).where(Service.kind == SessionKind.CONSULT)
        ).one()
        session = factories.create_appointment(
            service, host=person, starts_at=TOMORROW, client=client
        )
        line = Line(date(2026, 11, 23), service.label, 1, PRICE)
        invoice = papers.issue_invoice(
            client, for_id=session.id, source_key="a test", lines=[line], by=OWNER
        )
        visit.record(client.id, session.id, PRICE, PaymentMethod.CASH, OWNER)
        link = FeedSubscription(
            resource_id=person.id,
            made_by=owner.id,
            label="Phone",
            level=DetailLevel.BUSY,
            created_at=TOMORROW,
        )
        paper = Paper(
            client_id=client.id,
            kind=PaperKind.CONSENT_KETAMINE,
            dated_on=date(2026, 11, 1),
            recorded_at=TOMORROW,
        )
        token, _ = api_tokens.make("Website", Scope, made_by=owner.id, by=OWNER)
        webhook, _ = webhooks.listen("https://www.example.com/news", Event, by=OWNER)
        delivery = Delivery(
            webhook_id=webhook.id,
            event=Event.BOOKING_CREATED,
            subject_id=session.id,
            ordinal=1,
            state=DeliveryState.WAITING,
            tries=0,
            created_at=TOMORROW,
        )
        elsewhere = SignIn(user_id=owner.id, created_at=TOMORROW, seen_at=TOMORROW, program="")
        db.session.add_all([link, paper, elsewhere, delivery])
        assign("call", key="a test", what="Call back.", due_at=TOMORROW, client_id=client.id)
        db.session.flush()
        return House(
            practice,
            owner,
            {
                "client_id": client.id,
                "appointment_id": session.id,
                "invoice_id": invoice.id,
                "receipt_id": db.session.scalars(sa.select(Receipt.id)).one(),
                "subscription_id": link.id,
                "token_id": token.id,
                "webhook_id": webhook.id,
                "delivery_id": delivery.id,
                "paper_id": paper.id,
                "sign_in_id": elsewhere.id,
                "task_id": db.session.scalars(sa.select(Task.id).where(Task.key == "a test")).one(),
            },
        )


@pytest.fixture
def inside(app: Flask) -> Iterator[None]:
    with app.app_context():
        yield


@pytest.fixture
def here(inside: None) -> House:
    return furnish("tidewater")


@pytest.fixture
def there(inside: None) -> House:
    return furnish("harbor")


def staff_rules(app: Flask) -> list[tuple[Rule, str]]:
    """Return every address for staff with each method that it takes."""
    return [
        (rule, method)
        for rule in sorted(app.url_map.iter_rules(), key=lambda rule: rule.rule)
        if rule.endpoint not in PUBLIC and scope_of(app, rule.endpoint) is None
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"})
    ]


def ask(
    app: Flask, browser: FlaskClient, rule: Rule, method: str, ids: Mapping[str, UUID]
) -> TestResponse:
    """Ask an address, with whatever ids and words it holds."""
    with app.test_request_context():
        known: Mapping[str, Any] = {**WORDS, **ids}
        url = url_for(rule.endpoint, **{name: known[name] for name in rule.arguments})
    return browser.get(url) if method == "GET" else send(browser, url)


def told(answer: TestResponse) -> tuple[int, str]:
    """Return an answer without what differs from one to the next."""
    text = re.sub(r"Reference <code>\w+", "Reference <code>", answer.text)
    return answer.status_code, re.sub(r'value="[\w.\-]{60,}"', 'value="a form token"', text)


def everything(house: House) -> dict[str, list[Any]]:
    """Return all rows of a practice, to see that nothing changed."""
    with practice_scope(house.practice.id):
        rows = {
            table.name: sorted(
                map(
                    repr,
                    db.session.execute(
                        sa.select(table).where(table.c.practice_id == house.practice.id)
                    ),
                )
            )
            for table in Base.metadata.tables.values()
            if "practice_id" in table.c
        }
        db.session.rollback()
        return rows


# Who gets in -------------------------------------------------------------------------------------


def test_nobody_gets_in_without_signing_in(app: Flask, client: FlaskClient, here: House) -> None:
    answers = {
        (rule.rule, method): ask(app, client, rule, method, here.ids)
        for rule, method in staff_rules(app)
    }

    wrong = {
        asked: answer.status_code
        for asked, answer in answers.items()
        if (answer.status_code, answer.headers.get("Location", "")[:9])
        != {"GET": (302, "/sign-in?"), "POST": (401, "")}[asked[1]]
    }
    assert len(answers) > 30
    assert wrong == {}


@pytest.mark.parametrize("role", Role)
def test_a_role_gets_in_where_the_table_says(
    app: Flask, client: FlaskClient, here: House, role: Role
) -> None:
    nowhere = dict.fromkeys(here.ids, uuid4())
    with practice_scope(here.practice.id):
        with transaction():
            user = factories.create_user(role)
        sign_in(client, user)

    answers = [
        (rule.endpoint, ask(app, client, rule, method, nowhere).status_code)
        for rule, method in staff_rules(app)
    ]

    closed = {
        name
        for name, _ in answers
        if not {permission_of(app, name), ALSO_ASKS.get(name, Permission.WORK)} <= MAY[role]
    }
    assert {name for name, status in answers if status == 403} == closed
    assert [answer for answer in answers if answer[1] in (302, 401) or answer[1] >= 500] == []


# Other practices' ids ----------------------------------------------------------------------------


def test_every_id_in_an_address_is_tried(app: Flask, here: House) -> None:
    named = {name for rule, _ in staff_rules(app) for name in rule.arguments}

    assert named == {*here.ids, *WORDS}


def test_somebody_elses_id_and_no_ones_id_get_the_same_answer_and_change_nothing(
    app: Flask, client: FlaskClient, here: House, there: House
) -> None:
    with practice_scope(here.practice.id):
        sign_in(client, here.owner)
    mine, theirs = everything(here), everything(there)
    tried = [
        (rule, method, name)
        for rule, method in staff_rules(app)
        for name in sorted(rule.arguments - WORDS.keys())
    ]

    answers = {
        (rule.rule, method, name): [
            told(ask(app, client, rule, method, {**here.ids, name: wrong}))
            for wrong in (there.ids[name], uuid4())
        ]
        for rule, method, name in tried
    }

    assert len(answers) > 25
    assert {asked: foreign[0] for asked, (foreign, _) in answers.items() if foreign[0] != 404} == {}
    assert {asked for asked, (foreign, missing) in answers.items() if foreign != missing} == set()
    assert (everything(here), everything(there)) == (mine, theirs)


ODD_IDS = ["0", "-1", "9223372036854775808", "18446744073709551616", "1e3", "%201", "１", "..", "*"]


@pytest.mark.database("sqlite")
@pytest.mark.parametrize("odd", ODD_IDS)
def test_what_is_no_id_is_nowhere(app: Flask, client: FlaskClient, here: House, odd: str) -> None:
    with practice_scope(here.practice.id):
        sign_in(client, here.owner)

    statuses = {
        (rule.rule, method): client.open(
            re.sub(r"<(uuid:)?\w+>", odd, rule.rule), method=method
        ).status_code
        for rule, method in staff_rules(app)
        if "<uuid:" in rule.rule
    }

    # Without a form's token a POST to an address that exists would be 400.
    assert set(statuses.values()) <= {404, 405}


# Pages open --------------------------------------------------------------------------------------


def test_every_page_opens_for_the_owner(app: Flask, client: FlaskClient, here: House) -> None:
    with practice_scope(here.practice.id):
        sign_in(client, here.owner)

    statuses = {
        rule.rule: ask(app, client, rule, "GET", here.ids).status_code
        for rule, method in staff_rules(app)
        if method == "GET"
    }

    closed = {rule: status for rule, status in statuses.items() if status not in (200, 302)}
    assert {rule for rule, status in closed.items() if status >= 500} == set()
    assert set(closed) <= {"/sessions/new/check", "/sessions/<uuid:appointment_id>/move/check"}


@pytest.mark.database("sqlite")
def test_an_empty_form_is_refused_and_never_breaks(
    app: Flask, client: FlaskClient, here: House
) -> None:
    with practice_scope(here.practice.id):
        sign_in(client, here.owner)

    broken = {
        rule.rule: answer.status_code
        for rule, method in staff_rules(app)
        if method == "POST"
        for answer in [ask(app, client, rule, method, here.ids)]
        if answer.status_code >= 500
    }

    assert broken == {}
