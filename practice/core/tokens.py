"""Secrets that open a door: random or derived, and only their digests kept."""

import hashlib
import hmac
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from uuid import UUID

from practice.core.settings import settings

ID_LENGTH = 22
NAMED_LENGTH = ID_LENGTH + 43

TYPED_LETTERS = "0123456789abcdefghjkmnpqrstvwxyz"
"""What is easily told apart; whoever reads another letter means one of these (Crockford)."""

MEANT = str.maketrans("oil", "011")


def new() -> str:
    """Return 256 random bits, fit for an address or a cookie."""
    return secrets.token_urlsafe(32)


def new_in(practice_id: UUID) -> str:
    """Return the same, after the practice that it belongs to, which need not be asked then."""
    return f"{_written(practice_id.bytes)}{new()}"


def practice_in(token: str) -> UUID | None:
    """Return the practice that a token of ``new_in`` names; ``None`` for any other."""
    if len(token) != NAMED_LENGTH or not token.isascii():
        return None
    try:
        return UUID(bytes=urlsafe_b64decode(f"{token[:ID_LENGTH]}=="))
    except ValueError:
        return None


def to_type() -> str:
    """Return 120 random bits for somebody to type: ``k4wq-7m2x-…``, six groups of four."""
    letters = [secrets.choice(TYPED_LETTERS) for _ in range(24)]
    return "-".join("".join(letters[at : at + 4]) for at in range(0, 24, 4))


def as_typed(text: str) -> str:
    """Return what ``to_type`` gave, from what somebody typed: hyphens and capitals do not count."""
    return "".join(filter(str.isalnum, text.lower())).translate(MEANT)


def derived(purpose: str, *parts: object) -> str:
    """Return the 256-bit token that belongs to ``parts``, the same one every time.

    Links in mails are derived, so that any later mail can carry the link again although only
    its digest is stored. Putting a version among ``parts`` makes the link revocable.
    """
    message = "\x1f".join([purpose, *map(str, parts)]).encode()
    key = hashlib.sha256(b"token\x1f" + settings().secret_key.encode()).digest()
    return _written(hmac.digest(key, message, "sha256"))


def digest(token: str) -> str:
    """Return what the database keeps of a token: SHA-256 in hex."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def _written(value: bytes) -> str:
    return urlsafe_b64encode(value).rstrip(b"=").decode()
