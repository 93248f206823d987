"""Numbers by which insurers and tax offices know a clinician and a practice, as typed."""

from __future__ import annotations

import re
from dataclasses import dataclass

from practice.core.errors import Invalid

NPI_PREFIX = "80840"
"""What stands before an NPI on a card: the check digit is that of the whole (ISO 7812)."""

STATES = (
    *("AL", "AK", "AZ", "AR", "CA", "CO", "CT", "DE", "DC", "FL", "GA", "GU", "HI", "ID", "IL"),
    *("IN", "IA", "KS", "KY", "LA", "ME", "MD", "MA", "MI", "MN", "MS", "MO", "MT", "NE", "NV"),
    *("NH", "NJ", "NM", "NY", "NC", "ND", "OH", "OK", "OR", "PA", "PR", "RI", "SC", "SD", "TN"),
    *("TX", "UT", "VT", "VI", "VA", "WA", "WV", "WI", "WY"),
)


@dataclass(frozen=True, slots=True)
class Provider:
    """A clinician as papers for insurers name them. Whatever is not known is empty."""

    credentials: str = ""
    npi: str = ""
    licence_no: str = ""
    licence_state: str = ""


UNKNOWN = Provider()


def npi_of(text: str) -> str:
    """Return an NPI: ten digits, the first a 1 or a 2, the last their check digit.

    >>> npi_of("1234567893")
    '1234567893'

    Raises:
        Invalid: in words for the person who typed it.
    """
    digits = re.sub(r"[ -]", "", text)
    if not re.fullmatch(r"[12][0-9]{9}", digits):
        raise Invalid("An NPI has ten digits and begins with 1 or 2")
    if not _checks(NPI_PREFIX + digits):
        raise Invalid("This NPI has a wrong digit: its last one does not fit the others")
    return digits


def ein_of(text: str) -> str:
    """Return a tax number as it is written, ``12-3456789``.

    Raises:
        Invalid: in words for the person who typed it.
    """
    digits = re.sub(r"[ -]", "", text)
    if not re.fullmatch(r"[0-9]{9}", digits):
        raise Invalid("A tax ID has nine digits, like 12-3456789")
    return f"{digits[:2]}-{digits[2:]}"


def _checks(digits: str) -> bool:
    """Say whether the last digit is Luhn's of the others."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        doubled = int(digit) * (1 + place % 2)
        total += doubled - 9 * (doubled > 9)
    return total % 10 == 0
