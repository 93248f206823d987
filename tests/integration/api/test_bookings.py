"""Booking by a program: by the same services as the pages, with the same refusals."""

from datetime import timedelta

import pytest

from practice.calendar.models import Resource
from practice.clients.rules.papers import PaperKind
from practice.core.db import transaction
from practice.people.models import Client
from practice.sessions.rules.lifecycle import AppointmentState
from practice.sessions.service import day
from tests import factories
from tests.factories import OWNER
from tests.integration.api.conftest import ALEX, Program, count, nothing_changes, problem
from tests.integration.sessions.conftest import Clock
from tests.integration.sessions.pages.conftest import (
    TUESDAY,
    WEDNESDAY,
    appointments,
    at,
    sent,
)

S = AppointmentState
DETAILS = ALEX | {"is_adult": True}
TEN = {"service": "intake", "starts_at": sent(at(TUESDAY, 10)), "modality": "in_person"}


@pytest.fixture
def alex(therapist: Resource) -> Client:
    with transaction():
        return factories.create_client()


def book(program: Program, client: Client, start: str = TEN["starts_at"]) -> dict[str, object]:
    answer = program.post("/bookings", TEN | {"starts_at": start, "client_id": str(client.id)})
    assert answer.status_code == 201, answer.text
    return dict(answer.get_json())


def test_a_time_that_is_shown_is_held_given_a_name_and_booked(program: Program) -> None:
    shown = program.get("/services/intake/times", days=3, modality="in_person").get_json()
    assert TEN["starts_at"] in shown["starts_at"]

    held = program.post("/holds", TEN, key="hold").get_json()
    assert (held["state"], held["client_id"]) == ("tentative", None)
    assert held["hold_ends_at"] == "2027-03-01T13:10:00Z"
    again = program.get("/services/intake/times", days=3, modality="in_person").get_json()
    assert TEN["starts_at"] not in again["starts_at"]

    named = program.ask("PUT", f"/bookings/{held['id']}/details", DETAILS).get_json()
    assert named["client_id"] is not None
    booked = program.post(f"/bookings/{held['id']}/confirm").get_json()
    assert (booked["state"], booked["hold_ends_at"]) == ("confirmed", None)
    assert program.get(f"/bookings/{held['id']}").get_json() == booked
    listed = program.get("/bookings", client_id=booked["client_id"], state="confirmed")
    assert listed.get_json() == {"items": [booked], "next_cursor": None}


def test_the_same_hold_sent_again_is_the_same_hold(program: Program) -> None:
    first, again = (program.post("/holds", TEN, key="hold") for _ in range(2))

    assert first.get_json() == again.get_json()
    assert [each.state for each in appointments()] == [S.TENTATIVE]


def test_a_program_may_hold_as_many_times_as_it_has_visitors(program: Program) -> None:
    shown = program.get("/services/consult/times", days=5).get_json()["starts_at"]

    answers = [
        program.post("/holds", {"service": "consult", "starts_at": start})
        for start in shown[::8][:7]
    ]

    assert [each.status_code for each in answers] == [201] * 7


STARTS: list[tuple[object, tuple[int, str]]] = [
    (sent(at(TUESDAY, 3)), (409, "NotOffered")),
    ("2020-03-02T15:00:00Z", (409, "NotOffered")),
    ("2027-03-14T02:30:00", (422, "WrongFields")),  # skipped on that day, and no offset
    ("2027-03-02T15:00:60Z", (422, "WrongFields")),
    ("2027-03-02T15:00:00+99:00", (422, "WrongFields")),
    ("1000000000000000000", (422, "WrongFields")),
    (1_000_000_000_000_000_000, (422, "WrongFields")),
    ("9999-12-31T23:59:59-23:59", (422, "WrongFields")),
    ("0000-00-00T00:00:00Z", (422, "WrongFields")),
]


def test_a_time_that_cannot_be_had_is_refused(program: Program) -> None:
    program.get("/practice")

    with nothing_changes():
        answers = [problem(program.post("/holds", TEN | {"starts_at": at})) for at, _ in STARTS]

    assert answers == [told for _, told in STARTS]


def test_an_instant_is_the_same_whatever_its_offset(program: Program) -> None:
    held = program.post("/holds", TEN | {"starts_at": "2027-03-02T10:00:00-05:00"})

    assert held.get_json()["starts_at"] == TEN["starts_at"]


def test_a_taken_time_is_taken(program: Program, alex: Client) -> None:
    book(program, alex)

    assert problem(program.post("/holds", TEN)) == (409, "SlotTaken")
    other = TEN | {"client_id": str(alex.id), "starts_at": sent(at(TUESDAY, 10, 30))}
    assert problem(program.post("/bookings", other))[0] == 409


ASKED: list[tuple[dict[str, object], tuple[int, str]]] = [
    ({"service": "prep_60"}, (409, "ComesFirst")),
    ({"service": "none"}, (404, "NotFound")),
    ({"service": "x" * 100}, (422, "WrongFields")),
    ({"modality": "by_phone"}, (422, "WrongFields")),
    ({"modality": ["in_person"]}, (422, "WrongFields")),
    ({"state": "confirmed"}, (422, "WrongFields")),
]


def test_what_a_stranger_cannot_have_is_not_held(program: Program) -> None:
    answers = [problem(program.post("/holds", TEN | asked)) for asked, _ in ASKED]

    assert answers == [told for _, told in ASKED]


def test_a_session_is_moved_and_keeps_its_id(program: Program, alex: Client) -> None:
    booked = book(program, alex)

    moved = program.post(
        f"/bookings/{booked['id']}/move", {"starts_at": sent(at(WEDNESDAY, 14)), "sequence": 0}
    ).get_json()

    assert (moved["id"], moved["starts_at"]) == (booked["id"], sent(at(WEDNESDAY, 14)))
    assert moved["sequence"] == 1
    stale = {"starts_at": sent(at(TUESDAY, 10)), "sequence": 0}
    assert problem(program.post(f"/bookings/{booked['id']}/move", stale)) == (
        409,
        "ChangedMeanwhile",
    )


def test_a_session_is_cancelled_once(program: Program, alex: Client) -> None:
    booked = book(program, alex)

    cancelled = program.post(f"/bookings/{booked['id']}/cancel", key="cancel")
    again = program.post(f"/bookings/{booked['id']}/cancel", key="cancel")
    late = program.post(f"/bookings/{booked['id']}/cancel", key="another")

    assert cancelled.get_json()["state"] == "cancelled"
    assert again.get_json() == cancelled.get_json()
    assert problem(late) == (409, "Conflict")
    assert [each.state for each in appointments()] == [S.CANCELLED]


def test_a_dosing_that_waits_for_papers_is_tentative_here_too(
    program: Program, alex: Client
) -> None:
    asked = {
        "service": "dosing_sl_first",
        "client_id": str(alex.id),
        "starts_at": sent(at(WEDNESDAY, 10)),
    }

    answer = program.post("/bookings", asked)

    assert PaperKind.CONSENT_KETAMINE not in answer.text
    assert (answer.status_code, answer.get_json()["state"]) == (201, "tentative")


def test_what_comes_before_its_intake_is_refused_with_the_words_of_every_page(
    program: Program, therapist: Resource
) -> None:
    with transaction():
        new = factories.create_client(papers=[PaperKind.CONSENT_TREATMENT])
    asked = {
        "service": "prep_60",
        "client_id": str(new.id),
        "starts_at": sent(at(WEDNESDAY, 10)),
        "modality": "in_person",
    }

    answer = program.post("/bookings", asked)

    assert problem(answer) == (409, "GatesClosed")
    assert "Not ready yet: No intake has been held." in answer.text
    assert appointments() == []


def test_what_was_delivered_is_an_invoice_to_read(
    program: Program, alex: Client, time: Clock
) -> None:
    booked = book(program, alex)
    time.now = at(TUESDAY, 10)
    for deed in (day.arrive, day.start, day.complete):
        with transaction():
            deed(appointments()[0], by=OWNER)

    (invoice,) = program.get("/invoices", client_id=str(alex.id)).get_json()["items"]
    in_full = program.get(f"/invoices/{invoice['id']}").get_json()

    assert invoice["booking_id"] == booked["id"]
    assert in_full["total"] == in_full["open"] == booked["price"]
    assert [line["amount_minor"] for line in in_full["lines"]] == [in_full["total"]["minor"]]
    assert (in_full["state"], in_full["issued_on"]) == ("open", "2027-03-02")
    assert program.get("/payments").get_json() == {"items": [], "next_cursor": None}


QUERIES = [
    "days=0",
    "days=61",
    "days=x",
    "from=2027-02-30",
    "from=yesterday",
    "from=1800-01-01",
    "tz=EST5EDT4",
    "tz=../../etc",
    "modality=in-person",
    "day=1",
]


def test_times_of_days_that_make_no_sense_are_not_looked_for(program: Program) -> None:
    answers = [program.get(f"/services/intake/times?{query}") for query in QUERIES]

    assert [problem(each)[0] for each in answers] == [422] * len(QUERIES)


def test_times_are_shown_for_the_days_of_another_zone(program: Program) -> None:
    times = program.get(
        "/services/consult/times", tz="Asia/Tokyo", days=1, **{"from": "2027-03-03"}
    )

    told = times.get_json()
    assert told["time_zone"] == "Asia/Tokyo"
    first = at(TUESDAY, 10)
    assert all(
        sent(first - timedelta(hours=24)) < each < sent(first + timedelta(hours=24))
        for each in told["starts_at"]
    )
    assert told["starts_at"]


# Without a token ---------------------------------------------------------------------------------

OPENLY = "/p/tidewater"
RANDOM = "a4c1e9f0-77aa-4b1e"


def test_whoever_comes_books_by_the_link_that_their_hold_gave_them(visitor: Program) -> None:
    assert visitor.get(f"{OPENLY}/").get_json()["name"] == "Tidewater Sanctuary (demo)"
    shown = visitor.get(f"{OPENLY}/services/consult/times").get_json()
    asked = {"service": "consult", "starts_at": shown["starts_at"][0]}

    held = visitor.post(f"{OPENLY}/holds", asked, key=RANDOM).get_json()
    again = visitor.post(f"{OPENLY}/holds", asked, key=RANDOM).get_json()
    booking = f"{OPENLY}/bookings/{held['token']}"
    named = visitor.ask("PUT", f"{booking}/details", DETAILS).get_json()
    booked = visitor.post(f"{booking}/confirm").get_json()

    short = visitor.post(f"{OPENLY}/holds", asked, key="1")
    assert problem(short) == (400, "Malformed")
    assert held == again
    assert (held["has_details"], named["has_details"]) == (False, True)
    assert booked["state"] == "confirmed"
    assert visitor.get(booking).get_json() == booked
    assert visitor.client.get(booked["url"].removeprefix("http://localhost")).status_code == 200
    assert "Alex" not in str(booked)


def test_a_link_opens_nothing_at_another_practice(visitor: Program) -> None:
    factories.create_practice(slug="harbor")
    start = visitor.get(f"{OPENLY}/services/consult/times").get_json()["starts_at"][0]
    held = visitor.post(f"{OPENLY}/holds", {"service": "consult", "starts_at": start}).get_json()

    assert problem(visitor.get(f"/p/harbor/bookings/{held['token']}")) == (404, "NotFound")
    assert problem(visitor.get(f"{OPENLY}/bookings/{'x' * 43}")) == (404, "NotFound")
    assert problem(visitor.get("/p/nowhere/services")) == (404, "NotFound")


def test_one_address_holds_five_times_and_no_more(visitor: Program) -> None:
    shown = visitor.get(f"{OPENLY}/services/consult/times").get_json()["starts_at"]

    answers = [
        visitor.post(f"{OPENLY}/holds", {"service": "consult", "starts_at": start})
        for start in shown[::8][:6]
    ]

    assert [each.status_code for each in answers] == [201] * 5 + [429]
    assert problem(answers[-1]) == (429, "TooManyHolds")
    assert int(answers[-1].headers["Retry-After"]) > 0


def test_who_asks_too_often_has_to_wait_a_minute(
    visitor: Program, time: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    from practice.people import rules  # noqa: PLC0415  its table is made small here

    limits = {each: rules.Limit(2, timedelta(minutes=1)) for each in rules.Often}
    monkeypatch.setattr("practice.people.limits.LIMITS", limits)

    answers = [visitor.get(f"{OPENLY}/services") for _ in range(3)]
    time.now += timedelta(seconds=60)
    later = visitor.get(f"{OPENLY}/services")

    assert [each.status_code for each in (*answers, later)] == [200, 200, 429, 200]
    assert problem(answers[-1]) == (429, "TooMany")
    assert answers[-1].headers["Retry-After"] == "60"


def test_nobody_is_made_a_client_who_is_not_of_age(visitor: Program) -> None:
    start = visitor.get(f"{OPENLY}/services/consult/times").get_json()["starts_at"][0]
    held = visitor.post(f"{OPENLY}/holds", {"service": "consult", "starts_at": start}).get_json()

    for is_adult in (False, "yes", 1, None):
        answer = visitor.ask(
            "PUT", f"{OPENLY}/bookings/{held['token']}/details", ALEX | {"is_adult": is_adult}
        )
        assert problem(answer) == (422, "WrongFields")
    assert count(Client) == 0
