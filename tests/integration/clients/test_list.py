"""Finding a client: the list, its search, its pages, and taking somebody on."""

import re
from collections.abc import Callable

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from practice.calendar.models import Resource
from practice.core.db import db, read_again, transaction
from practice.people.models import Client
from practice.people.rules import Role
from tests import factories
from tests.browsers import send
from tests.integration.sessions.pages.conftest import nothing_changes, text_of, value_of
from tests.integration.sessions.staff.conftest import MONDAY, SignedIn, days, session

NEW = {
    "first_name": "Noor",
    "last_name": "O’Brien",
    "email": "Noor@Mail.example",
    "phone": "757 555 0123",
    "birth_on-month": "2",
    "birth_on-day": "29",
    "birth_on-year": "1984",
    "address": "1 Lane\nNorfolk",
}


def names_on(page: TestResponse) -> list[str]:
    """Return the clients of a list, in its order."""
    return re.findall(r'<th scope="row"><a href="/clients/[^"]*">([^<]*)</a>', page.text)


def clients() -> list[tuple[str, str, str, str, str | None, str | None]]:
    read_again()
    found = db.session.scalars(sa.select(Client).order_by(Client.created_at))
    return [(c.first_name, c.last_name, c.email, c.phone, c.birth_on, c.address) for c in found]


@pytest.mark.parametrize("search", ["bell", "ALEX", "client@mail", "(757) 555-0199", "el al"])
def test_a_client_is_found_by_name_address_and_number(
    browser: FlaskClient, alex: Client, search: str
) -> None:
    with transaction():
        alex = db.session.merge(alex)
        alex.email, alex.phone = "client@mail.example", "+17575550199"
        factories.create_client(first_name="Bo", last_name="Carr")

    assert names_on(browser.get("/clients/", query_string={"q": search})) == ["Alex Bell"]


@pytest.mark.parametrize("search", ["%", "_", "'", "x" * 10_000, "(((((a+)+)+)+)+)$"])
def test_a_search_finds_letters_and_no_patterns(
    browser: FlaskClient, alex: Client, search: str
) -> None:
    page = browser.get("/clients/", query_string={"q": search})

    assert page.status_code == 200
    assert "Nobody is called that, or reached there." in text_of(page)


def test_fifty_stand_on_a_page(browser: FlaskClient) -> None:
    with transaction():
        for number in range(51):
            factories.create_client(last_name=f"Nr{number:02d}")

    first, second = (browser.get(f"/clients/?page={page}") for page in (1, 2))

    assert (len(names_on(first)), names_on(second)) == (50, ["Alex Nr50"])
    assert "51 clients" in text_of(first)
    assert 'href="/clients/?page=2" rel="next"' in first.text


@pytest.mark.parametrize("page", ["0", "-1", "1e3", "１", "99999999999999999999"])
def test_a_page_that_is_no_number_is_refused(browser: FlaskClient, page: str) -> None:
    assert browser.get("/clients/", query_string={"page": page}).status_code == 422


def test_the_list_says_who_comes_next_and_who_owes(
    browser: FlaskClient, signed_in: SignedIn, alex: Client, therapist: Resource
) -> None:
    delivered = session("integration_60", alex, therapist, MONDAY, 7)
    for deed in ("arrive", "complete"):
        send(browser, f"/sessions/{delivered.id}/{deed}")
    for day in (9, 3):
        session("prep_60", alex, therapist, MONDAY + days(day), 9)

    page = text_of(browser.get("/clients/"))
    monitor = text_of(signed_in(Role.MEDICAL_MONITOR).get("/clients/"))

    assert "Thu, Mar 4, 9:00 AM Preparation session, 60 min None None $175.00" in page
    assert "$" not in monitor


def test_an_empty_list_says_what_will_be_there(browser: FlaskClient, therapist: Resource) -> None:
    page = text_of(browser.get("/clients/"))

    assert "People appear here when they book, or when you take them on. Take on a client" in page


def test_who_may_see_clients(signed_in: SignedIn, client: FlaskClient) -> None:
    answers = {role: signed_in(role).get("/clients/").status_code for role in Role}

    assert answers == {role: 403 if role is Role.BOOKKEEPER else 200 for role in Role}
    assert client.get("/clients/").location == "/sign-in?next=/clients/"


@pytest.mark.parametrize("slug", ["integration_60", "dosing_sl_first"])
def test_the_list_asks_the_database_as_often_however_long_it_is(
    browser: FlaskClient,
    therapist: Resource,
    count_statements: Callable[[Callable[[], object]], int],
    slug: str,
) -> None:
    counts = []
    for more in (1, 2):
        for _ in range(more):
            with transaction():
                client = factories.create_client()
            session(slug, client, therapist, MONDAY + days(1), 9)
        counts.append(count_statements(lambda: browser.get("/clients/")))

    assert counts[0] == counts[1]


# Taking somebody on ----------------------------------------------------------------------------


def test_somebody_new_is_taken_on(browser: FlaskClient, therapist: Resource) -> None:
    answer = send(browser, "/clients/new", NEW)

    page = browser.get(answer.location)
    assert clients() == [
        ("Noor", "O’Brien", "noor@mail.example", "+17575550123", "1984-02-29", "1 Lane\nNorfolk")
    ]
    assert "Noor O’Brien is taken on." in text_of(page)
    assert "Birth date Feb 29, 1984, 43 years old" in text_of(page)
    assert "Taken on as a client Mon, Mar 1, 8:00 AM, by Practitioner 1" in text_of(page)


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("first_name", "", "Enter the first name"),
        ("first_name", "   ", "Enter the first name"),
        ("last_name", "x" * 10_000, "Last name must be 80 characters or fewer"),
        ("last_name", "\u202eevil", "Leave out characters that cannot be seen"),
        ("email", "nobody", "Enter an email address like name@example.com"),
        ("email", "a@b@c.example", "Enter an email address like name@example.com"),
        ("email", "a@mail.example\r\nBcc: b@mail.example", "Enter an email address like"),
        ("phone", "call me", "Enter a phone number like 757-555-0100"),
        ("phone", "7" * 40, "Enter a phone number"),
        ("birth_on-year", "84", "Enter the year with four digits, like 1984"),
        ("birth_on-year", "2028", "The client&#39;s birth date must be in the past"),
        ("birth_on-day", "30", "Enter a date that exists, like 3 27 1984"),
        ("address", "x" * 401, "The address must be 400 characters or fewer"),
    ],
)
def test_what_makes_no_sense_is_refused_beside_its_field_and_stays_typed(
    browser: FlaskClient, therapist: Resource, name: str, value: str, words: str
) -> None:
    other = "last_name" if name == "first_name" else "first_name"
    browser.get("/clients/")

    with nothing_changes():
        answer = send(browser, "/clients/new", NEW | {name: value})

    assert answer.status_code == 422
    assert answer.text.count(words) == 2
    assert "Error: New client" in answer.text
    assert value_of(answer, other) == NEW[other]


@pytest.mark.parametrize("name", ["<script>alert(1)</script>", "{{7*7}}", "O'Brien", "李", "🙂"])
def test_any_name_is_a_name_and_never_markup(
    browser: FlaskClient, therapist: Resource, name: str
) -> None:
    page = browser.get(send(browser, "/clients/new", NEW | {"last_name": name}).location)

    assert clients()[0][1] == name
    assert "<script>alert" not in page.text


def test_a_nul_byte_is_refused(browser: FlaskClient, therapist: Resource) -> None:
    assert send(browser, "/clients/new", NEW | {"last_name": "a\x00b"}).status_code == 400


def test_the_same_address_makes_a_second_client_and_a_task_on_both_pages(
    browser: FlaskClient, alex: Client
) -> None:
    second = send(browser, "/clients/new", NEW | {"email": alex.email}).location

    pages = [browser.get(url) for url in (second, f"/clients/{alex.id}")]

    words = "Two clients have the same email address. Are they one person? Look at the other one"
    assert [words in text_of(page) for page in pages] == [True, True]
    assert f'href="/clients/{alex.id}">Look at' in pages[0].text
    assert f'href="{second}">Look at' in pages[1].text
    assert len(clients()) == 2


def test_who_may_not_edit_takes_nobody_on(signed_in: SignedIn) -> None:
    prescriber = signed_in(Role.PRESCRIBER)

    assert prescriber.get("/clients/new").status_code == 403
    assert "New client" not in text_of(prescriber.get("/clients/"))
