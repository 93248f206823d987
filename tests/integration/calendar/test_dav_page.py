"""App passwords on the page of calendar links: made, shown once, ended, and gone with the role."""

import re

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from practice.calendar.models import Resource
from practice.core.db import db, practice_scope
from practice.people.models import User
from practice.people.rules import Role
from tests import factories
from tests.browsers import send, sign_in
from tests.integration.calendar.feed_world import World

PAGE = "/calendar/subscriptions"


@pytest.fixture
def therapist(world: World, client: FlaskClient) -> FlaskClient:
    with world.app.app_context(), factories.made(world.practice):
        user = factories.create_user(Role.THERAPIST)
        db.session.get_one(Resource, (world.practice.id, world.therapist.id)).user_id = user.id
    with world.app.app_context(), practice_scope(world.practice.id):
        sign_in(client, user)
    return client


def make(client: FlaskClient, world: World, label: str = "Mac") -> tuple[int, str]:
    form = {"account-person": str(world.therapist.id), "account-level": "initials"}
    answer = send(client, f"{PAGE}/app-password", {**form, "account-label": label})
    return answer.status_code, answer.text


def get_in(client: FlaskClient, name: str, password: str) -> int:
    depth = {"Depth": "0"}
    return client.open("/dav/", method="PROPFIND", auth=(name, password), headers=depth).status_code


def test_an_app_password_is_shown_once_and_ends_on_the_page(
    world: World, therapist: FlaskClient
) -> None:
    status, page = make(therapist, world)
    name, password = re.findall(r'value="(calendar-\w+|\w{4}(?:-\w{4}){5})"', page)
    listed = therapist.get(PAGE).text
    (end,) = re.findall(rf'action="({PAGE}/[0-9a-f-]+/end)"', listed)

    assert (status, get_in(therapist, name, password)) == (200, 207)
    assert (name in listed, password in listed, "New address" in listed) == (True, False, False)
    assert "Read just now" not in listed
    assert "Read just now" in therapist.get(PAGE).text
    assert send(therapist, end.replace("/end", "/renew")).status_code == 409
    assert send(therapist, end).status_code == 302
    assert get_in(therapist, name, password) == 401


def test_a_form_without_a_name_comes_back_with_what_was_chosen(
    world: World, therapist: FlaskClient
) -> None:
    status, page = make(therapist, world, label="")

    assert (status, "<title>Error: Calendar links" in page) == (422, True)
    assert re.search(
        r'name="account-level"[^>]*value="initials"[^>]*checked|checked[^>]*value="initials"', page
    )


def test_who_does_other_work_now_reads_nothing_any_more(
    world: World, therapist: FlaskClient
) -> None:
    _, page = make(therapist, world)
    name, password = re.findall(r'value="(calendar-\w+|\w{4}(?:-\w{4}){5})"', page)
    with world.app.app_context(), factories.made(world.practice):
        db.session.execute(sa.update(User).values(roles=[Role.BOOKKEEPER.value]))

    assert get_in(therapist, name, password) == 401


def test_an_account_with_the_sessions_of_others_ends_with_the_right_to_see_them(
    world: World, therapist: FlaskClient
) -> None:
    with world.app.app_context(), factories.made(world.practice):
        user = factories.create_user(Role.OWNER)
        page = world.app.test_client()
    with world.app.app_context(), practice_scope(world.practice.id):
        sign_in(page, user)
    name, password = re.findall(r'value="(calendar-\w+|\w{4}(?:-\w{4}){5})"', make(page, world)[1])
    assert get_in(page, name, password) == 207

    with world.app.app_context(), factories.made(world.practice):
        db.session.execute(
            sa.update(User).where(User.id == user.id).values(roles=[Role.THERAPIST.value])
        )

    assert get_in(page, name, password) == 401
