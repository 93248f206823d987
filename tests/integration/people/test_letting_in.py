"""Clients sign in by a link or a code from a mail, and are signed out again."""

import re
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from practice.audit.models import AuditEntry
from practice.core import clock
from practice.core.db import db, read_again, transaction
from practice.outbox import jobs, mail
from practice.outbox.models import Message
from practice.people import letting_in
from practice.people.models import Client, ClientSignIn, Practice, SignInAsk, User
from tests import factories
from tests.browsers import send, sign_in, sign_in_client
from tests.integration.people.conftest import EMAIL, PASSWORD

SIGN_IN = "/p/tidewater/sign-in"
DEAD = "This sign-in link has been used or is over 15 minutes old. Send a new one."


class Hands:
    """A clock that stands until it is set."""

    def __init__(self) -> None:
        self.now = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)

    def pass_by(self, **time: float) -> None:
        self.now += timedelta(**time)


@pytest.fixture(autouse=True)
def hands(monkeypatch: pytest.MonkeyPatch) -> Hands:
    hands = Hands()
    monkeypatch.setattr(clock, "now", lambda: hands.now)
    return hands


@pytest.fixture
def alex(practice: Practice) -> Client:
    with transaction():
        return factories.create_client()


@pytest.fixture
def phone(app: Flask) -> FlaskClient:
    """Another browser."""
    return app.test_client()


def ask(browser: FlaskClient, email: str) -> TestResponse:
    answer = send(browser, SIGN_IN, {"email": email})
    read_again()
    jobs.run_due()
    return answer


def mailed() -> tuple[str, str]:
    """Return the path of the link and the code of the last mail."""
    read_again()
    message = db.session.scalars(
        sa.select(Message).where(Message.name == "sign-in").order_by(Message.created_at.desc())
    ).first()
    assert message is not None
    letter = mail.write(message).get_body(("plain",))
    assert letter is not None
    text = letter.get_content()
    link, code = re.search(r"http://localhost(/\S+)", text), re.search(r"\d{4} \d{4}", text)
    assert link
    assert code
    return link[1], code[0]


def is_in(browser: FlaskClient) -> bool:
    return browser.get("/me/account").status_code == 200


def rows() -> list[tuple[str, ...]]:
    read_again()
    tables = ("sign_in_asks", "client_sign_ins", "doors", "jobs", "messages", "audit_entries")
    return [
        tuple(map(str, row))
        for table in tables
        for row in db.session.execute(sa.text(f"SELECT * FROM {table}"))
    ]


# The way in --------------------------------------------------------------------------------------


def test_a_link_signs_in_once(client: FlaskClient, alex: Client) -> None:
    ask(client, f" {alex.email.upper()} ")
    link, _ = mailed()

    shown = client.get(link)
    answer = send(client, link)

    assert (shown.status_code, answer.status_code, answer.location) == (200, 303, "/me/")
    assert is_in(client)
    again = send(client, link)
    assert (again.status_code, DEAD in again.text) == (410, True)
    read_again()
    verbs = db.session.scalars(sa.select(AuditEntry.verb)).all()
    assert verbs.count("client_sign_in:open") == 1


def test_a_code_signs_in_where_it_was_asked_for(
    client: FlaskClient, phone: FlaskClient, alex: Client
) -> None:
    ask(client, alex.email)
    link, code = mailed()

    elsewhere = phone.get(link)

    assert "Type the code instead" in elsewhere.text
    assert "<form" not in elsewhere.text
    answer = send(client, f"{SIGN_IN}/code", {"code": code})
    assert (answer.status_code, is_in(client), is_in(phone)) == (303, True, False)
    assert client.get(link).status_code == 410


def test_the_page_that_was_wanted_is_opened_afterwards(client: FlaskClient, alex: Client) -> None:
    client.get(f"{SIGN_IN}?next=/me/money")
    ask(client, alex.email)

    answer = send(client, mailed()[0])

    assert answer.location == "/me/money"


@pytest.mark.parametrize("target", ["//evil.example", "/today", "https:evil.example", "/me\\x"])
def test_no_other_page_is_opened_afterwards(client: FlaskClient, alex: Client, target: str) -> None:
    client.get(SIGN_IN, query_string={"next": target})
    ask(client, alex.email)

    assert send(client, mailed()[0]).location == "/me/"


def test_known_and_unknown_addresses_get_the_same_answer_and_cost_the_same_work(
    client: FlaskClient, phone: FlaskClient, alex: Client
) -> None:
    def work() -> tuple[int, int]:
        read_again()
        asks = db.session.scalar(sa.select(sa.func.count()).select_from(SignInAsk))
        told = db.session.scalar(sa.select(sa.func.count()).select_from(Message))
        return asks or 0, told or 0

    known = send(client, SIGN_IN, {"email": alex.email})
    after_known = work()
    unknown = send(phone, SIGN_IN, {"email": "nobody@mail.example"})
    after_unknown = work()
    jobs.run_due()

    assert (known.status_code, known.location) == (unknown.status_code, unknown.location)
    pages = [browser.get(f"{SIGN_IN}/code").text for browser in (client, phone)]
    without_token = [re.sub(r'value="[^"]+"', "", page) for page in pages]
    assert without_token[0] == without_token[1]
    assert (after_known, after_unknown, work()) == ((1, 0), (2, 0), (2, 1))


def test_the_database_holds_neither_link_nor_code_nor_cookie(
    client: FlaskClient, alex: Client
) -> None:
    ask(client, alex.email)
    link, code = mailed()
    token = link.rpartition("/")[2]
    before = rows()
    send(client, link)

    with client.session_transaction() as kept:
        cookie = kept["_user_id"].split(" ")[2]
    secrets = (token, code, code.replace(" ", ""), cookie)
    assert (len(token), len(cookie)) == (43, 43)
    assert not any(
        secret in value for row in before + rows() for value in row for secret in secrets
    )


# What does not open ------------------------------------------------------------------------------


def test_a_scanner_that_opens_the_link_spends_nothing(
    client: FlaskClient, phone: FlaskClient, alex: Client
) -> None:
    ask(client, alex.email)
    link, _ = mailed()

    for browser in (phone, client):
        assert {browser.head(link).status_code, browser.get(link).status_code} == {200}

    assert send(client, link).status_code == 303


def test_a_link_is_dead_after_15_minutes(client: FlaskClient, alex: Client, hands: Hands) -> None:
    ask(client, alex.email)
    link, code = mailed()
    hands.pass_by(minutes=14, seconds=59)
    assert client.get(link).status_code == 200

    hands.pass_by(seconds=1)

    for answer in (
        client.get(link),
        send(client, link),
        send(client, f"{SIGN_IN}/code", {"code": code}),
    ):
        assert (answer.status_code, DEAD in answer.text) == (410, True)
    assert not is_in(client)


@pytest.mark.parametrize("cut", [1, 20, 42])
def test_a_link_that_was_cut_is_dead(client: FlaskClient, alex: Client, cut: int) -> None:
    ask(client, alex.email)
    link = mailed()[0][:-cut]

    assert (client.get(link).status_code, send(client, link).status_code) == (410, 410)


def test_somebody_elses_link_opens_nothing_and_stays_good_for_them(
    client: FlaskClient, phone: FlaskClient, alex: Client
) -> None:
    with transaction():
        blake = factories.create_client(first_name="Blake")
    ask(client, alex.email)
    link, _ = mailed()
    ask(phone, blake.email)

    answer = send(phone, link)

    assert (answer.status_code, is_in(phone)) == (403, False)
    assert send(client, link).status_code == 303


def test_another_practices_address_does_not_spend_a_link(
    client: FlaskClient, alex: Client, practice: Practice
) -> None:
    ask(client, alex.email)
    link, _ = mailed()
    factories.create_practice(slug="harbor")

    assert send(client, link.replace("tidewater", "harbor")).status_code == 410
    assert send(client, link).status_code == 303


def test_five_wrong_codes_end_the_right_one_and_its_link(client: FlaskClient, alex: Client) -> None:
    ask(client, alex.email)
    link, code = mailed()
    wrong = "0000 0000" if code != "0000 0000" else "1111 1111"

    for _ in range(5):
        answer = send(client, f"{SIGN_IN}/code", {"code": wrong})
        assert (answer.status_code, "That is not the code" in answer.text) == (422, True)

    assert send(client, f"{SIGN_IN}/code", {"code": code}).status_code == 410
    assert send(client, link).status_code == 410


@pytest.mark.parametrize("typed", ["", "1234567", "123456789", "abcdefgh", "１２３４５６７８"])
def test_what_is_no_code_is_refused_and_not_counted(
    client: FlaskClient, alex: Client, typed: str
) -> None:
    ask(client, alex.email)

    answer = send(client, f"{SIGN_IN}/code", {"code": typed})

    assert (answer.status_code, "Enter the 8 digits" in answer.text) == (422, True)
    read_again()
    assert db.session.scalars(sa.select(SignInAsk.wrong_codes)).one() == 0


def test_a_code_without_asking_leads_to_asking(client: FlaskClient, alex: Client) -> None:
    answer = send(client, f"{SIGN_IN}/code", {"code": "1234 5678"})

    assert (answer.status_code, DEAD in answer.text) == (410, True)
    assert client.get(f"{SIGN_IN}/code").location == SIGN_IN


def test_asking_again_and_again_has_to_wait(client: FlaskClient, practice: Practice) -> None:
    for _ in range(4):
        assert ask(client, "nobody@mail.example").status_code == 303

    answer = ask(client, "nobody@mail.example")

    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "1")
    assert 'value="nobody@mail.example"' in answer.text


def test_a_mail_that_waited_too_long_is_not_sent(
    client: FlaskClient, alex: Client, hands: Hands
) -> None:
    ask(client, alex.email)
    message = db.session.scalars(sa.select(Message).where(Message.name == "sign-in")).one()
    hands.pass_by(minutes=15)

    with pytest.raises(mail.Stale):
        mail.write(message)


# While it lasts ----------------------------------------------------------------------------------


@pytest.mark.parametrize(("minutes", "lasts"), [(29, True), (30, False)])
def test_it_ends_after_30_quiet_minutes(
    client: FlaskClient, alex: Client, hands: Hands, minutes: int, lasts: bool
) -> None:
    sign_in_client(client, alex)
    hands.pass_by(minutes=minutes)

    answer = client.get("/me/account")

    assert answer.status_code == (200 if lasts else 303)
    if not lasts:
        assert answer.location == f"{SIGN_IN}?next=/me/account"


DETAILS = {
    "first_name": "Alex",
    "last_name": "Bell",
    "phone": "757 555 0123",
    "address": "1 Elm Street\nNorfolk & more",
    "time_zone": "America/New_York",
}


def come_back(browser: FlaskClient, client: Client) -> TestResponse:
    """Ask for a link and type its code."""
    ask(browser, client.email)
    newest = db.session.scalars(sa.select(SignInAsk).order_by(SignInAsk.created_at.desc())).first()
    assert newest is not None
    return send(browser, f"{SIGN_IN}/code", {"code": letting_in.code_of(newest)})


def test_what_was_typed_when_the_sign_in_ended_can_be_sent_a_day_later(
    client: FlaskClient, alex: Client, hands: Hands
) -> None:
    sign_in_client(client, alex)
    hands.pass_by(hours=20)
    refused = send(client, "/me/account/details", DETAILS)
    assert (refused.status_code, refused.location) == (303, f"{SIGN_IN}?next=/me/send-again")
    assert "What you typed is kept" in client.get(refused.location).text

    answer = come_back(client, alex)

    assert answer.location == "/me/send-again"
    page = client.get("/me/send-again").text
    assert 'action="/me/account/details"' in page
    assert 'name="address" value="1 Elm Street\nNorfolk &amp; more"' in page
    assert send(client, "/me/account/details", DETAILS).location == "/me/account"


def test_what_a_client_typed_is_handed_to_no_other_client(
    client: FlaskClient, alex: Client, hands: Hands
) -> None:
    with transaction():
        robin = factories.create_client(first_name="Robin", last_name="Ash")
    sign_in_client(client, alex)
    hands.pass_by(hours=20)
    send(client, "/me/account/details", DETAILS)

    come_back(client, robin)

    answer = client.get("/me/send-again")
    assert (answer.status_code, answer.location) == (303, "/me/")


def test_what_was_typed_and_never_sent_is_forgotten_after_some_days(
    client: FlaskClient, alex: Client, practice: Practice, hands: Hands
) -> None:
    sign_in_client(client, alex)
    hands.pass_by(hours=1)
    send(client, "/me/account/details", DETAILS)
    read_again()
    assert db.session.scalars(sa.select(ClientSignIn.typed_sealed)).one() is not None
    hands.pass_by(days=4)

    letting_in.tidy(practice.id)

    assert db.session.scalars(sa.select(ClientSignIn.typed_sealed)).one() is None


FROM_HERE = {"headers": {"Sec-Fetch-Site": "same-origin"}}


def test_a_form_of_a_former_sign_in_is_offered_again_to_whoever_is_back(
    client: FlaskClient, alex: Client
) -> None:
    sign_in_client(client, alex)
    old = DETAILS | {"csrf_token": "of-yesterday"}

    answer = client.post("/me/account/details", data=old, **FROM_HERE)
    elsewhere = client.post("/me/account/details", data=old)

    assert (answer.status_code, elsewhere.status_code) == (400, 400)
    assert 'name="address" value="1 Elm Street' in answer.text
    assert "of-yesterday" not in answer.text
    assert "1 Elm Street" not in elsewhere.text


def test_it_ends_after_a_day_however_busy(client: FlaskClient, alex: Client, hands: Hands) -> None:
    sign_in_client(client, alex)
    for _ in range(71):
        hands.pass_by(minutes=20)
        assert is_in(client)

    hands.pass_by(minutes=20)

    assert not is_in(client)


def test_signing_out_ends_the_row_and_not_only_the_cookie(
    client: FlaskClient, phone: FlaskClient, alex: Client
) -> None:
    sign_in_client(client, alex)
    with client.session_transaction() as kept:
        stolen = kept["_user_id"]

    answer = send(client, "/me/sign-out")

    assert (answer.status_code, answer.location) == (303, SIGN_IN)
    assert answer.headers["Clear-Site-Data"] == '"cache", "cookies", "storage"'
    with phone.session_transaction() as kept:
        kept["_user_id"] = stolen
    assert not is_in(phone)


def test_another_device_can_be_signed_out(
    client: FlaskClient, phone: FlaskClient, alex: Client
) -> None:
    sign_in_client(client, alex)
    hidden = letting_in.look_up(alex.practice_id, sign_in_client(phone, alex))
    assert hidden is not None
    other = hidden.sign_in_id

    send(client, f"/me/browsers/{other}/end")

    assert (is_in(client), is_in(phone)) == (True, False)


def test_a_family_with_one_address_says_whom_it_is_about(client: FlaskClient, alex: Client) -> None:
    with transaction():
        kim = factories.create_client(first_name="Kim")
        stranger = factories.create_client(first_name="Noor")
        db.session.execute(sa.update(Client).where(Client.id == kim.id).values(email=alex.email))
    ask(client, alex.email)
    send(client, mailed()[0])

    assert client.get("/me/account").location == "/me/whom"
    shown = client.get("/me/whom").text
    assert ("Alex Bell" in shown, "Kim Bell" in shown, "Noor" in shown) == (True, True, False)
    assert send(client, "/me/whom", {"client": stranger.id}).status_code == 404
    send(client, "/me/whom", {"client": kim.id})
    assert "Kim Bell" in client.get("/me/account").text


def test_who_leaves_the_address_is_not_shown_there_any_more(
    client: FlaskClient, alex: Client
) -> None:
    sign_in_client(client, alex)
    with transaction():
        db.session.execute(
            sa.update(Client).where(Client.id == alex.id).values(email="other@mail.example")
        )

    assert client.get("/me/account").location == "/me/whom"
    assert "Nobody is reached here any more" in client.get("/me/whom").text


# Staff and clients -------------------------------------------------------------------------------


def test_a_browser_is_signed_in_as_staff_or_as_a_client_and_never_as_both(
    client: FlaskClient, phone: FlaskClient, alex: Client, member: User
) -> None:
    sign_in(client, member)
    with client.session_transaction() as kept:
        staffs = kept["_user_id"]
    ask(client, alex.email)
    send(client, mailed()[0])

    assert (is_in(client), client.get("/account").status_code) == (True, 302)
    with phone.session_transaction() as kept:
        kept["_user_id"] = staffs
    assert phone.get("/account").status_code == 302  # that sign-in is over

    with client.session_transaction() as kept:
        clients = kept["_user_id"]
    send(client, "/sign-in", {"email": EMAIL, "password": PASSWORD})
    assert (is_in(client), client.get("/account").status_code) == (False, 200)
    with phone.session_transaction() as kept:
        kept["_user_id"] = clients
    assert not is_in(phone)  # and that one too: the cookie opens nothing in another browser


def test_a_clients_cookie_counts_in_its_practice_alone(client: FlaskClient, alex: Client) -> None:
    token = sign_in_client(client, alex)
    harbor = factories.create_practice(slug="harbor")
    with client.session_transaction() as kept:
        kept["_user_id"] = f"client {harbor.id.hex} {token}"

    assert client.get("/me/account").status_code == 401


def test_links_that_were_asked_for_are_forgotten_after_a_day(
    client: FlaskClient, alex: Client, hands: Hands
) -> None:
    ask(client, alex.email)
    hands.pass_by(days=1, seconds=1)

    letting_in.tidy(alex.practice_id)

    read_again()
    assert db.session.scalars(sa.select(SignInAsk)).all() == []
