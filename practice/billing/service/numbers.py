"""Numbers without gaps."""

import sqlalchemy as sa

from practice.billing.models import NumberSeries
from practice.billing.rules.invoices import number
from practice.core.db import db, insert_unless_there


def next_number(series: str, year: int) -> str:
    """Give out the next number of a series in the current practice.

    The counter's row stays locked until the caller's transaction ends, so issue last and commit
    soon. A rollback gives the number back: no sequence of the database could do that.
    """
    last = _raised(series, year)
    if last is None:  # the first of its year
        insert_unless_there(NumberSeries(series=series, year=year, last=0))
        last = _raised(series, year)
    assert last is not None  # noqa: S101 - the row was made just now
    return number(series, year, last)


def _raised(series: str, year: int) -> int | None:
    return db.session.scalar(
        sa.update(NumberSeries)
        .where(NumberSeries.series == series, NumberSeries.year == year)
        .values(last=NumberSeries.last + 1)
        .returning(NumberSeries.last)
        .execution_options(synchronize_session=False)
    )
