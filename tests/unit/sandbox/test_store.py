"""What the sandbox remembers, and what it finds again after a restart."""

from pathlib import Path

import pytest

from sandbox.clock import moved_by_file
from sandbox.errors import ApiError
from sandbox.events import emit
from sandbox.resources import webhook_endpoints
from sandbox.store import PLATFORM, Context, World, new_id

NOON = 1_800_000_000


def noon() -> int:
    return NOON


def test_an_account_never_shows_what_is_in_another() -> None:
    world = World(noon)
    world.account("acct_a").add({"id": "cus_1", "object": "customer"})

    with pytest.raises(ApiError) as refusal:
        world.account("acct_b").get("customer", "cus_1")

    assert refusal.value.status == 404
    assert world.account("acct_b").whatever("cus_1") is None


def test_a_saved_world_is_found_again(tmp_path: Path) -> None:
    file = tmp_path / "state.json"
    world = World(noon, file)
    account = world.account(PLATFORM)
    webhook_endpoints.make(account, url="http://127.0.0.1:1/hook", now=NOON)
    customer = account.add({"id": "cus_1", "object": "customer"}, note="kept")
    with world.lock:
        emit(Context(world, account, NOON), "customer.created", customer)
    world.appoint(NOON + 60, "session.expire", PLATFORM, "cs_1")
    world.answers[" key"] = {"at": NOON, "mark": "m", "status": 200, "body": {}}
    delivery = next(iter(world.deliveries.values()))
    delivery.state = "in_flight"

    world.touch()
    world.save()
    found = World(noon, file)

    assert found.accounts == world.accounts
    assert found.agenda == world.agenda
    assert found.answers == world.answers
    assert [one.state for one in found.deliveries.values()] == ["queued"]


def test_an_event_keeps_the_state_in_which_it_was_told() -> None:
    world = World(noon)
    account = world.account(PLATFORM)
    customer = account.add({"id": "cus_1", "object": "customer", "name": "Before"})

    with world.lock:
        event = emit(Context(world, account, NOON), "customer.created", customer)
    customer["name"] = "After"

    assert event["data"] == {"object": {"id": "cus_1", "object": "customer", "name": "Before"}}


def test_events_of_connected_accounts_go_to_connect_endpoints() -> None:
    world = World(noon)
    platform = world.account(PLATFORM)
    own = webhook_endpoints.make(platform, url="http://127.0.0.1:1/own", now=NOON)
    connect = webhook_endpoints.make(
        platform, url="http://127.0.0.1:1/connect", now=NOON, connect=True
    )

    for name in (PLATFORM, "acct_a"):
        customer = {"id": new_id("cus_"), "object": "customer"}
        with world.lock:
            event = emit(Context(world, world.account(name), NOON), "customer.created", customer)
        assert event.get("account", PLATFORM) == name

    assert [(one.account, one.endpoint) for one in world.deliveries.values()] == [
        (PLATFORM, own["id"]),
        ("acct_a", connect["id"]),
    ]


def test_an_endpoint_hears_only_what_it_asked_for() -> None:
    world = World(noon)
    platform = world.account(PLATFORM)
    webhook_endpoints.make(
        platform, url="http://127.0.0.1:1/", now=NOON, enabled_events=["charge.refunded"]
    )

    for kind in ("charge.succeeded", "charge.refunded"):
        with world.lock:
            emit(Context(world, platform, NOON), kind, {"id": "ch_1", "object": "charge"})

    assert [one.type for one in world.deliveries.values()] == ["charge.refunded"]


def test_what_is_due_comes_earliest_first() -> None:
    world = World(noon)
    for at in (NOON + 1, NOON, NOON - 5):
        world.appoint(at, "session.expire", PLATFORM, f"cs_{at}")

    assert [entry.at for entry in world.due()] == [NOON - 5, NOON]
    assert [entry.at for entry in world.agenda] == [NOON + 1]


def test_the_clock_runs_ahead_by_what_its_file_says(tmp_path: Path) -> None:
    file = tmp_path / "clock"
    clock, real = moved_by_file(file), moved_by_file(None)
    assert 0 <= clock() - real() <= 1

    file.write_text("3600\n", encoding="ascii")

    assert 3600 <= clock() - real() <= 3601
