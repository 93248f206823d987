from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from practice.sessions.rules import windows
from practice.sessions.rules.lifecycle import SessionKind
from practice.sessions.rules.windows import Anchor, Finding, Session, StepWindow, Unit

K = SessionKind
ZONE = "America/New_York"
NEW_YORK = ZoneInfo(ZONE)
MONDAY = date(2027, 2, 1)
HOUR = timedelta(hours=1)
LENGTHS = {K.DOSING: 150, K.BOOSTER: 150, K.INTAKE: 75}


def session(kind: SessionKind, days: int, hour: int = 10, minute: int = 0) -> Session:
    """A session that many local days after a Monday, at that time on the wall."""
    on = MONDAY + timedelta(days=days)
    start = datetime(on.year, on.month, on.day, hour, minute, tzinfo=NEW_YORK).astimezone(UTC)
    return Session(uuid4(), kind, start, start + timedelta(minutes=LENGTHS.get(kind, 60)))


def verdict(new: Session, *others: Session) -> str:
    """``fine``, ``warns`` or ``refuses``."""
    found = windows.findings(new, others, ZONE)
    return "refuses" if any(f.is_hard for f in found) else "warns" if found else "fine"


def test_the_windows_are_those_of_the_lozenge_course() -> None:
    dosings = StepWindow(Anchor.START, Unit.DAYS, 10, 18, 7, 28)
    booster = StepWindow(Anchor.START, Unit.DAYS, 28, 60, 14, 180)
    after = StepWindow(Anchor.END, Unit.HOURS, 24, 72, 12, 168)

    table = windows.windows()

    assert {pair: table[pair] for pair in USED} == {
        (K.INTAKE, K.MEDICAL_EVAL): StepWindow(Anchor.END, Unit.DAYS, 0, 21, 0, 45),
        (K.INTAKE, K.PREP): StepWindow(Anchor.END, Unit.DAYS, 1, 21, 0, 45),
        (K.PREP, K.PREP): StepWindow(Anchor.END, Unit.DAYS, 1, 14, 1, 30),
        (K.PREP, K.DOSING): StepWindow(Anchor.END, Unit.DAYS, 1, 14, 1, 30),
        (K.MEDICAL_EVAL, K.DOSING): StepWindow(Anchor.END, Unit.DAYS, 3, 60, 1, 90),
        (K.DOSING, K.DOSING): dosings,
        (K.BOOSTER, K.DOSING): dosings,
        (K.INTEGRATION, K.DOSING): StepWindow(Anchor.END, Unit.DAYS, 1, 17, 0, 27),
        (K.DOSING, K.INTEGRATION): after,
        (K.BOOSTER, K.INTEGRATION): after,
        (K.DOSING, K.BOOSTER): booster,
        (K.BOOSTER, K.BOOSTER): booster,
    }


USED = [(before, kind) for kind in K for kinds in windows.BEFORE[kind] for before in kinds] + [
    (before, K.DOSING) for kinds in windows.BEFORE_THE_FIRST_DOSING for before in kinds
]


def test_every_kind_says_what_it_is_measured_against_and_every_pair_has_a_window() -> None:
    assert windows.BEFORE.keys() == windows.NAMES.keys() == set(K)
    assert set(USED) <= windows.windows().keys()


@pytest.mark.parametrize(
    ("before", "kind", "verdicts"),
    [
        (K.INTAKE, K.PREP, {1: "fine", 21: "fine", 22: "warns", 45: "warns", 46: "refuses"}),
        (K.PREP, K.PREP, {1: "fine", 14: "fine", 15: "warns", 30: "warns", 31: "refuses"}),
        (K.PREP, K.DOSING, {1: "fine", 14: "fine", 15: "warns", 30: "warns", 31: "refuses"}),
        (K.DOSING, K.BOOSTER, {13: "refuses", 14: "warns", 28: "fine", 60: "fine", 61: "warns",
                               180: "warns", 181: "refuses"}),
    ],
)  # fmt: skip
def test_both_ends_of_a_window_belong_to_it(
    before: SessionKind, kind: SessionKind, verdicts: dict[int, str]
) -> None:
    found = {days: verdict(session(kind, days), session(before, 0)) for days in verdicts}

    assert found == verdicts


def test_a_dosing_follows_another_and_the_integration_between() -> None:
    first, integration = session(K.DOSING, 0), session(K.INTEGRATION, 2)
    limits = {6: "refuses", 7: "warns", 10: "fine", 18: "fine", 19: "warns", 28: "warns",
              29: "refuses"}  # fmt: skip

    found = {n: verdict(session(K.DOSING, n), first, integration) for n in limits}

    assert found == limits


def test_a_dosing_without_an_integration_behind_the_last_one_is_warned_of() -> None:
    first, second = session(K.DOSING, 0), session(K.DOSING, 12)

    assert windows.findings(second, [first], ZONE) == [
        Finding(
            "No integration is booked between the dosing on Mon, Feb 1 and this one.",
            is_hard=False,
        )
    ]


@pytest.mark.parametrize(
    ("after_end", "expected"),
    [
        (HOUR * 12, "warns"),
        (HOUR * 12 - timedelta(minutes=5), "refuses"),
        (HOUR * 24, "fine"),
        (HOUR * 72, "fine"),
        (HOUR * 72 + timedelta(minutes=5), "warns"),
        (HOUR * 168, "warns"),
        (HOUR * 168 + timedelta(minutes=5), "refuses"),
    ],
)
def test_integration_is_counted_in_elapsed_hours_from_the_end(
    after_end: timedelta, expected: str
) -> None:
    dosing = session(K.DOSING, 0, hour=19)
    start = dosing.ends_at + after_end
    integration = Session(uuid4(), K.INTEGRATION, start, start + HOUR)

    assert verdict(integration, dosing) == expected


def test_integration_is_never_on_the_day_of_the_dosing() -> None:
    dosing = session(K.DOSING, 0, hour=6)
    integration = session(K.INTEGRATION, 0, hour=22)

    assert windows.findings(integration, [dosing], ZONE) == [
        Finding(
            "The integration cannot be on the same day as the dosing on Mon, Feb 1.", is_hard=True
        )
    ]


def test_days_are_local_dates_and_do_not_drift_when_the_clocks_change() -> None:
    sunday_before = session(K.DOSING, 34, hour=9)  # the clocks go forward on March 14
    late = session(K.DOSING, 62, hour=17)

    assert (late.starts_at - sunday_before.starts_at) // HOUR == 28 * 24 + 8 - 1
    assert verdict(late, sunday_before, session(K.INTEGRATION, 36)) == "warns"


def test_the_words_say_the_gap_and_the_rule() -> None:
    first, integration = session(K.DOSING, 0), session(K.INTEGRATION, 1)

    assert windows.findings(session(K.DOSING, 4), [first, integration], ZONE) == [
        Finding(
            "The dosing would be 4 days after the dosing on Mon, Feb 1; "
            "the limits are 7 to 28 days.",
            is_hard=True,
        )
    ]
    assert windows.findings(session(K.INTEGRATION, 4, 14), [first], ZONE) == [
        Finding(
            "The integration would be 97.5 hours after the dosing on Mon, Feb 1; "
            "24 to 72 hours are recommended.",
            is_hard=False,
        )
    ]
    assert windows.in_words(session(K.DOSING, 4), [first, integration], ZONE) == [
        "10 to 18 days after the dosing on Mon, Feb 1 (at least 7, at most 28)",
        "1 to 17 days after the integration on Tue, Feb 2 (at least 0, at most 27)",
    ]


def test_a_session_put_in_between_is_held_against_what_follows_it() -> None:
    later = [session(K.DOSING, 20), session(K.INTEGRATION, 22)]

    assert verdict(session(K.DOSING, 15), *later) == "refuses"
    assert verdict(session(K.PREP, 19), *later) == "fine"
    assert verdict(session(K.DOSING, 11), *later) == "warns"


def test_a_dosing_does_not_move_past_what_followed_it() -> None:
    dosing, integration = session(K.DOSING, 0), session(K.INTEGRATION, 2)
    moved = windows.at(dosing, session(K.DOSING, 4).starts_at)

    found = windows.findings(moved, [dosing, integration], ZONE, moved_from=dosing)

    assert found == [
        Finding("The integration would come before the dosing on Fri, Feb 5.", is_hard=True)
    ]


def test_a_moved_session_is_not_held_against_itself() -> None:
    dosing = session(K.DOSING, 0)
    moved = windows.at(dosing, session(K.DOSING, 1).starts_at)

    assert windows.findings(moved, [dosing], ZONE, moved_from=dosing) == []
    assert (moved.id, moved.ends_at - moved.starts_at) == (dosing.id, timedelta(minutes=150))


kinds_and_days = st.lists(
    st.tuples(st.sampled_from(sorted(K)), st.integers(0, 60), st.integers(8, 17)),
    unique_by=lambda each: each[1:],  # a client is in one place at a time
    max_size=8,
)


@given(course=kinds_and_days, kind=st.sampled_from(sorted(K)), day=st.integers(0, 60))
def test_anchors_are_the_last_sessions_before_of_the_kinds_that_count(
    course: list[tuple[SessionKind, int, int]], kind: SessionKind, day: int
) -> None:
    others = [session(*each) for each in course]
    new = session(kind, day, 12, 30)

    found = windows.anchors(new, others)

    earlier = [each for each in others if each.starts_at < new.starts_at]

    def last(matches: Callable[[Session], bool]) -> datetime | None:
        return max((each.starts_at for each in earlier if matches(each)), default=None)

    dosed = last(lambda s: s.kind in (K.DOSING, K.BOOSTER))
    slow: list[datetime | None] = []
    if kind in (K.INTEGRATION, K.BOOSTER):
        slow = [dosed]
    elif kind is K.PREP:
        slow = [last(lambda s: s.kind in (K.PREP, K.INTAKE))]
    elif kind is K.MEDICAL_EVAL:
        slow = [last(lambda s: s.kind is K.INTAKE)]
    elif kind is K.DOSING and dosed is not None:
        slow = [dosed, last(lambda s: s.kind is K.INTEGRATION and s.starts_at >= dosed)]
    elif kind is K.DOSING:
        slow = [last(lambda s: s.kind is K.PREP), last(lambda s: s.kind is K.MEDICAL_EVAL)]
    assert [each.starts_at for each in found] == [at for at in slow if at is not None]


def test_no_finding_speaks_of_the_session_itself() -> None:
    same = Session(UUID(int=1), K.DOSING, *_two(session(K.DOSING, 0)))

    assert windows.anchors(same, [same]) == []


def _two(of: Session) -> tuple[datetime, datetime]:
    return of.starts_at, of.ends_at
