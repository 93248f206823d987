"""What the sandbox remembers: accounts, their objects, and what will happen by itself.

Everything is read and changed under one lock. Objects are plain dictionaries in the shape
that Stripe answers with; what Stripe knows but does not tell lies beside them, in ``hidden``.
"""

import heapq
import json
import secrets
import string
import threading
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from sandbox.clock import Clock
from sandbox.errors import missing

Json = dict[str, Any]

PLATFORM = ""
"""The account of a request without a ``Stripe-Account`` header."""

_ALPHABET = string.ascii_letters + string.digits


def new_id(prefix: str, length: int = 24) -> str:
    """Return an id such as ``pi_`` and 24 random letters and digits."""
    return prefix + "".join(secrets.choice(_ALPHABET) for _ in range(length))


@dataclass
class Account:
    """One Stripe account. Nothing in it is ever seen from another one."""

    id: str
    objects: dict[str, dict[str, Json]] = field(default_factory=dict)
    """By kind (``charge``), then by id, in the order of their making."""
    hidden: dict[str, Json] = field(default_factory=dict)
    """By an object's id: what Stripe keeps to itself."""

    def add(self, body: Json, **hidden: Any) -> Json:
        """Keep a new object; return it."""
        self.objects.setdefault(body["object"], {})[body["id"]] = body
        if hidden:
            self.hidden[body["id"]] = hidden
        return body

    def all(self, kind: str) -> list[Json]:
        """Return the objects of a kind, oldest first."""
        return list(self.objects.get(kind, {}).values())

    def find(self, kind: str, wanted: str | None) -> Json | None:
        return self.objects.get(kind, {}).get(wanted or "")

    def get(self, kind: str, wanted: str, *, param: str = "id") -> Json:
        """Return one object; raise ``ApiError`` 404 naming ``param`` if there is none."""
        found = self.find(kind, wanted)
        if found is None:
            raise missing(kind.replace(".", " "), wanted, param=param)
        return found

    def whatever(self, wanted: str) -> Json | None:
        """Return the object with that id, of whatever kind."""
        return next((kind[wanted] for kind in self.objects.values() if wanted in kind), None)

    def remove(self, body: Json) -> None:
        del self.objects[body["object"]][body["id"]]
        self.hidden.pop(body["id"], None)


@dataclass
class Delivery:
    """One event on its way to one webhook endpoint."""

    id: str
    event: str
    type: str
    account: str
    endpoint: str
    due_at: int
    state: str = "queued"
    """``queued``, ``held``, ``in_flight``, ``delivered``, ``dropped`` or ``given_up``."""
    attempts: int = 0
    first_at: int | None = None
    last_status: int | None = None
    last_error: str | None = None


@dataclass
class Fault:
    """Something that goes wrong with the next API requests that fit it: see ``faults``."""

    kind: str
    path: str = "*"
    method: str | None = None
    account: str | None = None
    times: int = 1
    skip: int = 0
    seconds: float = 0


@dataclass(order=True)
class Appointed:
    """Something that happens by itself at an instant of the sandbox's clock."""

    at: int
    what: str
    account: str
    subject: str


class World:
    """The whole state of one sandbox process.

    ``lock`` guards everything; ``changed`` is notified when a delivery is queued or ends.
    ``generation`` grows with every reset, so that work begun before one can tell.
    """

    def __init__(self, clock: Clock, state_file: Path | None = None) -> None:
        self.clock = clock
        self.base_url = ""
        self.lock = threading.RLock()
        self.changed = threading.Condition(self.lock)
        self.generation = 0
        self.holding = False
        self.faults: list[Fault] = []
        self.accounts: dict[str, Account] = {}
        self.agenda: list[Appointed] = []
        self.deliveries: dict[str, Delivery] = {}
        self.answers: dict[str, Json] = {}
        self._state_file = state_file
        self._touched = False
        if state_file is not None and state_file.exists():
            self._load(json.loads(state_file.read_text(encoding="utf-8")))

    def account(self, wanted: str) -> Account:
        """Return an account; one that is named for the first time begins empty."""
        return self.accounts.setdefault(wanted, Account(wanted))

    def appoint(self, at: int, what: str, account: str, subject: str) -> None:
        """Let ``what`` happen to ``subject`` at an instant (Unix seconds)."""
        heapq.heappush(self.agenda, Appointed(at, what, account, subject))

    def due(self) -> Iterator[Appointed]:
        """Take what is due now off the agenda, earliest first."""
        while self.agenda and self.agenda[0].at <= self.clock():
            yield heapq.heappop(self.agenda)

    def locate(self, kind: str, wanted: str) -> tuple[Account, Json] | None:
        """Find an object in whichever account has it."""
        for account in self.accounts.values():
            found = account.find(kind, wanted)
            if found is not None:
                return account, found
        return None

    def clear(self) -> None:
        """Forget everything. Deliveries in flight are the courier's to wait for."""
        self.generation += 1
        self.holding = False
        self.faults = []
        self.accounts = {}
        self.agenda = []
        self.answers = {}
        self.deliveries = {
            key: delivery
            for key, delivery in self.deliveries.items()
            if delivery.state == "in_flight"
        }
        self.changed.notify_all()

    def touch(self) -> None:
        """Say that something has changed, so that the next ``save`` writes it."""
        self._touched = True

    def save(self) -> None:
        """Write what has changed to the file, whole or not at all.

        Called on every beat of the courier and at the end, not at every request: a process
        that is killed loses a fraction of a second. Without a file, do nothing.
        """
        if self._state_file is None or not self._touched:
            return
        self._touched = False
        half = self._state_file.with_suffix(".new")
        with self.lock:
            half.write_text(json.dumps(self._dump()), encoding="utf-8")
            half.replace(self._state_file)

    def _dump(self) -> Json:
        return {
            "accounts": [asdict(account) for account in self.accounts.values()],
            "agenda": [asdict(entry) for entry in self.agenda],
            "deliveries": [asdict(delivery) for delivery in self.deliveries.values()],
            "answers": deepcopy(self.answers),
        }

    def _load(self, kept: Json) -> None:
        self.accounts = {one["id"]: Account(**one) for one in kept["accounts"]}
        self.agenda = [Appointed(**one) for one in kept["agenda"]]
        self.deliveries = {one["id"]: Delivery(**one) for one in kept["deliveries"]}
        self.answers = kept["answers"]
        for delivery in self.deliveries.values():
            if delivery.state == "in_flight":
                delivery.state = "queued"


@dataclass(frozen=True)
class Context:
    """In which account, when, and at whose request something happens."""

    world: World
    account: Account
    now: int
    request_id: str | None = None
    """None when no API request caused it: a payer's page, the clock, the dashboard."""
    idempotency_key: str | None = None
