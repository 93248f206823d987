"""Making practices and staff from the command line."""

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from practice.calendar.models import BookingRules, Resource, ResourceKind
from practice.core.db import db, practice_scope
from practice.people import passwords, queries
from practice.people.models import Practice, User
from practice.sessions.models import Service
from tests.browsers import send, sign_in
from tests.integration.people.conftest import EMAIL, PASSWORD

FACTS = {
    "--name": "Quiet Harbor",
    "--slug": "harbor",
    "--time-zone": "America/New_York",
    "--locality": "Norfolk, VA",
    "--email": "Hello@Harbor.example",
    "--phone": "757-555-0150",
}
MEMBER = {"--practice": "harbor", "--name": "Sam", "--email": "Sam@harbor.example"}


def run(app: Flask, *words: str, typed: str = "", **options: str) -> tuple[int, str]:
    """Run a command; return how it ended, and the last line it said."""
    given = [word for pair in options.items() for word in pair]
    done = app.test_cli_runner().invoke(args=[*words, *given], input=typed)
    assert done.exception is None or isinstance(done.exception, SystemExit)
    return done.exit_code, done.output.strip().splitlines()[-1]


def create_practice(app: Flask, **changed: str) -> tuple[int, str]:
    return run(app, "practice", "create", **FACTS | changed)


def create_user(app: Flask, *roles: str, typed: str = PASSWORD) -> tuple[int, str]:
    named = [word for role in roles for word in ("--role", role)]
    return run(app, "user", "create", *named, typed=typed, **MEMBER)


def test_a_new_practice_is_furnished(app: Flask) -> None:
    ended, _ = create_practice(app)

    assert ended == 0
    with app.app_context():
        practice = queries.enter_by_slug("harbor")
        assert (practice.name, practice.email, practice.phone) == (
            "Quiet Harbor",
            "hello@harbor.example",
            "+17575550150",
        )
        assert (practice.neutral_name, practice.business_name) == ("Quiet Harbor", "Quiet Harbor")
        assert db.session.scalar(sa.select(sa.func.count()).select_from(BookingRules)) == 1
        assert (db.session.scalar(sa.select(sa.func.count()).select_from(Service)) or 0) > 5
        kinds = db.session.scalars(sa.select(Resource.kind)).all()
        assert sorted(kinds) == [ResourceKind.HOME, ResourceKind.ROOM]


@pytest.mark.parametrize(
    ("option", "value", "words"),
    [
        ("--slug", "Harbor House", "Error: The name in addresses has small letters"),
        ("--slug", "../etc", "Error: The name in addresses has small letters"),
        ("--slug", "h" * 61, "Error: The name in addresses has small letters"),
        ("--time-zone", "EST5EDT", "Error: Name a time zone as Area/City"),
        ("--time-zone", "../../etc/passwd", "Error: Name a time zone as Area/City"),
        ("--time-zone", "america/new_york", "Error: Name a time zone as Area/City"),
        ("--time-zone", "", "Error: Name a time zone as Area/City"),
        ("--email", "hello@", "Error: Enter an email address like name@example.com"),
        ("--phone", "call us", "Error: Enter a phone number like 757-555-0100"),
    ],
)
def test_a_practice_that_cannot_be_is_refused_in_words(
    app: Flask, option: str, value: str, words: str
) -> None:
    ended, said = create_practice(app, **{option: value})

    assert ended == 1
    assert said.startswith(words)
    with app.app_context():
        assert db.session.scalar(sa.text("SELECT count(*) FROM doors")) == 0


def test_a_name_in_addresses_is_given_once(app: Flask) -> None:
    create_practice(app)

    ended, said = create_practice(app, **{"--name": "Another"})

    assert (ended, said) == (1, "Error: There is a practice at /p/harbor/ already.")


def test_a_new_member_of_staff_can_sign_in_and_has_time_in_the_calendar(
    app: Flask, client: FlaskClient
) -> None:
    create_practice(app)

    ended, said = create_user(app, "therapist", "owner")

    assert (ended, said) == (0, "Made. Sam can sign in.")
    signing_in = {"email": "sam@harbor.example", "password": PASSWORD}
    assert send(client, "/sign-in", signing_in).status_code == 302
    with app.app_context():
        queries.enter_by_slug("harbor")
        user = db.session.scalars(sa.select(User)).one()
        person = db.session.scalars(
            sa.select(Resource).where(Resource.kind == ResourceKind.PERSON)
        ).one()
        assert user.roles == ["owner", "therapist"]
        assert (person.user_id, person.name, person.roles) == (user.id, "Sam", user.roles)


def test_who_sees_no_clients_has_no_time_in_the_calendar(app: Flask) -> None:
    create_practice(app)

    create_user(app, "bookkeeper")

    with app.app_context():
        queries.enter_by_slug("harbor")
        people = sa.select(Resource).where(Resource.kind == ResourceKind.PERSON)
        assert db.session.scalars(people).all() == []


def test_a_weak_password_makes_nobody(app: Flask) -> None:
    create_practice(app)

    ended, said = create_user(app, "owner", typed="too short")

    assert ended == 1
    assert said.startswith("Error: Use at least 15 characters.")
    assert create_user(app, "owner")[0] == 0


def test_an_address_signs_in_one_person_of_the_installation(app: Flask, member: User) -> None:
    create_practice(app)

    ended, said = run(
        app,
        "user",
        "create",
        typed=PASSWORD,
        **MEMBER | {"--email": EMAIL.upper(), "--role": "owner"},
    )

    assert (ended, said) == (1, "Error: Somebody signs in with that email address already.")


@pytest.mark.parametrize("role", ["admin", "OWNER", ""])
def test_an_unknown_role_is_refused(app: Flask, role: str) -> None:
    create_practice(app)

    ended, said = create_user(app, role)

    assert ended == 2
    assert "is not one of 'owner', 'therapist', 'prescriber'" in said


def test_staff_of_no_practice_are_not_made(app: Flask) -> None:
    ended, said = create_user(app, "owner")

    assert (ended, said) == (1, "Error: There is nothing at this address.")


def test_a_new_password_signs_every_browser_out(
    app: Flask, client: FlaskClient, practice: Practice, member: User
) -> None:
    sign_in(client, member)
    assert client.get("/account").status_code == 200

    ended, _ = run(app, "user", "password", typed="another room at night\n", **{"--email": EMAIL})

    assert ended == 0
    assert client.get("/account").status_code == 302
    with practice_scope(practice.id):
        stored = queries.get_member(member.id).password_hash
    assert passwords.is_right("another room at night", stored)


def test_nobodys_password_is_not_set(app: Flask) -> None:
    ended, said = run(app, "user", "password", **{"--email": "nobody@harbor.example"})

    assert (ended, said) == (1, "Error: Nobody signs in with that email address.")
