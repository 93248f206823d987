"""The practice's own pages: who it is, what it offers, and the way back to a booking."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from practice.billing import linked
from practice.core.money import Money
from practice.people.access import public
from practice.people.queries import enter_by_slug
from practice.sessions import queries
from practice.sessions.models import Service
from practice.sessions.rules.for_clients import COMES_FIRST, KIND_WORDS, length_words
from practice.sessions.rules.lifecycle import FIRST_VISIT, Modality, SessionKind
from practice.sessions.rules.offered import Offered

bp = Blueprint("public", __name__)


@dataclass(frozen=True, slots=True)
class PriceFrom:
    """What one kind of session costs at the least."""

    words: str
    price: Money
    is_only: bool


@dataclass(frozen=True, slots=True)
class Card:
    """One session type as it is offered. ``comes_first`` says why it cannot be booked yet."""

    service: Service | Offered
    length: str
    in_person: bool
    by_video: bool
    comes_first: str


@bp.get("/p/<slug>/")
@public
def practice(slug: str) -> ResponseReturnValue:
    """Show the practice: who, what, where roughly, for whom not, and from how much."""
    owner = enter_by_slug(slug)
    services = queries.services()
    return render_template(
        "public/practice.html",
        practice=owner,
        prices=prices_from(services),
        first=next((each for each in services if each.kind is SessionKind.CONSULT), None),
        takes_cards=linked.takes_cards(),
    )


@bp.get("/p/<slug>/book/")
@public
def services(slug: str) -> ResponseReturnValue:
    """List the session types; those that a stranger can book come first."""
    owner = enter_by_slug(slug)
    cards = [card_of(service) for service in queries.services()]
    return render_template(
        "public/services.html",
        practice=owner,
        open_cards=[card for card in cards if not card.comes_first],
        later_cards=[card for card in cards if card.comes_first],
    )


def prices_from(services: Iterable[Service]) -> list[PriceFrom]:
    """Return the lowest price of each kind, in the practice's own order."""
    by_kind: dict[SessionKind, list[Money]] = {}
    for service in services:
        by_kind.setdefault(service.kind, []).append(service.price)
    return [
        PriceFrom(
            KIND_WORDS[kind],
            min(prices, key=lambda price: price.minor),
            is_only=len(set(prices)) == 1,
        )
        for kind, prices in by_kind.items()
    ]


def card_of(service: Service) -> Card:
    """Say of a service what a visitor wants to know before choosing it."""
    return _card(service, service.modality_set)


def card_for(offered: Offered) -> Card:
    """Say the same of a service as somebody is just writing it."""
    return _card(offered, frozenset(offered.modalities))


def _card(service: Service | Offered, ways: frozenset[Modality]) -> Card:
    return Card(
        service=service,
        length=length_words(service.minutes),
        in_person=Modality.IN_PERSON in ways,
        by_video=Modality.TELEHEALTH in ways,
        comes_first="" if service.kind in FIRST_VISIT else COMES_FIRST[service.kind],
    )
