"""One answer per key and account, for a day."""

import pytest

from sandbox import idempotency
from sandbox.errors import ApiError
from sandbox.store import World

NOON = 1_800_000_000
ANSWER = {"status": 200, "body": {"id": "re_1"}, "request": "req_1"}


class Hand:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> int:
        return self.now


@pytest.fixture
def clock() -> Hand:
    return Hand()


@pytest.fixture
def world(clock: Hand) -> World:
    return World(clock)


def mark(amount: int) -> str:
    return idempotency.fingerprint("POST", "/v1/refunds", {"amount": str(amount)})


def test_a_finished_request_is_replayed(world: World) -> None:
    assert idempotency.begin(world, "", "key", mark(1)) is None
    idempotency.finish(world, "", "key", ANSWER)

    assert idempotency.begin(world, "", "key", mark(1)) == {"at": NOON, "mark": mark(1), **ANSWER}


def test_a_key_is_not_for_another_request(world: World) -> None:
    idempotency.begin(world, "", "key", mark(1))
    idempotency.finish(world, "", "key", ANSWER)

    with pytest.raises(ApiError) as refusal:
        idempotency.begin(world, "", "key", mark(2))

    assert refusal.value.status == 400
    assert refusal.value.body["error"]["type"] == "idempotency_error"


def test_a_second_request_does_not_overtake_the_first(world: World) -> None:
    idempotency.begin(world, "", "key", mark(1))

    with pytest.raises(ApiError) as refusal:
        idempotency.begin(world, "", "key", mark(1))

    assert refusal.value.status == 409
    assert refusal.value.body["error"]["code"] == "idempotency_key_in_use"


def test_accounts_do_not_share_keys(world: World) -> None:
    idempotency.begin(world, "acct_a", "key", mark(1))
    idempotency.finish(world, "acct_a", "key", ANSWER)

    assert idempotency.begin(world, "acct_b", "key", mark(2)) is None


def test_an_abandoned_key_is_free_again(world: World) -> None:
    idempotency.begin(world, "", "key", mark(1))
    idempotency.abandon(world, "", "key")

    assert idempotency.begin(world, "", "key", mark(2)) is None


@pytest.mark.parametrize(("seconds", "kept"), [(24 * 3600 - 1, True), (24 * 3600, False)])
def test_an_answer_is_kept_for_a_day(world: World, clock: Hand, seconds: int, kept: bool) -> None:
    idempotency.begin(world, "", "key", mark(1))
    idempotency.finish(world, "", "key", ANSWER)

    clock.now += seconds

    assert (idempotency.begin(world, "", "key", mark(1)) is not None) is kept


def test_a_key_has_at_most_255_characters(world: World) -> None:
    assert idempotency.begin(world, "", "k" * 255, mark(1)) is None
    with pytest.raises(ApiError):
        idempotency.begin(world, "", "k" * 256, mark(1))
