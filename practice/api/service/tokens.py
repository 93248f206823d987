"""Tokens of other programs: made, used, revoked. Call inside ``transaction()``."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

import sqlalchemy as sa

from practice.api.models import ApiToken
from practice.api.rules.scopes import Scope
from practice.api.rules.wording import written
from practice.audit.rules import Actor
from practice.audit.service import record
from practice.core import clock, tokens
from practice.core.db import db, require_practice_id
from practice.core.errors import Conflict, Invalid
from practice.people import doors
from practice.people.rules import DoorKind


def make(label: str, scopes: Iterable[Scope], *, made_by: UUID, by: Actor) -> tuple[ApiToken, str]:
    """Make a token; return it and the secret, which is shown once: only its digest is kept.

    Raises:
        Invalid: if it would be good for nothing.
    """
    chosen = [scope.value for scope in Scope if scope in set(scopes)]
    if not chosen:
        raise Invalid("Choose what the token may do.")
    token = ApiToken(label=label, scopes=chosen, made_by=made_by, created_at=clock.now())
    db.session.add(token)
    db.session.flush()
    secret = written(require_practice_id(), tokens.new())
    doors.cut(DoorKind.API_TOKEN, secret, token.id)
    record("api_token:make", by=by, subject_id=token.id, scopes=chosen)
    return token, secret


def revoke(token: ApiToken, *, by: Actor) -> None:
    """End a token at once: its door is gone with this transaction.

    Raises:
        Conflict: if it was revoked already.
    """
    if token.revoked_at is not None:
        raise Conflict("That token was revoked already.")
    token.revoked_at = clock.now()
    db.session.flush()
    doors.close(DoorKind.API_TOKEN, token.id)
    record("api_token:revoke", by=by, subject_id=token.id)


def note_use(token_id: UUID) -> None:
    """Note that a token was used now."""
    db.session.execute(
        sa.update(ApiToken)
        .where(ApiToken.id == token_id)
        .values(used_at=clock.now())
        .execution_options(synchronize_session=False)
    )
