"""What a feed's address is worth, and where it is never found: calendar.md §6, check 10."""

import logging

import pytest
from flask.testing import FlaskClient

from practice.calendar import subscriptions
from practice.core.db import db, practice_scope
from tests.integration.calendar.feed_world import World, read


def test_check_10_the_secret_is_in_no_row_of_any_table(world: World, client: FlaskClient) -> None:
    _, secret = world.subscribe()
    world.put(world.session())
    assert read(client, secret, **{"User-Agent": "Thunderbird/153"})[0] == 200

    with (
        world.app.app_context(),
        practice_scope(world.practice.id),  # whose rows are the ones that are seen
        db.engine.connect() as connection,
    ):
        held = [
            str(row)
            for table in db.metadata.sorted_tables
            for row in connection.execute(table.select())
        ]

    assert any("Thunderbird/153" in row for row in held)
    assert not any(secret in row or secret[22:] in row for row in held)


@pytest.mark.database("sqlite")
def test_check_10_neither_log_nor_error_report_nor_referer_tells_the_secret(
    world: World,
    client: FlaskClient,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    _, secret = world.subscribe()
    address = f"/calendar/feeds/{secret}/calendar.ics"

    def fail(_found: object) -> bytes:
        raise RuntimeError(f"no feed of {address} could be written")

    answers = [client.get(address), client.get(f"/calendar/feeds/{secret[::-1]}/calendar.ics")]
    known = {"If-None-Match": answers[0].headers["ETag"]}
    answers += [client.get(address, headers=known), client.post(address)]
    monkeypatch.setattr(subscriptions, "body_of", fail)
    answers += [client.get(address)]

    assert [each.status_code for each in answers] == [200, 404, 304, 405, 500]
    assert "unexpected RuntimeError" in caplog.text
    said = caplog.text + "".join(each.text + str(each.headers) for each in answers)
    assert secret not in said
    assert secret[22:] not in said
    assert {each.headers["Referrer-Policy"] for each in answers} == {"no-referrer"}
