"""Who works here: invited by mail, given roles, and out at once when their access ends."""

from datetime import timedelta
from uuid import UUID

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from practice.audit.models import AuditEntry
from practice.calendar.models import FeedSubscription, Resource
from practice.core.db import db, practice_scope
from practice.outbox.models import Task
from practice.people import doors
from practice.people.models import User
from practice.people.rules import DoorKind
from tests.browsers import send
from tests.integration.sessions.pages.conftest import value_of
from tests.integration.sessions.settings.conftest import (
    PASSWORD,
    SIGN_UP,
    Clock,
    link_in,
    mails,
    start,
)

ADAS = "ada@high-plains.example"
ADA = {"email": ADAS, "roles": ["therapist"]}
HERS = "a very quiet room of ada"


@pytest.fixture
def owner(client: FlaskClient) -> FlaskClient:
    """The browser of somebody who has just started a practice."""
    assert start(client).status_code == 303
    return client


def here() -> UUID:
    found = doors.find(DoorKind.PRACTICE, "high-plains-sanctuary-demo")
    db.session.rollback()
    assert found is not None
    return found.practice_id


def invite(owner: FlaskClient, **other: object) -> str:
    """Invite Ada; return the path of the link in her mail."""
    answer = send(owner, "/settings/team/invite", ADA | other)
    assert answer.status_code == 303, answer.text
    return next(link_in(text) for name, _, text in mails() if name == "staff-invitation")


def join(owner: FlaskClient, **other: object) -> FlaskClient:
    """Let Ada accept and sign in; return her browser."""
    hers = owner.application.test_client()
    link = invite(owner, **other)
    assert send(hers, link, {"name": "Ada Okafor", "password": HERS}).status_code == 303
    signed_in = send(hers, "/sign-in", {"email": ADAS, "password": HERS})
    assert signed_in.status_code == 302
    return hers


def user_id(name: str = "Ada Okafor") -> UUID:
    with practice_scope(here()):
        found = db.session.scalars(sa.select(User.id).where(User.name == name)).one()
        db.session.rollback()
        return found


def verbs() -> list[str]:
    with practice_scope(here()):
        found = db.session.scalars(
            sa.select(AuditEntry.verb).order_by(AuditEntry.at, AuditEntry.id)
        ).all()
        db.session.rollback()
        return list(found)


@pytest.mark.database("sqlite")
def test_who_is_invited_chooses_a_password_and_has_time_in_the_calendar(
    owner: FlaskClient,
) -> None:
    hers = join(owner)

    assert hers.get("/today").status_code == 200
    assert hers.get("/settings/").status_code == 403
    assert "Ada Okafor" in owner.get("/settings/team").text
    with practice_scope(here()):
        people = db.session.scalars(sa.select(Resource.name).where(Resource.user_id.is_not(None)))
        assert sorted(people) == ["Ada Okafor", "Jo Marsh (demo)"]
    assert {"invitation:send", "invitation:accept", "user:create"} <= set(verbs())


@pytest.mark.database("sqlite")
def test_an_invitation_works_once_for_a_week_unless_it_is_withdrawn(
    owner: FlaskClient, time: Clock
) -> None:
    link = invite(owner)
    stranger = owner.application.test_client()
    time.now += timedelta(days=7)
    assert stranger.get(link).status_code == 404
    time.now -= timedelta(minutes=1)
    assert stranger.get(link).status_code == 200
    send(owner, "/sign-in", {"email": SIGN_UP["email"], "password": PASSWORD})
    withdraw = owner.get("/settings/team").text.partition("/settings/team/invitations/")[2]

    path = f"/settings/team/invitations/{withdraw.partition(chr(34))[0]}"
    assert [send(owner, path).status_code for _ in range(2)] == [303, 303]

    assert stranger.get(link).status_code == 404
    assert verbs().count("invitation:withdraw") == 1


def test_an_account_elsewhere_is_neither_told_nor_touched(owner: FlaskClient) -> None:
    elsewhere = owner.application.test_client()
    start(elsewhere, email=ADAS, name="Elsewhere")
    link = invite(owner)

    answer = send(elsewhere.application.test_client(), link, {"name": "Mallory", "password": HERS})

    assert answer.status_code == 409
    assert "signs in with that email address at another practice" in answer.text
    old = send(
        elsewhere.application.test_client(),
        "/sign-in",
        {"email": ADAS, "password": PASSWORD},
    )
    assert old.status_code == 302


@pytest.mark.database("sqlite")
def test_who_works_here_or_is_invited_is_not_invited_again(owner: FlaskClient) -> None:
    invite(owner)

    for email in (SIGN_UP["email"], ADAS):
        answer = send(owner, "/settings/team/invite", ADA | {"email": email})

        assert answer.status_code == 409
        assert f'value="{email}"' in answer.text


def test_whose_access_ends_is_out_at_once_with_all_calendar_links(owner: FlaskClient) -> None:
    hers = join(owner)
    with practice_scope(here()):
        person = db.session.scalars(
            sa.select(Resource.id).where(Resource.name == "Ada Okafor")
        ).one()
        db.session.rollback()
    made = send(
        hers,
        "/calendar/subscriptions",
        {"person": str(person), "label": "Phone", "level": "busy"},
    )
    feed = link_in_page(made.text)
    assert hers.get(feed).status_code == 200
    page = owner.get(f"/settings/team/{user_id()}/end").text
    assert "is signed out of 1 browser at once" in page

    answer = send(owner, f"/settings/team/{user_id()}/end")

    assert answer.status_code == 303
    assert hers.get("/today").status_code == 302
    assert hers.get(feed).status_code == 404
    again = send(hers, "/sign-in", {"email": ADAS, "password": HERS})
    assert again.status_code == 422
    with practice_scope(here()):
        link = db.session.scalars(sa.select(FeedSubscription)).one()
        assert link.revoked_at is not None
        assert db.session.scalars(sa.select(Task)).all() == []
        db.session.rollback()
    assert {"user:end", "feed:revoke", "sign_in:end"} <= set(verbs())
    assert send(owner, f"/settings/team/{user_id()}/end").status_code == 404


@pytest.mark.database("sqlite")
def test_who_does_other_work_loses_the_links_that_they_could_not_make_any_more(
    owner: FlaskClient,
) -> None:
    hers = join(owner, roles=["owner", "therapist"])
    with practice_scope(here()):
        own = sa.case((Resource.name == "Ada Okafor", 0), else_=1)
        people = sa.select(Resource.id).where(Resource.user_id.is_not(None)).order_by(own)
        whose = db.session.scalars(people).all()
        db.session.rollback()
    links = []
    for each in whose:
        answers = {"person": str(each), "label": "Phone", "level": "busy"}
        links.append(link_in_page(send(hers, "/calendar/subscriptions", answers).text))

    def read() -> list[int]:
        return [hers.get(each).status_code for each in links]

    assert read() == [200, 200]
    send(owner, f"/settings/team/{user_id()}", {"roles": ["therapist"]})
    assert read() == [200, 404]
    send(owner, f"/settings/team/{user_id()}", {"roles": ["bookkeeper"]})
    assert read() == [404, 404]


def link_in_page(text: str) -> str:
    return "/" + text.partition('value="http://localhost/')[2].partition('"')[0]


def test_who_left_can_come_back_as_the_same_person_with_a_new_password(
    owner: FlaskClient,
) -> None:
    join(owner)
    ada = user_id()
    send(owner, f"/settings/team/{ada}/end")

    hers = join(owner, roles=["front_desk"])

    assert user_id() == ada
    assert hers.get("/today").status_code == 200
    assert "user:return" in verbs()


@pytest.mark.database("sqlite")
def test_sessions_of_who_leaves_stay_and_somebody_is_asked_to_look_after_them(
    owner: FlaskClient,
) -> None:
    hers = join(owner, roles=["owner", "therapist"])
    visitor = owner.application.test_client()
    details = {
        "start": "2027-03-02T17:00:00Z",
        "first_name": "Alex",
        "last_name": "Bell",
        "email": "alex@mail.example",
        "phone": "303 555 0101",
        "adult": "y",
    }
    for _ in range(2):  # each of the two has one
        send(visitor, "/p/high-plains-sanctuary-demo/book/consult/", details)
        visitor = owner.application.test_client()

    page = hers.get(f"/settings/team/{user_id('Jo Marsh (demo)')}/end").text
    send(hers, f"/settings/team/{user_id('Jo Marsh (demo)')}/end")

    assert "1 session is booked with them." in page
    with practice_scope(here()):
        assert "sessions-of-who-left" in db.session.scalars(sa.select(Task.kind)).all()


@pytest.mark.database("sqlite")
def test_a_practice_keeps_an_owner(owner: FlaskClient) -> None:
    me = user_id("Jo Marsh (demo)")
    join(owner, roles=["front_desk"])

    roles = send(owner, f"/settings/team/{me}", {"roles": ["therapist"]})
    gone = send(owner, f"/settings/team/{me}/end")

    assert (roles.status_code, gone.status_code) == (409, 409)
    assert "A practice needs an owner." in roles.text
    assert "You cannot end your own access." in gone.text
    assert owner.get("/settings/team").status_code == 200


@pytest.mark.database("sqlite")
def test_roles_that_are_given_open_and_close_pages_at_once(owner: FlaskClient) -> None:
    hers = join(owner)
    assert hers.get("/billing/invoices").status_code == 200

    answer = send(owner, f"/settings/team/{user_id()}", {"roles": ["medical_monitor"]})

    assert answer.status_code == 303
    assert hers.get("/billing/invoices").status_code == 403
    with practice_scope(here()):
        person = db.session.scalars(sa.select(Resource).where(Resource.name == "Ada Okafor")).one()
        assert person.roles == ["medical_monitor"]
    assert "user:change_roles" in verbs()


def test_roles_that_another_owner_changed_meanwhile_are_not_overwritten(
    owner: FlaskClient,
) -> None:
    join(owner)
    address = f"/settings/team/{user_id()}"
    seen = {"seen": value_of(owner.get(address), "seen")}
    send(owner, address, {"roles": ["medical_monitor"]} | seen)

    refused = send(owner, address, {"roles": ["prescriber"]} | seen)

    assert refused.status_code == 409
    assert "Somebody else has just changed this." in refused.text
    with practice_scope(here()):
        person = db.session.scalars(sa.select(Resource).where(Resource.name == "Ada Okafor")).one()
        assert person.roles == ["medical_monitor"]


@pytest.mark.database("sqlite")
def test_what_is_no_role_is_refused(owner: FlaskClient) -> None:
    for roles in ([], ["king"]):
        answer = send(owner, "/settings/team/invite", ADA | {"roles": roles})

        assert answer.status_code == 422
