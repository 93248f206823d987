"""Weekly hours as rows: what makes sense, and what says the same time twice."""

import pytest

from practice.calendar.rules import hours, weekly
from practice.calendar.rules.weekly import Row, first_clash
from practice.core.errors import Invalid

NINE, NOON, SIX, NIGHT = 9 * 60, 12 * 60, 18 * 60, 24 * 60


@pytest.mark.parametrize(
    ("weekday", "starts", "ends"),
    [(0, NINE, SIX), (8, NINE, SIX), (1, SIX, NINE), (1, NINE, NINE), (1, -5, 60), (1, 0, 1445)],
)
def test_a_row_ends_after_it_begins_within_one_day(weekday: int, starts: int, ends: int) -> None:
    with pytest.raises(Invalid):
        Row(weekday, starts, ends)


def test_rows_that_touch_or_lie_on_other_days_do_not_clash() -> None:
    assert first_clash([Row(1, NINE, NOON), Row(1, NOON, SIX), Row(2, NINE, SIX)]) is None


def test_rows_that_overlap_clash_and_both_are_named() -> None:
    rows = [Row(2, NINE, SIX), Row(1, NINE, NOON), Row(1, NOON - 5, SIX)]

    assert first_clash(rows) == (1, 2)


@pytest.mark.parametrize(
    ("one", "other", "clash"),
    [
        ((("prep",), ""), (("prep",), ""), True),
        ((("prep",), ""), (("dosing",), ""), False),
        (((), ""), (("dosing",), ""), True),
        (((), "in_person"), ((), "telehealth"), False),
        (((), "in_person"), ((), ""), True),
        ((("prep",), "in_person"), (("prep", "dosing"), "in_person"), True),
    ],
)
def test_rows_overlap_only_where_a_session_fits_both(
    one: tuple[tuple[str, ...], str], other: tuple[tuple[str, ...], str], clash: bool
) -> None:
    rows = [Row(1, NINE, SIX, *one), Row(1, NOON, NIGHT, *other)]

    assert (first_clash(rows) is not None) is clash


@pytest.mark.parametrize(
    ("kinds", "modality", "is_open"),
    [
        ([], "", True),
        (["prep"], "", True),
        (["prep", "dosing"], "telehealth", True),
        (["dosing"], "", False),
        ([], "in_person", False),
        (["prep"], "in_person", False),
    ],
)
def test_hours_are_for_the_kinds_and_the_way_they_name(
    kinds: list[str], modality: str, is_open: bool
) -> None:
    assert hours.are_for(kinds, modality, ("prep", "telehealth")) is is_open


def test_times_are_read_as_they_are_written() -> None:
    assert weekly.read_minute("00:00") == 0
    assert weekly.read_minute("00:00", ends=True) == NIGHT
    assert weekly.read_minute("23:55:00") == NIGHT - 5
    for minute in range(0, NIGHT, 5):
        assert weekly.read_minute(weekly.typed(minute)) == minute
    assert weekly.in_words(Row(7, NINE, NIGHT)) == "Sunday, 9:00 AM to midnight"


@pytest.mark.parametrize(
    "text", ["", "9:00", "24:00", "12:60", "12:03", "noon", "-1:00", "１２:00", "12:00:30", "1e3"]
)
def test_what_is_no_time_of_day_is_refused(text: str) -> None:
    with pytest.raises(Invalid):
        weekly.read_minute(text)


def test_days_of_the_same_hours_are_told_in_one_line() -> None:
    week = [Row(day, NINE, SIX) for day in (1, 2, 3, 5)] + [Row(6, NINE, NOON), Row(7, NINE, NOON)]

    assert weekly.is_plain(week)
    assert weekly.in_lines(week) == [
        "Monday, Tuesday, Wednesday, Friday, 9:00 AM to 6:00 PM",
        "Saturday, Sunday, 9:00 AM to 12:00 PM",
    ]
    assert weekly.in_lines(week[:3]) == ["Monday to Wednesday, 9:00 AM to 6:00 PM"]
    assert not weekly.is_plain([*week, Row(6, SIX, NIGHT)])
    assert not weekly.is_plain([Row(1, NINE, SIX, ("prep",))])
