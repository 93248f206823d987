"""Bringing clients over: columns, a dry run, the run, and its undo."""

from collections.abc import Callable

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from practice.calendar.models import Resource
from practice.core.db import db, read_again, transaction
from practice.moving.models import ImportRow, ImportRun
from practice.moving.rules.runs import RunState
from practice.moving.service import importing
from practice.people.models import Client
from practice.people.rules import Role
from tests import factories
from tests.browsers import send
from tests.integration.moving.conftest import bring, id_of, upload, work
from tests.integration.sessions.pages.conftest import nothing_changes, text_of
from tests.integration.sessions.staff.conftest import MONDAY, SignedIn, days, session

GOOD = """First Name,Surname,E-mail address,Email,Cell,DOB
Noor,O’Brien,x,Noor@Mail.example,(757) 555-0123,2/29/1984
=1+1,李,x,li@mail.example,,
"""
MIXED = """First name;Last name;Email;Mobile
Ann;Ames;ann@mail.example;757 555 0101
;Bell;bob@mail.example;
Cy;Carr;nobody;call me
Ann;Again;ANN@mail.example;
Al;Bell;old@mail.example;
Di;Dunn;di@mail.example;;slipped
Ed;Eaton;ed@mail.example;
"""


def people() -> list[tuple[str, str, str, str | None]]:
    read_again()
    found = db.session.scalars(sa.select(Client).order_by(Client.findable))
    return [(each.name, each.email, each.phone, each.birth_on) for each in found]


def test_clients_are_brought_over(app: Flask, browser: FlaskClient) -> None:
    run = upload(browser, "clients", GOOD, name="../../clients <b>.csv").location
    page = browser.get(run)
    assert people() == []
    assert "2 rows would be brought over" in text_of(page)
    assert "clients &lt;b&gt;.csv" in page.text

    send(browser, f"{run}/start")
    assert "0 of 2 rows are done" in text_of(browser.get(run))
    work(app)

    assert people() == [
        ("Noor O’Brien", "noor@mail.example", "+17575550123", "1984-02-29"),
        ("=1+1 李", "li@mail.example", "", None),
    ]
    assert "2 of 2 brought over" in text_of(browser.get(run))
    assert "Brought over from another program" in text_of(
        browser.get(
            browser.get("/clients/?q=noor").text.partition('row"><a href="')[2].split('"')[0]
        )
    )


def test_the_dry_run_names_every_problem_by_row_and_column(
    app: Flask, browser: FlaskClient
) -> None:
    with transaction():
        factories.create_client().email = "old@mail.example"

    with_file = upload(browser, "clients", MIXED).location
    with nothing_changes():
        page = text_of(browser.get(with_file))

    assert "2 rows would be brought over. 5 rows would be left out." in page
    assert "Row 3 First name Enter the first name" in page
    assert "Row 4 Email Enter an email address like name@example.com" in page
    assert "Row 4 Mobile number Enter a phone number like 757-555-0100" in page
    assert "Row 5 The whole row This row stands in the file twice. The first one counts." in page
    assert "Row 6 Email A client with this email address is on file already" in page
    assert "Row 7 The whole row The row has more cells than there are columns." in page
    assert "Bring 2 rows over, leave out 5" in page


def test_what_is_left_out_is_said_and_nobody_is_overwritten(
    app: Flask, browser: FlaskClient
) -> None:
    with transaction():
        factories.create_client(first_name="Al", last_name="Old").email = "old@mail.example"

    run = bring(app, browser, "clients", MIXED)

    assert [each[0] for each in people()] == ["Ann Ames", "Ed Eaton", "Al Old"]
    page = text_of(browser.get(run))
    assert "2 of 7 brought over" in page
    assert "Row 6 A client with this email address is on file already" in page


def test_the_same_file_twice_brings_nobody_twice(app: Flask, browser: FlaskClient) -> None:
    bring(app, browser, "clients", GOOD)
    page = text_of(browser.get(upload(browser, "clients", GOOD).location))

    assert "0 rows would be brought over" in page
    assert "Bring" not in page.partition("What would happen")[2].partition("Throw")[0]


def test_columns_that_are_called_strangely_are_chosen(app: Flask, browser: FlaskClient) -> None:
    run = upload(browser, "clients", "A\tB\tC\nAnn\tAmes\tann@mail.example\n").location
    assert "Choose the column for: First name, Last name, Email." in text_of(browser.get(run))
    assert send(browser, f"{run}/start").status_code == 422

    rest = {"email": "2", "phone": "", "birth_on": "", "address": ""}
    wrong = send(browser, run, rest | {"first_name": "0", "last_name": "0"})
    assert (wrong.status_code, "is chosen twice" in text_of(wrong)) == (422, True)
    unknown = send(browser, run, rest | {"first_name": "9", "last_name": "0"})
    assert unknown.status_code == 422
    assert send(browser, run, rest | {"first_name": "0", "last_name": "1"}).location == run
    send(browser, f"{run}/start")
    work(app)

    assert people() == [("Ann Ames", "ann@mail.example", "", None)]


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "The file is empty"),
        (b"MZ\x90\x00\x03\x00", "This is no text file"),
        (b"PK\x03\x04\x00\x00\x00", "This is no text file"),
        (b"a,b\n", "The file needs a first row"),
        (b"a,b\n" + b"1,2\n" * 6000, "rows can be brought over at once"),
        (
            b"a,b\n" * 500_000,
            "rows can be brought over at once",
        ),  # refused before all of it is read
        (b"a,b\n" + b"x" * 4_050_000, "larger than 4 MB"),
        (b"a\n" + b"x" * 5_000, "longer than 4,000 characters"),
    ],
    ids=["empty", "program", "zip", "header", "rows", "lines", "bytes", "cell"],
)
def test_a_file_that_cannot_be_read_is_refused_beside_its_field(
    browser: FlaskClient, body: bytes, words: str
) -> None:
    browser.get("/settings/import/clients")

    with nothing_changes():
        answer = upload(browser, "clients", body)

    assert answer.status_code == 422
    assert answer.text.count(words) == 2


def test_ten_times_as_much_is_not_even_taken_in(browser: FlaskClient, client: FlaskClient) -> None:
    assert upload(browser, "clients", b"a,b\n" * 3_000_000).status_code == 413


def test_a_stranger_may_send_no_more_than_elsewhere(app: Flask) -> None:
    stranger = app.test_client()

    assert upload(stranger, "clients", b"a,b\n" * 400_000).status_code == 413


def test_no_file_and_a_text_in_its_place_are_refused(browser: FlaskClient) -> None:
    answers = [send(browser, "/settings/import/clients", more) for more in ({}, {"file": "a,b"})]

    assert [answer.status_code for answer in answers] == [422, 422]
    assert "Choose a file" in text_of(answers[0])


# Undo --------------------------------------------------------------------------------------------


def test_a_whole_import_is_undone(app: Flask, browser: FlaskClient) -> None:
    run = bring(app, browser, "clients", GOOD)

    send(browser, f"{run}/undo")

    assert people() == []
    assert db.session.scalars(sa.select(ImportRow)).all() == []
    assert "What it had brought over is gone again" in text_of(browser.get(run))
    assert send(browser, f"{run}/undo").status_code == 409


def test_an_import_on_which_something_hangs_stays_whole(
    app: Flask, browser: FlaskClient, therapist: Resource
) -> None:
    run = bring(app, browser, "clients", GOOD)
    noor = db.session.scalars(sa.select(Client).where(Client.email == "noor@mail.example")).one()
    session("prep_60", noor, therapist, MONDAY + days(2), 9)

    answer = send(browser, f"{run}/undo")

    assert answer.status_code == 409
    assert "Noor O’Brien has something by now" in text_of(answer)
    assert len(people()) == 2


def test_a_file_is_thrown_away(app: Flask, browser: FlaskClient) -> None:
    run = upload(browser, "clients", GOOD).location

    send(browser, f"{run}/discard")

    assert "Nothing was brought over" in text_of(browser.get(run))
    assert send(browser, f"{run}/start").status_code == 409
    assert "Imports stand here" in text_of(browser.get("/settings/import"))


def test_the_file_is_kept_sealed_and_only_until_it_is_in(app: Flask, browser: FlaskClient) -> None:
    run = upload(browser, "clients", GOOD).location
    kept = sa.select(ImportRun.body_sealed)
    assert b"Noor" not in (db.session.scalar(kept) or b"")

    send(browser, f"{run}/start")
    work(app)

    assert db.session.scalar(kept) is None


def test_a_worker_that_comes_back_brings_each_row_over_once(
    app: Flask, browser: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = "".join(f"A{n},B,a{n}@mail.example\n" for n in range(7))
    run = upload(browser, "clients", "First name,Last name,Email\n" + rows).location
    send(browser, f"{run}/start")
    monkeypatch.setattr(importing, "BATCH", 3)
    died: list[Exception] = []
    step, calls = importing._step, iter(range(10))

    def dies_once(*given: object) -> bool:
        if next(calls) == 2:
            raise RuntimeError
        return step(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(importing, "_step", dies_once)
    try:
        importing.carry_out(id_of(run))
    except RuntimeError as error:
        died.append(error)
    assert "6 of 7 rows are done" in text_of(browser.get(run))

    importing.carry_out(id_of(run))
    importing.carry_out(id_of(run))

    assert len(died) == 1
    assert len(people()) == 7
    read_again()
    done = db.session.scalars(sa.select(ImportRun)).one()
    assert (done.state, done.done, done.added) == (RunState.DONE, 7, 7)


def test_only_who_manages_the_practice_moves_data(
    signed_in: SignedIn, count_statements: Callable[[Callable[[], object]], int]
) -> None:
    answers = {
        role: [
            signed_in(role).get(f"/settings/{each}").status_code for each in ("import", "export")
        ]
        for role in Role
    }

    assert answers == {role: [200, 200] if role is Role.OWNER else [403, 403] for role in Role}
