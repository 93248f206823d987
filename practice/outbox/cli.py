"""The commands that do what is to be done."""

import click
from flask.cli import with_appcontext

from practice.outbox import jobs, periods
from practice.outbox import worker as at_work
from practice.outbox.jobs import Outcome


@click.command("worker")
@with_appcontext
def worker() -> None:
    """Deliver mail and do all other work as it becomes due, until stopped. Several may run."""
    at_work.run()


@click.command("drain")
@click.option("--parked", is_flag=True, help="First make due again what was given up.")
@with_appcontext
def drain(*, parked: bool) -> None:
    """Do all that is due now, and what becomes due through it, then stop."""
    if parked:
        jobs.unpark()
    periods.lay_out()
    ran = jobs.run_due()
    waiting = f", {ran[Outcome.AGAIN]} to be tried again" if ran[Outcome.AGAIN] else ""
    click.echo(f"{ran[Outcome.DONE]} done, {ran[Outcome.PARKED]} parked{waiting}")
