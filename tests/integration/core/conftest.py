"""Two practices that must not meet, each with one client."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from flask import Flask

from practice.people.models import Client, Practice, User
from tests import factories


@dataclass(frozen=True)
class House:
    """A practice, somebody on its staff, and somebody in its care."""

    practice: Practice
    user: User
    client: Client


@pytest.fixture
def inside(app: Flask) -> Iterator[None]:
    """Be inside the application, and in no practice."""
    with app.app_context():
        yield


def make(slug: str, name: str) -> House:
    practice = factories.create_practice(slug=slug)
    with factories.made(practice):
        client = factories.create_client(first_name=name, papers=())
        return House(practice, factories.create_user(), client)


@pytest.fixture
def here(inside: None) -> House:
    return make("tidewater", "Alex")


@pytest.fixture
def there(inside: None) -> House:
    return make("harbor", "Sam")
