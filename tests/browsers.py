"""What a browser does in tests: signs in, and sends forms with the token that pages carry."""

from contextvars import Context
from datetime import timedelta
from typing import Any

from flask.testing import FlaskClient
from itsdangerous import URLSafeTimedSerializer
from werkzeug.test import TestResponse

from practice.core import clock, tokens
from practice.core.db import db, transaction
from practice.people import doors
from practice.people.models import Client, ClientSignIn, SignIn, User
from practice.people.rules import DoorKind


class Browser(FlaskClient):
    """Asks as if from outside: what the test has entered or remembered is not there."""

    def open(self, *args: Any, **more: Any) -> TestResponse:
        return Context().run(super().open, *args, **more)


def sign_in(browser: FlaskClient, user: User, *, quiet_minutes: int = 0) -> str:
    """Be signed in as ``user``, who last did something so long ago; return the cookie's secret.

    Call inside the practice's scope, outside transactions.
    """
    token = tokens.new()
    at = clock.now() - timedelta(minutes=quiet_minutes)
    with transaction():
        row = SignIn(user_id=user.id, created_at=at, seen_at=at, program="a browser of the tests")
        db.session.add(row)
        db.session.flush()
        doors.cut(DoorKind.SIGN_IN, token, row.id)
    with browser.session_transaction() as kept:
        kept["_user_id"] = token
    return token


def sign_in_client(browser: FlaskClient, client: Client, *, quiet_minutes: int = 0) -> str:
    """Be signed in as ``client``, who last did something so long ago; return the cookie's secret.

    Call inside the practice's scope, outside transactions.
    """
    token = tokens.new()
    at = clock.now() - timedelta(minutes=quiet_minutes)
    with transaction():
        row = ClientSignIn(
            email=client.email,
            client_id=client.id,
            hash=tokens.digest(token),
            created_at=at,
            seen_at=at,
            program="a browser of the tests",
        )
        db.session.add(row)
        db.session.flush()
    with browser.session_transaction() as kept:
        kept["_user_id"] = f"client {client.practice_id.hex} {token}"
    return token


def form_token(browser: FlaskClient) -> str:
    """Return a form token that is good in this browser, as every page with a form carries."""
    with browser.session_transaction() as kept:
        secret = kept.setdefault("csrf_token", "the form token of this browser")
    signer = URLSafeTimedSerializer(browser.application.secret_key or "", salt="wtf-csrf-token")
    return str(signer.dumps(secret))


def send(browser: FlaskClient, url: str, answers: Any = None, **more: Any) -> TestResponse:
    """Send a form from a page of this site."""
    filled = {**(answers or {}), "csrf_token": form_token(browser)}
    return browser.post(url, data=filled, **more)
