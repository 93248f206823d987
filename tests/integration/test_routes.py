"""Every address of the program: for whom it is, and what it says to whom it is not.

The list is read from the program itself, so a new view that forgets something fails here.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any
from uuid import UUID, uuid4

import pytest
from flask import Flask, url_for
from flask.testing import FlaskClient
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from practice.core.db import practice_scope, transaction
from practice.people.rules import MAY, Permission, Role
from tests import factories
from tests.browsers import send, sign_in, sign_in_client
from tests.integration.furnished import (
    House,
    everything,
    furnish,
)

PUBLIC = {
    "health.alive",
    "health.ready",
    "health.robots",
    "static",
    # Who comes without a name.
    "people.front",
    "people.look_css",
    "people.sign_in",
    "people.sign_out",
    "me.code",
    "me.enter",
    "me.enter_code",
    "me.link",
    "me.sign_in",
    "me.sign_out",
    "public.call_me",
    "public.embed",
    "people.sign_up",
    "people.sign_up_sent",
    "public.find",
    "public.found",
    "public.practice",
    "public.prices",
    "public.right_for_me",
    "public.services",
    "public.times",
    "public.will_call",
    # Who holds a link.
    "calendar.feed",
    "public.ask",
    "people.join",
    "people.start",
    "public.booking",
    "public.calendar_file",
    "public.check_move",
    "public.finish_move",
    "public.move",
    "public.undo",
    "public.cancel",
    "public.code",
    "public.confirm",
    "public.details",
    "public.fee_waiting",
    "public.keep",
    "public.pay",
    "public.pay_fee",
    "public.receipt",
    "public.receipt_pdf",
    "public.waiting",
    # Calendar programs, with a user name and an app password.
    "dav.calendars",
    "dav.well_known",
    # Who signs what they send.
    "stripe.receive",
    "stripe.receive_of_linked",
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

FOR_CLIENTS = {
    "me.account",
    "me.ask_estimate",
    "me.calendar",
    "me.calendar_mail",
    "me.balance_waiting",
    "me.card",
    "me.card_waiting",
    "me.course",
    "me.course_adjust",
    "me.course_adjusted",
    "me.course_confirm",
    "me.course_plan",
    "me.course_review",
    "me.course_wishes_of",
    "me.details",
    "me.document",
    "me.document_pdf",
    "me.end_calendar",
    "me.end_sign_in",
    "me.home",
    "me.invoice",
    "me.invoice_pdf",
    "me.money",
    "me.pay_balance",
    "me.pay_sale",
    "me.pay_several",
    "me.receipt",
    "me.receipt_pdf",
    "me.remove_card",
    "me.sale_waiting",
    "me.several_waiting",
    "me.renew_calendar",
    "me.send_again",
    "me.sessions",
    "me.statement",
    "me.whom",
}

WORDS: dict[str, str] = {
    "kind": "consent_ketamine",
    "month": "2026-11",
    "deed": "arrive",
    "file": "journal",
    "gate": "prep_done",
    "record": "escort",
    "name": "booked",
    "step": "hours",
    "what": "clients",
}
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


def test_the_list_of_views_for_clients_is_this_one(app: Flask) -> None:
    found = {name for name, view in app.view_functions.items() if hasattr(view, "is_for_clients")}

    assert found == FOR_CLIENTS


def test_every_other_view_says_what_it_asks_for(app: Flask) -> None:
    asked = {
        name: getattr(view, "permission", None)
        for name, view in app.view_functions.items()
        if name not in PUBLIC | FOR_CLIENTS and scope_of(app, name) is None
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
        Permission.CLEARANCE_SUSPEND,
        Permission.CHECKS_RECORD,
    }


def test_addresses_hold_no_counted_ids(app: Flask) -> None:
    counted = [rule.rule for rule in app.url_map.iter_rules() if "<int" in rule.rule]

    assert counted == []


# Two practices with one of everything ------------------------------------------------------------


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
    endpoints = {rule.endpoint for rule in app.url_map.iter_rules()} - PUBLIC - FOR_CLIENTS
    return _rules(app, {each for each in endpoints if scope_of(app, each) is None})


def client_rules(app: Flask) -> list[tuple[Rule, str]]:
    """Return every address for clients who signed in with each method that it takes."""
    return _rules(app, FOR_CLIENTS)


def _rules(app: Flask, endpoints: set[str]) -> list[tuple[Rule, str]]:
    return [
        (rule, method)
        for rule in sorted(app.url_map.iter_rules(), key=lambda rule: rule.rule)
        if rule.endpoint in endpoints
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
    assert set(closed) <= {
        "/billing/account/again",  # where no account is linked
        "/billing/account/back",
        "/billing/exports/file",  # without a file and a month in the address
        "/billing/exports/lock",
        "/billing/exports/unlock",
        "/sessions/new/check",
        "/sessions/new/series",
        "/sessions/<uuid:appointment_id>/move/check",
        "/courses/<uuid:course_id>/review",  # without a plan in the address
        "/courses/<uuid:course_id>/adjust",
        "/courses/<uuid:course_id>/adjusted",
        "/courses/<uuid:course_id>/date",
        "/courses/<uuid:course_id>/again",  # without a step in the address
        "/courses/<uuid:course_id>/leave-out",
        "/courses/<uuid:course_id>/review-point",
        "/courses/<uuid:course_id>/resume",  # it has not lapsed
        "/sessions/<uuid:appointment_id>/answer",  # nobody asked for this one
        "/settings/export/<uuid:export_id>.zip",  # not made yet, and for one browser alone
    }


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


# Clients' own pages ------------------------------------------------------------------------------


def test_a_clients_page_opens_to_clients_alone(
    app: Flask, client: FlaskClient, here: House
) -> None:
    def statuses() -> set[int]:
        return {
            ask(app, client, rule, method, here.own).status_code
            for rule, method in client_rules(app)
        }

    nobody = statuses()
    with practice_scope(here.practice.id):
        sign_in(client, here.owner)
    staff = statuses()

    assert (nobody, staff) == ({401}, {401})


def test_a_client_gets_in_nowhere_where_staff_do(
    app: Flask, client: FlaskClient, here: House
) -> None:
    with practice_scope(here.practice.id):
        sign_in_client(client, here.client)

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
    assert wrong == {}


def test_every_page_of_a_client_opens_for_them(
    app: Flask, client: FlaskClient, here: House
) -> None:
    with practice_scope(here.practice.id):
        sign_in_client(client, here.client)

    statuses = {
        rule.rule: ask(app, client, rule, method, here.own).status_code
        for rule, method in client_rules(app)
        if method == "GET"
    }

    closed = {rule: status for rule, status in statuses.items() if status not in (200, 303)}
    assert set(closed) <= {
        "/me/course/<uuid:course_id>/review",  # without a plan in the address
        "/me/course/<uuid:course_id>/adjust",
        "/me/course/<uuid:course_id>/adjusted",
    }
    assert set(closed.values()) <= {422}


def test_what_is_another_clients_and_what_is_nobodys_get_the_same_answer(
    app: Flask, client: FlaskClient, here: House, there: House
) -> None:
    with factories.made(here.practice):
        neighbor = factories.create_client(first_name="Noor")
    with practice_scope(here.practice.id):
        sign_in_client(client, neighbor)
    mine, theirs = everything(here), everything(there)

    answers = {
        (rule.rule, method, name): [
            told(ask(app, client, rule, method, {**here.own, name: wrong}))
            for wrong in (here.own[name], there.own[name], uuid4())
        ]
        for rule, method in client_rules(app)
        for name in sorted(rule.arguments)
    }

    assert len(answers) == 22
    assert {status for found in answers.values() for status, _ in found} == {404}
    assert all(len(set(found)) == 1 for found in answers.values())
    assert (everything(here), everything(there)) == (mine, theirs)
