"""The door to ``/v1``: who asks, for which version, with what, and what may leave.

In order: key, account, version, operation, decode, check, idempotency, work, expand, check
the answer, record. Only the work happens under the world's lock.
"""

import re
from dataclasses import dataclass
from urllib.parse import parse_qsl

from flask import Blueprint, Request, Response, current_app, jsonify, request

from sandbox import contract, faults, idempotency
from sandbox.errors import ApiError, broken, invalid, unauthorized, unmodelled
from sandbox.expand import expanded
from sandbox.forms import Tree, decode
from sandbox.handlers import Handler
from sandbox.recorder import Recorder
from sandbox.resources import HANDLERS, accounts
from sandbox.store import PLATFORM, Context, Json, World, new_id
from sandbox.timetable import catch_up

bp = Blueprint("api", __name__, url_prefix="/v1")

_TEST_KEY = re.compile(r"(sk|rk)_test_\w+")


@dataclass(frozen=True)
class Answer:
    """A status, a body, and the id of the request that first got it."""

    status: int
    body: Json
    request_id: str
    replayed: bool = False


@dataclass(frozen=True)
class _Asked:
    """A request that has passed every check, and the handler that will do its work."""

    operation: contract.Operation
    handler: Handler
    ids: dict[str, str]
    tree: Tree
    params: Tree
    account: str
    key: str | None
    request_id: str


@bp.route("/<path:_rest>", methods=["GET", "POST", "DELETE"])
def serve(_rest: str) -> Response:
    """Answer one API request as Stripe would, and keep a record of it."""
    world: World = current_app.extensions["world"]
    recorder: Recorder = current_app.extensions["recorder"]
    request_id = new_id("req_", 14)
    key = request.headers.get("Idempotency-Key") if request.method == "POST" else None
    tree: Tree | str = request.get_data(as_text=True)
    account = request.headers.get("Stripe-Account", PLATFORM)
    fault = faults.strike(world, request.method, request.path, account)
    try:
        tree = _decoded(request)
        faults.before(fault, request.environ)
        answer = _answer(world, recorder, tree, key, request_id)
        faults.after(fault, request.environ)
    except ApiError as error:
        answer = Answer(error.status, error.body, request_id)
    if answer.status >= 400 and (found := contract.find(request.method, request.path)):
        _check(recorder, found[0], answer.status, answer.body)
    recorder.note(
        method=request.method,
        path=request.path,
        account=account,
        idempotency_key=key,
        params=tree,
        status=answer.status,
        answer=answer.body,
    )
    return _response(answer, key, request_id)


@bp.errorhandler(Exception)
def crash(error: Exception) -> tuple[Response, int]:
    """A defect of the sandbox: as bad as a broken contract, and recorded like one."""
    problem = f"{type(error).__name__}: {error}"
    current_app.logger.error("%s %s", request.method, request.path, exc_info=error)
    recorder: Recorder = current_app.extensions["recorder"]
    recorder.violation(f"{request.method} {request.path}", [problem])
    return jsonify(broken([problem]).body), 500


def _answer(
    world: World, recorder: Recorder, tree: Tree, key: str | None, request_id: str
) -> Answer:
    _check_key(request)
    account = request.headers.get("Stripe-Account", PLATFORM)
    if account != PLATFORM:
        accounts.check_access(world, account)
    _check_version(request.headers.get("Stripe-Version"))
    found = contract.find(request.method, request.path)
    if found is None:
        raise ApiError(
            404,
            "invalid_request_error",
            f"Unrecognized request URL ({request.method}: {request.path}).",
        )
    operation, ids = found
    handler = HANDLERS.get(operation.name)
    if handler is None:
        raise unmodelled(f"{operation.method} {operation.path} ({operation.name})")
    params = operation.read(tree)
    handler.check_modelled(params)
    asked = _Asked(operation, handler, ids, tree, params, account, key, request_id)
    return _once(world, recorder, asked) if key else _work(world, recorder, asked)


def _once(world: World, recorder: Recorder, asked: _Asked) -> Answer:
    """Do the work, unless it was done under the same idempotency key before."""
    key = asked.key or ""
    mark = idempotency.fingerprint(request.method, request.path, asked.tree)
    kept = idempotency.begin(world, asked.account, key, mark)
    if kept is not None:
        return Answer(kept["status"], kept["body"], kept["request"], replayed=True)
    done: Answer | None = None
    try:
        done = _work(world, recorder, asked)
    except ApiError as error:
        if error.lasting:
            done = Answer(error.status, error.body, asked.request_id)
        raise
    finally:
        if done is None:
            idempotency.abandon(world, asked.account, key)
        else:
            stored = {"status": done.status, "body": done.body, "request": done.request_id}
            idempotency.finish(world, asked.account, key, stored)
    return done


def _work(world: World, recorder: Recorder, asked: _Asked) -> Answer:
    with world.lock:
        catch_up(world)
        context = Context(
            world, world.account(asked.account), world.clock(), asked.request_id, asked.key
        )
        answer = asked.handler.run(context, asked.params, *asked.ids.values())
        body = expanded(context, answer, asked.params.get("expand", []))
    problems = _check(recorder, asked.operation, 200, body)
    if problems:
        raise broken(problems)
    return Answer(200, body, asked.request_id)


def _check(recorder: Recorder, operation: contract.Operation, status: int, body: Json) -> list[str]:
    problems = contract.problems_of_answer(operation, status, body)
    if problems:
        recorder.violation(f"{operation.name} {status}", problems)
    return problems


def _check_key(asked: Request) -> None:
    auth = asked.authorization
    token = None
    if auth is not None:
        token = auth.token if auth.type == "bearer" else auth.username
    if not token:
        raise unauthorized(
            "You did not provide an API key. You need to provide your API key in the "
            "Authorization header, using Bearer auth."
        )
    if token.startswith(("sk_live_", "rk_live_")):
        raise unauthorized("This is a sandbox. It takes no live keys; use one for test mode.")
    if not _TEST_KEY.fullmatch(token):
        raise unauthorized("Invalid API Key provided.")


def _check_version(version: str | None) -> None:
    if version not in (None, contract.API_VERSION):
        raise invalid(
            f"Invalid Stripe API version: {version}. The sandbox speaks {contract.API_VERSION}."
        )


def _decoded(asked: Request) -> Tree:
    """Return the parameters of query and body as a tree of text."""
    body = asked.get_data(as_text=True)
    if body and asked.mimetype != contract.FORM:
        raise invalid(f"Invalid request: the body must be {contract.FORM}.")
    try:
        pairs = [
            pair
            for text in (asked.query_string.decode("ascii"), body)
            for pair in parse_qsl(text, keep_blank_values=True, errors="strict")
        ]
    except ValueError:
        raise invalid("Invalid request: the parameters are not UTF-8 text.") from None
    return decode(pairs)


def _response(answer: Answer, key: str | None, request_id: str) -> Response:
    response = jsonify(answer.body)
    response.status_code = answer.status
    response.headers["Request-Id"] = request_id
    response.headers["Stripe-Version"] = contract.API_VERSION
    if key:
        response.headers["Idempotency-Key"] = key
        response.headers["Original-Request"] = answer.request_id
    if answer.replayed:
        response.headers["Idempotent-Replayed"] = "true"
    return response
