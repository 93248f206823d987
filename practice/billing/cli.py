"""Commands about money."""

import click
from flask.cli import with_appcontext

from practice.billing.service import reconcile as service
from practice.core.errors import PracticeError


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
