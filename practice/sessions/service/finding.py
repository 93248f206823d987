"""Sending people the links of their bookings, without telling anybody who has one."""

from practice.audit import service as audit
from practice.audit.rules import VISITOR
from practice.core import clock, tokens
from practice.core.db import require_practice_id
from practice.outbox import service as outbox
from practice.sessions.queries.coming import coming_of


def send_links(email: str) -> None:
    """Mail the links of what is to come to ``email`` (in lower case), if anything is.

    Call inside ``transaction()``. Asking again within the same minute sends one mail.
    """
    coming = coming_of(email)
    audit.record("bookings:find", by=VISITOR, subject_id=require_practice_id())
    if coming and coming[0].client_id is not None:
        outbox.post(
            "find-bookings",
            key=f"find-bookings:{tokens.digest(email)[:32]}:{clock.now():%Y%m%d%H%M}",
            to=email,
            about_id=coming[0].client_id,
            client_id=coming[0].client_id,
            facts={
                "asked_at": clock.now().isoformat(),
                "bookings": [str(each.id) for each in coming],
            },
        )
