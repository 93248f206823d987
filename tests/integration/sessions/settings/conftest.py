"""An installation that takes on practices, its mail, and hashing that takes no time."""

import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

import pytest
import sqlalchemy as sa
from argon2 import PasswordHasher
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from practice.core import clock
from practice.core.db import db, practice_scope
from practice.outbox import mail
from practice.outbox.models import Job, Message
from practice.people import passwords
from tests.browsers import send

MONDAY_EIGHT_IN_DENVER = datetime(2027, 3, 1, 15, tzinfo=UTC)
PASSWORD = "a quiet room in daylight"
SIGN_UP = {
    "owner": "Jo Marsh (demo)",
    "email": "jo@high-plains.example",
    "password": PASSWORD,
    "name": "High Plains Sanctuary (demo)",
    "slug": "",
    "locality": "Denver, CO",
    "phone": "303 555 0100",
    "time_zone": "America/Denver",
}


@dataclass
class Clock:
    """The clock of a test. It stands until it is set."""

    now: datetime


@pytest.fixture(autouse=True)
def time(monkeypatch: pytest.MonkeyPatch) -> Clock:
    stands = Clock(MONDAY_EIGHT_IN_DENVER)
    monkeypatch.setattr(clock, "now", lambda: stands.now)
    return stands


@pytest.fixture(autouse=True)
def quick_hashes(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    passwords.nobodys_hash.cache_clear()
    monkeypatch.setattr(passwords, "_hasher", PasswordHasher(time_cost=1, memory_cost=64))
    yield
    passwords.nobodys_hash.cache_clear()


@pytest.fixture(autouse=True)
def inside(app: Flask) -> Iterator[None]:
    with app.app_context():
        yield


def practices() -> set[UUID]:
    """Return the ids of all practices that have asked for work, started or not."""
    everywhere = sa.select(Job.practice_id).execution_options(across_practices=True)
    found = set(db.session.scalars(everywhere))
    db.session.rollback()
    return found


def mails() -> list[tuple[str, str, str]]:
    """Return name, address and text of all mail that would still be sent, whoever sends it."""
    written = []
    for practice_id in practices():
        with practice_scope(practice_id):
            for message in db.session.scalars(
                sa.select(Message).order_by(Message.created_at)
            ).all():
                with suppress(mail.Stale):
                    body = mail.write(message).get_body(("plain",))
                    text = str(body and body.get_content())
                    written.append((message.name, message.to or "", text))
            db.session.rollback()
    return written


def link_in(text: str) -> str:
    """Return the path of the one page that a mail leads to."""
    (url,) = set(re.findall(r"http://localhost(/\S+)", text))
    return str(url)


def sign_up(browser: FlaskClient, **other: str) -> TestResponse:
    """Fill in and send the form that starts a practice."""
    return send(browser, "/sign-up", SIGN_UP | other)


def start(browser: FlaskClient, **other: str) -> TestResponse:
    """Sign up, open the link in the mail and type the password; be in the new practice."""
    email = other.get("email", SIGN_UP["email"])
    assert sign_up(browser, **other).status_code == 303
    text = next(text for name, to, text in mails() if (name, to) == ("staff-sign-up", email))
    return send(browser, link_in(text), {"password": PASSWORD})
