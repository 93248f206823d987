"""What can go wrong, in the words of the practice. No HTTP in here."""

from collections.abc import Sequence


class PracticeError(Exception):
    """Something the person at the screen can understand and act upon.

    ``message`` is written for the person who reads it. It holds nothing clinical and no ids.
    """

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class NotFound(PracticeError):
    """It does not exist, or not for you: the two are never told apart."""


class NotAllowed(PracticeError):
    """You are known, but this is not yours to do."""


class Conflict(PracticeError):
    """The world has moved on: the slot is taken, the invoice is already paid."""


class Invalid(PracticeError):
    """The request makes no sense as it stands."""


class WrongFields(Invalid):
    """Some parts of a request are wrong; ``fields`` says where (a path) and what, in words."""

    def __init__(self, fields: Sequence[tuple[str, str]]) -> None:
        super().__init__("Some of what was sent is not right.")
        self.fields = tuple(fields)


class Malformed(PracticeError):
    """The request cannot be read as what it claims to be."""


class NotKnown(PracticeError):
    """Nobody says who asks, or what they bring opens nothing."""


class Unavailable(PracticeError):
    """Someone we depend on (the payment processor, the database) did not answer in time."""


class TooMany(PracticeError):
    """It was tried too often; ``retry_after_seconds`` says when it may be tried again."""

    def __init__(self, message: str, *, retry_after_seconds: int) -> None:
        super().__init__(message)
        self.retry_after_seconds = retry_after_seconds
