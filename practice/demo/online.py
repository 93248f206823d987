"""What happens on the public pages on the day the demo is made: strangers book, clients pay.

Cards are paid on the sandbox's own page, over HTTP, as a browser would. Where it does not answer,
strangers book by telephone instead, and clients pay at the visit.
"""

from __future__ import annotations

import sys
from datetime import date, timedelta

import requests

from practice.audit.rules import VISITOR, Actor, ActorKind
from practice.billing import linked
from practice.billing.rules.cards import USES
from practice.billing.service import checkout, linking
from practice.core import clock, tokens
from practice.core.db import in_transaction
from practice.core.settings import settings
from practice.demo import lives
from practice.demo.cast import House
from practice.demo.choosing import choose
from practice.demo.lives import Hands
from practice.demo.ways import Story, Stranger
from practice.people.queries import get_practice, today_here
from practice.people.rules import ClientDetails
from practice.people.service import add_client
from practice.sessions import queries
from practice.sessions.models import Appointment
from practice.sessions.rules.lifecycle import AppointmentState, Modality
from practice.sessions.service import booking

GOOD_CARD = {"number": "4242 4242 4242 4242", "expiry": "12 / 40", "cvc": "123"}
PATIENCE_SECONDS = 10
FROM = "192.0.2.24"  # an address of nobody, for the record of what a client agreed to


def come(house: House, *, hands: Hands) -> None:
    """Let strangers book and clients pay, now. Call inside the practice, outside transactions."""
    by_card = _card_page_answers()
    if by_card and settings().is_platform:
        _link_account(hands)
    today = today_here()
    for stranger in house.strangers:
        _book(stranger, today, hands, by_card=by_card)
    for story in house.stories:
        if story.pays_next_online:
            _pay_next(story, hands, by_card=by_card)


def _card_page_answers() -> bool:
    """Say whether there is a sandbox to pay at; no other processor is ever asked."""
    sandbox = settings().stripe_api_base
    if not settings().payments_sandbox or sandbox is None:
        return False
    try:
        return _browser().get(sandbox, timeout=PATIENCE_SECONDS).ok
    except requests.RequestException:
        print(  # noqa: T201  it is for whoever types the command
            f"The payment sandbox at {sandbox} does not answer: nobody has paid online.",
            file=sys.stderr,
        )
        return False


def _link_account(hands: Hands) -> None:
    """Link an account at the sandbox, and answer there what is asked, as its owner does."""
    account = in_transaction(lambda: linking.begin(by=hands.practitioner))
    page = f"{settings().base_url}/settings/payments"
    url = linking.address(account.id, return_url=page, refresh_url=page)
    form = {"outcome": "complete", "name": get_practice().neutral_name}
    _browser().post(url, form, timeout=PATIENCE_SECONDS, allow_redirects=False)
    linking.sync(account.id)


def _book(stranger: Stranger, today: date, hands: Hands, *, by_card: bool) -> None:
    service = queries.get_service(stranger.service)
    modality = Modality.TELEHEALTH if stranger.by_video else Modality.IN_PERSON
    on = today + timedelta(days=stranger.days)
    starts_at = choose(service, modality, on=on, hour=stranger.hour)
    details = ClientDetails(
        stranger.first_name,
        stranger.last_name,
        stranger.email,
        stranger.phone,
        is_adult_said_on=today,
    )
    form_token = tokens.new()

    def by_themselves() -> Appointment:
        return booking.book_free(
            service,
            details,
            starts_at=starts_at,
            modality=modality,
            form_token=form_token,
            by=VISITOR,
        )

    def by_telephone() -> Appointment:
        client = add_client(details, by=hands.desk)
        return booking.book(client, service, starts_at=starts_at, modality=modality, by=hands.desk)

    def step_by_step() -> Appointment:
        held = booking.hold(
            service,
            starts_at=starts_at,
            modality=modality,
            browser=tokens.digest(stranger.email),
            address=tokens.digest(stranger.phone),
            form_token=form_token,
            by=VISITOR,
        )
        return booking.give_details(held, details, by=VISITOR)

    if not service.price or not linked.takes_cards():
        session = in_transaction(by_themselves)
    elif by_card:
        session = in_transaction(step_by_step)
        _pay_by_card(session, name=f"{stranger.first_name} {stranger.last_name}")
    else:
        session = in_transaction(by_telephone)
    if stranger.changes_their_mind:
        booked = queries.get_appointment(session.id)
        who = Actor(ActorKind.CLIENT, booked.client_id)
        in_transaction(lambda: booking.cancel(booked, by=who))


def _pay_next(story: Story, hands: Hands, *, by_card: bool) -> None:
    """Pay for the next session that is sure to take place."""
    session = next(
        each
        for each in queries.of_client(lives.known(story).id)
        if each.state is AppointmentState.CONFIRMED and each.starts_at > clock.now()
    )
    if by_card:
        name = f"{story.first_name} {story.last_name}"
        _pay_by_card(session, name=name, keeps_card=story.keeps_card)
    else:
        in_transaction(lambda: lives.pay(session, story, hands))


def _pay_by_card(session: Appointment, *, name: str, keeps_card: bool = False) -> None:
    """Open the checkout, fill in and send the page that it leads to, and look what became of it."""
    keeps = checkout.Agreement(USES, FROM) if keeps_card else None
    payment = in_transaction(lambda: booking.start_checkout(session, by=VISITOR, keeps=keeps))
    page = checkout.start(payment.id)
    typed = GOOD_CARD | {"name": name, "email": "payer@mail.example"}
    sent = _browser().post(page, data=typed, allow_redirects=False, timeout=PATIENCE_SECONDS)
    sent.raise_for_status()
    checkout.sync(payment.id)


def _browser() -> requests.Session:
    browser = requests.Session()
    browser.trust_env = False  # the sandbox is on this machine: no proxy leads there
    return browser
