"""Where the house meets HTTP: errors, headers, and requests that nobody's browser makes."""

import logging
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from io import BytesIO
from typing import Any, NoReturn
from urllib.parse import urlsplit

import pytest
from flask import Flask, request
from flask.testing import FlaskClient
from sqlalchemy import event
from sqlalchemy.engine import Engine

from config import Config
from practice import web
from practice.app import create_app
from practice.core.db import Busy, db, practice_scope
from practice.core.errors import (
    Conflict,
    Invalid,
    NotAllowed,
    NotFound,
    PracticeError,
    TooMany,
    Unavailable,
)
from practice.people.access import public, requires
from practice.people.rules import Permission
from tests.browsers import Browser, form_token, send, sign_in
from tests.integration.core.conftest import House

pytestmark = pytest.mark.database("sqlite")

POLICY = """\
default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; img-src 'self' data:; \
connect-src 'self'; form-action 'self' https://checkout.stripe.com; base-uri 'none'; \
frame-ancestors 'none'"""

SAFE = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
}


class SlotTaken(Conflict):
    """An error of some room, that the table knows by its parent."""


ERRORS: dict[str, tuple[PracticeError, int, str | None]] = {
    "not-found": (NotFound("There is no such client."), 404, None),
    "not-allowed": (NotAllowed("Your role does not include this."), 403, None),
    "conflict": (Conflict("The invoice is already paid."), 409, None),
    "room": (SlotTaken("10:30 AM was just taken."), 409, None),
    "invalid": (Invalid("The last day is before the first day."), 422, None),
    "too-many": (TooMany("Try again later.", retry_after_seconds=40), 429, "40"),
    "unavailable": (Unavailable("The payment processor did not answer."), 503, "30"),
    "busy": (Busy("The practice is very busy."), 503, "2"),
    "unknown": (PracticeError("Nobody gave this a number."), 500, None),
}
SECRET = "what somebody typed: Alex Bell"


def asks_nothing(*_: object) -> NoReturn:
    raise AssertionError("an error page asked the database")


@pytest.fixture
def app(config: Config) -> Iterator[Flask]:
    """The program, with views that fail in every way."""
    app = create_app(config)
    app.test_client_class = Browser

    @public
    def fail(name: str) -> NoReturn:
        raise ERRORS[name][0]

    @public
    def crash() -> NoReturn:
        raise ValueError(SECRET)

    @public
    def echo() -> dict[str, Any]:
        return {"form": request.form, "files": list(request.files)}

    @requires(Permission.WORK)
    def lose_the_database() -> NoReturn:
        event.listen(Engine, "before_cursor_execute", asks_nothing)
        raise ValueError(SECRET)

    app.add_url_rule("/fail/<name>", view_func=fail)
    app.add_url_rule("/crash", view_func=crash)
    app.add_url_rule("/echo", view_func=echo, methods=["POST"])
    app.add_url_rule("/lose", view_func=lose_the_database)
    app.add_url_rule("/nobody", view_func=lambda: "not marked", endpoint="nobody")
    yield app
    if event.contains(Engine, "before_cursor_execute", asks_nothing):
        event.remove(Engine, "before_cursor_execute", asks_nothing)
    with app.app_context():
        db.session.remove()
        db.engine.dispose()


# Errors ------------------------------------------------------------------------------------------


def kinds(base: type[PracticeError] = PracticeError) -> set[type[PracticeError]]:
    return {base}.union(*(kinds(kind) for kind in base.__subclasses__()))


def test_every_error_of_the_house_has_a_status() -> None:
    assert len(kinds()) > 10
    unknown = {kind for kind in kinds() if web.status_of(kind.__new__(kind)) == 500}
    assert unknown == {PracticeError}


def test_no_error_of_the_table_is_hidden_behind_another() -> None:
    assert {kind: web.status_of(kind.__new__(kind)) for kind in web.STATUS} == web.STATUS


@pytest.mark.parametrize("name", ERRORS)
def test_an_error_is_told_with_its_status_and_its_words(client: FlaskClient, name: str) -> None:
    error, status, retry_after = ERRORS[name]

    page = client.get(f"/fail/{name}")
    data = client.get(f"/fail/{name}", headers={"Accept": "application/json"})

    assert (page.status_code, data.status_code) == (status, status)
    assert page.headers.get("Retry-After") == data.headers.get("Retry-After") == retry_after
    assert status == 500 or error.message in page.text
    told = data.get_json()
    assert (told["error"], told["detail"]) == (type(error).__name__, error.message)
    assert re.fullmatch(r"[0-9A-F]{8}", told["reference"])


def test_an_unexpected_error_tells_its_reference_and_nothing_else(
    client: FlaskClient, caplog: pytest.LogCaptureFixture
) -> None:
    answer = client.get("/crash")

    assert answer.status_code == 500
    assert "Something went wrong on our side" in answer.text
    assert "Traceback" not in answer.text
    assert SECRET not in answer.text
    (reference,) = re.findall(r"Reference <code>(\w+)</code>", answer.text)
    (noted,) = [entry for entry in caplog.records if entry.levelno >= logging.ERROR]
    assert f"unexpected ValueError {reference}" in noted.getMessage()
    assert "in crash" in noted.getMessage()
    assert SECRET not in caplog.text


def test_an_unexpected_error_is_told_to_programs_alike(client: FlaskClient) -> None:
    answer = client.get("/crash", headers={"Accept": "application/json"})

    assert answer.status_code == 500
    assert answer.get_json()["error"] == "Unexpected"
    assert SECRET not in answer.text


def test_an_error_page_for_staff_needs_no_database(client: FlaskClient, here: House) -> None:
    with practice_scope(here.practice.id):
        sign_in(client, here.user)

    answer = client.get("/lose")

    assert answer.status_code == 500
    assert "Something went wrong on our side" in answer.text
    assert here.practice.name in answer.text


@pytest.mark.parametrize("path", ["/nothing-here", "/crash", "/fail/not-found"])
def test_an_error_page_for_strangers_needs_no_database(
    client: FlaskClient, count_statements: Callable[[Callable[[], object]], int], path: str
) -> None:
    assert count_statements(lambda: client.get(path)) == 0


def test_a_view_that_does_not_say_whom_it_is_for_is_open_to_nobody(
    client: FlaskClient, here: House
) -> None:
    with practice_scope(here.practice.id):
        sign_in(client, here.user)

    answer = client.get("/nobody")

    assert answer.status_code == 403
    assert "not marked" not in answer.text


# Headers -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path", ["/", "/sign-in", "/account", "/healthz", "/nothing-here", "/crash", "/fail/conflict"]
)
def test_every_answer_is_safe_to_show_and_not_kept(client: FlaskClient, path: str) -> None:
    answer = client.get(path)

    assert {name: answer.headers.get(name) for name in SAFE} == SAFE
    assert answer.headers["Cache-Control"] == "no-store"
    assert "Strict-Transport-Security" not in answer.headers


def test_static_files_may_be_kept(client: FlaskClient) -> None:
    answer = client.get("/static/css/sanctuary.css", buffered=True)

    assert answer.status_code == 200
    assert "no-store" not in answer.headers.get("Cache-Control", "")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_a_secure_address_asks_for_secure_transport_and_cookies(config: Config) -> None:
    app = create_app(replace(config, base_url="https://book.example.com"))
    browser = app.test_client()

    answer = browser.get("/sign-in", base_url="https://book.example.com")

    assert answer.headers["Strict-Transport-Security"] == "max-age=31536000; includeSubDomains"
    cookie = answer.headers["Set-Cookie"]
    assert cookie.startswith("__Host-sid=")
    assert set(cookie.split("; ")[1:]) == {"Secure", "HttpOnly", "Path=/", "SameSite=Lax"}


def test_a_plain_address_has_a_cookie_that_works_there(client: FlaskClient) -> None:
    cookie = client.get("/sign-in").headers["Set-Cookie"]

    assert cookie.startswith("sid=")
    assert set(cookie.split("; ")[1:]) == {"HttpOnly", "Path=/", "SameSite=Lax"}


def test_a_stranger_gets_no_cookie_before_there_is_a_form(client: FlaskClient) -> None:
    assert "Set-Cookie" not in client.get("/healthz").headers
    assert "Set-Cookie" not in client.get("/nothing-here").headers


# Hosts -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("host", ["evil.test", "localhost.evil.test", "evil.test:80", "[::1]", ""])
def test_a_request_for_another_host_is_refused(client: FlaskClient, host: str) -> None:
    answer = client.get("/sign-in", headers={"Host": host})

    assert answer.status_code == 400
    assert "evil.test" not in answer.text


def test_nobody_else_says_which_host_it_is(client: FlaskClient) -> None:
    forwarded = {"X-Forwarded-Host": "evil.test", "X-Forwarded-Proto": "https"}

    answer = client.get("/account", headers=forwarded)

    assert answer.headers["Location"] == "/sign-in?next=/account"


def test_a_trusted_proxy_says_who_asks(config: Config) -> None:
    app = create_app(replace(config, proxy_hops=1))
    seen = []

    @public
    def who() -> str:
        seen.append(request.remote_addr)
        return ""

    app.add_url_rule("/who", view_func=who)
    app.test_client().get("/who", headers={"X-Forwarded-For": "6.6.6.6, 203.0.113.9"})

    assert seen == ["203.0.113.9"]


# Requests that no page of ours makes -------------------------------------------------------------


def test_a_nul_byte_is_refused_wherever_it_is(client: FlaskClient) -> None:
    token = {"csrf_token": form_token(client)}

    answers = [
        client.get("/sign-in?next=%00"),
        client.get("/sign-in?a%00b=1"),
        client.get("/p/tide%00water/"),
        client.post("/echo", data=token | {"name": "Al\x00ex"}),
        client.post("/echo", data=token | {"na\x00me": "Alex"}),
        client.post("/echo", data=token | {"name": "\x00"}, content_type="multipart/form-data"),
    ]

    assert [answer.status_code for answer in answers] == [400] * 6
    assert all("Reference" in answer.text for answer in answers)


@pytest.mark.parametrize(
    "path",
    ["/sign-in?next=%ff", "/%ff", "/sign-in?%ed%a0%80=1", "/p/%c0%af/", "/?page=%"],
)
def test_bytes_that_are_no_text_break_nothing(client: FlaskClient, path: str) -> None:
    assert client.get(path).status_code in (200, 400, 404)


@pytest.mark.parametrize(
    ("body", "content_type", "status"),
    [
        (b"name=%ff&csrf_token=", "application/x-www-form-urlencoded", 400),
        (b"\xff\xfe", "application/x-www-form-urlencoded", 400),
        (b"no boundary at all", "multipart/form-data", 400),
        (b"--x\r\nbroken", "multipart/form-data; boundary=x", 400),
        (b"[1, 2]", "application/json", 400),
        (b"{", "application/json", 400),
        (b"a" * 2_000_000, "application/x-www-form-urlencoded", 413),
        (b"a" * 2_000_000, "text/plain", 413),
    ],
)
def test_a_broken_form_is_refused(
    client: FlaskClient, body: bytes, content_type: str, status: int
) -> None:
    answer = client.post("/echo", data=body, content_type=content_type)

    assert answer.status_code == status
    assert "Traceback" not in answer.text


def test_a_form_of_too_many_parts_is_refused(client: FlaskClient) -> None:
    parts = {f"field{number}": "x" for number in range(web.MAX_FIELDS + 1)}

    answer = client.post("/echo", data=parts, content_type="multipart/form-data")

    assert answer.status_code == 413


def test_a_form_of_5000_fields_breaks_nothing(client: FlaskClient) -> None:
    answer = send(client, "/sign-in", {f"field{number}": "x" for number in range(5_000)})

    assert answer.status_code == 422


def test_a_file_in_a_text_field_is_no_text(client: FlaskClient) -> None:
    filled = {
        "email": (BytesIO(b"x"), "email.txt"),
        "password": "a quiet room in daylight",
        "csrf_token": form_token(client),
    }

    answer = client.post("/sign-in", data=filled)

    assert answer.status_code == 422
    assert "Enter your email address" in answer.text


@pytest.mark.parametrize(
    ("site", "status"),
    [("cross-site", 400), ("same-origin", 200), ("same-site", 200), ("none", 200), (None, 200)],
)
def test_a_form_from_another_website_is_refused_even_with_its_token(
    client: FlaskClient, site: str | None, status: int
) -> None:
    headers = {"Sec-Fetch-Site": site} if site else {}

    assert send(client, "/echo", {"name": "Alex"}, headers=headers).status_code == status


def test_a_link_from_another_website_is_fine(client: FlaskClient) -> None:
    assert client.get("/", headers={"Sec-Fetch-Site": "cross-site"}).status_code == 200


def test_a_form_without_the_token_of_this_browser_is_refused(
    app: Flask, client: FlaskClient
) -> None:
    form_token(client)
    other = app.test_client()
    with other.session_transaction() as kept:
        kept["csrf_token"] = "the form token of another browser"
    tokens = [None, "", "nonsense", form_token(other), "IjEi.aaaa.bbbb"]

    answers = [
        client.post("/echo", data={"csrf_token": token} if token is not None else {})
        for token in tokens
    ]

    assert [answer.status_code for answer in answers] == [400] * 5
    assert all("Go back, reload it and send it again." in answer.text for answer in answers)


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("GET", "/sign-out", "OPTIONS, POST"),
        ("PUT", "/sign-in", "GET, HEAD, OPTIONS, POST"),
        ("DELETE", "/account", "GET, HEAD, OPTIONS"),
        ("PATCH", "/", "GET, HEAD, OPTIONS"),
        ("TRACE", "/", "GET, HEAD, OPTIONS"),
        ("NONSENSE", "/healthz", "GET, HEAD, OPTIONS"),
    ],
)
def test_a_method_that_is_not_for_an_address_is_refused(
    client: FlaskClient, method: str, path: str, allowed: str
) -> None:
    answer = client.open(path, method=method)

    assert (answer.status_code, answer.headers["Allow"]) == (405, allowed)


def test_a_form_cannot_pretend_another_method(client: FlaskClient) -> None:
    answer = send(
        client,
        "/echo?_method=DELETE",
        {"_method": "DELETE"},
        headers={"X-HTTP-Method-Override": "DELETE"},
    )

    assert answer.status_code == 200


@pytest.mark.parametrize(
    "path",
    [
        "/%2e%2e/",
        "/..",
        "/p/a%2fb/",
        "/static/../config.py",
        "/static/%2e%2e/%2e%2e/config.py",
        "/account.",
        "/account/",
        "/ACCOUNT",
    ],
)
def test_a_crooked_path_leads_nowhere(client: FlaskClient, path: str) -> None:
    answer = client.get(path)

    assert answer.status_code == 404
    assert "Location" not in answer.headers


@pytest.mark.parametrize("path", ["//evil.test", "//evil.test/..", "///evil.test//"])
def test_slashes_too_many_do_not_lead_to_another_site(client: FlaskClient, path: str) -> None:
    answer = client.get("/", environ_overrides={"PATH_INFO": path}, follow_redirects=False)

    there = urlsplit(answer.headers.get("Location", "http://localhost/"))
    assert (there.scheme, there.netloc) == ("http", "localhost")
