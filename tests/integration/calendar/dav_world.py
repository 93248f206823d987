"""An account of a calendar program, and how a program asks."""

from dataclasses import dataclass
from uuid import UUID
from xml.etree.ElementTree import Element, fromstring

import sqlalchemy as sa
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from practice.calendar.accounts import user_name
from practice.calendar.models import DetailLevel, Resource
from practice.calendar.rules.dav.names import C, D
from practice.calendar.service import accounts
from practice.calendar.wishes import Wish
from practice.core.db import db
from practice.people.models import User
from tests import factories
from tests.integration.calendar.feed_world import World


@dataclass(frozen=True)
class Opened:
    """An account: its id, its user name, and its app password."""

    id: UUID
    name: str
    password: str
    user_id: UUID

    @property
    def calendar(self) -> str:
        return f"/dav/{self.id}/calendars/sessions/"


def open_account(
    world: World, level: DetailLevel = DetailLevel.PLAIN, alarm_minutes: int | None = None
) -> Opened:
    """Let a program of the practitioner's in; they become a user the first time."""
    with world.app.app_context(), factories.made(world.practice):
        person = db.session.get_one(Resource, (world.practice.id, world.therapist.id))
        if person.user_id is None:
            person.user_id = factories.create_user().id
        user = db.session.get_one(User, (world.practice.id, person.user_id))
        account, password = accounts.open_account(
            person,
            Wish(label="Mac", level=level, alarm_minutes=alarm_minutes),
            by=factories.OWNER,
            made_by=user.id,
        )
        return Opened(account.id, user_name(account.id), password, user.id)


def ask(
    client: FlaskClient,
    opened: Opened,
    method: str,
    address: str = "",
    body: str | bytes = "",
    **headers: str,
) -> TestResponse:
    return client.open(
        address or opened.calendar,
        method=method,
        auth=(opened.name, opened.password),
        data=body,
        headers={name.replace("_", "-"): value for name, value in headers.items()},
    )


def propfind(*names: str) -> str:
    return f'<propfind xmlns="DAV:"><prop>{_tags(names)}</prop></propfind>'


def sync(token: str = "", *names: str, more: str = "") -> str:
    return (
        f'<sync-collection xmlns="DAV:"><sync-token>{token}</sync-token>'
        f"<sync-level>1</sync-level>{more}<prop>{_tags(names or (f'{D}getetag',))}</prop>"
        "</sync-collection>"
    )


def query(inside: str = '<c:comp-filter name="VEVENT"/>', outer: str = "VCALENDAR") -> str:
    return (
        '<c:calendar-query xmlns="DAV:" xmlns:c="urn:ietf:params:xml:ns:caldav">'
        "<prop><getetag/><c:calendar-data/></prop>"
        f'<c:filter><c:comp-filter name="{outer}">{inside}</c:comp-filter></c:filter>'
        "</c:calendar-query>"
    )


def _tags(names: tuple[str, ...]) -> str:
    found = (name.removeprefix("{").partition("}") for name in names)
    return "".join(f'<x:{local} xmlns:x="{space}"/>' for space, _, local in found)


def told(answer: TestResponse) -> dict[str, Element | str]:
    """Return what a 207 says: by address, the properties that are there, or its status."""
    assert (answer.status_code, answer.content_type) == (207, "application/xml; charset=utf-8")
    found: dict[str, Element | str] = {}
    for response in fromstring(answer.data).iter(f"{D}response"):
        prop = next(
            (
                each.find(f"{D}prop")
                for each in response.iter(f"{D}propstat")
                if "200" in (each.findtext(f"{D}status") or "")
            ),
            None,
        )
        said = response.findtext(f"{D}status")
        found[response.findtext(f"{D}href") or ""] = prop if prop is not None else said or ""
    return found


def texts(answer: TestResponse) -> list[str]:
    """Return the calendars in a 207."""
    return [each.text or "" for each in fromstring(answer.data).iter(f"{C}calendar-data")]


def token_of(answer: TestResponse) -> str:
    found = fromstring(answer.data).findtext(f"{D}sync-token")
    assert found
    return found


def forget_user(world: World, user_id: UUID) -> None:
    with world.app.app_context(), factories.made(world.practice):
        db.session.execute(sa.update(User).where(User.id == user_id).values(ended_at=world.now))
