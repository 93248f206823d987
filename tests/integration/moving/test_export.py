"""All data of the practice as one file."""

import csv
import io
import zipfile
from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from practice.audit.models import AuditEntry
from practice.audit.rules import Actor
from practice.billing.models import StoredPaper
from practice.calendar.models import Resource
from practice.clients.service import Care, write_care
from practice.core.db import Base, db, read_again, transaction
from practice.moving import everything
from practice.moving.models import ExportChunk, ExportRun
from practice.moving.service import exporting
from practice.people import passwords
from practice.people.models import Client, User
from practice.people.rules import Role
from tests import factories
from tests.browsers import send
from tests.integration.moving.conftest import work
from tests.integration.sessions.conftest import Clock
from tests.integration.sessions.pages.conftest import text_of
from tests.integration.sessions.staff.conftest import MONDAY, SignedIn, session

PASSWORD = "quiet water, warm light"
URL = "/settings/export"


@pytest.fixture
def known(browser: FlaskClient, therapist: Resource) -> None:
    """Whoever is at the screen has a password."""
    with transaction():
        user = db.session.scalars(sa.select(User).where(User.id == therapist.user_id)).one()
        user.password_hash = passwords.hash_of(PASSWORD)
        factories.open_door(user)


@pytest.fixture
def lived(browser: FlaskClient, alex: Client, owner: Actor, therapist: Resource) -> Client:
    """A client with a session that was delivered, an invoice and a reason for care."""
    delivered = session("integration_60", alex, therapist, MONDAY, 7)
    for deed in ("arrive", "complete"):
        send(browser, f"/sessions/{delivered.id}/{deed}")
    with transaction():
        write_care(alex, Care("Low mood", None), by=owner)
    return alex


def asked(browser: FlaskClient) -> str:
    """Ask for the file; return where it will be."""
    assert send(browser, URL, {"password": PASSWORD}).location == URL
    read_again()
    newest = sa.select(ExportRun.id).order_by(ExportRun.created_at.desc())
    return f"{URL}/{db.session.scalars(newest).first()}.zip"


def rows_of(archive: zipfile.ZipFile, name: str) -> list[dict[str, str]]:
    with archive.open(f"{name}.csv") as entry:
        return list(csv.DictReader(io.TextIOWrapper(entry, "utf-8-sig", newline="")))


def test_everything_is_in_the_file(
    app: Flask, browser: FlaskClient, known: None, lived: Client
) -> None:
    with transaction():
        factories.create_client(first_name="=cmd()", last_name="Zed").phone = "+17575550102"
    work(app)  # the invoice is printed before everything is put together
    file = asked(browser)
    assert "Being put together" in text_of(browser.get(URL))
    assert browser.get(file).status_code == 404

    work(app)
    answer = browser.get(file)

    assert (answer.status_code, answer.mimetype) == (200, "application/zip")
    assert (
        answer.headers["Content-Disposition"] == 'attachment; filename="tidewater-2027-03-01.zip"'
    )
    archive = zipfile.ZipFile(io.BytesIO(answer.data))
    assert archive.testzip() is None
    assert [(r["First name"], r["Mobile number"]) for r in rows_of(archive, "clients")] == [
        ("Alex", "'+17575550101"),
        ("'=cmd()", "'+17575550102"),
    ]
    assert [r["Reason for care"] for r in rows_of(archive, "care")] == ["Low mood"]
    assert [(r["Client"], r["State"]) for r in rows_of(archive, "sessions")] == [
        ("Alex Bell", "completed")
    ]
    assert [(r["Client"], r["Open"]) for r in rows_of(archive, "invoices")] == [
        ("Alex Bell", "175.00")
    ]
    assert "Session completed" in [r["What was done"] for r in rows_of(archive, "audit")]
    papers = db.session.scalar(sa.select(sa.func.count(StoredPaper.id)))
    assert sum(name.startswith("papers/") for name in archive.namelist()) == papers
    assert b"all data, as of March 1, 2027" in archive.read("README.txt")


def test_every_table_is_in_it_as_it_is_kept_but_nothing_that_opens_something(
    app: Flask, browser: FlaskClient, known: None, alex: Client
) -> None:
    file = asked(browser)
    work(app)

    archive = zipfile.ZipFile(io.BytesIO(browser.get(file).data))

    kept = {n.removeprefix("as-kept/")[:-4] for n in archive.namelist() if n.startswith("as-kept/")}
    owned = {name for name, table in Base.metadata.tables.items() if "practice_id" in table.c}
    assert kept == owned - everything.LEFT_OUT
    assert set(rows_of(archive, "as-kept/users")[0]) == {
        "id",
        "name",
        "email",
        "roles",
        "ended_at",
        "created_at",
    }
    assert rows_of(archive, "as-kept/clients")[0]["email"] == alex.email


def test_another_practice_is_not_in_it(app: Flask, browser: FlaskClient, known: None) -> None:
    other = factories.create_practice(slug="harbor")
    with factories.made(other):
        factories.create_client(last_name="Elsewhere")
    file = asked(browser)
    work(app)

    body = browser.get(file).data

    archive = zipfile.ZipFile(io.BytesIO(body))
    assert all(b"Elsewhere" not in archive.read(name) for name in archive.namelist())


@pytest.mark.parametrize("password", ["", "wrong", "x" * 5000])
def test_a_screen_left_open_gives_nothing_away(
    browser: FlaskClient, known: None, password: str
) -> None:
    answer = send(browser, URL, {"password": password})

    read_again()
    assert answer.status_code == 422
    assert db.session.scalars(sa.select(ExportRun)).all() == []


def test_passwords_are_not_guessed_here_either(browser: FlaskClient, known: None) -> None:
    statuses = [send(browser, URL, {"password": "wrong"}).status_code for _ in range(6)]

    assert statuses == [422] * 5 + [429]


def test_the_file_is_for_the_browser_that_asked_for_it_and_for_an_hour(
    app: Flask, browser: FlaskClient, known: None, signed_in: SignedIn, time: Clock
) -> None:
    file = asked(browser)
    work(app)
    assert signed_in(Role.OWNER).get(file).status_code == 403
    assert "For another browser" in text_of(signed_in(Role.OWNER).get(URL))
    assert browser.get(file).status_code == 200
    taken = db.session.scalars(sa.select(AuditEntry).where(AuditEntry.verb == "export:take_away"))
    assert len(taken.all()) == 1

    time.now += timedelta(hours=1)
    exporting.tidy(db.session.scalars(sa.select(ExportRun.practice_id)).one())

    read_again()
    assert db.session.scalars(sa.select(ExportChunk)).all() == []


def test_the_file_lies_sealed_in_pieces_that_are_put_together_again(
    app: Flask, browser: FlaskClient, known: None, alex: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exporting, "CHUNK_BYTES", 1000)
    file = asked(browser)
    work(app)

    chunks = db.session.scalars(sa.select(ExportChunk.body_sealed)).all()
    body = browser.get(file).data

    assert len(chunks) > 5
    assert all(b"PK\x03\x04" not in chunk for chunk in chunks)
    assert zipfile.ZipFile(io.BytesIO(body)).testzip() is None
