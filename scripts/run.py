"""Run the whole program on this machine, with its demo, until Ctrl-C.

    .venv/bin/python -m scripts.run        (`make run` installs first, then does this)

Starts the payment sandbox and the mail catcher, migrates, seeds the demo on the first run, then
starts the web server and the worker. In the environment `PORT` moves all of them, `DATABASE_URL`
names another database, and `VAR` another folder than `var` for data, settings and logs.
"""

import http.client
import os
import secrets
import shlex
import signal
import socket
import sys
from base64 import b64encode
from pathlib import Path
from typing import NamedTuple

from scripts.processes import Ended, Processes, together

ROOT = Path(__file__).resolve().parent.parent
HOST = "127.0.0.1"

FLASK = ("flask", "--app", "wsgi")
WEB_SERVER = ("granian", "--interface", "wsgi", "--no-ws", "--blocking-threads", "8")
STOPS_WHEN_ASKED = ("--workers-kill-timeout", "5")  # else a worker that is starting never does
DEMO_PRACTICES = ("tidewater", "harbor")


class Ports(NamedTuple):
    """Four in a row, so that one number moves everything."""

    web: int
    sandbox: int
    mail: int
    smtp: int


class CannotStart(Exception):
    """The message says what to change."""


def main() -> None:
    os.umask(0o077)  # what clients entrust to a practice is for its owner's eyes
    for ending in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(ending, signal.default_int_handler)
    try:
        ports = free_ports(os.environ.get("PORT", "8000"))
        run(Path(os.environ.get("VAR", ROOT / "var")).resolve(), ports)
    except (CannotStart, Ended) as reason:
        sys.exit(str(reason))
    except KeyboardInterrupt:
        print("\nStopped.")


def run(var: Path, ports: Ports) -> None:
    """Start everything, say where it is, and wait.

    Raises:
        Ended: when a part of it has stopped.
        KeyboardInterrupt: on Ctrl-C, SIGTERM and SIGHUP. Nothing is left running in either case.
    """
    chosen = settings(var, ports)
    environment = os.environ | chosen | {"NO_PROXY": HOST}
    with together(folder=ROOT, environment=environment, logs=var / "log") as processes:
        start_companions(processes, var, ports, chosen)
        print("Preparing the database and the demo ...", flush=True)
        processes.finish("migrations", *FLASK, "db", "upgrade")
        sign_ins = processes.finish("demo", *FLASK, "demo")

        listens = ("--host", HOST, "--port", str(ports.web))
        processes.start("web", *WEB_SERVER, *STOPS_WHEN_ASKED, *listens, "wsgi:app")
        processes.start("worker", *FLASK, "worker")
        processes.wait_for("web", lambda: answers(ports.web, "/readyz"))
        print(welcome(ports, sign_ins), flush=True)
        processes.wait_until_one_ends()


def start_companions(processes: Processes, var: Path, ports: Ports, chosen: dict[str, str]) -> None:
    """Start what stands in for the world outside: card payments and mail."""
    hook = f"{chosen['BASE_URL']}/billing/webhooks/stripe"
    news = ("--webhook-url", hook, "--webhook-secret", chosen["STRIPE_WEBHOOK_SECRETS"])
    of_linked = ("--connect-webhook-url", f"{hook}/connect")
    secret = ("--connect-webhook-secret", chosen["STRIPE_CONNECT_WEBHOOK_SECRETS"])
    where = ("--port", str(ports.sandbox), "--state", str(var / "sandbox.state"))
    processes.start("sandbox", "sandbox", *where, *news, *of_linked, *secret)
    listens = ("--smtp-port", str(ports.smtp), "--http-port", str(ports.mail))
    processes.start("mail", "sandbox.mail", *listens)
    processes.wait_for("sandbox", lambda: is_taken(ports.sandbox))
    processes.wait_for("mail", lambda: is_taken(ports.mail))


def settings(var: Path, ports: Ports) -> dict[str, str]:
    """Return the settings of this machine, and keep them in ``var/env``.

    Secrets are made once. Addresses follow the port, so that they are written anew each time;
    whatever else stands in the file stays.
    """
    made = {
        "SECRET_KEY": secrets.token_urlsafe(48),
        "FIELD_KEYS": f"1:{b64encode(secrets.token_bytes(32)).decode()}",
        "STRIPE_SECRET_KEY": f"sk_test_{secrets.token_hex(24)}",
        "STRIPE_WEBHOOK_SECRETS": f"whsec_{secrets.token_hex(24)}",
        "STRIPE_CONNECT_WEBHOOK_SECRETS": f"whsec_{secrets.token_hex(24)}",
        "MAIL_FROM": "Sanctuary <appointments@sanctuary.example>",
    }
    placed = {
        "BASE_URL": address(ports.web),
        "DATABASE_URL": os.environ.get("DATABASE_URL") or f"sqlite:///{var / 'sanctuary.sqlite3'}",
        "STRIPE_API_BASE": address(ports.sandbox),
        "PAYMENTS_SANDBOX": "1",
        "CLOCK_FILE": str(var / "clock"),
        "SMTP_URL": f"smtp://{HOST}:{ports.smtp}",
    }
    var.mkdir(parents=True, exist_ok=True, mode=0o700)  # it holds keys and everybody's data
    chosen = made | kept_settings(var) | placed
    file = var / "env"
    file.write_text("".join(f"{name}={shlex.quote(text)}\n" for name, text in chosen.items()))
    file.chmod(0o600)
    return chosen


def kept_settings(var: Path) -> dict[str, str]:
    """Return what ``var/env`` holds; nothing before the first run."""
    file = var / "env"
    lines = shlex.split(file.read_text()) if file.exists() else []
    return dict(line.split("=", 1) for line in lines)


def free_ports(first: str) -> Ports:
    """Return four ports from ``first`` on.

    Raises:
        CannotStart: if that is no port, or one of them is taken.
    """
    if not first.isdecimal() or not 1024 <= int(first) <= 65_532:
        raise CannotStart(f"PORT is a number from 1024 to 65532, not {first!r}.")
    ports = Ports(*range(int(first), int(first) + 4))
    for name, port in ports._asdict().items():
        if is_taken(port):
            raise CannotStart(
                f"Port {port} ({name}) is in use. Stop what uses it, or choose four others: "
                f"make run PORT={int(first) + 100}"
            )
    return ports


def is_taken(port: int) -> bool:
    """Tell whether something listens on ``port`` of this machine."""
    with socket.socket() as probe:
        return probe.connect_ex((HOST, port)) == 0


def answers(port: int, path: str) -> bool:
    """Tell whether a page can be had."""
    connection = http.client.HTTPConnection(HOST, port, timeout=5)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == http.HTTPStatus.OK
    except OSError:
        return False
    finally:
        connection.close()


def address(port: int) -> str:
    return f"http://{HOST}:{port}"


def welcome(ports: Ports, sign_ins: str) -> str:
    web = address(ports.web)
    lines = [
        *(f"Book at        {web}/p/{practice}/" for practice in DEMO_PRACTICES),
        f"Sign in        {web}/sign-in",
        f"Today          {web}/today",
        f"All mail       {address(ports.mail)}/",
        f"Card payments  {address(ports.sandbox)}/",
        f"Its clock      {address(ports.sandbox)}/clock",
    ]
    return "\n".join(["", *lines, "", sign_ins.strip(), "", "Ctrl-C stops everything."])


if __name__ == "__main__":
    main()
