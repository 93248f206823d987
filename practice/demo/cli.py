"""The command that makes the demo."""

import click
from flask.cli import with_appcontext

from practice.core.errors import PracticeError
from practice.demo import stage
from practice.demo.cast import HOUSES, LABEL, PASSPHRASE


@click.command("demo")
@with_appcontext
def demo() -> None:
    """Put two made-up practices into an empty installation; print who can sign in."""
    try:
        stage.make(HOUSES)
    except PracticeError as error:
        raise click.ClickException(error.message) from error
    click.echo(sign_ins())


def sign_ins() -> str:
    """Return who can sign in, as a table: one line a person, and the password of all of them."""
    rows = [("Sign in with", "Name", "Roles")] + [
        (
            member.email,
            member.name.removesuffix(LABEL).strip(),
            ", ".join(role.value.replace("_", " ") for role in member.roles),
        )
        for house in HOUSES
        for member in house.staff
    ]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]
    return "\n".join([*lines, "", f"Everybody's password: {PASSPHRASE}"])
