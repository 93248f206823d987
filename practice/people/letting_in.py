"""Letting clients in: a link and a code by mail, and the sign-in that either of them opens.

The link works once, for 15 minutes, in the browser that asked for it; from another device its
code is typed there. Only digests are stored: link and code follow from the row's id, so that the
mail can be written when it is sent. A sign-in belongs to an e-mail address, which a family may
share, and is a row that can be ended here.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from practice.audit.rules import VISITOR, Actor, ActorKind
from practice.audit.service import record
from practice.core import clock, tokens
from practice.core.db import db, in_transaction, practice_scope, transaction
from practice.core.errors import Invalid, NotAllowed, NotFound
from practice.core.settings import settings
from practice.outbox import service as outbox
from practice.outbox.mail import Stale
from practice.outbox.models import Message
from practice.people.models import Client, ClientSignIn, Practice, SignInAsk, Throttle
from practice.people.queries import clients_at, get_practice
from practice.people.rules import (
    CLIENT_IDLE,
    CLIENT_LONGEST,
    CODE_DIGITS,
    LINK_LASTS,
    SEEN_EVERY,
    Attempt,
    browser_in_words,
    is_over,
    is_spent,
    network_of,
)
from practice.people.signing_in import Tries, spend

MAIL_LINK_JOB = "mail-sign-in-link"
KEPT_FOR = timedelta(days=1)
TYPED_KEPT_FOR = timedelta(days=3)


class LinkDead(Invalid):
    """The link or code lets nobody in: used, too old, cut short, or for another address."""

    def __init__(self) -> None:
        super().__init__(
            "This sign-in link has been used or is over 15 minutes old. Send a new one."
        )


class OtherBrowser(NotAllowed):
    """The link is good, but another browser asked for it."""


# Asking ----------------------------------------------------------------------------------------


def tries_to_ask(email: str, address: str | None) -> Tries:
    """Return what asking for a link counts against."""
    return ((Attempt.CLIENT_ADDRESS, email), (Attempt.CLIENT_NETWORK, network_of(address)))


def ask(email: str, *, browser: str, tries: Tries) -> None:
    """Have a link and a code mailed to ``email`` (in lower case), if a client has that address.

    Call inside ``transaction()``. ``browser`` is the nonce in the asking browser's cookie. Known
    and unknown addresses cost the same work here: a worker looks whose it is.

    Raises:
        TooMany: if this address or network must wait first.
    """
    spend(tries)
    asked = SignInAsk(email=email, browser=tokens.digest(browser), hash="", created_at=clock.now())
    asked.hash = tokens.digest(token_of(asked))
    db.session.add(asked)
    db.session.flush()
    outbox.enqueue(MAIL_LINK_JOB, key=f"{MAIL_LINK_JOB}:{asked.id}", subject_id=asked.id)


def token_of(asked: SignInAsk) -> str:
    """Return the 256-bit token in the address of the mailed link."""
    return tokens.derived("client sign-in link", asked.practice_id, asked.id)


def code_of(asked: SignInAsk) -> str:
    """Return the digits that are typed where the link cannot be opened."""
    secret = tokens.derived("client sign-in code", asked.practice_id, asked.id)
    return f"{int(tokens.digest(secret), 16) % 10**CODE_DIGITS:0{CODE_DIGITS}}"


def mail_link(ask_id: UUID) -> None:
    """Mail the link to whom it belongs, or nothing. The worker's part, outside transactions."""

    def work() -> None:
        asked = db.session.scalar(sa.select(SignInAsk).where(SignInAsk.id == ask_id))
        found = clients_at(asked.email) if asked else []
        if asked and found:
            outbox.post(
                "sign-in",
                key=f"sign-in:{asked.id}",
                to=asked.email,
                about_id=asked.id,
                client_id=found[0].id,
            )

    in_transaction(work)


def compose(message: Message) -> dict[str, Any]:
    """Tell the mail its link and its code. One that waited too long is not sent."""
    asked = db.session.scalar(sa.select(SignInAsk).where(SignInAsk.id == message.about_id))
    if asked is None or _is_spent(asked):
        raise Stale
    code = code_of(asked)
    path = f"/p/{get_practice().slug}/sign-in/link/{token_of(asked)}"
    return {
        "code": f"{code[:4]} {code[4:]}",
        "ends_at": asked.created_at + LINK_LASTS,
        "page": settings().base_url + path,
    }


# In --------------------------------------------------------------------------------------------


def look_at_link(token: str, browser: str | None) -> SignInAsk:
    """Return the ask behind a link without spending it: mail scanners open links too.

    Raises:
        LinkDead: if it lets nobody in.
        OtherBrowser: if another browser asked for it.
    """
    asked = db.session.scalar(sa.select(SignInAsk).where(SignInAsk.hash == tokens.digest(token)))
    return _open_to(asked, browser)


def enter_by_link(token: str, browser: str | None, *, program: str) -> str:
    """Spend a link and return the secret of the new sign-in. Call inside ``transaction()``.

    Raises:
        LinkDead, OtherBrowser: as for looking at it; then nothing is spent.
    """
    asked = db.session.scalar(
        sa.select(SignInAsk).where(SignInAsk.hash == tokens.digest(token)).with_for_update()
    )
    return _open(_open_to(asked, browser), program)


def enter_by_code(
    code: str, browser: str | None, *, address: str | None, program: str
) -> str | None:
    """Spend the code that was mailed at this browser's last asking, and return a new secret.

    Call inside ``transaction()``, and let it commit: ``None`` for a wrong code, which counts.

    Raises:
        LinkDead: if this browser asked for none, or it lets nobody in any more.
        TooMany: if too many codes were typed in this network.
    """
    asked = db.session.scalar(
        sa.select(SignInAsk)
        .where(SignInAsk.browser == tokens.digest(browser or ""))
        .order_by(SignInAsk.created_at.desc(), SignInAsk.id)
        .limit(1)
        .with_for_update()
    )
    asked = _open_to(asked, browser)
    spend([(Attempt.CODES, network_of(address))])
    if not hmac.compare_digest(code_of(asked).encode(), code.encode()):
        asked.wrong_codes += 1
        db.session.flush()
        return None
    return _open(asked, program)


def _open_to(asked: SignInAsk | None, browser: str | None) -> SignInAsk:
    if asked is None or _is_spent(asked):
        raise LinkDead
    if not hmac.compare_digest(asked.browser, tokens.digest(browser or "")):
        raise OtherBrowser("Open the link in the browser where you asked for it.")
    return asked


def _is_spent(asked: SignInAsk) -> bool:
    return is_spent(
        asked_at=asked.created_at,
        spent_at=asked.spent_at,
        wrong_codes=asked.wrong_codes,
        now=clock.now(),
    )


def _open(asked: SignInAsk, program: str) -> str:
    found, now, token = clients_at(asked.email), clock.now(), tokens.new()
    if not found:
        raise LinkDead
    asked.spent_at = now
    sign_in = ClientSignIn(
        email=asked.email,
        client_id=found[0].id if len(found) == 1 else None,
        hash=tokens.digest(token),
        created_at=now,
        seen_at=now,
        program=browser_in_words(program),
    )
    db.session.add(sign_in)
    db.session.flush()
    db.session.execute(
        sa.delete(Throttle).where(
            Throttle.kind == Attempt.CLIENT_ADDRESS, Throttle.hash == tokens.digest(asked.email)
        )
    )
    record("client_sign_in:open", by=_actor(sign_in), subject_id=sign_in.id)
    return token


def _actor(sign_in: ClientSignIn) -> Actor:
    return Actor(ActorKind.CLIENT, sign_in.client_id) if sign_in.client_id else VISITOR


# While it lasts --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Known:
    """A client's sign-in that a cookie names. The rows stand by themselves.

    ``client`` is ``None`` until it was said whom it is about, or where they left that address.
    """

    sign_in_id: UUID
    email: str
    client: Client | None
    practice: Practice
    is_over: bool
    was_lately_seen: bool


def look_up(practice_id: UUID, token: str) -> Known | None:
    """Return the sign-in that a cookie names, ended or not, without entering its practice."""
    is_theirs = sa.and_(
        Client.practice_id == ClientSignIn.practice_id,
        Client.id == ClientSignIn.client_id,
        Client.email == ClientSignIn.email,
        Client.archived_at.is_(None),
    )
    with practice_scope(practice_id):
        row = db.session.execute(
            sa.select(ClientSignIn, Client, Practice)
            .join(Practice, Practice.id == ClientSignIn.practice_id)
            .outerjoin(Client, is_theirs)
            .where(ClientSignIn.hash == tokens.digest(token))
        ).one_or_none()
    return _known(*row, now=clock.now()) if row else None


def _known(
    sign_in: ClientSignIn, client: Client | None, practice: Practice, *, now: datetime
) -> Known:
    over = is_over(
        created_at=sign_in.created_at,
        seen_at=sign_in.seen_at,
        ended_at=sign_in.ended_at,
        now=now,
        idle=CLIENT_IDLE,
        longest=CLIENT_LONGEST,
    )
    lately = now - sign_in.seen_at < SEEN_EVERY
    return Known(sign_in.id, sign_in.email, client, practice, over, lately)


def note_use(sign_in_id: UUID) -> None:
    """Note that a sign-in was used now. Call inside ``transaction()``."""
    db.session.execute(
        sa.update(ClientSignIn).where(ClientSignIn.id == sign_in_id).values(seen_at=clock.now())
    )


def choose(sign_in_id: UUID, client_id: UUID) -> None:
    """Say whom of those with the signed-in address the pages are about.

    Call inside ``transaction()``.

    Raises:
        NotFound: if that client has another address.
    """
    sign_in = _get(sign_in_id)
    if client_id not in {each.id for each in clients_at(sign_in.email)}:
        raise NotFound("There is no such client.")
    sign_in.client_id = client_id
    db.session.flush()
    record("client_sign_in:choose", by=_actor(sign_in), subject_id=sign_in.id)


def keep_typed(sign_in_id: UUID, text: str) -> None:
    """Keep the form that came when a sign-in had ended. Call inside ``transaction()``."""
    sign_in = _get(sign_in_id)
    sign_in.typed, sign_in.typed_at = text, clock.now()
    db.session.flush()


def typed_of(sign_in_id: UUID, *, email: str, client_id: UUID) -> str | None:
    """Return what was kept of a sign-in that had ended, if it was of the same client."""
    sign_in = db.session.scalar(
        sa.select(ClientSignIn).where(
            ClientSignIn.id == sign_in_id,
            ClientSignIn.email == email,
            ClientSignIn.client_id == client_id,
        )
    )
    return sign_in.typed if sign_in else None


def open_sign_ins(email: str) -> list[ClientSignIn]:
    """Return where an address is signed in as a client, last used first."""
    now = clock.now()
    return list(
        db.session.scalars(
            sa.select(ClientSignIn)
            .where(
                ClientSignIn.email == email,
                ClientSignIn.ended_at.is_(None),
                ClientSignIn.seen_at > now - CLIENT_IDLE,
                ClientSignIn.created_at > now - CLIENT_LONGEST,
            )
            .order_by(ClientSignIn.seen_at.desc(), ClientSignIn.id)
        )
    )


# Out -------------------------------------------------------------------------------------------


def end(email: str, sign_in_id: UUID) -> None:
    """End one of an address's sign-ins: its cookie opens nothing any more.

    Call inside ``transaction()``. Ending it twice is harmless.

    Raises:
        NotFound: if it is another address's.
    """
    sign_in = _get(sign_in_id)
    if sign_in.email != email:
        raise NotFound("There is no such sign-in.")
    if sign_in.ended_at is None:
        sign_in.ended_at = clock.now()
        record("client_sign_in:end", by=_actor(sign_in), subject_id=sign_in.id)


def _get(sign_in_id: UUID) -> ClientSignIn:
    sign_in = db.session.scalar(sa.select(ClientSignIn).where(ClientSignIn.id == sign_in_id))
    if sign_in is None:
        raise NotFound("There is no such sign-in.")
    return sign_in


def tidy(_practice_id: UUID) -> None:
    """Forget who asked for links a day ago, and what was typed and never sent for days.

    The sign-ins stay, as a log of who was here.
    """
    with transaction():
        db.session.execute(
            sa.update(ClientSignIn)
            .where(
                ClientSignIn.typed_sealed.is_not(None),
                ClientSignIn.typed_at < clock.now() - TYPED_KEPT_FOR,
            )
            .values(typed_sealed=None, typed_at=None)
            .execution_options(synchronize_session=False)
        )
        db.session.execute(
            sa.delete(SignInAsk).where(SignInAsk.created_at < clock.now() - KEPT_FOR)
        )
