"""The terms of cancelling: who is under which, and one form that writes the client's sentence."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from uuid import UUID

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from practice.calendar.rules import zones
from practice.core import clock
from practice.core.db import in_transaction
from practice.people.access import current_staff, requires
from practice.people.queries import get_practice
from practice.people.rules import Permission
from practice.sessions.catalog_forms import PolicyForm
from practice.sessions.models import Service
from practice.sessions.queries.services import any_service, changes_of, every_service
from practice.sessions.rules import policies as rules
from practice.sessions.rules.policies import Policy
from practice.sessions.service import catalog
from practice.sessions.views.catalog import settings_crumb
from practice.sessions.views.staff import bp

EXAMPLE_AFTER_DAYS, EXAMPLE_AT = 14, time(10, 30)
MOST_EXAMPLES = 3
POLICY_NAME = "Cancelling"


@dataclass(frozen=True, slots=True)
class Terms:
    """One policy, the services that are under it, and how a client of the first one reads it."""

    policy: Policy
    services: tuple[Service, ...]
    in_brief: str
    example: Example


@dataclass(frozen=True, slots=True)
class Example:
    """What a client would read who books a session a fortnight ahead."""

    service: Service
    when: str
    sentences: tuple[str, ...]


@bp.get("/settings/policies")
@requires(Permission.PRACTICE_MANAGE)
def policies() -> ResponseReturnValue:
    """Show the terms of cancelling, and how they came to be what they are."""
    services = _offered()
    return render_template(
        "sessions/settings/policies.html",
        terms=[_terms(policy, under) for policy, under in by_policy(services)],
        changes=[
            (change, difference)
            for change in changes_of(services)
            for difference in change.differences
            if difference.name == POLICY_NAME
        ],
        crumb=settings_crumb(),
    )


@bp.route("/settings/policies/<uuid:service_id>", methods=["GET", "POST"])
@requires(Permission.PRACTICE_MANAGE)
def policy(service_id: UUID) -> ResponseReturnValue:
    """Write the terms of one service, and of whichever others are to have the same."""
    named, services = any_service(service_id), _offered()
    form = PolicyForm()
    form.offer(services)
    if not form.is_submitted():
        alike = [each for each in services if each.policy == named.policy]
        form.show(named.policy, [each.id for each in alike])
        return _page(form, named, alike or [named], named.policy)
    if not form.validate():
        return _page(form, named, [named], None), 422
    chosen, written = form.chosen(services), form.policy()
    if "look" in request.form:
        return _page(form, named, chosen, written)
    changed = in_transaction(
        lambda: catalog.set_policy([each.id for each in chosen], written, by=current_staff())
    )
    if changed:
        who = "1 service has" if len(changed) == 1 else f"{len(changed)} services have"
        flash(f"{who} new terms. Booked sessions keep theirs.")
    else:
        flash("These terms hold already. Nothing was changed.")
    return redirect(url_for(".policies"), 303)


def _offered() -> list[Service]:
    return [each for each in every_service() if each.ended_at is None]


def by_policy(services: Iterable[Service]) -> list[tuple[Policy, list[Service]]]:
    """Return each policy with the services under it, in the practice's own order."""
    found: dict[Policy, list[Service]] = {}
    for service in services:
        found.setdefault(service.policy, []).append(service)
    return list(found.items())


def _terms(policy: Policy, services: Sequence[Service]) -> Terms:
    dearest = max(services, key=lambda service: service.price.minor)
    return Terms(policy, tuple(services), rules.in_brief(policy), _example(policy, dearest))


def _example(policy: Policy, service: Service) -> Example:
    zone = get_practice().time_zone
    starts_at = _fortnight_ahead(zone)
    return Example(
        service,
        zones.instant_words(starts_at, zone),
        (
            rules.sentence(policy, price=service.price, starts_at=starts_at, zone=zone),
            rules.late_sentence(policy),
            rules.missed_sentence(policy, service.price),
        ),
    )


def _fortnight_ahead(zone: str) -> datetime:
    on = zones.local_date(clock.now(), zone) + timedelta(days=EXAMPLE_AFTER_DAYS)
    return zones.instant_of(zone, on, EXAMPLE_AT)


def _page(
    form: PolicyForm, named: Service, chosen: Sequence[Service], written: Policy | None
) -> str:
    by_price = {each.price.minor: each for each in reversed(chosen)}
    shown = [by_price[minor] for minor in sorted(by_price, reverse=True)[:MOST_EXAMPLES]]
    return render_template(
        "sessions/settings/policy.html",
        form=form,
        service=named,
        examples=[_example(written, each) for each in shown] if written else [],
        more=len(chosen) - len(shown) if written else 0,
        crumb=[*settings_crumb(), ("Terms of cancelling", url_for(".policies"))],
    )
