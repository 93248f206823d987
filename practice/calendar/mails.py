"""What the calendar's mails to staff say."""

from __future__ import annotations

from typing import Any

from practice.calendar import imported
from practice.core.errors import NotFound
from practice.core.settings import settings
from practice.outbox.mail import Composer, Stale
from practice.outbox.models import Message


def calendar_unread(message: Message) -> dict[str, Any]:
    """A calendar that blocks time could not be read for a day, and still cannot."""
    try:
        calendar = imported.get_calendar(message.about_id)
    except NotFound:
        raise Stale from None
    if not imported.is_stale(calendar):
        raise Stale
    return {
        "read_at": calendar.read_at,
        "problem": calendar.problem or "",
        "page": f"{settings().base_url}/settings/calendars/{calendar.id}",
    }


COMPOSERS: dict[str, Composer] = {"staff-calendar-unread": calendar_unread}
"""By the mail's folder under ``templates/email``."""
