"""``python -m bench [NAME ...]``: the benchmarks, or some of them.

Every figure is a ratio of two things measured in turn in the same run, the median of several
rounds, with the lowest and the highest behind it. CPU is that of web server and database
together.
"""

import sys
from collections.abc import Callable

from bench import (
    api,
    bookings,
    clients,
    exports,
    feeds,
    free_times,
    imports,
    money,
    planner,
    races,
    today,
    web_servers,
    week,
)
from bench.serving import database_servers

BENCHMARKS: dict[str, Callable[[], None]] = {
    "web-servers": web_servers.run,
    "free-times": free_times.run,
    "bookings": bookings.run,
    "feeds": feeds.run,
    "imports": imports.run,
    "races": races.run,
    "clients": clients.run,
    "exports": exports.run,
    "api": api.run,
    "today": today.run,
    "week": week.run,
    "planner": planner.run,
    "money": money.run,
}


def main(wanted: list[str]) -> None:
    if not set(wanted) <= BENCHMARKS.keys():
        sys.exit(f"There are: {', '.join(BENCHMARKS)}")
    with database_servers():
        for name in wanted or BENCHMARKS:
            print(name, flush=True)
            BENCHMARKS[name]()


if __name__ == "__main__":
    main(sys.argv[1:])
