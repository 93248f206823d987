"""How a mail stands, in words: what it waits for, and why it did not arrive."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from practice.outbox.rules import JobState, MessageState


class Standing(StrEnum):
    """What a person sees of a mail. The outbox is filtered by these."""

    WAITING = "waiting"
    SENT = "sent"
    FAILED = "failed"  # for good, or given up
    NOT_SENT = "not-sent"  # what it was to say was no longer so


TITLES: Mapping[Standing, str] = {
    Standing.WAITING: "Waiting",
    Standing.SENT: "Sent",
    Standing.FAILED: "Not delivered",
    Standing.NOT_SENT: "Not needed",
}

TONES: Mapping[Standing, tuple[str, str]] = {
    Standing.WAITING: ("wait", "clock"),
    Standing.SENT: ("good", "check"),
    Standing.FAILED: ("bad", "alert"),
    Standing.NOT_SENT: ("done", "cross"),
}

NOT_NEEDED = "What it was to say was no longer so when its time came."
NO_SERVER = "No mail server is set up yet."

OF_CODE: Mapping[str, str] = {
    "550": "The address was refused: there is no such mailbox, or it takes no mail from us.",
    "551": "The person’s mailbox has moved elsewhere.",
    "552": "The person’s mailbox is full.",
    "553": "The receiving server says that the address is written wrongly.",
    "554": "The receiving server refused the message.",
}
REFUSED = "The receiving server refused the message for good."

OF_ERROR: Mapping[str, str] = {
    "ConnectionRefusedError": "The mail server does not answer.",
    "ConnectionResetError": "The mail server broke off.",
    "SMTPServerDisconnected": "The mail server broke off.",
    "SMTPConnectError": "The mail server does not let us in.",
    "TimeoutError": "The mail server does not answer in time.",
    "gaierror": "The mail server cannot be found.",
    "OSError": "The mail server cannot be reached.",
    "SMTPAuthenticationError": "The mail server does not accept our sign-in.",
    "SMTPSenderRefused": "The mail server does not take mail from our address.",
    "SMTPRecipientsRefused": "The receiving server asks us to come back later.",
    "SMTPDataError": "The receiving server asks us to come back later.",
    "SSLCertVerificationError": "The mail server cannot prove who it is.",
    "InTheClear": "The mail server offers no encryption, so no password was sent.",
    "WorkerDied": "The program stopped each time that it tried.",
}
UNKNOWN = "It could not be handed over. Whoever runs the program can see why."


@dataclass(frozen=True, slots=True)
class Handling:
    """What the engine says of a mail's job: when it is due, how often it failed, and of what."""

    state: JobState
    at: datetime
    attempts: int
    error: str | None
    in_hand: bool


def standing_of(state: MessageState, handling: Handling | None) -> Standing:
    """Say how a mail stands."""
    if state is MessageState.SENT:
        return Standing.SENT
    if state is MessageState.STALE:
        return Standing.NOT_SENT
    given_up = handling is not None and handling.state is JobState.PARKED
    return Standing.FAILED if given_up or state is MessageState.FAILED else Standing.WAITING


def reason(
    state: MessageState, code: str | None, handling: Handling | None, *, has_server: bool
) -> str:
    """Say why a mail did not go out, or not yet; empty where there is nothing to explain.

    ``code`` is the reply by which it was refused for good.
    """
    if state is MessageState.FAILED:
        return OF_CODE.get(code or "", REFUSED)
    if state is MessageState.STALE:
        return NOT_NEEDED
    if state is MessageState.SENT or handling is None:
        return ""
    if handling.error is not None:
        return OF_ERROR.get(handling.error, UNKNOWN)
    return "" if has_server else NO_SERVER


def may_go_again(state: MessageState, handling: Handling | None, *, now: datetime) -> bool:
    """Say whether a person may have a mail sent again, or at once instead of later.

    Not what is being handed over, what waits to be undone, or what is no longer so.
    """
    if state in {MessageState.SENT, MessageState.FAILED}:
        return True
    if state is MessageState.STALE or handling is None or handling.in_hand:
        return False
    return handling.state is JobState.PARKED or (handling.error is not None and handling.at > now)
