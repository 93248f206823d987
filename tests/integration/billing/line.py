"""A line between the application and the sandbox that can be cut, lose answers, or hang."""

import threading
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import requests


class Fate(StrEnum):
    CUT = "cut"  # the request never arrives
    LOST = "lost"  # it arrives and its work is done; the answer is lost
    REFUSED = "refused"  # it is answered with 400, as Stripe answers what it does not like
    HANGS_BEFORE = "hangs before"  # it never arrives, and nobody hangs up
    HANGS_AFTER = "hangs after"  # its work is done, and the answer never comes


REFUSAL = b'{"error": {"type": "invalid_request_error", "code": "email_invalid"}}'


@dataclass
class Line:
    """A way to the sandbox at ``to``. ``hanging`` is set once a request hangs.

    ``fates`` says what happens to the next requests, by ``"POST /v1/refunds"``; then all is well.
    """

    to: str
    url: str = ""
    is_cut: bool = False
    fates: dict[str, list[Fate]] = field(default_factory=lambda: defaultdict(list))
    hanging: threading.Event = field(default_factory=threading.Event)
    closed: threading.Event = field(default_factory=threading.Event)

    def fate_of(self, request: str) -> Fate | None:
        if self.is_cut:
            return Fate.CUT
        return self.fates[request].pop(0) if self.fates[request] else None

    def hang(self) -> None:
        self.hanging.set()
        self.closed.wait()


class Exchange(ThreadingHTTPServer):
    def __init__(self, line: Line) -> None:
        super().__init__(("127.0.0.1", 0), Call)
        self.line = line


class Call(BaseHTTPRequestHandler):
    server: Exchange

    def do_GET(self) -> None:
        self.pass_on()

    def do_POST(self) -> None:
        self.pass_on()

    def pass_on(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        line = self.server.line
        fate = line.fate_of(f"{self.command} {self.path.partition('?')[0]}")
        self.close_connection = True
        if fate is Fate.HANGS_BEFORE:
            line.hang()
        if fate is Fate.REFUSED:
            self.answer(400, {"Content-Type": "application/json"}, REFUSAL)
        if fate in (Fate.CUT, Fate.REFUSED, Fate.HANGS_BEFORE):
            return
        headers = {key: value for key, value in self.headers.items() if key != "Host"}
        answer = requests.request(
            self.command, line.to + self.path, data=body, headers=headers, timeout=30
        )
        if fate is Fate.HANGS_AFTER:
            line.hang()
        if fate is None:
            names = ("Content-Type", "Request-Id", "Idempotent-Replayed")
            kept = {name: answer.headers[name] for name in names if name in answer.headers}
            self.answer(answer.status_code, kept, answer.content)

    def answer(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name there
        pass


@contextmanager
def laid_to(url: str) -> Iterator[Line]:
    """Lay a line to a sandbox; take it up at the end."""
    line = Line(url)
    server = Exchange(line)
    line.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield line
    line.closed.set()
    server.shutdown()
    thread.join()
    server.server_close()
