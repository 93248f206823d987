"""The practice of the sessions' tests, and files that other programs wrote."""

from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from practice.core.db import read_again
from practice.outbox.jobs import run_due
from tests.browsers import form_token, send
from tests.integration.sessions.conftest import practice, therapist, time
from tests.integration.sessions.staff.conftest import alex, browser, owner, signed_in

EDGE = "an-edge-between-parts"  # written by hand: the test client leaves large files open

__all__ = ["alex", "browser", "owner", "practice", "signed_in", "therapist", "time"]


def upload(
    browser: FlaskClient, what: str, text: str | bytes, *, name: str = "file.csv"
) -> TestResponse:
    """Choose a file and send it."""
    body = text.encode() if isinstance(text, str) else text
    parts = (
        f'--{EDGE}\r\nContent-Disposition: form-data; name="csrf_token"\r\n\r\n'
        f"{form_token(browser)}\r\n"
        f'--{EDGE}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n'
        "Content-Type: application/octet-stream\r\n\r\n"
    )
    return browser.post(
        f"/settings/import/{what}",
        data=parts.encode() + body + f"\r\n--{EDGE}--\r\n".encode(),
        content_type=f"multipart/form-data; boundary={EDGE}",
    )


def bring(app: Flask, browser: FlaskClient, what: str, text: str | bytes) -> str:
    """Bring a file over, to its end; return the address of the import."""
    run = str(upload(browser, what, text).location)
    assert send(browser, f"{run}/start").location == run
    work(app)
    return run


def work(app: Flask) -> None:
    """Be the worker until nothing is due."""
    with app.app_context():
        run_due()
    read_again()


def id_of(run: str) -> UUID:
    return UUID(run.rpartition("/")[2])


@pytest.fixture(autouse=True)
def ready(browser: FlaskClient) -> None:
    """Whoever moves in is signed in."""
