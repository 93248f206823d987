"""The packages that a practice sells. Call inside ``transaction()``. What was sold stays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from practice.audit import service as audit
from practice.audit.rules import Actor
from practice.billing import sales
from practice.billing.rules import selling
from practice.billing.rules.prices import Agreed
from practice.billing.rules.selling import ExpiryRule, Item, LateRule, Part, RefundRule
from practice.billing.sale_models import Package, PackageVersion, Sale
from practice.billing.service.selling import Terms, bill, sell
from practice.core import clock
from practice.core.db import db
from practice.core.errors import Conflict, Invalid
from practice.core.money import Money
from practice.people.models import Client
from practice.people.queries import today_here

LONGEST_TITLE = 120


class ChangedMeanwhile(Conflict):
    """Somebody changed the package since the page showed it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Offered:
    """A package as a checked form gives it. ``items`` name sessions with single prices and counts.

    Raises:
        Invalid: for anything out of bounds, with what it is.
    """

    title: str
    items: tuple[Item, ...]
    price: Money
    parts: tuple[Part, ...]
    expires_days: int | None
    rule: RefundRule
    expiry_rule: ExpiryRule = ExpiryRule.FORFEITED
    late_rule: LateRule = LateRule.UNIT_USED

    def __post_init__(self) -> None:
        if not 0 < len(self.title) <= LONGEST_TITLE:
            raise Invalid(f"A package has a name of at most {LONGEST_TITLE} characters.")
        if len({each.what for each in self.items}) != len(self.items):
            raise Invalid("Name each kind of session once.")
        if not 0 < len(self.items) <= selling.MOST_KINDS:
            raise Invalid("A package has at least one session.")
        if not all(1 <= each.count <= selling.MOST_UNITS for each in self.items):
            raise Invalid(f"A package has 1 to {selling.MOST_UNITS} sessions of a kind.")
        if not 0 <= self.price.minor <= selling.DEAREST_MINOR:
            raise Invalid("That price is no package's.")
        if self.expires_days is not None and not 1 <= self.expires_days <= selling.LONGEST_DAYS:
            raise Invalid(f"A package is good for 1 to {selling.LONGEST_DAYS} days.")
        selling.check_parts(self.parts)


def add(offered: Offered, *, by: Actor) -> Package:
    """Offer a new package."""
    count = db.session.scalar(sa.select(sa.func.count(Package.id))) or 0
    package = Package(position=count + 1, **_columns(offered))
    db.session.add(package)
    db.session.flush()
    audit.record("package:add", by=by, subject_id=package.id)
    return package


def change(package_id: UUID, offered: Offered, *, seen: int, by: Actor) -> Package:
    """Change a package; nothing is written where nothing differs.

    Raises:
        NotFound: if there is none.
        ChangedMeanwhile: if somebody else was quicker.
    """
    package = _lock(package_id, seen)
    new = _columns(offered)
    if all(getattr(package, name) == value for name, value in new.items()):
        return package
    db.session.add(
        PackageVersion(
            package_id=package.id,
            number=package.version,
            until_at=clock.now(),
            changed_by=by.id,
            terms=_terms_of(package),
        )
    )
    for name, value in new.items():
        setattr(package, name, value)
    package.version += 1
    db.session.flush()
    audit.record("package:change", by=by, subject_id=package.id, version=package.version)
    return package


def retire(package_id: UUID, *, by: Actor) -> Package:
    """Sell a package no longer. Twice is as good as once."""
    package = _lock(package_id)
    if package.ended_at is None:
        package.ended_at = clock.now()
        db.session.flush()
        audit.record("package:retire", by=by, subject_id=package.id)
    return package


def bring_back(package_id: UUID, *, by: Actor) -> Package:
    """Sell a retired package again."""
    package = _lock(package_id)
    if package.ended_at is not None:
        package.ended_at = None
        db.session.flush()
        audit.record("package:bring_back", by=by, subject_id=package.id)
    return package


def sell_to(
    client: Client,
    package_id: UUID,
    *,
    seen: int,
    form_token: str,
    by: Actor,
    own: Agreed | None = None,
) -> Sale:
    """Sell a package to a client at the terms that the page showed, with its invoice.

    The same form sent again returns the sale that it made. ``own`` is another price that was
    agreed on with this client, and why.

    Raises:
        NotFound: if there is no such package.
        ChangedMeanwhile: if its price or contents changed since the page showed them.
        Conflict: if it is not sold any more.
    """
    made: Sale | None = db.session.scalar(sa.select(Sale).where(Sale.form_token == form_token))
    if made is not None:
        return made
    package = _lock(package_id, seen)
    if package.ended_at is not None:
        raise Conflict("This package is not sold any more.")
    days = package.expires_days
    sale = sell(
        client,
        Terms(
            title=package.title,
            items=selling.from_terms(package.items),
            price=_price(package, own),
            rule=package.refund_rule,
            expiry_rule=package.expiry_rule,
            late_rule=package.late_rule,
            list_minor=package.price.minor if own else None,
            price_why=own.why if own else None,
            parts=parts_of(package),
            expires_on=today_here() + timedelta(days=days) if days else None,
        ),
        package_id=package.id,
        form_token=form_token,
        by=by,
    )
    bill(sale, client, by=by)
    return sale


def _price(package: Package, own: Agreed | None) -> Money:
    minor = own.minor(package.price.minor) if own else package.price.minor
    return Money(minor, package.price.currency)


def parts_of(package: Package) -> list[Part]:
    """Return the instalments of a package."""
    return [Part(each["percent"], days=each["days"]) for each in package.parts]


def _columns(offered: Offered) -> dict[str, Any]:
    return {
        "title": offered.title,
        "items": selling.as_terms(offered.items),
        "price": offered.price,
        "parts": [{"percent": each.percent, "days": each.days} for each in offered.parts],
        "expires_days": offered.expires_days,
        "refund_rule": offered.rule,
        "expiry_rule": offered.expiry_rule,
        "late_rule": offered.late_rule,
    }


def _terms_of(package: Package) -> dict[str, Any]:
    return {
        "title": package.title,
        "items": package.items,
        "price_minor": package.price.minor,
        "currency": package.price.currency,
        "parts": package.parts,
        "expires_days": package.expires_days,
        "refund_rule": package.refund_rule.value,
        "expiry_rule": package.expiry_rule.value,
        "late_rule": package.late_rule.value,
    }


def _lock(package_id: UUID, seen: int | None = None) -> Package:
    db.session.execute(sa.select(Package.id).where(Package.id == package_id).with_for_update())
    package = sales.get_package(package_id)
    if seen is not None and package.version != seen:
        raise ChangedMeanwhile("This package has just been changed. Look at it again.")
    return package


def in_order(items: Sequence[Item]) -> str:
    """Say what is in a package: ``6 × Integration session, 1 × Intake``."""
    return ", ".join(f"{each.count} × {each.label}" for each in items)
