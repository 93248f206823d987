"""The errors that Stripe's API answers with, in Stripe's own shape."""

from copy import deepcopy
from typing import Any

DOCS = "https://docs.stripe.com/error-codes/"


class ApiError(Exception):
    """An answer other than 200.

    ``lasting`` says that the endpoint had begun its work: such an answer is stored under
    the idempotency key and replayed. Refusals of the request itself are not.
    """

    def __init__(
        self,
        status: int,
        kind: str,
        message: str,
        *,
        lasting: bool = False,
        **details: Any,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.lasting = lasting
        error: dict[str, Any] = {"type": kind, "message": message}
        # A copy: the answer must stay as it was when things move on.
        error.update({name: deepcopy(part) for name, part in details.items() if part is not None})
        if "code" in error:
            error["doc_url"] = DOCS + str(error["code"]).replace("_", "-")
        self.body = {"error": error}


def invalid(message: str, *, param: str | None = None, code: str | None = None) -> ApiError:
    """The request makes no sense: 400, and nothing is remembered."""
    return ApiError(400, "invalid_request_error", message, param=param, code=code)


def refused(message: str, *, param: str | None = None, code: str | None = None) -> ApiError:
    """The request makes sense, but not in the state that things are in: 400."""
    return ApiError(400, "invalid_request_error", message, param=param, code=code, lasting=True)


def missing(kind: str, wanted: str, *, param: str = "id") -> ApiError:
    """Nothing of that kind has that id: 404, whoever asks."""
    return ApiError(
        404,
        "invalid_request_error",
        f"No such {kind}: '{wanted}'",
        param=param,
        code="resource_missing",
    )


def declined(message: str, *, code: str, **details: Any) -> ApiError:
    """The card's bank said no: 402."""
    return ApiError(402, "card_error", message, code=code, lasting=True, **details)


def unmodelled(what: str) -> ApiError:
    """Stripe's specification has it, this sandbox does not: 501, by name."""
    return ApiError(
        501,
        "invalid_request_error",
        f"The sandbox does not model {what}. Stripe itself may well accept it.",
    )


def unauthorized(message: str) -> ApiError:
    return ApiError(401, "invalid_request_error", message)


def broken(problems: list[str]) -> ApiError:
    """Our own answer breaks Stripe's specification: 500, and a defect to mend here."""
    return ApiError(500, "api_error", "The sandbox broke the contract: " + "; ".join(problems))
