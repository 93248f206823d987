"""One answer per idempotency key and account, for a day."""

import hashlib
import json

from sandbox.errors import ApiError, invalid
from sandbox.store import Json, World

KEPT_SECONDS = 24 * 3600
LONGEST_KEY = 255


class InFlight(ApiError):
    """Another request with this key has not been answered yet."""

    def __init__(self, key: str) -> None:
        super().__init__(
            409,
            "idempotency_error",
            "There is currently another in-progress request using this Idempotent Key "
            f"(that probably means you submitted twice, and the other request is still going "
            f"through): {key}.",
            code="idempotency_key_in_use",
        )


def fingerprint(method: str, path: str, params: Json) -> str:
    """Return what must stay the same when a key is used again."""
    text = json.dumps([method, path, params], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def begin(world: World, account: str, key: str, mark: str) -> Json | None:
    """Take a key for a request, or return the stored answer of an earlier one.

    ``mark`` is the request's ``fingerprint``. Every key that is taken must be given to
    ``finish`` or ``abandon``.

    Raises:
        ApiError: 409 while the first request is under way, 400 if this one differs from it.
    """
    if len(key) > LONGEST_KEY:
        raise invalid(f"The idempotency key is longer than {LONGEST_KEY} characters.")
    with world.lock:
        _forget_old(world)
        kept = world.answers.get(_place(account, key))
        if kept is None:
            world.answers[_place(account, key)] = {"at": world.clock(), "mark": mark}
            return None
        if kept["mark"] != mark:
            raise ApiError(
                400,
                "idempotency_error",
                "Keys for idempotent requests can only be used with the same parameters they "
                f"were first used with. Try using a key other than '{key}' if you meant to "
                "execute a different request.",
            )
        if "status" not in kept:
            raise InFlight(key)
        answer: Json = kept
        return answer


def finish(world: World, account: str, key: str, answer: Json) -> None:
    """Store the answer that every later request with this key will get.

    ``answer`` holds ``status``, ``body`` and the id of the ``request`` that made it.
    """
    with world.lock:
        kept = world.answers.get(_place(account, key))
        if kept is not None:
            kept.update(answer)


def abandon(world: World, account: str, key: str) -> None:
    """Give the key back: the request was refused before its work began."""
    with world.lock:
        world.answers.pop(_place(account, key), None)


def _forget_old(world: World) -> None:
    """Drop the answers of more than a day ago; they lie in the order of their making."""
    for place, kept in list(world.answers.items()):
        if world.clock() - kept["at"] < KEPT_SECONDS:
            return
        del world.answers[place]


def _place(account: str, key: str) -> str:
    return f"{account} {key}"
