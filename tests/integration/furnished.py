"""Practices with one row for each id that an address may hold."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import sqlalchemy as sa

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
from practice.core.db import Base, db, practice_scope
from practice.core.money import Money
from practice.moving.rules.runs import What
from practice.moving.service import exporting, importing
from practice.outbox.models import Message, Task
from practice.outbox.service import assign, post
from practice.people import team
from practice.people.models import Client, ClientSignIn, Enquiry, Practice, SignIn, User
from practice.people.rules import Role
from practice.sessions.models import GateOverride, Service
from practice.sessions.rules.lifecycle import SessionKind
from practice.sessions.service import pricing, setup
from tests import factories
from tests.factories import OWNER

TOMORROW = datetime(2026, 12, 1, 15, 0, tzinfo=UTC)
TODAY = date(2026, 11, 23)
NOON_TO_ONE = (TOMORROW + timedelta(hours=2), TOMORROW + timedelta(hours=3))
PRICE = Money(17_500, "USD")


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
