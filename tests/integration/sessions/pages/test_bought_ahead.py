"""What a client bought ahead, on their own page."""

from __future__ import annotations

from datetime import date

from flask import Flask

from practice.calendar.models import Resource
from practice.core.db import transaction
from practice.sessions import queries
from tests import factories
from tests.browsers import sign_in_client
from tests.integration.sessions.pages.conftest import text_of


def test_a_client_sees_what_is_left_and_until_when(app: Flask, therapist: Resource) -> None:
    with transaction():
        client = factories.create_client()
        sale = factories.sell_package(client, queries.get_service("integration_60"))
        sale.expires_on = date(2027, 3, 31)
    browser = app.test_client()
    sign_in_client(browser, client)
    page = text_of(browser.get("/me/money"))

    assert "Bought ahead" in page
    assert "3 of 3 left" in page
    assert "Good until Wed, Mar 31, 2027." in page
