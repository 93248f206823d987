"""What giving a payment back does, against a count cent by cent."""

from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from practice.billing.rules.giving_back import (
    CannotGiveBack,
    How,
    Plan,
    Settled,
    Stands,
    Way,
    plan,
)

few = st.integers(0, 40)


@st.composite
def standing(draw: st.DrawFn) -> Stands:
    """A payment of which a part waits, a part is free, and the rest settles some invoices."""
    settles = []
    for number in range(draw(st.integers(0, 3))):
        minor, open_minor = draw(st.integers(1, 40)), draw(few)
        stands = minor + open_minor + draw(few)
        settles.append(
            Settled(uuid4(), f"INV-{number}", minor, open_minor, stands, draw(st.booleans()))
        )
    held, free = draw(few), draw(few)
    return Stands(held + free + sum(each.minor for each in settles), held, free, settles)


def cent_by_cent(stands: Stands, wanted: int) -> tuple[int, dict[UUID, int]]:
    """Take one cent after another: what is unused first, then invoices, the newest first."""
    unused, reopened = 0, dict.fromkeys([each.id for each in stands.settles], 0)
    for _ in range(wanted):
        if unused < stands.held_minor + stands.free_minor:
            unused += 1
            continue
        for each in stands.settles:
            if reopened[each.id] < each.minor:
                reopened[each.id] += 1
                break
    return unused, {key: minor for key, minor in reopened.items() if minor}


@given(standing(), st.sampled_from([How.ALL, How.PART]), st.sampled_from(Way), few)
def test_a_part_comes_from_where_a_cent_by_cent_count_takes_it(
    stands: Stands, how: How, way: Way, wanted: int
) -> None:
    most = stands.left_minor if way is Way.BACK else stands.held_minor
    try:
        found = plan(stands, how, way, wanted_minor=wanted)
    except CannotGiveBack as refused:
        field = refused.field
        assert field in {"how", "way", "amount"}
        assert not most or (how is How.PART and not 0 < wanted <= most)
        return
    amount = most if how is How.ALL else wanted
    unused, reopened = cent_by_cent(stands, amount)
    assert (found.amount_minor, found.unused_minor) == (amount, unused)
    assert {each.id: each.minor for each in found.reopened} == reopened
    assert way is Way.BACK or not reopened


@given(standing(), st.lists(st.integers(0, 120), min_size=3, max_size=3))
def test_lines_give_back_what_was_paid_for_them_and_leave_nothing_below_nothing(
    stands: Stands, amounts: list[int]
) -> None:
    lines = {each.id: minor for each, minor in zip(stands.settles, amounts, strict=False)}
    try:
        found = plan(stands, How.LINES, Way.BACK, lines=lines)
    except CannotGiveBack as refused:
        field = refused.field
        assert field in {"how", "lines"}
        return
    freed = {each.id: each.minor for each in found.let_go}
    taken = {each.id: each.minor for each in found.taken_back}
    for each in stands.settles:
        minor = taken.get(each.id, 0)
        assert minor == lines.get(each.id, 0) <= each.standing_minor
        assert each.may_lose_lines or not minor
        # What is open after it: what was open, less what is taken back, and what is let go.
        still_open = each.open_minor - minor + freed.get(each.id, 0)
        assert still_open == (0 if minor else each.open_minor)
        assert freed.get(each.id, 0) <= each.minor
    assert 0 < found.amount_minor == sum(freed.values()) <= stands.left_minor


ONE = Settled(uuid4(), "INV-1", 100, 0, 150, may_lose_lines=True)
SOLD = Settled(uuid4(), "INV-2", 100, 0, 100, may_lose_lines=False)
FEWER = "Choose fewer lines, or give back the payment that paid the rest."
STANDS = Stands(250, 50, 0, [ONE, SOLD])


@pytest.mark.parametrize(
    ("how", "way", "wanted", "lines", "refusal"),
    [
        (How.PART, Way.BACK, 251, {}, ("amount", "Only $2.50 is left of this payment")),
        (How.PART, Way.BACK, 0, {}, ("amount", "Enter an amount of more than zero")),
        (How.PART, Way.BACK, -1, {}, ("amount", "Enter an amount of more than zero")),
        (How.PART, Way.CREDIT, 51, {}, ("amount", "Only $0.50 of this payment is unused")),
        (How.LINES, Way.BACK, 0, {}, ("lines", "Choose at least one line")),
        (
            How.LINES,
            Way.BACK,
            0,
            {SOLD.id: 10},
            ("lines", "INV-2 is for something sold ahead. End that instead."),
        ),
        (
            How.LINES,
            Way.BACK,
            0,
            {ONE.id: 151},
            ("lines", "Part of this was taken back from INV-1 already"),
        ),
        (
            How.LINES,
            Way.BACK,
            0,
            {ONE.id: 120},
            ("lines", f"This payment paid only $1.00 of INV-1. {FEWER}"),
        ),
    ],
)
def test_what_cannot_be_given_back_is_said_beside_the_question(
    how: How, way: Way, wanted: int, lines: dict[UUID, int], refusal: tuple[str, str]
) -> None:
    with pytest.raises(CannotGiveBack) as refused:
        plan(STANDS, how, way, wanted_minor=wanted, lines=lines)

    assert (refused.value.field, refused.value.words) == refusal


def test_a_plan_is_known_by_what_it_does() -> None:
    one, other = (plan(STANDS, How.PART, way, wanted_minor=50) for way in (Way.BACK, Way.CREDIT))

    assert one == Plan(50, Way.BACK, 50)
    assert one.mark() != other.mark()
