"""Reading a text, an e-mail address or a phone number the way people write it."""

import re

import phonenumbers
from email_validator import EmailNotValidError, validate_email

from practice.core.errors import Invalid

LONGEST_ORIGIN = 120
REGION = "US"  # of phone numbers that are written without a country


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


def origin_of(text: str) -> str:
    """Return a website as browsers name where a page comes from: ``https://www.example.com``.

    Nothing but a host and a port is left of an address; only https can be kept from strangers.

    Raises:
        Invalid: in words for the person who typed it.
    """
    wrong = Invalid("Enter each website like https://www.example.com")
    match = re.fullmatch(r"https://([^/?#\\@\s;,]+)(/[^\s;,]*)?", text.strip(), re.IGNORECASE)
    if match is None:
        raise wrong
    host, colon, port = match[1].lower().partition(":")
    try:
        host = host.encode("idna").decode()
    except UnicodeError:
        raise wrong from None
    labels = host.split(".")
    label = r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
    if len(labels) < 2 or not all(re.fullmatch(label, each) for each in labels):
        raise wrong
    if colon and not (re.fullmatch(r"[0-9]{1,5}", port) and 0 < int(port) < 65536):
        raise wrong
    origin = f"https://{host}" + (f":{int(port)}" if colon and int(port) != 443 else "")
    if len(origin) > LONGEST_ORIGIN:
        raise wrong
    return origin
