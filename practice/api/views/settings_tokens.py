"""Tokens for other programs: the list, a new one with its secret shown once, and ending one."""

from __future__ import annotations

from uuid import UUID

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from practice.api import queries
from practice.api.forms import TokenForm
from practice.api.rules.scopes import WORDS
from practice.api.service import tokens
from practice.api.views.blueprint import settings
from practice.core.db import in_transaction, transaction
from practice.people.access import current_member, current_staff, requires
from practice.people.rules import Permission


@settings.route("/api", methods=["GET", "POST"])
@requires(Permission.PRACTICE_MANAGE)
def api_tokens() -> ResponseReturnValue:
    """List the tokens, and make a new one."""
    form = TokenForm()
    if not form.is_submitted() or not form.validate():
        page = render_template(
            "api/tokens.html", form=form, tokens=queries.tokens_shown(), words=WORDS
        )
        return page, 422 if form.is_submitted() else 200
    member = current_member()
    token, secret = in_transaction(
        lambda: tokens.make(
            form.label.data or "", form.scopes.data or [], made_by=member.id, by=current_staff()
        )
    )
    # Shown in answer to the POST itself: a redirect would have to keep the secret somewhere.
    return render_template("api/token_made.html", token=token, secret=secret)


@settings.post("/api/<uuid:token_id>/revoke")
@requires(Permission.PRACTICE_MANAGE)
def revoke_api_token(token_id: UUID) -> ResponseReturnValue:
    """End a token at once."""
    with transaction():
        token = queries.get_token(token_id)
        tokens.revoke(token, by=current_staff())
    flash(f"The token for {token.label} is revoked. It opens nothing any more.")
    return redirect(url_for(".api_tokens"))
