"""``python -m sandbox``: run the payment sandbox until it is told to stop."""

import argparse
import os
import signal
from pathlib import Path
from types import FrameType

from waitress.server import create_server

from sandbox import clock
from sandbox.app import create_app
from sandbox.control import Hooks
from sandbox.loopback import address, listener
from sandbox.recorder import Recorder
from sandbox.store import World
from sandbox.timetable import catch_up
from sandbox.webhooks import Courier

THREADS = 24
"""More than the application's own, so that nobody waits for somebody who waits for us."""


def main() -> None:
    """Serve on loopback; print the base URL once requests are answered."""
    asked = _arguments()
    world = World(clock.from_environment(), asked.state)
    hooks = Hooks(
        asked.webhook_url,
        asked.webhook_secret,
        asked.connect_webhook_url,
        asked.connect_webhook_secret,
    )
    recorder = Recorder()

    def tick() -> None:
        catch_up(world)
        world.save()

    courier = Courier(world, tick)
    app = create_app(world, courier, recorder, hooks)
    web = listener(asked.port)
    world.base_url = address("http", web)
    server = create_server(app, sockets=[web], threads=THREADS, connection_limit=1000)
    hooks.install(world)
    courier.start()
    signal.signal(signal.SIGTERM, _stop)
    print(world.base_url, flush=True)
    try:
        server.run()
    finally:
        courier.stop()
        world.save()


def _stop(_signal: int, _frame: FrameType | None) -> None:
    raise SystemExit(0)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m sandbox", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0 takes any free port")
    parser.add_argument("--state", type=Path, help="keep the state in this file across restarts")
    parser.add_argument(
        "--webhook-url", action="append", default=[], help="send every event here; repeatable"
    )
    parser.add_argument(
        "--webhook-secret",
        default=os.environ.get("SANDBOX_WEBHOOK_SECRET"),
        help="sign events with this; also SANDBOX_WEBHOOK_SECRET",
    )
    parser.add_argument(
        "--connect-webhook-url",
        action="append",
        default=[],
        help="send every event of connected accounts here; repeatable",
    )
    parser.add_argument(
        "--connect-webhook-secret",
        default=os.environ.get("SANDBOX_CONNECT_WEBHOOK_SECRET"),
        help="sign those with this; also SANDBOX_CONNECT_WEBHOOK_SECRET",
    )
    return parser.parse_args()


if __name__ == "__main__":
    main()
