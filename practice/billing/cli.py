"""Commands about money."""

from datetime import datetime
from typing import IO

import click
from flask.cli import with_appcontext

from practice.billing.archive import Filter
from practice.billing.collected import EXPORTS
from practice.billing.service import reconcile as service
from practice.billing.service import verifying
from practice.core.db import practice_scope
from practice.core.errors import PracticeError
from practice.people import doors
from practice.people.queries import enter_by_slug, get_practice

DAY = click.DateTime(["%Y-%m-%d"])


@click.command("reconcile")
@with_appcontext
def reconcile() -> None:
    """Compare our payments with the processor's records, and put right what differs."""
    try:
        report = service.run()
    except PracticeError as error:
        raise click.ClickException(error.message) from error
    for words in report.differences:
        click.echo(words)
    click.echo(f"{report.payments} payments looked at, {len(report.differences)} differences")


@click.command("verify")
@with_appcontext
def verify() -> None:
    """Say whether every practice's books are whole, and if not, what is wrong."""
    wrong = 0
    for practice_id in doors.every_practice():
        with practice_scope(practice_id):
            for words in verifying.problems():
                click.echo(f"{get_practice().slug}: {words}")
                wrong += 1
    if wrong:
        raise click.ClickException(f"{wrong} things are wrong with the books.")
    click.echo("The books balance.")


@click.group("invoices")
def invoices() -> None:
    """Invoices and credit notes."""


@invoices.command("export")
@click.option("--practice", "slug", required=True, help="The practice's name in addresses.")
@click.option("--from", "first_on", type=DAY, help="First day of issue, like 2026-11-01.")
@click.option("--to", "last_on", type=DAY, help="Last day of issue, that day included.")
@click.option("--format", "wanted", type=click.Choice(["csv", "zip"]), default="csv")
@click.option("--output", type=click.File("wb"), default="-", help="A file; standard output.")
@with_appcontext
def export(
    slug: str, first_on: datetime | None, last_on: datetime | None, wanted: str, output: IO[bytes]
) -> None:
    """Write the invoices of a period: a row a line as CSV, or their PDFs in a ZIP."""
    try:
        enter_by_slug(slug)
        which = Filter(
            first_on=first_on.date() if first_on else None,
            last_on=last_on.date() if last_on else None,
        )
        output.write(EXPORTS[wanted](which))
    except PracticeError as error:
        raise click.ClickException(error.message) from error
