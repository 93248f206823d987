"""The pages on which the owner lets programs in and says who gets news."""

import re
from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from practice.api.models import ApiToken, Delivery, DeliveryState, Webhook
from practice.api.rules.events import Event
from practice.api.service import webhooks
from practice.core.db import db, read_again, transaction
from practice.people.models import User
from tests import factories
from tests.browsers import send, sign_in
from tests.factories import OWNER
from tests.integration.api.conftest import Program, count
from tests.integration.sessions.conftest import Clock
from tests.integration.sessions.pages.conftest import text_of


@pytest.fixture
def browser(client: FlaskClient, owner: User) -> FlaskClient:
    sign_in(client, owner)
    return client


def secret_in(page: str) -> str:
    found = re.search(r'readonly value="([^"]+)"', page)
    assert found is not None
    return found[1]


def test_a_token_is_shown_once_used_listed_and_revoked(
    browser: FlaskClient, visitor: Program, time: Clock
) -> None:
    made = send(browser, "/settings/api", {"label": "Website", "scopes": ["practice:read"]})
    visitor.token = secret_in(made.text)
    assert visitor.get("/practice").status_code == 200
    time.now += timedelta(minutes=1)

    listed = browser.get("/settings/api")
    assert visitor.token not in listed.text
    assert "Website Read who the practice is Mon, Mar 1, 8:00 AM by Practitioner 1" in text_of(
        listed
    )
    token = db.session.scalars(sa.select(ApiToken)).one()
    revoked = send(browser, f"/settings/api/{token.id}/revoke")

    assert revoked.location == "/settings/api"
    assert "No program is let in yet." in text_of(browser.get("/settings/api"))
    assert visitor.get("/practice").status_code == 401
    assert send(browser, f"/settings/api/{token.id}/revoke").status_code == 409


def test_a_refused_form_keeps_what_was_typed_and_ticked(browser: FlaskClient) -> None:
    nothing = send(browser, "/settings/api", {"label": "", "scopes": []})
    odd = send(browser, "/settings/api", {"label": "Website", "scopes": ["admin"]})
    long = send(browser, "/settings/api", {"label": "x" * 81, "scopes": ["times:read"]})

    assert [each.status_code for each in (nothing, odd, long)] == [422] * 3
    assert "Tick what it may do" in text_of(nothing)
    assert 'value="Website"' in odd.text
    assert re.search(r'<input[^>]*checked[^>]*value="times:read"', long.text)
    assert count(ApiToken) == 0


def test_a_webhook_is_added_shown_with_its_news_and_ended(
    browser: FlaskClient, time: Clock
) -> None:
    url = "https://www.example.com/news"
    added = send(browser, "/settings/webhooks", {"url": url, "events": ["client.added"]})
    assert secret_in(added.text).startswith("whsec_")
    db.session.expire_all()  # another session has changed the practice
    with transaction():
        webhooks.happened("client:add", factories.create_client().id, {})
        delivery = db.session.scalars(sa.select(Delivery)).one()
        delivery.state, delivery.tries, delivery.status = DeliveryState.GIVEN_UP, 16, 503
        delivery.problem = "It did not take the news."
    webhook = db.session.scalars(sa.select(Webhook)).one()
    here = f"/settings/webhooks/{webhook.id}"

    shown = text_of(browser.get(here))
    again = send(browser, f"/settings/webhooks/deliveries/{delivery.id}/send-again")
    waiting = text_of(browser.get(here))
    rotated = send(browser, f"{here}/rotate")
    ended = send(browser, f"{here}/end")

    assert "A client was added" in shown
    assert "Given up 16 tries, answered 503. It did not take the news." in shown
    assert again.location == here
    assert "Waiting" in waiting
    assert secret_in(rotated.text) != secret_in(added.text)
    assert "The former one goes on signing" in text_of(rotated)
    assert ended.location == "/settings/webhooks"
    assert "gets no more news since" in text_of(browser.get(here))
    read_again()
    assert db.session.scalars(sa.select(Webhook.ended_at)).one() == time.now


def test_an_address_that_is_not_sent_to_is_refused_beside_its_field(browser: FlaskClient) -> None:
    url = "http://169.254.169.254/"

    answer = send(browser, "/settings/webhooks", {"url": url, "events": ["client.added"]})

    assert answer.status_code == 422
    assert "The address must begin with https://" in text_of(answer)
    assert f'value="{url}"' in answer.text
    assert re.search(r'<input[^>]*checked[^>]*value="client.added"', answer.text)


def test_no_more_listen_than_a_booking_can_bear(browser: FlaskClient) -> None:
    with transaction():
        for n in range(webhooks.MOST_WEBHOOKS):
            webhooks.listen(f"https://www.example.com/{n}", [Event.CLIENT_ADDED], by=OWNER)

    answer = send(
        browser,
        "/settings/webhooks",
        {"url": "https://www.example.com/x", "events": ["client.added"]},
    )

    assert answer.status_code == 422
    assert "At most 20 addresses" in text_of(answer)
