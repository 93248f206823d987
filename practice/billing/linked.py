"""In which account a practice takes cards, and whether it does."""

from __future__ import annotations

from uuid import UUID

import sqlalchemy as sa

from practice.billing.linked_models import ParkedEvent, ProcessorAccount
from practice.billing.rules.linked import Standing
from practice.core.db import db
from practice.core.errors import NotFound
from practice.core.settings import settings
from practice.people.queries import get_practice

OWN = ""
"""The installation's own account, which is used where practices link none."""


def takes_cards() -> bool:
    """Say whether the current practice is paid by card now: it can be, and wants to."""
    return not get_practice().cards_off and can_take_cards()


def can_take_cards() -> bool:
    """Say whether the current practice could be paid by card now, if it wanted to."""
    if not settings().takes_cards:
        return False
    if not settings().is_platform:
        return True
    account = current()
    return account is not None and account.standing is Standing.OPEN


def in_use() -> str:
    """Return the account in which the current practice is charged and asks, open or not."""
    if not settings().is_platform:
        return OWN
    account = current()
    return (account.processor_id if account else None) or OWN


def current() -> ProcessorAccount | None:
    """Return the account that the current practice has linked, or is about to."""
    return db.session.scalar(
        sa.select(ProcessorAccount).where(ProcessorAccount.is_current.is_(True))
    )


def get(account_id: UUID) -> ProcessorAccount:
    """Return an account of this practice, or raise ``NotFound``."""
    account = db.session.scalar(
        sa.select(ProcessorAccount).where(ProcessorAccount.id == account_id)
    )
    if account is None:
        raise NotFound("There is no such account.")
    return account


def lock(account_id: UUID) -> ProcessorAccount:
    """Return an account as it is now, kept still until the transaction ends."""
    return db.session.scalars(
        sa.select(ProcessorAccount).where(ProcessorAccount.id == account_id).with_for_update()
    ).one()


def parked() -> int:
    """Return how much news there is of accounts that no practice here has."""
    return db.session.scalar(sa.select(sa.func.count()).select_from(ParkedEvent)) or 0
