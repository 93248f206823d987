"""Codes for a lower price: made, ended, used for a booking and let go. Inside ``transaction()``."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from uuid import UUID

import sqlalchemy as sa

from practice.audit import service as audit
from practice.audit.rules import Actor
from practice.billing.promo_models import PromoCode, PromoUse
from practice.billing.rules import promos as rules
from practice.billing.rules.prices import PriceWay, check_value
from practice.core import clock
from practice.core.db import db
from practice.core.errors import Conflict, Invalid, NotFound

UNKNOWN = "We do not know this code. Check how it is spelled"
USED_UP = "This code was used as often as it can be"


class BadCode(Conflict):
    """The code cannot be used for this; nothing was changed."""


class Taken(Conflict):
    """There is a code like this already."""


def make(
    text: str,
    *,
    way: PriceWay,
    value: int,
    from_on: date,
    until_on: date | None,
    most_uses: int | None,
    once_per_client: bool,
    service_ids: Sequence[UUID],
    by: Actor,
) -> PromoCode:
    """Offer a code. ``value``: cents, or percent, that it takes off the list price.

    Raises:
        Invalid: for a code, value or days that are none.
        Taken: if there is such a code, or was.
    """
    code = rules.tidy(text)
    if not rules.is_code(code):
        raise Invalid("A code is 3 to 20 letters, digits and hyphens.")
    check_value(way, value, least=1)
    if until_on is not None and until_on < from_on:
        raise Invalid("The last day comes before the first.")
    if most_uses is not None and not 1 <= most_uses <= rules.MOST_USES:
        raise Invalid(f"A code can be used between once and {rules.MOST_USES:,} times.")
    if _find(code) is not None:
        raise Taken("There is a code like this already")
    made = PromoCode(
        code=code,
        way=way,
        value=value,
        from_on=from_on,
        until_on=until_on,
        most_uses=most_uses,
        used=0,
        once_per_client=once_per_client,
        service_ids=[str(each) for each in service_ids],
        made_at=clock.now(),
        made_by=by.id,
    )
    db.session.add(made)
    db.session.flush()
    audit.record("promo:make", by=by, subject_id=made.id)
    return made


def end(code_id: UUID, *, by: Actor) -> None:
    """Let a code be used no more. What was booked with it keeps its price."""
    code = db.session.scalar(sa.select(PromoCode).where(PromoCode.id == code_id).with_for_update())
    if code is None:
        raise NotFound("There is no such code.")
    if code.ended_at is None:
        code.ended_at = clock.now()
        db.session.flush()
        audit.record("promo:end", by=by, subject_id=code.id)


def codes() -> Sequence[PromoCode]:
    """Return every code, those that can be used first, then the newest."""
    return db.session.scalars(
        sa.select(PromoCode).order_by(
            PromoCode.ended_at.is_not(None), PromoCode.made_at.desc(), PromoCode.id
        )
    ).all()


def use(
    text: str,
    *,
    client_id: UUID,
    for_id: UUID,
    service_id: UUID,
    on: date,
    list_minor: int,
    price_minor: int,
) -> tuple[str, int]:
    """Use a code for a booking: return its name, and the price with it in cents.

    The code counts from the list price; where ``price_minor`` is as low already, it is not used.

    Raises:
        BadCode: with the reason why not.
    """
    code = _find(rules.tidy(text), is_locked=True)
    if code is None or code.ended_at is not None:
        raise BadCode(UNKNOWN)
    if why := code.rule.problem(str(service_id), on):
        raise BadCode(why)
    lower = code.rule.minor(list_minor)
    if lower >= price_minor:
        raise BadCode("Without the code the price is as low already. It was not used up")
    if _use_for(for_id) is not None:
        raise BadCode("A code is used for this session already. Codes do not add up")
    if code.once_per_client and _was_used_by(code, client_id):
        raise BadCode("This code can be used once, and was used already")
    if not _count(code, 1):
        raise BadCode(USED_UP)
    db.session.add(
        PromoUse(
            code_id=code.id,
            client_id=client_id,
            for_id=for_id,
            list_minor=list_minor,
            price_minor=lower,
            once=code.once_per_client or None,
            is_used=True,
            used_at=clock.now(),
        )
    )
    db.session.flush()
    return code.code, lower


def let_go(for_id: UUID) -> None:
    """Let the use for a time that was only held be free for others."""
    used = _use_for(for_id)
    if used is not None:
        code = _lock(used.code_id)
        _count(code, -1)
        used.is_used = used.once = None
        db.session.flush()


def take_again(for_id: UUID) -> bool:
    """Use the code once more for a time that is taken again; say whether that can be."""
    used = db.session.scalar(
        sa.select(PromoUse).where(PromoUse.for_id == for_id).order_by(PromoUse.used_at.desc())
    )
    if used is None or used.is_used:
        return True
    code = _lock(used.code_id)
    if (code.once_per_client and _was_used_by(code, used.client_id)) or not _count(code, 1):
        return False
    used.is_used, used.once = True, code.once_per_client or None
    db.session.flush()
    return True


def _count(code: PromoCode, uses: int) -> bool:
    """Count uses of a locked code; say whether there were so many left."""
    if code.most_uses is not None and code.used + uses > code.most_uses:
        return False
    code.used += uses
    db.session.flush()
    return True


def _find(code: str, *, is_locked: bool = False) -> PromoCode | None:
    asked = sa.select(PromoCode).where(PromoCode.code == code)
    return db.session.scalar(asked.with_for_update() if is_locked else asked)


def _lock(code_id: UUID) -> PromoCode:
    return db.session.scalars(
        sa.select(PromoCode).where(PromoCode.id == code_id).with_for_update()
    ).one()


def _use_for(for_id: UUID) -> PromoUse | None:
    return db.session.scalar(
        sa.select(PromoUse).where(PromoUse.for_id == for_id, PromoUse.is_used.is_(True))
    )


def _was_used_by(code: PromoCode, client_id: UUID) -> bool:
    used = sa.exists().where(
        PromoUse.code_id == code.id, PromoUse.client_id == client_id, PromoUse.once.is_(True)
    )
    return bool(db.session.scalar(sa.select(used)))
