"""The note to a session: for those who run the day, sealed, with all that it said before."""

from datetime import timedelta

import sqlalchemy as sa
from flask.testing import FlaskClient

from practice.calendar.models import Resource
from practice.core.db import db, read_again
from practice.people.models import Client
from practice.people.rules import Role
from practice.sessions.models import SessionNote
from tests.browsers import send
from tests.integration.sessions.conftest import Clock
from tests.integration.sessions.pages.conftest import nothing_changes, text_of, value_of
from tests.integration.sessions.staff.conftest import MONDAY, SignedIn, session


def test_a_note_is_kept_with_its_history_and_nobody_writes_over_anybody(
    browser: FlaskClient, signed_in: SignedIn, alex: Client, therapist: Resource, time: Clock
) -> None:
    made = session("prep_60", alex, therapist, MONDAY, 9)
    url, desk = f"/sessions/{made.id}/note", signed_in(Role.FRONT_DESK)
    empty = browser.get(url)
    for _ in range(2):
        send(browser, url, {"text": "Bring the blue blanket.", "seen": ""})
    time.now += timedelta(minutes=5)
    seen = value_of(desk.get(url), "seen")
    send(desk, url, {"text": "Bring two blankets.", "seen": seen})
    browser.get("/today")
    with nothing_changes():
        late = send(browser, url, {"text": "No blanket.", "seen": seen})

    assert "No psychotherapy notes" in text_of(empty)
    assert late.status_code == 409
    assert "Somebody else has just written here." in text_of(late)
    assert "No blanket.</textarea>" in late.text
    shown = text_of(desk.get(url))
    assert shown.index("Bring two blankets.") < shown.index("Bring the blue blanket.")
    assert "Note Bring two blankets." in text_of(desk.get(f"/sessions/{made.id}"))
    read_again()
    rows = db.session.execute(sa.select(SessionNote.text_sealed)).scalars().all()
    assert len(rows) == 2
    assert not any(b"blanket" in row for row in rows)


def test_a_note_that_is_too_long_comes_back_whole(
    browser: FlaskClient, alex: Client, therapist: Resource
) -> None:
    made = session("prep_60", alex, therapist, MONDAY, 9)
    browser.get("/today")
    with nothing_changes():
        answer = send(browser, f"/sessions/{made.id}/note", {"text": "x" * 4001, "seen": "1"})

    assert answer.status_code == 422
    assert "Use at most 4000 characters" in text_of(answer)
