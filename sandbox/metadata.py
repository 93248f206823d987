"""Stripe's key-value pairs: their limits, and how a change is merged in."""

from sandbox.errors import invalid

MOST_KEYS = 50
LONGEST_KEY = 40
LONGEST_VALUE = 500

Metadata = dict[str, str]


def merged(kept: Metadata, change: Metadata | str | None, *, param: str = "metadata") -> Metadata:
    """Return ``kept`` with ``change`` applied: an empty value unsets a key, ``""`` all of them.

    Raises:
        ApiError: 400 beyond 50 keys, 40 characters a key or 500 characters a value.
    """
    if change is None:
        return dict(kept)
    if isinstance(change, str):
        return {}
    result = {key: value for key, value in (kept | change).items() if value != ""}
    if len(result) > MOST_KEYS:
        raise invalid(f"Metadata may hold at most {MOST_KEYS} keys.", param=param)
    for key, value in result.items():
        if len(key) > LONGEST_KEY:
            raise invalid(
                f"Metadata keys may be up to {LONGEST_KEY} characters: {key}", param=param
            )
        if len(value) > LONGEST_VALUE:
            raise invalid(
                f"Metadata values may be up to {LONGEST_VALUE} characters.", param=f"{param}[{key}]"
            )
    return result
