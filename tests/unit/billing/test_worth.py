"""What the sessions are worth that are gone of something sold ahead, whatever became of them."""

from __future__ import annotations

from uuid import UUID, uuid4

from hypothesis import given
from hypothesis import strategies as st

from practice.billing.rules.selling import (
    Fee,
    Had,
    Item,
    Moved,
    RefundRule,
    UnitKind,
    ending,
    worth,
)

K = UnitKind


def test_the_last_session_takes_the_cents_left() -> None:
    a, b, c = (UUID(int=n) for n in (1, 2, 3))
    used = [Moved(K.USED, 0, each) for each in (a, b, c)]
    item = Item("prep", "Preparation", 3, 17_500, 10_000)

    assert worth(item, used).used == {a: 3_333, b: 3_333, c: 3_334}


@given(total=st.integers(0, 90_000), count=st.integers(1, 9), data=st.data())
def test_whatever_becomes_of_the_sessions_they_are_worth_all_of_it_in_the_end(
    total: int, count: int, data: st.DataObject
) -> None:
    """A slow oracle keeps a purse for each unit: what is gone has its cents, the rest has them."""
    item = Item("prep", "Preparation", count, 17_500, total)
    history = [Moved(K.GRANTED, count)]
    booked: list[UUID] = []
    used: list[UUID] = []
    free, expired = count, 0
    for deed in data.draw(st.lists(st.sampled_from("burfxg"), max_size=40)):
        before = worth(item, history).minor
        if deed == "b" and free:
            booked.append(uuid4())
            history.append(Moved(K.RESERVED, -1, booked[-1]))
            free -= 1
        elif deed == "u" and booked:
            used.append(booked.pop())
            history.append(Moved(K.USED, 0, used[-1]))
        elif deed == "r" and booked:
            history.append(Moved(K.RESTORED, 1, booked.pop()))
            free += 1
        elif deed == "f" and used:
            history.append(Moved(K.RESTORED, 1, used.pop(0)))
            free += 1
        elif deed == "x" and free:
            history.append(Moved(K.EXPIRED, -free))
            expired, free = free, 0
        elif deed == "g" and history[-1].kind is K.EXPIRED:
            history.append(Moved(K.GRANTED, expired))
            free, expired = expired, 0
        found = worth(item, history)
        assert found.used.keys() == set(used)
        assert 0 <= found.minor <= total
        assert min([*found.used.values(), *found.expired], default=0) >= 0
        if history[-1].kind is K.USED:
            assert found.minor >= before
        gone = len(used) + -sum(each.delta for each in history if each.kind is K.EXPIRED)
        gone -= sum(each.delta for each in history[1:] if each.kind is K.GRANTED)
        assert (found.minor == total) or gone < count


def test_open_fees_are_settled_from_what_would_come_back() -> None:
    had = [Had("Intake", 22_500, 21_395)]
    rule = RefundRule.AT_LIST

    some = ending(387_500, 193_750, had, rule, owed_minor=22_500)
    none = ending(387_500, 22_500, had, rule, owed_minor=22_500)
    late = ending(387_500, 30_000, had, rule, [Fee("Late", 5_000)], owed_minor=22_500)

    assert (some.charged_minor, some.settled_minor, some.refund_minor) == (22_500, 22_500, 148_750)
    assert (none.settled_minor, none.refund_minor, none.open_minor) == (0, 0, 0)
    assert (late.charged_minor, late.settled_minor, late.refund_minor) == (27_500, 2_500, 0)
