"""Scripts on a practice's own website use the public part; those on any other do not."""

from datetime import timedelta

import pytest
import sqlalchemy as sa
from werkzeug.test import TestResponse

from practice.core.db import db, transaction
from practice.people import public_face
from practice.people.models import Practice
from practice.sessions.models import Appointment
from practice.sessions.rules.lifecycle import AppointmentState
from tests.factories import OWNER
from tests.integration.api.conftest import Program
from tests.integration.sessions.conftest import MONDAY_EIGHT

OURS, THEIRS = "https://www.tidewater.example", "https://evil.example"
ASKED = {
    "service": "consult",
    "starts_at": (MONDAY_EIGHT + timedelta(days=2, hours=2)).isoformat(),
}


@pytest.fixture
def website(visitor: Program, practice: Practice) -> Program:
    with transaction():
        public_face.allow_frames([OURS], by=OWNER)
    return visitor


def shared(answer: TestResponse) -> tuple[str | None, str | None, bool]:
    """Return who may read an answer, what they may read of it, and whether caches know it."""
    names = ("Access-Control-Allow-Origin", "Access-Control-Expose-Headers")
    allowed, exposed = (answer.headers.get(name) for name in names)
    return allowed, exposed, "Origin" in answer.vary


@pytest.mark.parametrize("path", ["/p/tidewater/services", "/p/tidewater/services/nothing/times"])
def test_the_practices_own_website_reads_answers_and_refusals(website: Program, path: str) -> None:
    ours = website.ask("GET", path, Origin=OURS)
    theirs = website.ask("GET", path, Origin=THEIRS)

    assert shared(ours) == (OURS, "Retry-After", True)
    assert shared(theirs) == (None, None, True)
    assert ours.status_code == theirs.status_code
    assert "Access-Control-Allow-Credentials" not in ours.headers


def test_a_browser_that_asks_first_is_told_what_may_be_sent(website: Program) -> None:
    asked = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "x"}

    ours = website.ask("OPTIONS", "/p/tidewater/holds", Origin=OURS, **asked)
    theirs = website.ask("OPTIONS", "/p/tidewater/holds", Origin=THEIRS, **asked)

    told = {name: value for name, value in ours.headers if name.startswith("Access-Control")}
    assert told == {
        "Access-Control-Allow-Origin": OURS,
        "Access-Control-Allow-Methods": "OPTIONS, POST",
        "Access-Control-Allow-Headers": "Content-Type, Idempotency-Key",
        "Access-Control-Expose-Headers": "Retry-After",
        "Access-Control-Max-Age": "600",
    }
    assert not [name for name, _ in theirs.headers if name.startswith("Access-Control")]


def test_a_time_is_held_from_the_practices_own_website_alone(website: Program) -> None:
    from_page = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "cors"}
    wrong = website.ask("POST", "/p/tidewater/holds", ASKED, Origin=THEIRS, **from_page)
    nameless = website.ask("POST", "/p/tidewater/holds", ASKED, Origin="null", **from_page)
    right = website.ask("POST", "/p/tidewater/holds", ASKED, Origin=OURS, **from_page)

    assert [each.status_code for each in (wrong, nameless, right)] == [403, 403, 201]
    assert shared(right)[0] == OURS
    assert db.session.scalars(sa.select(Appointment.state)).all() == [AppointmentState.TENTATIVE]


def test_what_needs_a_token_is_shared_with_no_website(website: Program) -> None:
    answer = website.ask("GET", "/clients", Origin=OURS)

    assert "Access-Control-Allow-Origin" not in answer.headers
