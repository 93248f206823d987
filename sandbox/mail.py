"""``python -m sandbox.mail``: catch all mail on this machine and show it on a page."""

import argparse
import asyncio
import logging
import signal
import socket
from pathlib import Path
from threading import Thread

from aiosmtpd.smtp import SMTP, Envelope, Session
from flask import Flask
from waitress.server import create_server

from sandbox import mailpages
from sandbox.loopback import address, listener
from sandbox.mailbox import Mailbox

LONGEST_BYTES = 25 * 1024 * 1024


class Catcher:
    """What aiosmtpd asks at each step of a delivery. Nothing ever leaves this machine."""

    def __init__(self, mailbox: Mailbox) -> None:
        self._mailbox = mailbox

    async def handle_MAIL(  # noqa: N802  aiosmtpd names its hooks after SMTP's commands
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        del server, session
        if self._mailbox.refusing:
            return "451 4.3.0 This mail catcher has been told to refuse mail for now"
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 OK"

    async def handle_DATA(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        del server, session
        content = envelope.content or b""
        raw = content.encode() if isinstance(content, str) else content
        self._mailbox.keep(envelope.mail_from or "", list(envelope.rcpt_tos), raw)
        return "250 OK"


def create_app(mailbox: Mailbox) -> Flask:
    """Return the WSGI application that shows a mailbox."""
    app = Flask(__name__)
    app.extensions["mailbox"] = mailbox
    app.register_blueprint(mailpages.bp)
    return app


def main() -> None:
    """Serve on loopback; print both addresses, then run until told to stop."""
    asked = _arguments()
    logging.getLogger("mail.log").setLevel(logging.ERROR)  # aiosmtpd warns of every EOF
    mailbox = Mailbox(asked.state)
    web, smtp = listener(asked.http_port), listener(asked.smtp_port)
    server = create_server(create_app(mailbox), sockets=[web], threads=8)
    Thread(target=server.run, name="pages", daemon=True).start()
    asyncio.run(_receive(mailbox, smtp, web))


async def _receive(mailbox: Mailbox, smtp: socket.socket, web: socket.socket) -> None:
    loop = asyncio.get_running_loop()
    stopping = asyncio.Event()
    for wanted in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(wanted, stopping.set)
    catcher = Catcher(mailbox)
    receiving = await loop.create_server(
        lambda: SMTP(catcher, hostname="localhost", data_size_limit=LONGEST_BYTES, loop=loop),
        sock=smtp,
    )
    print(address("smtp", smtp), address("http", web), flush=True)
    async with receiving:
        await stopping.wait()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m sandbox.mail", description=__doc__)
    parser.add_argument("--smtp-port", type=int, default=0, help="0 takes any free port")
    parser.add_argument("--http-port", type=int, default=0, help="0 takes any free port")
    parser.add_argument("--state", type=Path, help="keep the mail in this file across restarts")
    return parser.parse_args()


if __name__ == "__main__":
    main()
