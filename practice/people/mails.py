"""What the mails to people who start a practice or join one say."""

from __future__ import annotations

from typing import Any

from practice.core.settings import settings
from practice.outbox.mail import Composer, Stale
from practice.outbox.models import Message
from practice.people import doors, queries, signing_up, team
from practice.people.rules import DoorKind

PROGRAM = "Sanctuary"
"""Who writes to somebody that belongs to no practice yet."""


def sign_up(message: Message) -> dict[str, Any]:
    """Somebody wants to start a practice with this address, which nobody signs in with yet."""
    user = queries.get_member(message.about_id)
    token = signing_up.token_of(user)
    if doors.find(DoorKind.SIGN_UP, token) is None:
        raise Stale
    return {"page": f"{settings().base_url}/sign-up/{token}", "signed_by": PROGRAM}


def sign_up_known(_message: Message) -> dict[str, Any]:
    """Somebody wants to start a practice with the address of an account."""
    return {"page": f"{settings().base_url}/sign-in", "signed_by": PROGRAM}


def invitation(message: Message) -> dict[str, Any]:
    """Somebody is asked to join the staff."""
    invited = team.get_invitation(message.about_id)
    if invited.ended_at is not None:
        raise Stale
    return {
        "page": f"{settings().base_url}/join/{team.token_of(invited)}",
        "holds_until": invited.expires_at,
    }


COMPOSERS: dict[str, Composer] = {
    "staff-sign-up": sign_up,
    "staff-sign-up-known": sign_up_known,
    "staff-invitation": invitation,
}
"""By the mail's folder under ``templates/email``."""
