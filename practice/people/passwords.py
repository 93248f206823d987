"""Passwords: which are good enough, and how they are kept.

Length is what counts (NIST SP 800-63B-4): at least 15 characters and nothing that everybody
tries first, but no rules about digits or signs and no forced change.
"""

import secrets
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError

SHORTEST = 15
LONGEST = 1_000  # a longer one would only cost time
_hasher = PasswordHasher()  # argon2id with the library's parameters, which grow with it

COMMON = frozenset(
    {
        "1234567890abcdef",
        "1q2w3e4r5t6y7u8i",
        "1qaz2wsx3edc4rfv",
        "abcdefghijklmno",
        "abcdefghijklmnop",
        "administrator123",
        "administrator1234",
        "changemechangeme1",
        "correcthorsebatterystaple",
        "iloveyouforever",
        "iloveyousomuch123",
        "letmeinletmein1",
        "mypasswordispassword",
        "passwordpassword1",
        "password1234567",
        "password12345678",
        "password123456789",
        "qazwsxedcrfvtgb",
        "qwertyuiop12345",
        "qwertyuiop123456",
        "qwertyuiopasdfg",
        "qwertyuiopasdfgh",
        "qwertyuiopasdfghjkl",
        "thisisapassword",
        "thisismypassword",
        "welcome123456789",
    }
)
"""What is tried first among passwords this long, written without spaces and signs."""


def why_refused(password: str, *, email: str) -> str | None:
    """Return what is wrong with a new password, in words, or ``None``."""
    if len(password) < SHORTEST:
        return f"Use at least {SHORTEST} characters. A few words in a row are easy to remember."
    if len(password) > LONGEST:
        return f"Use at most {LONGEST:,} characters"
    if password.strip().lower() == email.lower():
        return "Use something other than your email address"
    core = "".join(character for character in password.lower() if character.isalnum())
    if core in COMMON or _repeats(core or password):
        return "This is one of the passwords that are tried first. Use another one."
    return None


def _repeats(text: str) -> bool:
    """Say whether ``text`` is a short piece said over and over, or digits in their order."""
    pieces = range(1, min(9, len(text) // 2 + 1))
    if any((text[:n] * (len(text) // n + 1))[: len(text)] == text for n in pieces):
        return True
    return text in "01234567890123456789" * 2


def hash_of(password: str) -> str:
    """Return what is stored of a password."""
    return _hasher.hash(password)


def is_right(password: str, stored: str | None) -> bool:
    """Compare a password with what is stored of it.

    Without anything stored the work is done all the same, so that an unknown address takes as
    long to refuse as a known one.
    """
    if len(password) > LONGEST:
        return False
    try:
        _hasher.verify(stored or nobodys_hash(), password)
    except (VerifyMismatchError, InvalidHashError):
        return False
    return stored is not None


def is_outdated(stored: str) -> bool:
    """Say whether a hash was made with weaker parameters than today's."""
    return _hasher.check_needs_rehash(stored)


@cache
def nobodys_hash() -> str:
    """Return a hash to compare with where there is nobody: it belongs to no password."""
    return hash_of(secrets.token_urlsafe(32))
