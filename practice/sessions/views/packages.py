"""The packages that a practice sells: the list of them, and one form for each."""

from __future__ import annotations

from uuid import UUID

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from practice.billing import sales
from practice.billing.rules.selling import from_terms, list_total
from practice.billing.sale_models import Package
from practice.billing.service import packages
from practice.billing.service.packages import ChangedMeanwhile
from practice.core.db import in_transaction
from practice.core.money import Money
from practice.people.access import current_staff, requires
from practice.people.forms import PlainForm
from practice.people.queries import get_practice
from practice.people.rules import Permission
from practice.sessions import queries
from practice.sessions.models import Service
from practice.sessions.package_forms import PackageForm, package_form
from practice.sessions.views.catalog import settings_crumb
from practice.sessions.views.staff import bp


@bp.get("/settings/packages")
@requires(Permission.PRACTICE_MANAGE)
def packages_list() -> ResponseReturnValue:
    """List all packages, those that are no longer sold last."""
    found = sales.packages(all_of_them=True)
    return render_template(
        "sessions/settings/packages.html",
        rows=[_row(each) for each in found],
        crumb=settings_crumb(),
    )


@bp.route("/settings/packages/new", methods=["GET", "POST"])
@requires(Permission.PRACTICE_MANAGE)
def package_new() -> ResponseReturnValue:
    """Offer a new package."""
    form = package_form(_sold_here())
    if not form.is_submitted():
        return _page(form, None)
    if not form.validate():
        return _page(form, None), 422
    offered = form.offered(get_practice().currency)
    added = in_transaction(lambda: packages.add(offered, by=current_staff()))
    flash(f"{added.title} can be sold now, from a client’s page.")
    return redirect(url_for(".packages_list"), 303)


@bp.route("/settings/packages/<uuid:package_id>", methods=["GET", "POST"])
@requires(Permission.PRACTICE_MANAGE)
def package(package_id: UUID) -> ResponseReturnValue:
    """Show one package, and change it. What was sold keeps what was agreed."""
    shown, form = sales.get_package(package_id), package_form(_sold_here())
    if not form.is_submitted():
        form.show(shown)
        return _page(form, shown)
    if not form.validate():
        return _page(form, shown), 422
    offered = form.offered(shown.price.currency)
    try:
        changed = in_transaction(
            lambda: packages.change(
                package_id, offered, seen=form.version.data or 0, by=current_staff()
            )
        )
    except ChangedMeanwhile as refused:
        again = sales.get_package(package_id)
        form.form_errors, form.version.data = [refused.message], again.version
        return _page(form, again), 409
    flash(f"{changed.title} is saved. What was sold keeps what was agreed.")
    return redirect(url_for(".packages_list"), 303)


@bp.post("/settings/packages/<uuid:package_id>/retire")
@requires(Permission.PRACTICE_MANAGE)
def package_retire(package_id: UUID) -> ResponseReturnValue:
    """Sell a package no longer."""
    ended = in_transaction(lambda: packages.retire(package_id, by=current_staff()))
    flash(f"{ended.title} is no longer sold. What was sold stays.")
    return redirect(url_for(".packages_list"), 303)


@bp.post("/settings/packages/<uuid:package_id>/bring-back")
@requires(Permission.PRACTICE_MANAGE)
def package_bring_back(package_id: UUID) -> ResponseReturnValue:
    """Sell a retired package again."""
    back = in_transaction(lambda: packages.bring_back(package_id, by=current_staff()))
    flash(f"{back.title} is sold again.")
    return redirect(url_for(".packages_list"), 303)


def _sold_here() -> list[Service]:
    """Return what can be in a package: what the practice bills, and takes money for."""
    return [each for each in queries.services() if each.billed_by_practice and each.price]


def _row(package: Package) -> tuple[Package, str, Money]:
    items = from_terms(package.items)
    return package, packages.in_order(items), Money(list_total(items), package.price.currency)


def _page(form: PackageForm, shown: Package | None) -> str:
    return render_template(
        "sessions/settings/package.html",
        form=form,
        package=shown,
        versions=sales.versions_of(shown.id) if shown else [],
        button_form=PlainForm(formdata=None),
        crumb=[*settings_crumb(), ("Packages", url_for(".packages_list"))],
    )
