"""Fields that are unreadable in the database, and cannot be moved between rows.

A sealed value is ``key id (1 byte) ‖ nonce (12 bytes) ‖ AES-256-GCM ciphertext``. The associated
data names table, column, practice and row, so a value that is copied elsewhere does not open.
Each practice has its own data key, derived (HKDF) from the master key with that id.
"""

from __future__ import annotations

import os
from functools import lru_cache
from typing import Protocol, overload
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from practice.core.settings import settings

NONCE_BYTES = 12
SHORTEST_BYTES = 1 + NONCE_BYTES + 16  # an empty text: key id, nonce and tag


class Unreadable(RuntimeError):
    """A sealed value does not open: its key is missing, or it was moved or changed."""


class Row(Protocol):
    """What a sealed value is bound to."""

    __tablename__: str

    @property
    def practice_id(self) -> UUID: ...
    @property
    def id(self) -> UUID: ...


class Sealed:
    """An attribute whose text is kept, sealed, in the ``LargeBinary`` column ``column``.

    >>> class Client(PracticeOwned, Base):
    ...     birth_on_sealed: Mapped[bytes | None]
    ...     birth_on = Sealed("birth_on_sealed")
    """

    def __init__(self, column: str) -> None:
        self.column = column

    @overload
    def __get__(self, row: None, owner: type) -> Sealed: ...
    @overload
    def __get__(self, row: Row, owner: type) -> str | None: ...
    def __get__(self, row: Row | None, owner: type) -> str | Sealed | None:
        if row is None:
            return self
        blob: bytes | None = getattr(row, self.column)
        return None if blob is None else unseal(blob, row.practice_id, self._place(row))

    def __set__(self, row: Row, text: str | None) -> None:
        blob = None if text is None else seal(text, row.practice_id, self._place(row))
        setattr(row, self.column, blob)

    def _place(self, row: Row) -> bytes:
        return f"{row.__tablename__}.{self.column}\x1f{row.practice_id}\x1f{row.id}".encode()


def seal(text: str, practice_id: UUID, place: bytes) -> bytes:
    """Encrypt ``text`` with the newest key, bound to ``place``."""
    keys = settings().field_keys
    key_id = max(keys)
    nonce = os.urandom(NONCE_BYTES)
    cipher = _cipher(keys[key_id], practice_id)
    return bytes([key_id]) + nonce + cipher.encrypt(nonce, text.encode(), place)


def unseal(blob: bytes, practice_id: UUID, place: bytes) -> str:
    """Decrypt what ``seal`` made for the same place.

    Raises:
        Unreadable: if the key is not configured, or the value was changed or belongs elsewhere.
    """
    if len(blob) < SHORTEST_BYTES:
        raise Unreadable("a sealed value was cut")
    key_id, nonce, sealed = blob[0], blob[1 : 1 + NONCE_BYTES], blob[1 + NONCE_BYTES :]
    keys = settings().field_keys
    if key_id not in keys:
        raise Unreadable(f"FIELD_KEYS lacks key {key_id}")
    try:
        return _cipher(keys[key_id], practice_id).decrypt(nonce, sealed, place).decode()
    except InvalidTag:
        raise Unreadable("a sealed value does not belong to its row") from None


@lru_cache(maxsize=4096)
def _cipher(master: bytes, practice_id: UUID) -> AESGCM:
    data_key = HKDF(
        algorithm=SHA256(),
        length=32,
        salt=practice_id.bytes,
        info=b"sanctuary field key",
    ).derive(master)
    return AESGCM(data_key)
