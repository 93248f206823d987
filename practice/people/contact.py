"""Reading a text, an e-mail address or a phone number the way people write it."""

import re
import unicodedata

import phonenumbers
from email_validator import EmailNotValidError, validate_email

from practice.core.errors import Invalid

REGION = "US"  # of phone numbers that are written without a country


def tidied(text: str) -> str:
    """Return a text trimmed, with composed characters and plain line ends."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return unicodedata.normalize("NFC", text).strip()


def is_readable(text: str, *, allowed: str = "") -> bool:
    """Say whether a text has no control characters, and none that turn writing around."""
    return not any(
        (unicodedata.category(character) in _HIDDEN and character not in allowed)
        or unicodedata.bidirectional(character) in _TURNING
        for character in text
    )


_HIDDEN = frozenset({"Cc", "Cs", "Zl", "Zp"})
_TURNING = frozenset({"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"})


def email_of(text: str) -> str:
    """Return an address in lower case, its domain in ASCII; no DNS is asked.

    Raises:
        Invalid: in words for the person who typed it.
    """
    try:
        found = validate_email(text, check_deliverability=False, allow_smtputf8=False, strict=True)
    except EmailNotValidError:
        raise Invalid("Enter an email address like name@example.com") from None
    return str(found.ascii_email).lower()


def phone_of(text: str) -> str:
    """Return a number in E.164; one without a country is of the United States.

    Raises:
        Invalid: in words for the person who typed it.
    """
    number = _parsed(text)
    if number is None or not phonenumbers.is_valid_number(number):
        raise Invalid("Enter a phone number like 757-555-0100")
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def _parsed(text: str) -> phonenumbers.PhoneNumber | None:
    # Letters would be read as the keys they stand on, and an extension cannot get a message.
    if not re.fullmatch(r"[0-9+().\-/ ]{1,40}", text):
        return None
    try:
        return phonenumbers.parse(text, REGION)
    except phonenumbers.NumberParseException:
        return None
