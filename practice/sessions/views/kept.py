"""What a visitor's browser keeps for them until they are booked, in its session cookie.

The time that they hold, their time zone, and what they typed about themselves: sealed, since a
cookie is readable by whoever finds the device. It ends with the browser, or when it is booked.
"""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from uuid import UUID

from flask import session

from practice.core import tokens
from practice.core.crypto import Unreadable, seal, unseal
from practice.core.db import require_practice_id
from practice.sessions.forms import DetailsForm
from practice.sessions.rules.for_clients import Step

TYPED = ("first_name", "last_name", "email", "phone", "adult")
LONGEST = 1000  # characters of answers; a cookie holds some four thousand
PLACE = b"typed details"


def browser() -> str:
    """Return the digest of this browser's own random id, made when it first holds a time."""
    return tokens.digest(session.setdefault("browser", tokens.new()))


def follow(token: str, step: Step, *, words: str, until: str) -> None:
    """Remember the time that is held, or forget everything once it is booked.

    ``words`` say which time, ``until`` is the end of the hold as an instant in UTC.
    """
    is_here = session.get("held", {}).get("token") == token
    if step in (Step.DETAILS, Step.CHECK):
        practice = str(require_practice_id())
        session["held"] = {"token": token, "words": words, "until": until, "practice": practice}
    elif is_here:
        del session["held"]
        if step is Step.BOOKED:
            session.pop("details", None)


def held(now: str) -> dict[str, str] | None:
    """Return the time that this browser holds here at ``now``, as it was last looked at."""
    found: dict[str, str] | None = session.get("held")
    if not found or found["until"] < now or found["practice"] != str(require_practice_id()):
        return None
    return found


def keep_details(form: DetailsForm) -> None:
    """Keep what was typed, valid or not, for the next form that asks for the same."""
    text = json.dumps({name: form[name].data for name in TYPED})
    if len(text) <= LONGEST:
        session["details"] = urlsafe_b64encode(seal(text, require_practice_id(), PLACE)).decode()


def details(practice_id: UUID) -> dict[str, str]:
    """Return what was typed before in this practice's pages, by the names of the fields."""
    try:
        return dict(
            json.loads(unseal(urlsafe_b64decode(session.get("details", "")), practice_id, PLACE))
        )
    except (Unreadable, ValueError, IndexError):
        return {}
