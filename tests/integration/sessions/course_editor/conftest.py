"""Whoever edits a course, and what their browser would send of the page it shows."""

from html.parser import HTMLParser

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient
from werkzeug.datastructures import MultiDict
from werkzeug.test import TestResponse

from practice.calendar.models import Resource
from practice.core.db import db, read_again, transaction
from practice.people.models import Client, User
from practice.people.rules import Role
from practice.sessions.models import Course, CourseTemplateRow
from tests import factories
from tests.browsers import form_token, sign_in


class _Fields(HTMLParser):
    """Reads what a browser sends of a page's first form with a field called ``title``."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, str]] = []
        self.select = self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        has = {name: value or "" for name, value in attrs}
        if tag == "input" and has.get("type") in ("checkbox", "radio"):
            if "checked" in has:
                self.found.append((has["name"], has.get("value", "on")))
        elif tag == "input" and "name" in has:
            self.found.append((has["name"], has.get("value", "")))
        elif tag == "select":
            self.select = has["name"]
        elif tag == "option" and self.select:
            if "selected" in has or self.select not in dict(self.found):
                self.found = [each for each in self.found if each[0] != self.select]
                self.found.append((self.select, has["value"]))
        elif tag == "textarea":
            self.text = has["name"]
            self.found.append((self.text, ""))

    def handle_data(self, data: str) -> None:
        if self.text:
            name, before = self.found.pop()
            self.found.append((name, before + data.lstrip()))

    def handle_endtag(self, tag: str) -> None:
        if tag == "select":
            self.select = ""
        if tag == "textarea":
            self.text = ""


def fields(page: TestResponse) -> dict[str, list[str]]:
    """Return what a browser would send of the editor, by name."""
    reader = _Fields()
    start = page.text.index('<form class="stack" method="post"')
    reader.feed(page.text[start : page.text.index("</form>", start)])
    found: dict[str, list[str]] = {}
    for name, value in reader.found:
        if name != "csrf_token":
            found.setdefault(name, []).append(value)
    return found


def post(browser: FlaskClient, url: str, answers: dict[str, list[str]]) -> TestResponse:
    return browser.post(url, data=MultiDict(answers | {"csrf_token": [form_token(browser)]}))


def problems(page: TestResponse) -> dict[str, str]:
    """Return the words beside each field that is wrong, by the field's name."""
    reader = _Errors()
    reader.feed(page.text)
    return reader.found


class _Errors(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: dict[str, str] = {}
        self.field = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        has = dict(attrs)
        if tag == "p" and has.get("class") == "field-error":
            self.field = (has.get("id") or "").removesuffix("-error")

    def handle_endtag(self, tag: str) -> None:
        if tag == "p":
            self.field = ""

    def handle_data(self, data: str) -> None:
        if self.field and data.strip() not in ("", "Error:"):
            self.found[self.field] = data.strip()


def template(slug: str = "sl-psycholytic-6") -> CourseTemplateRow:
    read_again()
    return db.session.scalars(
        sa.select(CourseTemplateRow).where(CourseTemplateRow.slug == slug)
    ).one()


def page_of(slug: str = "sl-psycholytic-6") -> str:
    return f"/settings/courses/{template(slug).id}"


@pytest.fixture
def browser(client: FlaskClient, therapist: Resource) -> FlaskClient:
    """The browser of the practitioner, who is owner and therapist."""
    user = db.session.scalars(sa.select(User).where(User.id == therapist.user_id)).one()
    sign_in(client, user)
    return client


@pytest.fixture
def prescriber(client: FlaskClient, therapist: Resource) -> FlaskClient:
    """The browser of somebody who may look at the courses on offer, and no more."""
    with transaction():
        user = factories.create_user(Role.PRESCRIBER)
    sign_in(client, user)
    return client


@pytest.fixture
def alex(therapist: Resource) -> Client:
    with transaction():
        return factories.create_client(first_name="Alex", last_name="Bell")


@pytest.fixture
def course(alex: Client) -> Course:
    with transaction():
        return factories.create_course(alex)
