"""Making practices and staff from the command line."""

import sys
from collections.abc import Callable
from typing import TypeVar
from uuid import uuid4

import click
from flask.cli import AppGroup

from practice.audit.rules import PROGRAM
from practice.core.db import enter_practice, practice_scope, transaction
from practice.core.errors import NotFound, PracticeError
from practice.people import doors, queries, service
from practice.people.contact import email_of, phone_of
from practice.people.rules import DoorKind, Role

T = TypeVar("T")

practice = AppGroup("practice", help="Practices of this installation.")
user = AppGroup("user", help="Staff, who sign in.")


@practice.command("create")
@click.option("--name", required=True, help="As people know it.")
@click.option("--slug", required=True, help="Its name in addresses: /p/SLUG/.")
@click.option("--time-zone", required=True, help="Such as America/New_York.")
@click.option("--locality", required=True, help="What the public may know of where it is.")
@click.option("--email", required=True, help="Where clients write to.")
@click.option("--phone", required=True, help="Where clients call.")
@click.option("--neutral-name", default="", help="For mail, calendars and bank lines.")
@click.option("--business-name", default="", help="On invoices, if it is another one.")
@click.option("--business-address", default="", help="On invoices; never the sanctuary's.")
def create_practice(**facts: str) -> None:
    """Make a practice, with the services, hours and rules that are shipped."""

    def work() -> str:
        known = facts | {"email": email_of(facts["email"]), "phone": phone_of(facts["phone"])}
        with practice_scope(uuid4()), transaction():
            return service.create_practice(service.PracticeFacts(**known), by=PROGRAM).slug

    click.echo(f"Made. Its page is /p/{_or_stop(work)}/, and `flask user create` makes its staff.")


@user.command("create")
@click.option("--practice", "slug", required=True, help="Its name in addresses.")
@click.option("--name", required=True)
@click.option("--email", required=True, help="What they sign in with.")
@click.option(
    "--role",
    "roles",
    required=True,
    multiple=True,
    type=click.Choice([role.value for role in Role]),
    help="May be given several times.",
)
def create_user(slug: str, name: str, email: str, roles: tuple[str, ...]) -> None:
    """Make a member of staff. The password is asked for, or read from standard input."""

    def work() -> None:
        address, password = email_of(email), _password()
        queries.enter_by_slug(slug)
        with transaction():
            service.create_user(
                name=name,
                email=address,
                password=password,
                roles=map(Role, roles),
                by=PROGRAM,
            )

    _or_stop(work)
    click.echo(f"Made. {name} can sign in.")


@user.command("password")
@click.option("--email", required=True, help="Whose password.")
def set_password(email: str) -> None:
    """Set a new password, and end every sign-in made with the old one."""

    def work() -> None:
        found = doors.find(DoorKind.USER_EMAIL, email_of(email))
        if found is None:
            raise NotFound("Nobody signs in with that email address.")
        password = _password()
        enter_practice(found.practice_id)
        with transaction():
            service.set_password(queries.get_member(found.subject_id), password, by=PROGRAM)

    _or_stop(work)
    click.echo("Set. Every browser that was signed in is signed out.")


def _password() -> str:
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\r\n")
    return str(click.prompt("Password", hide_input=True, confirmation_prompt=True))


def _or_stop(work: Callable[[], T]) -> T:
    try:
        return work()
    except PracticeError as error:
        raise click.ClickException(error.message) from error
