"""A practice that takes cards, by a line to the sandbox that a test may cut."""

from collections.abc import Iterator
from datetime import datetime

import pytest
from flask.testing import FlaskClient

from config import Config
from practice.core.db import read_again
from tests import databases
from tests.integration.billing.conftest import Later, later, sandbox  # noqa: F401  # fixtures
from tests.integration.billing.line import Line, laid_to
from tests.integration.sessions.pages.conftest import NEW_YORK
from tests.stripe_sandbox import Sandbox

SECRET = "whsec_that_is_in_use"


@pytest.fixture
def time() -> None:
    """Let time pass as it does: the processor's clock goes on too."""


@pytest.fixture
def line(sandbox: Sandbox) -> Iterator[Line]:  # noqa: F811  # asks for the fixture
    with laid_to(sandbox.base_url) as line:
        yield line


@pytest.fixture
def config(database_url: str, line: Line, clock_file: object) -> Config:
    return Config.from_env(
        databases.settings(database_url)
        | {
            "STRIPE_SECRET_KEY": "sk_test_sandbox",
            "STRIPE_WEBHOOK_SECRETS": SECRET,
            "STRIPE_API_BASE": line.url,
            "PAYMENTS_SANDBOX": "1",
            "CLOCK_FILE": str(clock_file),
        }
    )


def free_start(browser: FlaskClient) -> datetime:
    """Return the first nine o'clock on offer for an intake: every kind of session fits then."""
    url = "/p/tidewater/book/intake/?place=in-person"
    listed = browser.get(url, headers={"Accept": "application/json"}).json
    assert listed is not None
    starts = map(datetime.fromisoformat, listed["starts"])
    return next(start for start in starts if start.astimezone(NEW_YORK).hour == 9)


def path_of(url: str) -> str:
    """Return the path of one of our own addresses, as the processor got it."""
    read_again()
    assert url.startswith("http://localhost/")
    return url.removeprefix("http://localhost")
