"""A practice on a Monday that stays, and a program that has a token of it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from practice.api.rules.scopes import Scope
from practice.api.service import tokens
from practice.calendar.models import Resource
from practice.core.db import db, read_again, transaction
from practice.people.models import User
from tests.factories import OWNER
from tests.integration.sessions.conftest import practice, therapist, time
from tests.integration.sessions.pages.conftest import nothing_changes

__all__ = ["nothing_changes", "practice", "therapist", "time"]  # fixtures among them

ALEX = {
    "first_name": "Alex",
    "last_name": "O’Brien",
    "email": "Alex@Mail.example",
    "phone": "757 555 0123",
}


@dataclass
class Program:
    """Another program, with its token, if it has one."""

    client: FlaskClient
    token: str = ""

    def ask(self, method: str, path: str, sent: Any = None, **headers: str) -> TestResponse:
        """Ask below /api/v1; ``key`` goes along as the Idempotency-Key."""
        given = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        if "key" in headers:
            given["Idempotency-Key"] = headers.pop("key")
        return self.client.open(f"/api/v1{path}", method=method, json=sent, headers=given | headers)

    def get(self, path: str, **query: Any) -> TestResponse:
        given = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        return self.client.get(f"/api/v1{path}", query_string=query or None, headers=given)

    def post(self, path: str, sent: Any = None, **headers: str) -> TestResponse:
        return self.ask("POST", path, sent, **headers)


LetIn = Callable[..., Program]


@pytest.fixture
def let_in(app: Flask, therapist: Resource) -> LetIn:
    """Make a token, and hand out the program that has it."""
    user_id = therapist.user_id
    assert user_id is not None

    def make(*scopes: Scope) -> Program:
        with transaction():
            _, secret = tokens.make("Website", scopes or Scope, made_by=user_id, by=OWNER)
        return Program(app.test_client(), secret)

    return make


@pytest.fixture
def program(let_in: LetIn) -> Program:
    """A program that may do everything."""
    return let_in()


@pytest.fixture
def visitor(app: Flask, therapist: Resource) -> Program:
    """A program without a token."""
    return Program(app.test_client())


def count(model: Any) -> int:
    """Return how many rows there are."""
    read_again()
    return db.session.scalar(sa.select(sa.func.count()).select_from(model)) or 0


def problem(answer: TestResponse) -> tuple[int, str]:
    """Return status and code of an answer that tells of a problem, as such answers must be."""
    assert answer.mimetype == "application/problem+json", answer.text
    told = answer.get_json()
    assert told["status"] == answer.status_code
    assert {"type", "title", "detail", "reference"} <= told.keys()
    return answer.status_code, told["code"]


@pytest.fixture
def owner(therapist: Resource) -> User:
    return db.session.scalars(sa.select(User).where(User.id == therapist.user_id)).one()
