"""A record of every API request and answer of the run, for tests to read through.

It outlives a reset: a test may ask what left the application in the whole run.
"""

import threading
import time
from typing import Any

from sandbox.store import Json


class Recorder:
    """Requests and contract violations in the order in which they were answered."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._requests: list[Json] = []
        self._violations: list[Json] = []

    def note(
        self,
        *,
        method: str,
        path: str,
        account: str,
        idempotency_key: str | None,
        params: Any,
        status: int,
        answer: Any,
    ) -> None:
        """Keep one request, its decoded parameters and its answer."""
        with self._lock:
            self._requests.append(
                {
                    "number": len(self._requests) + 1,
                    "at": time.time(),
                    "method": method,
                    "path": path,
                    "account": account,
                    "idempotency_key": idempotency_key,
                    "params": params,
                    "status": status,
                    "answer": answer,
                }
            )

    def violation(self, where: str, problems: list[str]) -> None:
        """Keep a proof that one of our own answers breaks Stripe's specification."""
        with self._lock:
            self._violations.append({"where": where, "problems": problems})

    def requests(self, since: int = 0) -> list[Json]:
        """Return the requests whose number is greater than ``since``."""
        with self._lock:
            return self._requests[since:]

    def violations(self) -> list[Json]:
        with self._lock:
            return list(self._violations)
