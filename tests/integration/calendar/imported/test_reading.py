"""A calendar from elsewhere, read again and again: what it blocks, and what never frees time."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from http.client import HTTPMessage

import pytest
import sqlalchemy as sa

from practice.calendar import imported
from practice.calendar.models import ExternalCalendar, Resource, WhenStale
from practice.calendar.rules.imported import between_of
from practice.calendar.service import claims, reading, refreshing
from practice.calendar.service import imported as service
from practice.core import fetching
from practice.core.db import db, read_again, transaction
from practice.core.errors import Conflict
from practice.outbox.jobs import NotYet
from practice.outbox.models import Message, Task
from practice.people.queries import get_practice
from practice.sessions.queries import free_times, get_service
from practice.sessions.rules.lifecycle import Modality
from practice.sessions.service.booking import cancel
from tests.factories import OWNER
from tests.integration.calendar.imported.conftest import (
    TUESDAY_TEN,
    WEDNESDAY,
    Elsewhere,
    book_at,
    switches,
)
from tests.integration.sessions.conftest import Clock
from tests.integration.sessions.pages.conftest import TUESDAY, appointments, at
from tests.unit.calendar.foreign import calendar, event, spans

TEN = spans("2027-03-02 15:00 +60")
ALL_WEDNESDAY = spans("2027-03-03 05:00 +1440")


def tasks() -> list[Task]:
    read_again()
    query = sa.select(Task).where(Task.kind == service.TASK, Task.done_at.is_(None))
    return list(db.session.scalars(query.order_by(Task.key)))


def test_check_21_a_304_moves_the_time_of_the_check_and_reads_nothing(
    elsewhere: Elsewhere, time: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """calendar.md §6, row 21: 304, no parse, ``checked_at`` moves; changed ETag, re-read."""
    before, claims = elsewhere.row, elsewhere.claims
    changed_at = before.changed_at
    time.now += timedelta(minutes=15)
    with monkeypatch.context() as patched:
        patched.setattr(reading, "ask", lambda *_, **__: pytest.fail("it was parsed"))
        elsewhere.read()
        elsewhere.says(TUESDAY_TEN)  # without a tag: the same bytes are as good as a 304
        elsewhere.read()

    now = elsewhere.row
    assert (now.checked_at, now.read_at, now.changed_at) == (time.now, time.now, changed_at)
    assert 'If-None-Match: "first"' in elsewhere.server.heads[1]
    assert elsewhere.claims == claims

    elsewhere.says(TUESDAY_TEN, WEDNESDAY, etag='"second"')
    elsewhere.read()
    assert elsewhere.blocked == TEN + ALL_WEDNESDAY
    assert claims < elsewhere.claims  # an event that stays keeps its row
    elsewhere.says(WEDNESDAY, etag='"third"')
    elsewhere.read()
    assert elsewhere.blocked == ALL_WEDNESDAY


def test_a_week_later_or_with_another_choice_the_same_text_is_read_anew(
    elsewhere: Elsewhere, time: Clock
) -> None:
    with transaction():
        service.change(elsewhere.id, switches(all_day_blocks=False), address=None, by=OWNER)
    elsewhere.read()
    time.now += timedelta(days=7)
    elsewhere.read()

    assert ["If-None-Match" in head for head in elsewhere.server.heads] == [False] * 3


def hang_up(_head: str, _wire: object) -> None:
    """Answer nothing at all."""


@pytest.mark.database("sqlite")
def test_check_16_and_17_whatever_goes_wrong_nothing_becomes_free_and_the_error_is_told(
    elsewhere: Elsewhere, monkeypatch: pytest.MonkeyPatch
) -> None:
    """calendar.md §6, rows 16 and 17: fetch fails, 500, HTML, truncated, empty, bombs."""
    monkeypatch.setattr(fetching, "MOST_BYTES", 1_000_000)
    whole = calendar(TUESDAY_TEN)
    never = "RRULE:FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30"
    endless = calendar(*(event("DTSTART:20270302T140000Z", never, uid=str(n)) for n in range(30)))
    answers = {
        "has a fault": (500, b""),
        "no calendar at this address": (404, b""),
        "address may have been reset": (403, b""),
        "asks us to wait": (429, b""),
        "makes no sense": (418, b""),
        "is not a calendar": (200, b"<!doctype html><title>Sign in</title>"),
        "is not a calendar.": (200, b""),
        "arrived incomplete": (200, whole[:-20]),
        "more than 10,000": (200, b"BEGIN:VCALENDAR\r\n" + b"BEGIN:VEVENT\r\n" * 20_000),
        "takes too long": (200, endless),
        "larger than": (200, b"x" * 1_000_001),
    }
    said = {}
    for words, (status, body) in answers.items():
        elsewhere.server.script = lambda _head, wire: wire.answer(status, body)  # noqa: B023
        seconds = 0.3 if body is endless else 20.0
        monkeypatch.setattr(refreshing, "LEAST_SECONDS", seconds)
        monkeypatch.setattr(refreshing, "IN_ALL_SECONDS", seconds)
        elsewhere.read()
        said[words] = words.strip(".") in (elsewhere.row.problem or "")
    elsewhere.server.script = hang_up
    elsewhere.read()
    elsewhere.server.leads_to["calendar.example"] = [["10.0.0.1"]]
    elsewhere.read()

    assert said == dict.fromkeys(answers, True)
    assert elsewhere.row.problem == "That name leads inside a network."
    assert elsewhere.row.failures == len(answers) + 2
    assert elsewhere.blocked == TEN


def test_check_17_one_broken_event_blocks_its_day_and_the_others_their_time(
    elsewhere: Elsewhere,
) -> None:
    """calendar.md §6, row 17: one broken VEVENT."""
    elsewhere.says(TUESDAY_TEN, event("DTSTART:20270303T140000Z", "RRULE:FREQ=OFTEN", uid="broken"))
    elsewhere.read()

    assert elsewhere.blocked == TEN + ALL_WEDNESDAY
    assert (elsewhere.row.events, elsewhere.row.unreadable) == (2, 1)


def test_check_20_a_busy_time_over_a_session_becomes_a_task_and_never_a_deletion(
    elsewhere: Elsewhere,
) -> None:
    """calendar.md §6, row 20: an import arriving after booking raises a conflict notice."""
    elsewhere.says(WEDNESDAY)
    elsewhere.read()
    client = book_at(at(TUESDAY, 10))
    (session,) = appointments()
    assert tasks() == []

    elsewhere.says(TUESDAY_TEN)
    elsewhere.read()
    elsewhere.read()

    (task,) = tasks()
    assert (task.about_id, task.client_id) == (session.id, client.id)
    assert "Tue, Mar 2, 10:00 AM" in task.what
    assert [each.state for each in appointments()] == [session.state]
    elsewhere.says(WEDNESDAY)
    elsewhere.read()
    assert tasks() == []


def test_what_lies_under_a_calendar_that_is_read_no_more_is_looked_at_all_the_same(
    elsewhere: Elsewhere,
) -> None:
    elsewhere.says(WEDNESDAY)
    elsewhere.read()
    book_at(at(TUESDAY, 10))
    elsewhere.says(TUESDAY_TEN)
    elsewhere.read()
    with transaction():
        service.stop(elsewhere.id, by=OWNER)
    service.look_at_conflicts(get_practice().id)
    assert len(tasks()) == 1

    with transaction():
        cancel(appointments()[0], by=OWNER)
    service.look_at_conflicts(get_practice().id)

    assert tasks() == []
    assert elsewhere.blocked == TEN


def test_a_session_booked_while_a_reading_was_written_is_told_by_the_next(
    elsewhere: Elsewhere,
) -> None:
    elsewhere.says(WEDNESDAY, etag='"empty"')
    elsewhere.read()
    book_at(at(TUESDAY, 10))
    with transaction():  # as a reading would that had not seen the booking
        row = imported.get_calendar(elsewhere.id, lock=True)
        claims.lay_over(row.id, row.resource_id, TEN, since=at(TUESDAY, 0))
    assert tasks() == []

    elsewhere.read()

    assert len(tasks()) == 1


def test_it_is_read_again_by_itself_and_not_before_its_time(
    elsewhere: Elsewhere, time: Clock
) -> None:
    next_at = elsewhere.row.next_at
    assert next_at is not None
    assert timedelta(minutes=12) <= next_at - time.now <= timedelta(minutes=18)
    with pytest.raises(NotYet) as early:
        refreshing.refresh(elsewhere.id)
    assert early.value.at == next_at

    elsewhere.server.script = lambda _head, wire: wire.answer(503, Retry_After="7200")
    elsewhere.read()

    assert elsewhere.row.next_at == time.now + timedelta(hours=2)


def test_outlook_is_asked_again_as_a_browser(elsewhere: Elsewhere) -> None:
    far, picky = elsewhere.server, "outlook.office365.com"
    far.leads_to[picky] = [["93.184.216.34"]]
    asked: list[str] = []

    def fetched(url: str, headers: dict[str, str], **_: float) -> fetching.Answer:
        asked.append(headers["User-Agent"])
        return fetching.Answer(500, HTTPMessage(), b"")

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(fetching, "fetch", fetched)
        elsewhere.read()
        with transaction():
            row = imported.get_calendar(elsewhere.id, lock=True)
            row.address = f"https://{picky}/owa/calendar/secret.ics"
        elsewhere.read()

    assert asked == [refreshing.NAME, refreshing.NAME, refreshing.BROWSER]


def mails() -> list[Message]:
    read_again()
    query = sa.select(Message).where(Message.name == "staff-calendar-unread")
    return list(db.session.scalars(query))


def seen_by(*, staff: bool) -> list[datetime]:
    """Return the times on offer on the Wednesday of next week."""
    read_again()
    found = free_times(
        get_service("intake"), Modality.IN_PERSON, date(2027, 3, 10), 1, as_staff=staff
    )
    return [each.starts_at for each in found]


def test_what_cannot_be_read_for_a_day_is_mailed_once_and_after_three_may_hide(
    elsewhere: Elsewhere, therapist: Resource, time: Clock
) -> None:
    elsewhere.server.script = lambda _head, wire: wire.answer(500)
    for hours in (23, 2, 6, 43):  # at last 74 hours
        time.now += timedelta(hours=hours)
        elsewhere.read()
    online, staff = seen_by(staff=False), seen_by(staff=True)
    assert online
    assert len(mails()) == 1

    with transaction():
        row = imported.get_calendar(elsewhere.id, lock=True)
        row.when_stale = WhenStale.HIDE
    assert (seen_by(staff=False), seen_by(staff=True)) == ([], staff)
    assert elsewhere.blocked == TEN

    elsewhere.says(TUESDAY_TEN)
    elsewhere.read()
    assert seen_by(staff=False) == online


def test_nobody_reads_a_calendar_that_got_no_yes_for_a_week(unread: Elsewhere, time: Clock) -> None:
    unread.says(TUESDAY_TEN)
    unread.read()
    assert (unread.blocked, unread.row.found is not None) == ([], True)

    time.now += timedelta(days=8)
    refreshing.refresh(unread.id)
    refreshing.refresh(unread.id)

    read_again()
    assert db.session.scalar(sa.select(sa.func.count()).select_from(ExternalCalendar)) == 0


def test_the_window_keeps_what_is_over_for_some_weeks(elsewhere: Elsewhere, time: Clock) -> None:
    elsewhere.says(WEDNESDAY)
    time.now = datetime(2027, 3, 20, tzinfo=UTC)
    elsewhere.read()
    assert elsewhere.blocked == TEN  # what was busy then, seen from later

    time.now = datetime(2027, 6, 1, tzinfo=UTC)
    elsewhere.says(WEDNESDAY, event("DTSTART:20270701T140000Z", uid="july"))
    elsewhere.read()
    assert elsewhere.blocked == spans("2027-07-01 14:00 +30")


def test_what_was_read_before_somebody_chose_otherwise_or_stopped_it_counts_for_nothing(
    elsewhere: Elsewhere, time: Clock
) -> None:
    between = between_of(time.now, get_practice().time_zone)
    nothing = reading.Read((), 0, 0, 0)
    late = refreshing.Seen("as it was chosen before", "hash", None, None, nothing)
    with transaction():
        refreshing._keep(elsewhere.id, late, between)
    assert (elsewhere.blocked, elsewhere.row.next_at) == (TEN, None)
    known = elsewhere.row.way
    assert known is not None

    with transaction():
        service.stop(elsewhere.id, by=OWNER)
    with transaction():
        refreshing._keep(elsewhere.id, replace(late, way=known), between)

    assert elsewhere.blocked == TEN


def test_a_calendar_that_is_read_no_more_takes_nothing_in(
    elsewhere: Elsewhere, time: Clock
) -> None:
    between = between_of(time.now, get_practice().time_zone)
    with transaction():
        service.stop(elsewhere.id, by=OWNER)

    with pytest.raises(Conflict, match="not read any more"), transaction():
        service.receive(imported.get_calendar(elsewhere.id), reading.Read((), 0, 0, 0))
    with pytest.raises(Conflict, match="not read any more"), transaction():
        service.confirm(elsewhere.id, between, by=OWNER)
    with pytest.raises(Conflict, match="not read any more"), transaction():
        service.change(elsewhere.id, switches(), address="https://a.example/", by=OWNER)

    assert (elsewhere.blocked, elsewhere.row.address) == (TEN, None)


def test_the_calendar_of_somebody_who_left_is_forgotten(
    elsewhere: Elsewhere, therapist: Resource, time: Clock
) -> None:
    with transaction():
        person = db.session.get_one(Resource, (therapist.practice_id, therapist.id))
        person.ended_at = time.now
    time.now += timedelta(hours=1)

    refreshing.refresh(elsewhere.id)

    read_again()
    assert db.session.scalar(sa.select(sa.func.count()).select_from(ExternalCalendar)) == 0
    assert elsewhere.claims == set()


def test_that_nothing_is_new_is_not_believed_unless_it_was_asked(elsewhere: Elsewhere) -> None:
    with transaction():
        service.change(elsewhere.id, switches(free_blocks=True), address=None, by=OWNER)
    elsewhere.server.script = lambda _head, wire: wire.answer(304)

    elsewhere.read()

    assert elsewhere.row.problem == "The other side gave an answer that makes no sense."
    assert (elsewhere.row.failures, elsewhere.blocked) == (1, TEN)
