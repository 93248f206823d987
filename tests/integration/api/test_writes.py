"""The same write sent again, and writes that make no sense."""

import json
from typing import Any

import pytest

from practice.people.models import Client
from tests.integration.api.conftest import ALEX, LetIn, Program, count, nothing_changes, problem


def test_the_same_write_under_the_same_key_is_done_once(program: Program) -> None:
    first = program.post("/clients", ALEX, key="one")
    again = program.post("/clients", ALEX, key="one")

    assert (first.status_code, again.status_code) == (201, 201)
    assert first.get_json() == again.get_json()
    assert count(Client) == 1


def test_another_body_under_the_same_key_is_refused_and_changes_nothing(program: Program) -> None:
    program.post("/clients", ALEX, key="one")

    with nothing_changes():
        other = program.post("/clients", ALEX | {"first_name": "Sam"}, key="one")

    assert problem(other) == (422, "KeyUsed")


def test_another_address_under_the_same_key_is_refused(program: Program) -> None:
    made = program.post("/clients", ALEX, key="one").get_json()

    other = program.ask("PATCH", f"/clients/{made['id']}", ALEX, key="one")

    assert problem(other) == (422, "KeyUsed")


def test_a_write_that_was_refused_is_looked_at_anew(program: Program) -> None:
    wrong = program.post("/clients", ALEX | {"email": "nobody"}, key="one")
    right = program.post("/clients", ALEX, key="one")

    assert (problem(wrong)[0], right.status_code) == (422, 201)


def test_keys_of_two_programs_are_apart(program: Program, let_in: LetIn) -> None:
    program.post("/clients", ALEX, key="one")
    let_in().post("/clients", ALEX | {"first_name": "Sam"}, key="one")

    assert count(Client) == 2


def test_without_a_key_every_write_counts(program: Program) -> None:
    program.post("/clients", ALEX)
    program.post("/clients", ALEX)

    assert count(Client) == 2


def test_a_key_that_is_none_is_refused(program: Program) -> None:
    keys = ("", " ", "a b", "x" * 201, "\xe9")

    answers = [problem(program.post("/clients", ALEX, key=key)) for key in keys]

    assert answers == [(400, "Malformed")] * len(keys)


# Bad bodies --------------------------------------------------------------------------------------

TEXT = json.dumps(ALEX)


def filled(**other: Any) -> bytes:
    return json.dumps(ALEX | other).encode()


BODIES: list[tuple[bytes, tuple[int, str]]] = [
    (b"{", (400, "Malformed")),
    (b"first_name=Alex", (400, "Malformed")),
    (b"[1, 2]", (400, "Malformed")),
    (b"null", (400, "Malformed")),
    (b'"text"', (400, "Malformed")),
    (b"\xff\xfe", (400, "Malformed")),
    (TEXT.replace("{", '{"first_name": "Sam", ', 1).encode(), (400, "Malformed")),
    (TEXT.replace("}", ', "age": NaN}').encode(), (400, "Malformed")),
    (TEXT.replace("}", ', "age": 1e999}').encode(), (400, "Malformed")),
    (TEXT.replace("}", ', "age": ' + "9" * 5000 + "}").encode(), (400, "Malformed")),
    (b'{"a":' * 10_000 + b"1" + b"}" * 10_000, (400, "Malformed")),
    (b"[" * 10_000 + b"]" * 10_000, (400, "Malformed")),
    (TEXT.replace("Alex", "\\ud800", 1).encode(), (400, "Malformed")),
    (b" " * 20_000_000, (413, "RequestEntityTooLarge")),
    (b"", (422, "WrongFields")),
    (b"{}", (422, "WrongFields")),
    (filled(first_name=""), (422, "WrongFields")),
    (filled(first_name="   "), (422, "WrongFields")),
    (filled(first_name="x" * 10_000), (422, "WrongFields")),
    (filled(first_name="A\x00"), (422, "WrongFields")),
    (filled(first_name="A\u202eB"), (422, "WrongFields")),
    (filled(first_name=["Alex"]), (422, "WrongFields")),
    (filled(first_name=None), (422, "WrongFields")),
    (filled(email="alex"), (422, "WrongFields")),
    (filled(email="a@b@c.example"), (422, "WrongFields")),
    (filled(email="a" * 250 + "@mail.example"), (422, "WrongFields")),
    (filled(email="a@mail.example\r\nBcc: all@mail.example"), (422, "WrongFields")),
    (filled(phone="+"), (422, "WrongFields")),
    (filled(phone="call me"), (422, "WrongFields")),
    (filled(phone="1" * 40), (422, "WrongFields")),
    (filled(role="admin"), (422, "WrongFields")),
]


@pytest.mark.database("sqlite")
def test_a_body_that_makes_no_sense_is_refused_and_changes_nothing(program: Program) -> None:
    headers = {"Authorization": f"Bearer {program.token}", "Content-Type": "application/json"}
    program.get("/clients")  # the use of the token is noted now

    with nothing_changes():
        answers = [
            program.client.post("/api/v1/clients", data=body, headers=headers) for body, _ in BODIES
        ]

    assert list(map(problem, answers)) == [told for _, told in BODIES]


def test_a_name_of_the_world_is_kept_as_it_is(program: Program) -> None:
    names = ["O'Brien", "李", "🌿", "<script>alert(1)</script>", "{{7*7}}"]

    made = [program.post("/clients", ALEX | {"last_name": name}) for name in names]

    assert [each.get_json()["last_name"] for each in made] == names


def test_every_wrong_part_is_named(program: Program) -> None:
    answer = program.post("/clients", {"first_name": "", "email": "alex", "phone": "7575550123"})

    assert answer.get_json()["errors"] == [
        {"pointer": "first_name", "detail": "String should have at least 1 character"},
        {"pointer": "last_name", "detail": "Field required"},
        {"pointer": "email", "detail": "Enter an email address like name@example.com"},
    ]


def test_a_form_is_no_json(program: Program) -> None:
    headers = {"Authorization": f"Bearer {program.token}"}

    answer = program.client.post("/api/v1/clients", data=ALEX, headers=headers)

    assert problem(answer) == (415, "UnsupportedMediaType")


def test_what_an_address_does_not_do_is_told(program: Program) -> None:
    answers = [program.ask(method, "/clients", {}) for method in ("PUT", "DELETE", "TRACE")]

    assert list(map(problem, answers)) == [(405, "MethodNotAllowed")] * 3
    assert {each.headers["Allow"] for each in answers} == {"GET, HEAD, OPTIONS, POST"}


QUERIES = [
    "limit=0",
    "limit=101",
    "limit=-1",
    "limit=1e3",
    "limit=%EF%BC%91",
    "limit=1&limit=2",
    "sort=password",
    "email=nobody",
    "email=%ff",
    "cursor=" + "x" * 301,
]


def test_a_question_that_makes_no_sense_is_refused(program: Program) -> None:
    answers = [problem(program.get(f"/clients?{query}")) for query in QUERIES]

    assert answers == [(422, "WrongFields")] * len(QUERIES)


def test_a_part_of_a_client_is_changed(program: Program) -> None:
    made = program.post("/clients", ALEX).get_json()

    changed = program.ask("PATCH", f"/clients/{made['id']}", {"phone": "757-555-0199"}).get_json()

    assert changed == made | {"phone": "+17575550199"}
    assert program.get(f"/clients/{made['id']}").get_json() == changed


def test_an_address_that_is_none_is_told_as_a_problem(program: Program) -> None:
    wrong = ("/nothing", "/%2e%2e/", "//evil.test", "/practice/", "/practice.", "/p/a%2Fb/")

    answers = [program.get(path) for path in wrong]

    assert [problem(each)[0] for each in answers] == [404] * len(wrong)


def test_another_host_and_another_site_are_turned_away(program: Program) -> None:
    other = program.ask("GET", "/practice", Host="evil.test")
    zero = program.get("/clients?email=%00")
    cross = program.ask("POST", "/clients", ALEX, **{"Sec-Fetch-Site": "cross-site"})

    assert [problem(each) for each in (other, zero, cross)] == [(400, "BadRequest")] * 3
