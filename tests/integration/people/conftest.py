"""A practice with somebody who can sign in, and their browser."""

from collections.abc import Iterator

import pytest
from argon2 import PasswordHasher
from flask import Flask

from practice.audit.rules import PROGRAM
from practice.core.db import practice_scope, transaction
from practice.people import passwords, service
from practice.people.models import Practice, User
from practice.people.rules import Role
from tests import factories

EMAIL = "morgan@tidewater.example"
PASSWORD = "a quiet room in daylight"


@pytest.fixture(autouse=True)
def quick_hashes(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Hash passwords with the least work, since it is not the strength that is tested here."""
    passwords.nobodys_hash.cache_clear()
    monkeypatch.setattr(passwords, "_hasher", PasswordHasher(time_cost=1, memory_cost=64))
    yield
    passwords.nobodys_hash.cache_clear()


@pytest.fixture
def practice(app: Flask) -> Iterator[Practice]:
    """Be inside the scope of a practice."""
    with app.app_context():
        practice = factories.create_practice()
        with practice_scope(practice.id):
            yield practice


@pytest.fixture
def member(practice: Practice) -> User:
    with transaction():
        return service.create_user(
            name="Morgan Reyes (demo)",
            email=EMAIL,
            password=PASSWORD,
            roles=[Role.OWNER, Role.THERAPIST],
            by=PROGRAM,
        )
