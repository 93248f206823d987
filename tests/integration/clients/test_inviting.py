"""Staff choose for a client, who asked by phone, whether mails reach into their calendar."""

import pytest
from flask.testing import FlaskClient

from practice.core.db import db
from practice.people.models import Client
from tests.browsers import send
from tests.integration.sessions.pages.conftest import text_of


@pytest.mark.parametrize(
    ("wants", "kept", "shown"),
    [("yes", True, "By mail"), ("no", False, "None"), ("practice", None, "As the practice does")],
)
def test_staff_choose_for_a_client_whether_invitations_are_mailed(
    browser: FlaskClient, alex: Client, wants: str, kept: bool | None, shown: str
) -> None:
    url = f"/clients/{alex.id}/invitations"
    assert "The practice mails invitations where nobody chose." in text_of(browser.get(url))

    answer = send(browser, url, {"wants": wants})

    assert (answer.status_code, answer.location) == (303, f"/clients/{alex.id}")
    db.session.expire_all()
    assert alex.is_invited is kept
    page = text_of(browser.get(answer.location))
    assert f"Calendar invitations {shown}" in page
    assert "Invitations by mail changed" in page
    assert f'checked id="wants-{["practice", "yes", "no"].index(wants)}"' in browser.get(url).text


def test_a_choice_that_there_is_not_is_refused(browser: FlaskClient, alex: Client) -> None:
    answer = send(browser, f"/clients/{alex.id}/invitations", {"wants": "sometimes"})

    assert (answer.status_code, alex.is_invited) == (422, None)
