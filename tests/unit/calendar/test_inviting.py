"""Whom a mail tells of a session's news for their calendar, and whom none has to."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from practice.calendar.rules.ics import EventFacts, Status
from practice.calendar.rules.inviting import Known, is_due, mark_of

NOON = datetime(2027, 3, 10, 17, tzinfo=UTC)
HOUR = timedelta(hours=1)
BOOKED = EventFacts(
    uid="one@appointments.invalid",
    sequence=3,
    created_at=NOON,
    changed_at=NOON,
    starts_at=NOON,
    ends_at=NOON + HOUR,
    status=Status.CONFIRMED,
    title="Appointment",
    location="Norfolk",
    description="Questions?",
)
TENTATIVE, OFF = (replace(BOOKED, status=each) for each in (Status.TENTATIVE, Status.CANCELLED))


def told(event: EventFacts) -> Known:
    return Known(event.sequence, mark_of(event), event.status is Status.CANCELLED)


@pytest.mark.parametrize(
    ("known", "event", "wants", "due"),
    [
        (None, BOOKED, True, True),
        (None, BOOKED, False, False),
        (None, TENTATIVE, True, False),
        (None, OFF, True, False),
        (told(BOOKED), replace(BOOKED, sequence=4), True, False),
        (told(BOOKED), replace(BOOKED, sequence=4, title="Appointment, Elm"), True, False),
        (told(BOOKED), replace(BOOKED, sequence=4, description="Call us"), True, False),
        (told(BOOKED), replace(BOOKED, sequence=4, location="4 Heron Landing"), True, True),
        (told(BOOKED), replace(BOOKED, sequence=4, starts_at=NOON - HOUR), True, True),
        (told(BOOKED), replace(BOOKED, sequence=4, ends_at=NOON + 2 * HOUR), False, True),
        (told(BOOKED), replace(BOOKED, sequence=2, starts_at=NOON - HOUR), True, False),
        (told(BOOKED), replace(TENTATIVE, sequence=4), True, True),
        (told(BOOKED), replace(OFF, sequence=4), False, True),
        (told(OFF), replace(OFF, sequence=4, starts_at=NOON - HOUR), True, False),
        (told(OFF), replace(TENTATIVE, sequence=4), True, False),
        (told(OFF), replace(BOOKED, sequence=4), True, True),
    ],
)
def test_a_calendar_is_told_what_it_does_not_show_yet(
    known: Known | None, event: EventFacts, wants: bool, due: bool
) -> None:
    assert is_due(known, event, wants=wants) is due


CHANGE = st.tuples(st.sampled_from(Status), st.integers(0, 2), st.booleans())


@given(changes=st.lists(CHANGE, min_size=1), wants=st.booleans())
def test_however_a_session_changes_a_calendar_ends_as_it_is_and_never_goes_back(
    changes: list[tuple[Status, int, bool]], wants: bool
) -> None:
    """Each change is of the session; some are followed by a mail, as a worker comes by or not."""
    known, sent = None, list[EventFacts]()
    for sequence, (status, hours, is_read) in enumerate([*changes, (*changes[-1][:2], True)]):
        starts_at = NOON + hours * HOUR
        event = replace(
            BOOKED,
            sequence=sequence,
            status=status,
            starts_at=starts_at,
            ends_at=starts_at + HOUR,
        )
        if is_read and is_due(known, event, wants=wants):
            sent.append(event)
            known = told(event)

    numbers = [each.sequence for each in sent]
    assert numbers == sorted(set(numbers))
    assert bool(sent) <= wants
    assert [each.status for each in sent[:1]] in ([], [Status.CONFIRMED])
    if sent:  # it shows the session as it is, or rightly nothing
        last, was_off = sent[-1], sent[-1].status is Status.CANCELLED
        is_right = mark_of(last) == mark_of(event)
        assert is_right or (was_off and event.status is not Status.CONFIRMED)
