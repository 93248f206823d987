"""What an account at the processor may do, as the processor tells it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Standing(StrEnum):
    """How far an account is from taking money."""

    UNFINISHED = "unfinished"  # its owner has not answered everything
    CHECKED = "checked"  # all is answered, and the processor has not decided
    OPEN = "open"  # it takes cards
    RESTRICTED = "restricted"  # it took them, or all is answered, and the processor said no
    GONE = "gone"  # its owner has ended the connection; nothing leads back


@dataclass(frozen=True, slots=True)
class SeenAccount:
    """An account as the processor tells it now.

    ``missing`` is whether its owner has to answer something, ``refused`` whether the processor
    gives a reason why it is closed. ``name`` is what banks and cardholders see.
    """

    id: str
    charges_enabled: bool
    payouts_enabled: bool
    details_submitted: bool
    missing: bool = False
    refused: bool = False
    name: str = ""


def standing_of(seen: SeenAccount) -> Standing:
    """Return where an account stands by what the processor says of it."""
    if seen.charges_enabled:
        return Standing.OPEN
    if not seen.details_submitted:
        return Standing.UNFINISHED
    return Standing.RESTRICTED if seen.missing or seen.refused else Standing.CHECKED


def is_worse(before: Standing, after: Standing) -> bool:
    """Say whether an account that took cards takes none any more: a person must know."""
    return before is Standing.OPEN and after is not Standing.OPEN
