"""Every address of the program: for whom it is, and what it says to whom it is not.

The list is read from the program itself, so a new view that forgets something fails here.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
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
from practice.billing.book_models import Dispute, Payout
from practice.billing.card_models import CardSetup
from practice.billing.models import Payment, Receipt
from practice.billing.rules.books import DisputeState, PayoutState
from practice.billing.rules.cards import USES, SetupState
from practice.billing.rules.fees import FeeFor
from practice.billing.rules.invoices import Line
from practice.billing.rules.payments import Label, PaymentMethod, PaymentState
from practice.billing.rules.prices import PriceWay
from practice.billing.service import (
    card_keeping,
    documents,
    fees,
    openings,
    papers,
    promos,
    statements,
    visit,
)
from practice.calendar.models import (
    Closure,
    DetailLevel,
    ExternalCalendar,
    FeedSubscription,
    HoursOverride,
    WhenStale,
)
from practice.calendar.service import blocks, claims
from practice.clients.models import Paper
from practice.clients.rules.papers import PaperKind
from practice.clients.rules.treatments import Helped
from practice.clients.service import Tried, merging, record_diagnosis, write_treatment
from practice.core.db import Base, db, practice_scope, transaction
from practice.core.money import Money
from practice.moving.rules.runs import What
from practice.moving.service import exporting, importing
from practice.outbox.models import Message, Task
from practice.outbox.service import assign, post
from practice.people import team
from practice.people.models import Client, ClientSignIn, Enquiry, Practice, SignIn, User
from practice.people.rules import MAY, Permission, Role
from practice.sessions.models import GateOverride, Service
from practice.sessions.rules.lifecycle import SessionKind
from practice.sessions.service import pricing, setup
from tests import factories
from tests.browsers import send, sign_in, sign_in_client
from tests.factories import OWNER

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

TOMORROW = datetime(2026, 12, 1, 15, 0, tzinfo=UTC)
TODAY = date(2026, 11, 23)
NOON_TO_ONE = (TOMORROW + timedelta(hours=2), TOMORROW + timedelta(hours=3))
PRICE = Money(17_500, "USD")
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


@dataclass(frozen=True)
class House:
    """A practice, its owner, and one row for each id that an address may hold.

    ``own`` are the ids in the addresses of its client's own pages.
    """

    practice: Practice
    owner: User
    ids: Mapping[str, UUID]
    client: Client
    own: Mapping[str, UUID]


def furnish(slug: str) -> House:  # noqa: PLR0915  # one of everything
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
        statement = documents.issue(
            statements.prepare(client, date(2026, 1, 1), date(2026, 11, 23)), by=OWNER
        )
        diagnosis = record_diagnosis(
            client, "F33.1", dated_on=TODAY, is_primary=True, today=TODAY, by=OWNER
        )
        invoice = papers.issue_invoice(
            client, for_id=session.id, source_key="a test", lines=[line], by=OWNER
        )
        visit.record(client.id, session.id, PRICE, PaymentMethod.CASH, OWNER)
        code = promos.make(
            "SPRING",
            way=PriceWay.PERCENT,
            value=20,
            from_on=TODAY,
            until_on=None,
            most_uses=None,
            once_per_client=False,
            service_ids=[],
            by=OWNER,
        )
        consent = card_keeping.agree(client.id, uses=USES, address="", by=OWNER)
        saving = CardSetup(
            client_id=client.id,
            consent_id=consent.id,
            state=SetupState.EXPIRED,
            checkout_ends_at=TOMORROW,
            success_url="",
            cancel_url="",
            created_at=TOMORROW,
        )
        fee = fees.decide(
            client.id,
            session.id,
            change=0,
            fee_for=FeeFor.CANCELLED,
            amount=PRICE,
            service_on=date(2026, 11, 23),
            page="",
            by=OWNER,
        )
        card_payment = Payment(
            client_id=client.id,
            for_id=session.id,
            amount=PRICE,
            label=Label.APPOINTMENT,
            method=PaymentMethod.CARD_ONLINE,
            state=PaymentState.FAILED,
            account="",
            created_at=TOMORROW,
            paid_at=TOMORROW,
        )
        payout = Payout(
            account="",
            processor_id="po_1",
            state=PayoutState.PAID,
            amount=PRICE,
            made_at=TOMORROW,
            arrives_on=date(2026, 12, 1),
        )
        db.session.add_all([card_payment, payout])
        db.session.flush()
        dispute = Dispute(
            payment_id=card_payment.id,
            account="",
            processor_id="du_1",
            state=DisputeState.NEEDS_ANSWER,
            reason="fraudulent",
            amount=PRICE,
            opened_at=TOMORROW,
        )
        db.session.add(dispute)
        (opening_id,) = openings.bring(
            [openings.Opening(client.id, "OLD-1", date(2026, 9, 1), 10_000, 0)], by=OWNER
        )
        sold = factories.sell_package(client, service)
        own_price = pricing.agree(
            client,
            service_id=None,
            way=PriceWay.PERCENT,
            value=60,
            from_on=TOMORROW.date(),
            until_on=None,
            reason="Sliding scale",
            by=OWNER,
        )
        elsewhere_too = ClientSignIn(
            email=client.email,
            client_id=client.id,
            hash=f"of {slug}",
            created_at=TOMORROW,
            seen_at=TOMORROW,
            program="",
        )
        enquiry = Enquiry(created_at=TOMORROW, name="Sam")
        link = FeedSubscription(
            resource_id=person.id,
            made_by=owner.id,
            label="Phone",
            level=DetailLevel.BUSY,
            created_at=TOMORROW,
        )
        elsewhere_busy = ExternalCalendar(
            resource_id=person.id,
            name="Family",
            address="https://calendar.example/secret/basic.ics",
            all_day_blocks=True,
            free_blocks=False,
            tentative_blocks=True,
            when_stale=WhenStale.KEEP,
            added_by=owner.id,
            added_at=TOMORROW,
            failures=0,
            events=0,
            unreadable=0,
            guessed=0,
        )
        claims.open_for_client(client.id)
        own_link = FeedSubscription(
            resource_id=client.id,
            made_by=client.id,
            label="Phone",
            level=DetailLevel.PLAIN,
            created_at=TOMORROW,
        )
        paper = Paper(
            client_id=client.id,
            kind=PaperKind.CONSENT_KETAMINE,
            dated_on=date(2026, 11, 1),
            recorded_at=TOMORROW,
        )
        colleague = factories.create_user(Role.FRONT_DESK)
        invitation = team.invite(
            "new@tidewater.example", [Role.BOOKKEEPER], by=OWNER, made_by=owner.id
        )
        other, double = factories.create_client(), factories.create_client()
        merge = merging.merge(other.id, double.id, by=OWNER)
        tried = Tried("Sertraline", None, Helped.SOME, None)
        course = factories.create_course(client)
        course.offered_at = TOMORROW
        treatment = write_treatment(client, tried, by=OWNER)
        sheet = importing.look(What.CLIENTS, b"First name,Last name,Email\nA,B,a@b.example\n")
        run = importing.receive(What.CLIENTS, "clients.csv", sheet, by=OWNER)
        export = exporting.ask(uuid4(), by=OWNER)
        elsewhere = SignIn(user_id=owner.id, created_at=TOMORROW, seen_at=TOMORROW, program="")
        post("booked", key="a test", to=client.email, about_id=session.id, client_id=client.id)
        on = date(2026, 12, 24)
        closure = Closure(first_on=on, last_on=on, reason="Travel")
        away = HoursOverride(
            resource_id=person.id, on_date=on, starts_minute=None, ends_minute=None
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
        db.session.add_all(
            [
                link,
                own_link,
                elsewhere_busy,
                paper,
                elsewhere,
                elsewhere_too,
                enquiry,
                closure,
                away,
                delivery,
            ]
        )
        passed = GateOverride(
            appointment_id=session.id,
            gate="prep_done",
            stage="booking",
            reason="Known for years.",
            made_by=owner.id,
            made_at=TOMORROW,
        )
        db.session.add_all([passed, saving])
        (block,) = blocks.block([person.id], [NOON_TO_ONE], reason="Errands", by=OWNER)
        assign("call", key="a test", what="Call back.", due_at=TOMORROW, client_id=client.id)
        db.session.flush()
        return House(
            practice,
            owner,
            {
                "block_id": block.id,
                "calendar_id": elsewhere_busy.id,
                "client_id": client.id,
                "service_id": service.id,
                "template_id": course.template_id,
                "course_id": course.id,
                "closure_id": closure.id,
                "document_id": statement.id,
                "diagnosis_id": diagnosis.id,
                "override_id": away.id,
                "appointment_id": session.id,
                "dispute_id": dispute.id,
                "payout_id": payout.id,
                "payment_id": card_payment.id,
                "invoice_id": invoice.id,
                "receipt_id": db.session.scalars(sa.select(Receipt.id)).one(),
                "subscription_id": link.id,
                "token_id": token.id,
                "webhook_id": webhook.id,
                "delivery_id": delivery.id,
                "paper_id": paper.id,
                "other_id": other.id,
                "passed_id": passed.id,
                "merge_id": merge.id,
                "treatment_id": treatment.id,
                "run_id": run.id,
                "export_id": export.id,
                "sign_in_id": elsewhere.id,
                "enquiry_id": enquiry.id,
                "message_id": db.session.scalars(
                    sa.select(Message.id).where(Message.key == "a test")
                ).one(),
                "fee_id": fee.id,
                "price_id": own_price.id,
                "code_id": code.id,
                "sale_id": sold.id,
                "package_id": sold.package_id or sold.id,
                "user_id": colleague.id,
                "invitation_id": invitation.id,
                "task_id": db.session.scalars(sa.select(Task.id).where(Task.key == "a test")).one(),
            },
            client,
            {
                "invoice_id": invoice.id,
                "receipt_id": db.session.scalars(sa.select(Receipt.id)).one(),
                "sign_in_id": elsewhere_too.id,
                "opening_id": opening_id,
                "setup_id": saving.id,
                "sale_id": sold.id,
                "document_id": statement.id,
                "course_id": course.id,
                "subscription_id": own_link.id,
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
