"""What people type, and the words they read when it cannot be taken."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

import pytest
from flask import Flask
from werkzeug.datastructures import MultiDict
from wtforms import PasswordField, StringField, TextAreaField
from wtforms.validators import InputRequired

from practice.core import clock
from practice.people.forms import BaseForm, BirthDateField, EmailField, NameField, PhoneField

HIDDEN = "Leave out characters that cannot be seen"
TODAY = date(2026, 3, 2)


class Details(BaseForm):
    first_name = NameField("First name", missing="Enter your first name")
    middle_name = NameField("Middle name")
    email = EmailField()
    phone = PhoneField()
    birth_on = BirthDateField(missing="Enter your birth date")
    code = StringField("Code", [InputRequired("Enter the code")])
    note = TextAreaField("Note")
    password = PasswordField("Password")


@pytest.fixture(autouse=True)
def page(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    noon = datetime(TODAY.year, TODAY.month, TODAY.day, 12, tzinfo=UTC)
    monkeypatch.setattr(clock, "now", lambda: noon)
    program = Flask(__name__)
    program.config.update(SECRET_KEY="a secret of the tests", WTF_CSRF_ENABLED=False)
    with program.test_request_context("/", method="POST"):
        yield


GOOD = {
    "first_name": "Alex",
    "email": "alex@mail.example",
    "phone": "757-555-0100",
    "birth_on-month": "3",
    "birth_on-day": "27",
    "birth_on-year": "1984",
    "code": "A1",
}


def sent(**changed: str) -> Details:
    form = Details(MultiDict(GOOD | {key.replace("__", "-"): v for key, v in changed.items()}))
    form.validate()
    return form


def test_what_is_typed_well_is_taken() -> None:
    form = sent()

    assert form.errors == {}
    assert (form.email.data, form.phone.data) == ("alex@mail.example", "+17575550100")
    assert form.birth_on.data == date(1984, 3, 27)


def test_an_empty_form_says_what_each_field_wants() -> None:
    form = Details(MultiDict())
    form.validate()

    assert form.errors == {
        "first_name": ["Enter your first name"],
        "email": ["Enter your email address"],
        "phone": ["Enter your mobile number"],
        "birth_on": {"month": ["Enter your birth date"]},
        "code": ["Enter the code"],
    }


def test_spaces_alone_are_nothing() -> None:
    form = sent(first_name=" \t ", email="  ", code="   ")

    assert form.errors == {
        "first_name": ["Enter your first name"],
        "email": ["Enter your email address"],
        "code": ["Enter the code"],
    }


def test_texts_are_trimmed_and_passwords_are_not() -> None:
    form = sent(first_name="  Alex ", note="one\r\ntwo \r\n", password="  a quiet room ")

    assert form.first_name.data == "Alex"
    assert form.note.data == "one\ntwo"
    assert form.password.data == "  a quiet room "


def test_letters_made_of_two_characters_become_one() -> None:
    assert sent(first_name="Rene\u0301").first_name.data == "Ren\u00e9"


@pytest.mark.parametrize(
    "name",
    ["<script>alert(1)</script>", "{{7*7}}", "O'Brien", "李", "👩‍🚀", "Ōyama-García", "a" * 80],
)
def test_a_name_may_be_anything_that_can_be_read(name: str) -> None:
    form = sent(first_name=name)

    assert form.errors == {}
    assert form.first_name.data == name


@pytest.mark.parametrize(
    "name",
    ["Al\u202eex", "Al\u2066ex", "Al\x07ex", "Al\nex", "Al\tex", "Al\u2028ex", "Al\x7fex"],
)
def test_a_name_holds_nothing_that_hides_or_turns_the_line(name: str) -> None:
    assert sent(first_name=name).errors == {"first_name": [HIDDEN]}


def test_a_long_text_may_have_lines_but_no_other_control() -> None:
    assert sent(note="one\n\ttwo").errors == {}
    assert sent(note="one\x1btwo").errors == {"note": [HIDDEN]}


def test_a_name_of_10000_characters_is_refused_with_the_limit() -> None:
    words = "First name must be 80 characters or fewer"

    assert sent(first_name="a" * 81).errors == {"first_name": [words]}
    assert sent(first_name="a" * 10_000).errors == {"first_name": [words]}


def test_a_wrong_address_and_a_wrong_number_say_what_a_right_one_looks_like() -> None:
    form = sent(email="alex@", phone="call me")

    assert form.errors == {
        "email": ["Enter an email address like name@example.com"],
        "phone": ["Enter a phone number like 757-555-0100"],
    }
    assert (form.email.data, form.phone.data) == ("alex@", "call me")


@pytest.mark.parametrize(
    ("month", "day", "year", "part", "words"),
    [
        ("", "", "", "month", "Enter your birth date"),
        ("2", "30", "1984", "day", "Enter a date that exists, like 3 27 1984"),
        ("2", "29", "1983", "day", "Enter a date that exists, like 3 27 1984"),
        ("0", "0", "0000", "day", "Enter a date that exists, like 3 27 1984"),
        ("13", "1", "1984", "day", "Enter a date that exists, like 3 27 1984"),
        ("March", "27", "1984", "month", "Enter a date in numbers, like 3 27 1984"),
        ("-3", "27", "1984", "month", "Enter a date in numbers, like 3 27 1984"),
        ("３", "27", "1984", "month", "Enter a date in numbers, like 3 27 1984"),
        ("3", "", "1984", "month", "Enter a date in numbers, like 3 27 1984"),
        ("3", "27", "84", "year", "Enter the year with four digits, like 1984"),
        ("3", "27", "", "year", "Enter the year with four digits, like 1984"),
        ("3", "27", "19840", "year", "Enter the year with four digits, like 1984"),
        ("3", "2", "2026", "year", "Your birth date must be in the past"),
        ("3", "27", "2030", "year", "Your birth date must be in the past"),
        ("12", "31", "1899", "year", "Your birth date must be in 1900 or later"),
        ("1", "1", "1800", "year", "Your birth date must be in 1900 or later"),
    ],
)
def test_a_birth_date_that_cannot_be_says_why(
    month: str, day: str, year: str, part: str, words: str
) -> None:
    form = sent(birth_on__month=month, birth_on__day=day, birth_on__year=year)

    assert form.errors == {"birth_on": {part: [words]}}


@pytest.mark.parametrize(
    ("month", "day", "year"), [("02", "29", "1984"), ("3", "1", "2026"), ("1", "1", "1900")]
)
def test_a_birth_date_that_can_be_is_taken(month: str, day: str, year: str) -> None:
    form = sent(birth_on__month=month, birth_on__day=day, birth_on__year=year)

    assert form.errors == {}
    assert form.birth_on.data == date(int(year), int(month), int(day))


def test_a_birth_date_that_is_known_fills_its_three_boxes() -> None:
    form = Details(None, birth_on=date(1984, 3, 27))

    assert [str(box.data) for box in form.birth_on] == ["3", "27", "1984"]
    assert form.birth_on.data == date(1984, 3, 27)


def test_a_field_given_twice_counts_once() -> None:
    form = Details(MultiDict([*GOOD.items(), ("first_name", "Sam")]))

    assert form.validate()
    assert form.first_name.data == "Alex"


def test_json_is_no_form() -> None:
    program = Flask(__name__)
    program.config.update(SECRET_KEY="a secret of the tests", WTF_CSRF_ENABLED=False)
    bodies: list[Any] = [["a list"], "a text", None, {"first_name": "Alex"}]

    for body in bodies:
        with program.test_request_context("/", method="POST", json=body):
            form = Details()
            assert not form.validate()
            assert form.first_name.data is None
