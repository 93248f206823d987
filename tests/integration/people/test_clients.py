"""Adding, editing and finding clients."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from practice.audit.models import AuditEntry
from practice.audit.rules import VISITOR
from practice.core import clock
from practice.core.db import db, practice_scope, transaction
from practice.core.errors import NotFound
from practice.outbox.models import Task
from practice.people import queries, service
from practice.people.models import Client, Practice
from practice.people.rules import ClientDetails
from tests import factories
from tests.factories import OWNER

ALEX = ClientDetails("Alex", "Bell", "alex@mail.example", "+17575550101")
FULL = ClientDetails(
    "Alex",
    "Bell",
    "alex@mail.example",
    "+17575550101",
    birth_on=date(1984, 3, 27),
    address="2 Quiet Lane",
    is_adult_said_on=date(2026, 3, 2),
)


@pytest.fixture(autouse=True)
def inside(practice: Practice) -> None:
    pass


def add(details: ClientDetails, **more: Any) -> Client:
    with transaction():
        return service.add_client(details, by=OWNER, **more)


def names(text: str = "", page: int = 1) -> list[str]:
    return [client.name for client in queries.search_clients(text, page).clients]


def tasks() -> list[tuple[str, object, object]]:
    return [
        (task.kind, task.client_id, task.about_id)
        for task in db.session.scalars(sa.select(Task).order_by(Task.created_at))
    ]


# Adding and editing ------------------------------------------------------------------------------


def test_adding_writes_down_what_was_given_and_who_did_it() -> None:
    client = add(FULL)

    kept = queries.get_client(client.id)
    assert (kept.name, kept.email, kept.phone) == ("Alex Bell", "alex@mail.example", "+17575550101")
    assert (kept.birth_on, kept.address) == ("1984-03-27", "2 Quiet Lane")
    assert kept.is_adult_said_on == date(2026, 3, 2)
    entry = db.session.scalars(sa.select(AuditEntry).where(AuditEntry.verb == "client:add")).one()
    assert (entry.actor_id, entry.subject_id, entry.detail) == (OWNER.id, client.id, {})


def test_birth_date_and_address_are_not_readable_in_the_database() -> None:
    add(FULL)

    row = db.session.execute(sa.text("SELECT * FROM clients")).one()
    raw = b"".join(bytes(v) if isinstance(v, (bytes, memoryview)) else str(v).encode() for v in row)
    assert b"1984-03-27" not in raw
    assert b"Quiet Lane" not in raw
    assert b"alex@mail.example" in raw


def test_the_same_address_makes_another_client_and_a_task_to_merge() -> None:
    first = add(ALEX)
    second = add(ClientDetails("Alexandra", "Bell", "alex@mail.example", "+17575550102"))

    assert queries.get_client(first.id).first_name == "Alex"
    assert queries.get_client(first.id).phone == "+17575550101"
    assert second.id != first.id
    assert tasks() == [("merge-clients", second.id, first.id)]


def test_a_third_client_with_the_address_is_compared_with_the_first() -> None:
    first, second, third = add(ALEX), add(ALEX), add(ALEX)

    assert tasks() == [
        ("merge-clients", second.id, first.id),
        ("merge-clients", third.id, first.id),
    ]


def test_an_archived_client_with_the_address_asks_for_nothing() -> None:
    with transaction():
        service.add_client(ALEX, by=OWNER).archived_at = clock.now()

    add(ALEX)

    assert tasks() == []


def test_the_address_in_another_practice_is_nobodys_business() -> None:
    other = factories.create_practice(slug="harbor")
    with factories.made(other):
        service.add_client(ALEX, by=VISITOR)

    add(ALEX)

    assert tasks() == []
    assert names("alex") == ["Alex Bell"]


def test_editing_keeps_what_is_not_given_again() -> None:
    client = add(FULL)

    with transaction():
        changed = ClientDetails("Sasha", "Bell", "sasha@mail.example", "+17575550109")
        service.edit_client(queries.get_client(client.id), changed, by=OWNER)

    kept = queries.get_client(client.id)
    assert (kept.name, kept.email, kept.phone) == (
        "Sasha Bell",
        "sasha@mail.example",
        "+17575550109",
    )
    assert (kept.birth_on, kept.address) == ("1984-03-27", "2 Quiet Lane")


def test_editing_to_the_address_of_somebody_else_asks_to_merge() -> None:
    first = add(ALEX)
    second = add(ClientDetails("Sam", "Cole", "sam@mail.example", "+17575550102"))

    with transaction():
        same_address = ClientDetails("Sam", "Cole", "alex@mail.example", "+17575550102")
        service.edit_client(queries.get_client(second.id), same_address, by=OWNER)

    assert tasks() == [("merge-clients", second.id, first.id)]


def test_editing_without_a_new_address_asks_for_nothing() -> None:
    client = add(ALEX)

    with transaction():
        service.edit_client(queries.get_client(client.id), FULL, by=OWNER)

    assert tasks() == []


def test_a_client_of_another_practice_does_not_exist() -> None:
    other = factories.create_practice(slug="harbor")
    with factories.made(other):
        theirs = service.add_client(ALEX, by=VISITOR)

    with pytest.raises(NotFound, match="There is no such client"):
        queries.get_client(theirs.id)
    with practice_scope(other.id):
        assert queries.get_client(theirs.id).name == "Alex Bell"


# Finding -----------------------------------------------------------------------------------------


@pytest.fixture
def three() -> None:
    for first, last, email, phone in (
        ("Élodie", "Martin", "elodie@mail.example", "+17575550101"),
        ("Jo", "O'Brien", "jo_ann@mail.example", "+17575550142"),
        ("Sam", "de Wit", "100%sam@other.example", "+442079460958"),
    ):
        add(ClientDetails(first, last, email, phone))


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", ["Sam de Wit", "Élodie Martin", "Jo O'Brien"]),
        ("   ", ["Sam de Wit", "Élodie Martin", "Jo O'Brien"]),
        ("martin", ["Élodie Martin"]),
        ("MARTIN élo", ["Élodie Martin"]),
        ("éLODIE", ["Élodie Martin"]),
        ("elodie  martin", ["Élodie Martin"]),
        ("o'brien", ["Jo O'Brien"]),
        ("mail.example", ["Élodie Martin", "Jo O'Brien"]),
        ("jo martin", []),
        ("757-555-0142", ["Jo O'Brien"]),
        ("(757) 555", ["Élodie Martin", "Jo O'Brien"]),
        ("+44 20 7946", ["Sam de Wit"]),
        ("%", ["Sam de Wit"]),
        ("_", ["Jo O'Brien"]),
        ("100%", ["Sam de Wit"]),
        ("\\", []),
        ("'", ["Jo O'Brien"]),
        ("' OR 1=1 --", []),
        ("a" * 10_000, []),
        ("(a+)+$", []),
    ],
)
def test_search_finds_names_addresses_and_numbers(three: None, text: str, found: list[str]) -> None:
    assert names(text) == found


def test_an_archived_client_is_not_found(three: None) -> None:
    with transaction():
        jo = db.session.scalars(sa.select(Client).where(Client.first_name == "Jo")).one()
        jo.archived_at = clock.now()

    assert names("jo") == []
    assert queries.search_clients().total == 2


def fill(count: int) -> None:
    with transaction():
        for number in range(count):
            factories.create_client(first_name=f"{number:03}", last_name="Bell")


def test_a_list_comes_in_pages_of_fifty() -> None:
    fill(120)

    pages = [queries.search_clients("bell", number) for number in (1, 2, 3)]

    assert [len(page.clients) for page in pages] == [50, 50, 20]
    assert [client.first_name for page in pages for client in page.clients] == [
        f"{number:03}" for number in range(120)
    ]
    assert {(page.total, page.last_page) for page in pages} == {(120, 3)}


@pytest.mark.parametrize(("asked", "shown"), [(-1, 1), (0, 1), (3, 2), (10**9, 2), (10**30, 2)])
def test_a_page_that_is_not_there_is_the_nearest(asked: int, shown: int) -> None:
    fill(51)

    page = queries.search_clients("", asked)

    assert page.page == shown


def test_an_empty_list_has_one_page() -> None:
    page = queries.search_clients("nobody")

    assert (page.clients, page.total, page.page, page.last_page) == ([], 0, 1, 1)


@pytest.mark.parametrize("rows", [1, 3])
def test_the_list_costs_the_same_however_long(
    rows: int, count_statements: Callable[[Callable[[], object]], int]
) -> None:
    fill(rows)

    assert count_statements(queries.search_clients) == 2


# Staff -------------------------------------------------------------------------------------------


def test_staff_are_listed_by_name_without_those_who_left() -> None:
    with transaction():
        factories.create_user(name="Sam")
        factories.create_user(name="Ada")
        factories.create_user(name="Bea").ended_at = datetime(2026, 1, 1, tzinfo=UTC)

    assert [user.name for user in queries.staff()] == ["Ada", "Sam"]


def test_merging_is_due_within_a_week() -> None:
    add(ALEX)
    before = clock.now()
    add(ALEX)

    due_at = db.session.scalars(sa.select(Task.due_at)).one()
    assert before + timedelta(days=7) <= due_at <= clock.now() + timedelta(days=7)
