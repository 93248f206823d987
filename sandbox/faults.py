"""What goes wrong between an application and the API, when a test asks for it.

A fault waits for the next requests that fit it: ``path`` is a pattern of the shell's kind over the
path (``/v1/refunds``, ``/v1/checkout/*``), ``method`` and ``account`` narrow it further. It hits
``times`` requests, after letting ``skip`` of them pass. The official library tries a request three
times by itself, so a fault of one time is one that it gets over alone.

| kind | the work is done | the application sees |
| --- | --- | --- |
| ``lost_before`` | no | the connection breaks |
| ``lost_after`` | yes | the connection breaks |
| ``429`` | no | too many requests |
| ``500`` | no | an error of Stripe's |
| ``500_after`` | yes, and the key keeps its answer | an error of Stripe's |
| ``hang`` | yes, after ``seconds`` | nothing for so long |
"""

import socket
import time
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from sandbox.errors import ApiError, invalid
from sandbox.store import Fault, Json, World

KINDS = ("lost_before", "lost_after", "429", "500", "500_after", "hang")
BEFORE = ("lost_before", "429", "500")


@dataclass(frozen=True)
class _Asked:
    method: str
    path: str
    account: str


def read(sent: Json) -> Fault:
    """Return the fault that a control request describes; raise ``ApiError`` 400 for a wrong one."""
    try:
        fault = Fault(**sent)
    except TypeError:
        raise invalid(f"A fault has: {', '.join(Fault.__dataclass_fields__)}.") from None
    if fault.kind not in KINDS:
        raise invalid(f"`kind` is one of: {', '.join(KINDS)}.", param="kind")
    return fault


def strike(world: World, method: str, path: str, account: str) -> Fault | None:
    """Return the fault that hits this request, used up by one, if any does."""
    asked = _Asked(method, path, account)
    with world.lock:
        for fault in world.faults:
            if not _fits(fault, asked):
                continue
            if fault.skip > 0:
                fault.skip -= 1
                return None
            fault.times -= 1
            if fault.times <= 0:
                world.faults.remove(fault)
            return fault
    return None


def before(fault: Fault | None, environ: dict[str, Any]) -> None:
    """Do what a fault does before the work: wait, break the line, or refuse.

    Raises:
        ApiError: instead of an answer, and nothing is remembered.
    """
    if fault is None:
        return
    if fault.kind == "hang":
        time.sleep(fault.seconds)
    elif fault.kind in BEFORE:
        raise _break(fault, environ)


def after(fault: Fault | None, environ: dict[str, Any]) -> None:
    """Do what a fault does once the work is done and its answer kept.

    Raises:
        ApiError: instead of the answer.
    """
    if fault is not None and fault.kind in ("lost_after", "500_after"):
        raise _break(fault, environ)


def _break(fault: Fault, environ: dict[str, Any]) -> ApiError:
    if fault.kind.startswith("lost"):
        _hang_up(environ)
    if fault.kind == "429":
        return ApiError(
            429, "invalid_request_error", "Request rate limit exceeded.", code="rate_limit"
        )
    return ApiError(500, "api_error", "An unknown error occurred.")


def _hang_up(environ: dict[str, Any]) -> None:
    """Close the line under the answer, as a broken network does.

    The server hands out no socket; its channel is reached through the one method of it that it
    does hand out.
    """
    look = environ.get("waitress.client_disconnected")
    channel = getattr(look, "__self__", None)
    line: socket.socket | None = getattr(channel, "socket", None)
    if line is None:
        raise invalid("Lost answers need the sandbox's own server.")
    line.shutdown(socket.SHUT_RDWR)


def _fits(fault: Fault, asked: _Asked) -> bool:
    return (
        fnmatchcase(asked.path, fault.path)
        and fault.method in (None, asked.method)
        and fault.account in (None, asked.account)
    )
