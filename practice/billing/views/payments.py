"""One payment: what became of it, and giving it back after a last look."""

from __future__ import annotations

from uuid import UUID, uuid4

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from practice.billing import archive, given, queries
from practice.billing.forms import BACK_WORDS, GiveBackForm
from practice.billing.models import Payment, Refund
from practice.billing.rules.giving_back import CannotGiveBack, Plan, Stands, Way
from practice.billing.rules.payments import PaymentMethod
from practice.billing.service import give_backs
from practice.billing.views.blueprint import bp
from practice.core.db import in_transaction
from practice.core.errors import Conflict
from practice.core.money import Money
from practice.people.access import current_staff, requires
from practice.people.queries import get_client
from practice.people.rules import Permission


@bp.get("/payments/<uuid:payment_id>")
@requires(Permission.MONEY_VIEW)
def payment(payment_id: UUID) -> ResponseReturnValue:
    """Show one payment: what it settles, what of it is unused, and what went back."""
    found = queries.get_payment(payment_id)
    refunds: dict[UUID | None, Refund] = {each.id: each for each in queries.refunds_of(payment_id)}
    by_hand = [(each, given.notes_with(each.id)) for each in given.of_payment(payment_id)]
    return render_template(
        "billing/payment.html",
        payment=found,
        client=get_client(found.client_id),
        receipt=archive.find_receipt(payment_id),
        stands=give_backs.stands(found),
        by_hand=[(each, refunds.pop(each.refund_id, None), notes) for each, notes in by_hand],
        refunds=list(refunds.values()),
        words=BACK_WORDS,
        money=lambda minor: Money(minor, found.amount.currency),
    )


@bp.route("/payments/<uuid:payment_id>/give-back", methods=["GET", "POST"])
@requires(Permission.MONEY_TAKE)
def give_back(payment_id: UUID) -> ResponseReturnValue:
    """Ask how much goes where and why, show exactly what that does, then do it once."""
    found, form = queries.get_payment(payment_id), GiveBackForm()
    stands, status = _offer(form, found), 200
    if not form.is_submitted():
        form.give_back_id.data = str(uuid4())
        form.way.data = Way.BACK
    elif "change" not in request.form:
        try:
            if not form.validate():
                status = 422
            elif "confirm" in request.form:
                return _carry_out(form, payment_id)
            else:
                plan = give_backs.look(found, form.asked())
                form.seen.data = give_backs.mark(plan)
                return _page(found, form, stands, plan)
        except CannotGiveBack as refused:
            form[refused.field].errors, status = [refused.words], 422
        except Conflict as refused:
            form.form_errors, status = [refused.message], 409
    return _page(queries.get_payment(payment_id), form, stands), status


def _carry_out(form: GiveBackForm, payment_id: UUID) -> ResponseReturnValue:
    asked, by, seen = form.asked(), current_staff(), form.seen.data or ""
    give_back_id = form.checked_id()
    done = in_transaction(
        lambda: give_backs.carry_out(give_back_id, payment_id, asked, seen=seen, by=by)
    )
    flash(_said(done.amount, done.way, queries.get_payment(payment_id).method))
    return redirect(url_for(".payment", payment_id=payment_id), 303)


def _offer(form: GiveBackForm, payment: Payment) -> Stands:
    stands = give_backs.stands(payment)
    currency = payment.amount.currency
    form.offer(
        {
            str(each.line.id): f"{each.number}: {each.line.service}, "
            f"{Money(each.line.amount_minor, currency)}"
            for each in given.lines_to_take_back(stands.settles)
        },
        payment.method,
    )
    return stands


def _page(payment: Payment, form: GiveBackForm, stands: Stands, plan: Plan | None = None) -> str:
    return render_template(
        "billing/give_back.html",
        payment=payment,
        client=get_client(payment.client_id),
        form=form,
        stands=stands,
        plan=plan,
        words=BACK_WORDS,
        money=lambda minor: Money(minor, payment.amount.currency),
    )


def _said(amount: Money, way: Way, came_by: PaymentMethod) -> str:
    if way is Way.CREDIT:
        return f"{amount} is credit now. It settles the next invoice by itself."
    if came_by is PaymentMethod.CARD_ONLINE:
        return f"{amount} is on its way back to the card."
    words = BACK_WORDS[came_by]
    return f"{amount} is written down: {words[0].lower()}{words[1:]}."
