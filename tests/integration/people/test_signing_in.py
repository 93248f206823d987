"""Signing in and out, through the pages."""

from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from argon2 import PasswordHasher
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from practice.audit.models import AuditEntry
from practice.core import clock, tokens
from practice.core.db import db, transaction
from practice.people import doors, passwords, signing_in
from practice.people.models import Practice, SignIn, Throttle, User
from practice.people.rules import DoorKind, Role
from tests import factories
from tests.browsers import form_token, send, sign_in
from tests.integration.people.conftest import EMAIL, PASSWORD

NOT_RIGHT = "The email address or the password is not right."


def enter(browser: FlaskClient, email: str = EMAIL, password: str = PASSWORD) -> TestResponse:
    return send(browser, "/sign-in", {"email": email, "password": password})


def test_the_right_password_opens_the_first_page(client: FlaskClient, member: User) -> None:
    answer = enter(client, email=" Morgan@Tidewater.example ")

    assert answer.status_code == 302
    assert client.get("/account").status_code == 200
    verbs = db.session.scalars(sa.select(AuditEntry.verb).order_by(AuditEntry.at))
    assert verbs.all()[-1] == "sign_in:open"


@pytest.mark.parametrize(
    ("email", "password"),
    [(EMAIL, "a quiet room in the dark"), ("nobody@tidewater.example", PASSWORD)],
    ids=["wrong password", "unknown address"],
)
def test_a_wrong_password_and_an_unknown_address_get_the_same_answer(
    client: FlaskClient, member: User, email: str, password: str
) -> None:
    answer = enter(client, email, password)

    assert answer.status_code == 422
    assert NOT_RIGHT in answer.text
    assert f'value="{email}"' in answer.text
    assert password not in answer.text
    assert client.get("/account").status_code == 302


def test_an_unknown_address_costs_the_same_work(
    client: FlaskClient, member: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    compared: list[str] = []
    verify = PasswordHasher.verify

    def note(self: PasswordHasher, stored: str, password: str) -> bool:
        compared.append(stored.split("$")[3])  # the parameters, which set the time
        return verify(self, stored, password)

    monkeypatch.setattr(PasswordHasher, "verify", note)

    enter(client, EMAIL, "a quiet room in the dark")
    enter(client, "nobody@tidewater.example", "a quiet room in the dark")

    assert len(compared) == 2
    assert compared[0] == compared[1]


def test_who_has_left_cannot_sign_in(client: FlaskClient, member: User) -> None:
    with transaction():
        db.session.execute(sa.update(User).values(ended_at=clock.now()))

    answer = enter(client)

    assert NOT_RIGHT in answer.text


def test_who_leaves_is_signed_out_at_once(client: FlaskClient, member: User) -> None:
    sign_in(client, member)
    with transaction():
        db.session.execute(sa.update(User).values(ended_at=clock.now()))

    answer = client.get("/account")

    assert answer.headers["Location"] == "/sign-in?next=/account"


def test_a_password_of_5000_characters_is_refused_without_being_hashed(
    client: FlaskClient, member: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(PasswordHasher, "verify", lambda *_: pytest.fail("it was hashed"))

    answer = enter(client, password="a" * 5_000)

    assert answer.status_code == 422


def test_a_hash_with_old_parameters_is_made_again(client: FlaskClient, member: User) -> None:
    weak = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)
    with transaction():
        db.session.execute(sa.update(User).values(password_hash=weak))

    enter(client)

    stored = db.session.scalars(sa.select(User.password_hash)).one()
    assert not passwords.is_outdated(stored)
    assert passwords.is_right(PASSWORD, stored)


def test_signing_in_starts_a_new_session_and_a_new_form_token(
    client: FlaskClient, member: User
) -> None:
    old_token = sign_in(client, member)
    old_form = form_token(client)

    enter(client)

    with client.session_transaction() as kept:
        assert kept["_user_id"] != old_token
    assert client.post("/sign-out", data={"csrf_token": old_form}).status_code == 400


def test_the_cookie_holds_no_id_and_the_database_no_secret(
    client: FlaskClient, member: User
) -> None:
    enter(client)

    with client.session_transaction() as kept:
        secret = kept["_user_id"]
    rows = [tuple(map(str, row)) for row in db.session.execute(sa.text("SELECT * FROM doors"))]
    assert len(secret) == 43
    assert not any(secret in value for row in rows for value in row)


# Too many attempts -------------------------------------------------------------------------------


@pytest.fixture
def clock_hands(monkeypatch: pytest.MonkeyPatch) -> list[datetime]:
    """A clock that shows the last of these, however long the machine takes."""
    hands = [datetime(2026, 3, 2, 15, 0, tzinfo=UTC)]
    monkeypatch.setattr(clock, "now", lambda: hands[-1])
    return hands


def test_after_five_failures_even_the_right_password_must_wait(
    client: FlaskClient, clock_hands: list[datetime], member: User
) -> None:
    for _ in range(5):
        enter(client, password="a quiet room in the dark")

    answer = enter(client)

    assert answer.status_code == 429
    assert answer.headers["Retry-After"] == "1"
    assert "There were too many attempts. Try again in 1 second." in answer.text
    assert client.get("/account").status_code == 302


def test_a_known_and_an_unknown_address_wait_alike(
    client: FlaskClient, clock_hands: list[datetime], member: User
) -> None:
    statuses = [
        [enter(client, email, "a quiet room in the dark").status_code for _ in range(6)]
        for email in (EMAIL, "nobody@tidewater.example")
    ]

    assert statuses[0] == statuses[1] == [422] * 5 + [429]


def test_each_failure_doubles_the_wait_and_a_try_too_early_costs_nothing(
    client: FlaskClient, clock_hands: list[datetime], member: User
) -> None:
    waits = []
    for _ in range(5):
        enter(client, password="a quiet room in the dark")
    for _ in range(4):
        seconds = [int(enter(client).headers["Retry-After"]) for _ in range(2)]
        waits.append(seconds)
        clock_hands.append(clock_hands[-1] + timedelta(seconds=seconds[0]))
        enter(client, password="a quiet room in the dark")

    assert waits == [[1, 1], [2, 2], [4, 4], [8, 8]]


def test_the_door_is_never_closed_for_longer_than_five_minutes(
    client: FlaskClient, clock_hands: list[datetime], member: User
) -> None:
    enter(client, password="a quiet room in the dark")
    with transaction():
        db.session.execute(sa.update(Throttle).values(failures=10**6))
        db.session.execute(sa.delete(Throttle).where(Throttle.kind == "network"))
    assert enter(client).status_code == 429
    clock_hands.append(clock_hands[-1] + timedelta(minutes=5))

    answer = enter(client)

    assert answer.status_code == 302


def test_signing_in_forgets_the_failures_of_the_account_alone(
    client: FlaskClient, member: User
) -> None:
    enter(client, password="a quiet room in the dark")

    enter(client)

    counted = db.session.execute(sa.select(Throttle.kind, Throttle.failures)).all()
    assert [tuple(row) for row in counted] == [("network", 2)]


def test_failures_of_a_day_ago_are_forgotten(
    client: FlaskClient, clock_hands: list[datetime], member: User
) -> None:
    for _ in range(5):
        enter(client, password="a quiet room in the dark")
    clock_hands.append(clock_hands[-1] + timedelta(days=1))

    statuses = [enter(client, password="a quiet room at night").status_code for _ in range(6)]

    assert statuses == [422] * 5 + [429]


def test_many_accounts_from_one_network_are_slowed_down(
    client: FlaskClient, clock_hands: list[datetime], member: User
) -> None:
    for number in range(20):
        enter(client, f"guess{number}@tidewater.example")

    neighbour, stranger = (
        send(
            client,
            "/sign-in",
            {"email": EMAIL, "password": PASSWORD},
            environ_base={"REMOTE_ADDR": address},
        ).status_code
        for address in ("127.0.0.77", "127.0.1.77")
    )

    assert (neighbour, stranger) == (429, 302)


# While it lasts ----------------------------------------------------------------------------------


def test_a_page_for_staff_asks_to_sign_in_and_comes_back(client: FlaskClient, member: User) -> None:
    asked = client.get("/account?from=mail")

    assert asked.headers["Location"] == "/sign-in?next=/account?from%3Dmail"
    answer = send(client, asked.headers["Location"], {"email": EMAIL, "password": PASSWORD})
    assert answer.headers["Location"] == "/account?from=mail"


@pytest.mark.parametrize(
    "target",
    [
        "//evil.test",
        "https:evil.test",
        "https://evil.test/",
        "/\\evil.test",
        "javascript:alert(1)",
        "/\t/evil.test",
        "\\\\evil.test",
        "evil.test",
    ],
)
def test_signing_in_never_leads_to_another_site(
    client: FlaskClient, member: User, target: str
) -> None:
    filled = {"email": EMAIL, "password": PASSWORD, "csrf_token": form_token(client)}

    answer = client.post("/sign-in", query_string={"next": target}, data=filled)

    assert answer.status_code == 302
    assert answer.headers["Location"] == enter(client).headers["Location"]


@pytest.mark.parametrize(("quiet_minutes", "status"), [(14, 200), (15, 302), (16, 302)])
def test_a_sign_in_ends_after_15_quiet_minutes(
    client: FlaskClient, member: User, quiet_minutes: int, status: int
) -> None:
    sign_in(client, member, quiet_minutes=quiet_minutes)

    assert client.get("/account").status_code == status


def test_a_sign_in_ends_after_12_hours_however_busy(client: FlaskClient, member: User) -> None:
    sign_in(client, member)
    with transaction():
        db.session.execute(sa.update(SignIn).values(created_at=clock.now() - timedelta(hours=12)))

    assert client.get("/account").status_code == 302


def test_a_sign_in_notes_that_it_is_used_once_a_minute(client: FlaskClient, member: User) -> None:
    sign_in(client, member, quiet_minutes=5)
    before = clock.now()

    client.get("/account")
    first = db.session.scalars(sa.select(SignIn.seen_at)).one()
    db.session.rollback()
    client.get("/account")
    second = db.session.scalars(sa.select(SignIn.seen_at)).one()

    assert before <= first == second


def test_what_was_typed_when_the_sign_in_ended_can_be_sent_again(
    client: FlaskClient, member: User
) -> None:
    sign_in(client, member, quiet_minutes=20)
    refused = send(client, f"/account/browsers/{member.id}/end", {"note": "typed\nfor an hour"})
    assert refused.status_code == 401
    assert "for an hour" not in refused.text
    sealed = refused.text.partition('name="typed"')[2].partition('value="')[2].partition('"')[0]

    answer = send(client, "/sign-in", {"email": EMAIL, "password": PASSWORD, "typed": sealed})

    assert answer.status_code == 200
    assert f'action="/account/browsers/{member.id}/end"' in answer.text
    assert '<input type="hidden" name="note" value="typed\nfor an hour">' in answer.text


def test_a_form_of_a_former_sign_in_is_offered_again_without_its_passwords(
    client: FlaskClient, member: User
) -> None:
    sign_in(client, member)
    typed = {"note": "typed for an hour", "password": "secret", "csrf_token": "of-yesterday"}

    answer = client.post(
        f"/account/browsers/{member.id}/end",
        data=typed,
        headers={"Sec-Fetch-Site": "same-origin"},
    )
    nobody = client.post("/sign-in", data=typed, headers={"Sec-Fetch-Site": "same-origin"})

    assert answer.status_code == 400
    assert 'name="note" value="typed for an hour"' in answer.text
    assert ("secret" in answer.text, "typed for an hour" in nobody.text) == (False, False)


def test_what_somebody_typed_is_not_handed_to_somebody_else(
    client: FlaskClient, practice: Practice, member: User
) -> None:
    with transaction():
        colleague = factories.create_user(Role.THERAPIST, name="Sam")
        colleague.password_hash = passwords.hash_of(PASSWORD)
    sign_in(client, colleague, quiet_minutes=20)
    refused = send(client, f"/account/browsers/{member.id}/end", {"note": "typed for an hour"})
    sealed = refused.text.partition('name="typed"')[2].partition('value="')[2].partition('"')[0]
    assert sealed

    answer = send(client, "/sign-in", {"email": EMAIL, "password": PASSWORD, "typed": sealed})

    assert answer.status_code == 302


# Out ---------------------------------------------------------------------------------------------


def test_signing_out_ends_the_sign_in_itself(client: FlaskClient, member: User) -> None:
    token = sign_in(client, member)

    answer = send(client, "/sign-out")

    assert answer.status_code == 303
    assert answer.headers["Clear-Site-Data"] == '"cache", "cookies", "storage"'
    with client.session_transaction() as kept:
        kept["_user_id"] = token  # whoever copied the cookie
    assert client.get("/account").status_code == 302


def test_signing_out_twice_is_harmless(client: FlaskClient, member: User) -> None:
    sign_in(client, member)

    assert [send(client, "/sign-out").status_code for _ in range(2)] == [303, 303]


def test_one_can_sign_out_another_browser_of_ones_own(client: FlaskClient, member: User) -> None:
    phone = client.application.test_client()
    sign_in(client, member)
    sign_in(phone, member)
    phone_id = db.session.scalars(sa.select(SignIn.id).order_by(SignIn.seen_at.desc())).first()

    answer = send(client, f"/account/browsers/{phone_id}/end")

    assert answer.status_code == 302
    assert client.get("/account").status_code == 200
    assert phone.get("/account").status_code == 302


def test_one_cannot_sign_out_somebody_else(
    client: FlaskClient, practice: Practice, member: User
) -> None:
    with transaction():
        colleague = factories.create_user(Role.THERAPIST)
    theirs = client.application.test_client()
    sign_in(client, member)
    sign_in(theirs, colleague)
    their_id = db.session.scalars(sa.select(SignIn.id).where(SignIn.user_id == colleague.id)).one()

    answer = send(client, f"/account/browsers/{their_id}/end")

    assert answer.status_code == 404
    assert theirs.get("/account").status_code == 200


# Afterwards --------------------------------------------------------------------------------------


def test_tidying_forgets_old_failures_and_closes_old_doors(
    client: FlaskClient, practice: Practice, member: User
) -> None:
    for email in ("old@tidewater.example", "new@tidewater.example"):
        enter(client, email)
    old, new = sign_in(client, member), sign_in(client, member)
    ids = db.session.scalars(sa.select(SignIn.id).order_by(SignIn.created_at)).all()
    yesterday = clock.now() - timedelta(days=1, seconds=1)
    with transaction():
        is_old = Throttle.hash == tokens.digest("old@tidewater.example")
        db.session.execute(sa.update(Throttle).where(is_old).values(last_at=yesterday))
        db.session.execute(
            sa.update(SignIn).where(SignIn.id == ids[0]).values(created_at=yesterday)
        )

    signing_in.tidy(practice.id)

    left = db.session.scalars(sa.select(Throttle.hash).where(Throttle.kind == "account"))
    assert left.all() == [tokens.digest("new@tidewater.example")]
    found = [doors.find(DoorKind.SIGN_IN, token) for token in (old, new)]
    assert found == [None, doors.Found(practice.id, ids[1])]
    assert db.session.scalar(sa.select(sa.func.count()).select_from(SignIn)) == 2
