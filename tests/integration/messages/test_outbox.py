"""The page of what was sent: how each mail stands, and sending again."""

import re
from datetime import timedelta
from uuid import uuid4

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from practice.audit.models import AuditEntry
from practice.audit.rules import Actor
from practice.core.db import db, read_again, transaction
from practice.outbox import queries, service
from practice.outbox.models import Job, Message
from practice.outbox.rules import JobState, MessageState, mail_key
from practice.people.models import Client
from tests.browsers import send
from tests.integration.sessions.conftest import Clock

OUTBOX = "/settings/outbox"
TOKEN = "a token of this form, once"


def post(client: Client, key: str, name: str = "cancelled") -> Message:
    with transaction():
        service.post(name, key=key, to=client.email, about_id=uuid4(), client_id=client.id)
    read_again()
    return db.session.scalars(sa.select(Message).where(Message.key == key)).one()


def set_state(message: Message, state: MessageState, *, error: str | None = None) -> None:
    with transaction():
        row = queries.get_message(message.id)
        row.state, row.error = state, error
        row.sent_at = row.created_at if state is MessageState.SENT else None


def set_job(message: Message, **values: object) -> None:
    with transaction():
        job = db.session.scalars(sa.select(Job).where(Job.key == mail_key(message.id))).one()
        for name, value in values.items():
            setattr(job, name, value)


def as_stored(message: Message) -> Message:
    return db.session.scalars(
        sa.select(Message).where(Message.id == message.id).execution_options(populate_existing=True)
    ).one()


def job_of(message: Message) -> tuple[JobState, int]:
    read_again()
    job = db.session.scalars(sa.select(Job).where(Job.key == mail_key(message.id))).one()
    return job.state, job.attempts


def shown(browser: FlaskClient, **which: str) -> list[str]:
    """Return the state of every mail on the page, with what is said about it."""
    page = browser.get(OUTBOX, query_string=which).text
    cells = re.findall(r'<td data-label="State">(.*?)</td>', page, re.DOTALL)
    return [" ".join(re.sub(r"<[^>]*>", " ", cell).split()) for cell in cells]


@pytest.fixture
def lot(alex: Client, time: Clock) -> dict[str, Message]:
    """One mail of each standing, the waiting one first."""
    found = {}
    for name in ("given up", "stale", "refused", "sent", "failing", "fresh"):
        time.now += timedelta(minutes=1)
        found[name] = post(alex, name)
    set_state(found["sent"], MessageState.SENT)
    set_state(found["refused"], MessageState.FAILED, error="550")
    set_state(found["stale"], MessageState.STALE)
    set_job(found["given up"], state=JobState.PARKED, error="TimeoutError", attempts=36)
    later = time.now + timedelta(minutes=10)
    set_job(found["failing"], error="ConnectionRefusedError", attempts=3, at=later)
    return found


def test_the_page_says_how_each_mail_stands_and_why(
    browser: FlaskClient, lot: dict[str, Message]
) -> None:
    assert shown(browser) == [
        "Waiting No mail server is set up yet.",
        "Waiting Tried 3 times, next at Mon, Mar 1, 8:16 AM The mail server does not answer.",
        "Sent Mon, Mar 1, 8:04 AM",
        (
            "Not delivered The address was refused: there is no such mailbox, or it takes no mail "
            "from us."
        ),
        "Not needed What it was to say was no longer so when its time came.",
        "Not delivered The mail server does not answer in time.",
    ]


@pytest.mark.parametrize(
    ("state", "count"), [("waiting", 2), ("sent", 1), ("failed", 2), ("not-sent", 1), ("", 6)]
)
def test_the_list_is_narrowed_by_the_address(
    browser: FlaskClient, lot: dict[str, Message], state: str, count: int
) -> None:
    assert len(shown(browser, state=state)) == count
    assert shown(browser, state=state, message="receipt") == []


@pytest.mark.database("sqlite")
def test_fifty_stand_on_a_page(browser: FlaskClient, alex: Client) -> None:
    for number in range(51):
        post(alex, f"mail {number}")

    assert (len(shown(browser)), len(shown(browser, page="2"))) == (50, 1)
    assert 'rel="next"' in browser.get(OUTBOX).text


@pytest.mark.database("sqlite")
@pytest.mark.parametrize(
    "which",
    ["state=lost", "message=nothing", "page=0", "page=-1", "page=x", "page=99999999999", "page=１"],
)
def test_an_address_that_makes_no_sense_is_refused(browser: FlaskClient, which: str) -> None:
    assert browser.get(f"{OUTBOX}?{which}").status_code == 422


def again(browser: FlaskClient, message: Message, token: str = TOKEN) -> int:
    return send(browser, f"{OUTBOX}/{message.id}/again", {"token": token}).status_code


def test_what_was_given_up_or_refused_is_tried_anew_at_the_address_of_today(
    browser: FlaskClient, lot: dict[str, Message], alex: Client
) -> None:
    with transaction():
        db.session.merge(alex).email = "alex.new@mail.example"
        service.assign(
            "mail-refused",
            key=f"mail-refused:{lot['refused'].id}",
            what="A mail could not be delivered.",
            due_at=lot["refused"].created_at,
        )

    for name in ("given up", "refused"):
        assert again(browser, lot[name]) == 302
        assert job_of(lot[name]) == (JobState.WAITING, 0)
        message = as_stored(lot[name])
        assert (message.state, message.error) == (MessageState.WAITING, None)
        assert message.to == "alex.new@mail.example"
    assert queries.open_tasks() == []
    verbs = db.session.scalars(sa.select(AuditEntry.verb).where(AuditEntry.verb == "message:again"))
    assert len(list(verbs)) == 2


def test_what_was_sent_goes_out_as_a_copy_and_a_second_click_sends_no_third(
    browser: FlaskClient, lot: dict[str, Message], owner: Actor
) -> None:
    for _ in range(2):
        assert again(browser, lot["sent"]) == 302

    read_again()
    copies = db.session.scalars(sa.select(Message).where(Message.key == f"again:{TOKEN}")).all()
    assert [(copy.about_id, copy.to) for copy in copies] == [(lot["sent"].about_id, lot["sent"].to)]
    assert as_stored(lot["sent"]).state is MessageState.SENT


def test_what_is_no_longer_so_or_is_being_handed_over_is_not_sent_again(
    browser: FlaskClient, lot: dict[str, Message]
) -> None:
    set_job(lot["failing"], lease=uuid4())

    assert again(browser, lot["stale"]) == 409
    assert again(browser, lot["failing"]) == 409
    assert again(browser, lot["sent"], token="") == 422
