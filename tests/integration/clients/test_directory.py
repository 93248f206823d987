"""The saved lists of clients, and their order."""

from collections.abc import Callable

import pytest
from flask.testing import FlaskClient

from practice.calendar.models import Resource
from practice.core.db import transaction
from practice.people.models import Client
from practice.people.rules import Role
from practice.sessions.rules.lifecycle import AppointmentState
from tests import factories
from tests.browsers import send
from tests.integration.clients.test_list import names_on
from tests.integration.sessions.pages.conftest import text_of
from tests.integration.sessions.staff.conftest import MONDAY, SignedIn, days, session

LISTS = {
    "all": ["Ada Bell", "Bo Carr", "Cy Dunn", "Di Eaton"],
    "coming": ["Ada Bell", "Bo Carr"],
    "nothing-booked": ["Cy Dunn", "Di Eaton"],
    "something-missing": ["Ada Bell", "Di Eaton"],
    "owes": ["Cy Dunn"],
    "archived": ["Ed Fox"],
}


@pytest.fixture
def five(browser: FlaskClient, therapist: Resource) -> list[Client]:
    """A dosing that waits for papers, a session, somebody who owes, a task, one archived."""
    with transaction():
        ada, bo, cy, di, ed = (
            factories.create_client(first_name=first, last_name=last)
            for first, last in (
                ("Ada", "Bell"),
                ("Bo", "Carr"),
                ("Cy", "Dunn"),
                ("Di", "Eaton"),
                ("Ed", "Fox"),
            )
        )
    waits = AppointmentState.TENTATIVE
    session("dosing_sl_first", ada, therapist, MONDAY + days(9), 9, state=waits)
    session("prep_60", bo, therapist, MONDAY + days(2), 9)
    delivered = session("integration_60", cy, therapist, MONDAY, 7)
    for deed in ("arrive", "complete"):
        send(browser, f"/sessions/{delivered.id}/{deed}")
    with transaction():
        factories.assign_call(di)
    send(browser, f"/clients/{ed.id}/archive")
    return [ada, bo, cy, di, ed]


@pytest.mark.parametrize("show", LISTS)
def test_a_saved_list_holds_whom_it_says(
    browser: FlaskClient, five: list[Client], show: str
) -> None:
    page = browser.get(f"/clients/?show={show}")

    assert names_on(page) == LISTS[show]
    assert page.text.count('aria-current="true"') == 1


@pytest.mark.parametrize(
    ("sort", "names"),
    [
        ("name", ["Ada Bell", "Bo Carr", "Cy Dunn", "Di Eaton"]),
        ("next", ["Bo Carr", "Ada Bell", "Cy Dunn", "Di Eaton"]),
        ("items", ["Ada Bell", "Di Eaton", "Bo Carr", "Cy Dunn"]),
        ("owes", ["Cy Dunn", "Ada Bell", "Bo Carr", "Di Eaton"]),
    ],
)
def test_a_list_is_sorted_by_its_columns(
    browser: FlaskClient, five: list[Client], sort: str, names: list[str]
) -> None:
    assert names_on(browser.get(f"/clients/?sort={sort}")) == names


def test_a_list_says_what_is_open(browser: FlaskClient, five: list[Client]) -> None:
    page = text_of(browser.get("/clients/?show=something-missing"))

    assert "1 session waits" in page
    assert "1 task" in page


def test_a_search_narrows_the_list_it_stands_in(browser: FlaskClient, five: list[Client]) -> None:
    assert names_on(browser.get("/clients/?show=archived&q=fox")) == ["Ed Fox"]
    assert names_on(browser.get("/clients/?show=archived&q=bell")) == []


@pytest.mark.parametrize(
    "wrong", ["show=ALL", "show=x", "sort=password", "sort=%00", "page=10%5E9"]
)
def test_a_list_that_there_is_not_is_refused(
    browser: FlaskClient, therapist: Resource, wrong: str
) -> None:
    assert browser.get(f"/clients/?{wrong}").status_code in {400, 422}


def test_who_sees_no_money_has_no_list_of_who_owes(signed_in: SignedIn) -> None:
    monitor = signed_in(Role.MEDICAL_MONITOR)

    assert "Owes money" not in text_of(monitor.get("/clients/"))
    assert [monitor.get(f"/clients/?{each}=owes").status_code for each in ("show", "sort")] == [
        403,
        403,
    ]


@pytest.mark.parametrize("asked", ["", "?show=something-missing&sort=owes", "?show=owes&sort=next"])
def test_every_list_asks_the_database_as_often_however_long_it_is(
    browser: FlaskClient,
    five: list[Client],
    therapist: Resource,
    count_statements: Callable[[Callable[[], object]], int],
    asked: str,
) -> None:
    before = count_statements(lambda: browser.get(f"/clients/{asked}"))
    with transaction():
        for each in range(20):
            factories.assign_call(factories.create_client(last_name=f"More {each}"))

    assert count_statements(lambda: browser.get(f"/clients/{asked}")) == before <= 12
