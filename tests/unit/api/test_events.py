import hashlib
import hmac
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import practice
from practice.api.rules import events, scopes
from practice.api.rules.events import (
    LONGEST_PAUSE,
    OF_DEED,
    TRIES,
    Event,
    is_taken,
    news_in,
    pause_after,
    signature,
)
from practice.billing.rules.payments import PaymentState
from practice.sessions.rules.for_staff import LEADS_TO

NOON = datetime(2027, 3, 1, 12, tzinfo=UTC)


def test_every_event_and_every_scope_has_its_words() -> None:
    assert events.WORDS.keys() == set(Event)
    assert scopes.WORDS.keys() == set(scopes.Scope)


def test_every_event_comes_from_a_deed_that_is_written_down_somewhere() -> None:
    house = Path(practice.__file__).parent
    code = "".join(
        file.read_text()
        for file in house.rglob("*.py")
        if file.relative_to(house).parts[0] != "api"
    )
    by_state = {f"appointment:{state}" for state in LEADS_TO.values()}
    by_state |= {f"payment:{state}" for state in PaymentState} | {"invoice:issue"}

    assert set(OF_DEED.values()) == set(Event)
    assert {deed for deed in OF_DEED if f'"{deed}"' not in code} <= by_state


def test_what_is_booked_at_once_is_made_and_confirmed_in_this_order() -> None:
    booked = ("appointment:book", {"state": "confirmed"})

    assert news_in(*booked) == (Event.BOOKING_CREATED, Event.BOOKING_CONFIRMED)
    assert news_in("appointment:book", {"state": "tentative"}) == (Event.BOOKING_CREATED,)
    assert news_in("appointment:renew", {}) == ()


def test_a_signature_can_be_made_again_by_whoever_knows_the_secret() -> None:
    header = signature(b"{}", NOON, ["one", "two"])

    stamp = int(NOON.timestamp())
    macs = [
        hmac.new(secret, f"{stamp}.{{}}".encode(), hashlib.sha256).hexdigest()
        for secret in (b"one", b"two")
    ]
    assert header == f"t={stamp},v1={macs[0]},v1={macs[1]}"
    assert re.fullmatch(r"t=[0-9]+(,v1=[0-9a-f]{64}){2}", header)


def test_pauses_grow_to_four_hours_and_all_tries_take_more_than_a_day() -> None:
    pauses = [pause_after(tries) for tries in range(1, TRIES)]

    assert pauses == sorted(pauses)
    assert (pauses[0], pauses[-1]) == (timedelta(seconds=5), LONGEST_PAUSE)
    assert sum(pauses, timedelta()) > timedelta(days=1)


def test_only_a_two_hundred_takes_the_news() -> None:
    assert [status for status in (100, 200, 204, 299, 300, 302, 404, 500) if is_taken(status)] == [
        200,
        204,
        299,
    ]
