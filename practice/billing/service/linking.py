"""A practice links an account of its own at the processor, and loses it now and then.

As with payments, news only says what to look up: ``sync`` reads the account and moves our row.
"""

from __future__ import annotations

from uuid import UUID

import sqlalchemy as sa

from practice.audit import service as audit
from practice.audit.rules import PROGRAM, Actor
from practice.billing import linked, linked_gateway, queries
from practice.billing.gateway import NoAccess
from practice.billing.linked_models import ParkedEvent, ProcessorAccount
from practice.billing.rules.linked import SeenAccount, Standing, is_worse, standing_of
from practice.billing.service import attention
from practice.core import clock
from practice.core.db import db, in_transaction, insert_unless_there, take_turns
from practice.core.errors import Conflict
from practice.core.settings import settings
from practice.people import doors
from practice.people.rules import DoorKind

WORDS = {
    Standing.GONE: "The connection to your Stripe account has ended, so cards are off. Payments "
    "that were open have to be looked up in Stripe. Link an account in Settings, Payments.",
    Standing.RESTRICTED: "Stripe does not let your account take cards at the moment, so they are "
    "off. Answer what Stripe asks: Settings, Payments.",
    Standing.UNFINISHED: "Stripe asks you for more before your account can take cards, so they "
    "are off. Answer it: Settings, Payments.",
    Standing.CHECKED: "Stripe is checking your account, and cards are off until it is done.",
}


class NothingToLink(Conflict):
    """Here practices have no accounts of their own."""


def begin(*, by: Actor) -> ProcessorAccount:
    """Return the practice's account, or begin one. Call inside ``transaction()``.

    Raises:
        NothingToLink: unless this installation links accounts.
    """
    if not settings().is_platform:
        raise NothingToLink("This installation charges cards with its own key.")
    take_turns("link-account")
    account = linked.current()
    if account is None:
        account = ProcessorAccount(
            is_current=True, standing=Standing.UNFINISHED, begun_at=clock.now()
        )
        db.session.add(account)
        db.session.flush()
        audit.record("account:link", by=by, subject_id=account.id)
    return account


def address(account_id: UUID, *, return_url: str, refresh_url: str) -> str:
    """Return a new address at which Stripe asks the owner. Call outside transactions.

    Makes the account first, once, however often this is tried.

    Raises:
        Unavailable: if Stripe cannot be asked. Try again.
    """
    processor_id = linked.get(account_id).processor_id
    if processor_id is None:
        made = linked_gateway.create(account_id)
        in_transaction(lambda: _name(account_id, made))
        processor_id = made
    return linked_gateway.link(processor_id, return_url=return_url, refresh_url=refresh_url)


def _name(account_id: UUID, processor_id: str) -> None:
    account = linked.lock(account_id)
    if account.processor_id is None:
        account.processor_id = processor_id
        doors.cut(DoorKind.PROCESSOR, processor_id, account.id)
        # What came before we knew whose it is needs no second look: the account is read now.
        db.session.execute(sa.delete(ParkedEvent).where(ParkedEvent.account == processor_id))


def sync(account_id: UUID, *, event_id: UUID | None = None) -> ProcessorAccount:
    """Read an account from the processor, then move our row to it. Return it as it is.

    Call outside transactions, as often as you like.

    Raises:
        Unavailable: if the processor cannot be asked. Nothing has changed.
    """
    processor_id = linked.get(account_id).processor_id
    seen: SeenAccount | None = None
    if processor_id is not None:
        try:
            seen = linked_gateway.read(processor_id)
        except NoAccess:
            return in_transaction(lambda: _settle(account_id, None, event_id))
    return in_transaction(lambda: _settle(account_id, seen, event_id))


def _settle(account_id: UUID, seen: SeenAccount | None, event_id: UUID | None) -> ProcessorAccount:
    account = linked.lock(account_id)
    if seen is not None:
        account.payouts_enabled, account.name = seen.payouts_enabled, seen.name[:200]
        _stand(account, standing_of(seen))
    elif account.processor_id is not None:
        _stand(account, Standing.GONE)
    account.seen_at = clock.now()
    if event_id is not None:
        queries.get_event(event_id).handled_at = clock.now()
    db.session.flush()
    return account


def _stand(account: ProcessorAccount, standing: Standing) -> None:
    before = account.standing
    if standing is before or before is Standing.GONE:
        return
    account.standing = standing
    if standing is Standing.GONE:
        account.is_current, account.gone_at = None, clock.now()
    audit.record("account:stand", by=PROGRAM, subject_id=account.id, standing=standing.value)
    if is_worse(before, standing) or standing is Standing.GONE:
        attention.tell_practice(
            "cards-off",
            key=f"cards-off:{account.id}:{clock.now().isoformat()}",
            what=WORDS[standing],
            about_id=account.id,
        )


def park(account: str, processor_id: str, kind: str) -> None:
    """Write down news of an account that nobody here has. Call inside ``transaction()``."""
    insert_unless_there(
        ParkedEvent(account=account, processor_id=processor_id, kind=kind, received_at=clock.now())
    )
