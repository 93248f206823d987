"""Start the mail catcher for tests, and read over HTTP what it has caught."""

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import requests

Json = dict[str, Any]

ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class MailCatcher:
    """A running mail catcher process."""

    smtp_url: str
    base_url: str
    process: "subprocess.Popen[str]"

    def messages(self, to: str | None = None) -> list[Json]:
        """Return what was caught, newest first; mail to one address if it is given."""
        answer = requests.get(
            f"{self.base_url}/messages.json", params={"to": to} if to else None, timeout=30
        )
        answer.raise_for_status()
        return cast(list[Json], answer.json())

    def clear(self) -> None:
        """Throw everything away, and take mail again."""
        requests.delete(f"{self.base_url}/messages", timeout=30).raise_for_status()
        self.refuse(on=False)

    def refuse(self, *, on: bool = True) -> None:
        """Answer every mail with 451 from now on, or take mail again."""
        requests.post(
            f"{self.base_url}/_control/refuse",
            params={"on": int(on)},
            timeout=30,
            allow_redirects=False,
        ).raise_for_status()

    def stop(self) -> int:
        """Ask the process to end, as Ctrl-C does; return its exit code."""
        self.process.terminate()
        code = self.process.wait(timeout=30)
        if self.process.stdout is not None:
            self.process.stdout.close()
        return code


def start_mail_catcher(*arguments: str) -> MailCatcher:
    """Start a mail catcher on free ports and wait until it takes mail."""
    process = subprocess.Popen(
        [sys.executable, "-m", "sandbox.mail", *arguments],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    addresses = process.stdout.readline().split()
    if not addresses:
        raise RuntimeError(f"the mail catcher ended with code {process.wait()} before it began")
    smtp_url, base_url = addresses
    return MailCatcher(smtp_url, base_url, process)
