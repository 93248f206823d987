"""Whoever goes on from any token ends up with what is there, whatever happened in between."""

import random
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

import pytest
from flask.testing import FlaskClient

from practice.calendar import accounts
from practice.calendar.accounts import Account
from practice.calendar.rules.dav import steps
from practice.calendar.rules.dav.steps import Step
from practice.calendar.service.accounts import keep_short
from practice.calendar.service.entries import EntryFacts
from practice.core.db import practice_scope, read_again
from tests.integration.calendar.dav_world import ask, open_account, sync, token_of
from tests.integration.calendar.feed_world import World

State = dict[UUID, str]


class Follower:
    """A program that knows a calendar as far as a token says."""

    def __init__(self, account: Account) -> None:
        self.step, self.known = steps.first(account.version), State()

    def go_on(self, account: Account, limit: int | None) -> bool:
        """Take one stretch; say whether it was the last. Raises where the token is too old."""
        if not self.step.is_good(version=account.version, forgotten=account.forgotten):
            raise LookupError
        at_most = None if limit is None else limit + 1
        rows = accounts.changes(account, self.step.known, at_most=at_most)
        told, self.step = steps.cut(self.step, rows, limit, account.version)
        for each in told:
            self.known.pop(each.session_id, None)
            if each.member is not None:
                self.known[each.session_id] = each.member.text
        return len(told) == len(rows)


class Play:
    """What may happen to a practitioner's calendar, at random."""

    def __init__(self, world: World, chance: random.Random) -> None:
        self.world, self.chance = world, chance
        self.live: list[EntryFacts] = []
        self.gone: list[EntryFacts] = []

    def happen(self) -> None:
        self.chance.choice(
            [self.book, self.book, self.move, self.move, self.cancel, self.bring_back, self.wait]
        )()

    def book(self) -> None:
        days = self.chance.randrange(-20, 200)
        self.live.append(self.world.put(self.world.session(self.world.now + timedelta(days=days))))

    def move(self) -> None:
        if self.live:
            facts = self.live.pop(self.chance.randrange(len(self.live)))
            later = timedelta(days=self.chance.randrange(-30, 30))
            self.live.append(self.world.put(self._changed(facts, facts.starts_at + later)))

    def cancel(self) -> None:
        if self.live:
            facts = self.live.pop(self.chance.randrange(len(self.live)))
            self.gone.append(self.world.bury(facts))

    def bring_back(self) -> None:
        if self.gone:
            facts = replace(self.gone.pop(), gone_at=None)
            self.live.append(self.world.put(self._changed(facts, facts.starts_at)))

    def wait(self) -> None:
        self.world.now += timedelta(days=self.chance.choice([0, 1, 7, 40, 100]))
        with self.world.app.app_context(), practice_scope(self.world.practice.id):
            keep_short(self.world.practice.id)

    def _changed(self, facts: EntryFacts, starts_at: datetime) -> EntryFacts:
        moved = replace(facts, sequence=facts.sequence + 1, changed_at=self.world.now)
        return replace(moved, starts_at=starts_at, ends_at=starts_at + timedelta(hours=3))


@pytest.mark.parametrize("seed", range(3))
def test_from_any_token_a_program_comes_to_what_is_there(world: World, seed: int) -> None:
    chance = random.Random(seed)
    play = Play(world, chance)
    world.held = [world.session(world.now + timedelta(days=n)) for n in range(5)]
    play.live = list(world.held)
    opened = open_account(world)
    followers: list[Follower] = []
    too_old = 0

    def now() -> Account:
        read_again()
        found = accounts.find(opened.name, opened.password)
        assert found is not None
        return found

    with world.app.app_context():
        for _ in range(40):
            play.happen()
            account = now()
            followers.append(Follower(account))
            for each in chance.sample(followers, min(2, len(followers))):
                try:
                    each.go_on(account, chance.choice([None, 1, 3]))
                except LookupError:
                    followers.remove(each)
                    too_old += 1
        account = now()
        there = {each.session_id: each.text for each in accounts.members(account)}
        for each in followers:
            try:
                while not each.go_on(account, 2):
                    pass
            except LookupError:
                too_old += 1
            else:
                assert each.known == there

    in_time = [each for each in play.live if each.starts_at >= account.shown_from]
    assert there.keys() == {each.session_id for each in in_time}
    assert too_old < len(followers)


def test_a_token_from_before_what_was_forgotten_begins_anew(
    world: World, client: FlaskClient
) -> None:
    opened = open_account(world)
    old = token_of(ask(client, opened, "REPORT", body=sync()))
    world.bury(world.put(world.session()))
    heard = token_of(ask(client, opened, "REPORT", body=sync(old)))
    world.now += timedelta(days=181)
    with world.app.app_context(), practice_scope(world.practice.id):
        keep_short(world.practice.id)

    def answer(token: str) -> tuple[int, bool]:
        said = ask(client, opened, "REPORT", body=sync(token))
        return said.status_code, "valid-sync-token" in said.text

    assert [answer(old), answer(heard), answer("")] == [(403, True), (207, False), (207, False)]
    assert str(Step(9, 9)) == "data:,9-9"
    ahead = [answer(token) for token in ("data:,9-9", "data:,x", "https://elsewhere.example/3")]
    assert ahead == [(403, True)] * 3
