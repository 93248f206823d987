"""Secrets that open a door: random or derived, and only their digests kept."""

import hashlib
import hmac
import secrets
from base64 import urlsafe_b64encode

from practice.core.settings import settings


def new() -> str:
    """Return 256 random bits, fit for an address or a cookie."""
    return secrets.token_urlsafe(32)


def derived(purpose: str, *parts: object) -> str:
    """Return the 256-bit token that belongs to ``parts``, the same one every time.

    Links in mails are derived, so that any later mail can carry the link again although only
    its digest is stored. Putting a version among ``parts`` makes the link revocable.
    """
    message = "\x1f".join([purpose, *map(str, parts)]).encode()
    key = hashlib.sha256(b"token\x1f" + settings().secret_key.encode()).digest()
    return urlsafe_b64encode(hmac.digest(key, message, "sha256")).rstrip(b"=").decode()


def digest(token: str) -> str:
    """Return what the database keeps of a token: SHA-256 in hex."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
