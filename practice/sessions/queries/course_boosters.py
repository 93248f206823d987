"""What a completed course says of its boosters, and of the integration after one.

Suggested, never booked by itself: staff book it, and see the course's own windows beside the times.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import sqlalchemy as sa

from practice.calendar.rules import zones
from practice.core.db import db
from practice.people.models import Client
from practice.people.queries import get_practice
from practice.sessions.models import Course, Service
from practice.sessions.queries.appointments import sessions_of
from practice.sessions.queries.times import Start
from practice.sessions.rules.course_states import CourseState
from practice.sessions.rules.course_words import range_words
from practice.sessions.rules.courses import Boosters, read_known
from practice.sessions.rules.lifecycle import GIVES_MEDICINE, SessionKind
from practice.sessions.rules.windows import NAMES, Finding, Session, StepWindow, gap_of

K = SessionKind


@dataclass(frozen=True, slots=True)
class AfterCourse:
    """The last dosing of a client, and what their course says of what follows it.

    ``others`` are the client's sessions, held and to come.
    """

    kind: SessionKind
    minutes: int
    boosters: Boosters
    others: tuple[Session, ...]
    zone: str

    @property
    def window(self) -> StepWindow:
        """The window that counts for this kind of session."""
        own = self.boosters
        return own.from_last_dosing if self.kind is K.BOOSTER else own.integration_window

    @property
    def rules(self) -> list[str]:
        """What has to be kept, in words."""
        w, after = self.window, "the last dosing" if self.kind is K.BOOSTER else "the booster"
        limits = f"at least {w.hard_min}, at most {w.hard_max}"
        found = [f"{range_words(w.min, w.max, w.unit)} after {after} ({limits})"]
        if self.kind is K.BOOSTER:
            days = self.boosters.prep_after_days
            found.append(f"a preparation first if that was more than {days} days ago")
        return found

    def findings(self, starts_at: datetime) -> list[Finding]:
        """Say what speaks against a start."""
        session = Session(UUID(int=0), self.kind, starts_at, starts_at + self.length)
        before = [e for e in self.others if e.kind in GIVES_MEDICINE and e.starts_at < starts_at]
        if not before:
            return []
        last = max(before, key=lambda each: each.starts_at)
        found = [gap_of(self.window, last, session, self.zone)]
        if self.kind is K.BOOSTER:
            found.append(self._preparation(last, starts_at))
        return [each for each in found if each is not None]

    def said_of(self, starts_at: datetime) -> Start:
        """Say the same as pages show it."""
        found = self.findings(starts_at)
        return Start(
            starts_at,
            warnings=tuple(each.words for each in found if not each.is_hard),
            refusals=tuple(each.words for each in found if each.is_hard),
        )

    @property
    def length(self) -> timedelta:
        """How long the session takes."""
        return timedelta(minutes=self.minutes)

    def _preparation(self, last: Session, starts_at: datetime) -> Finding | None:
        """Ask for one preparation since the last dosing, if that is too long ago."""
        on, since = (zones.local_date(at, self.zone) for at in (starts_at, last.starts_at))
        if (on - since).days <= self.boosters.prep_after_days:
            return None
        if any(e.kind is K.PREP and last.ends_at <= e.starts_at < starts_at for e in self.others):
            return None
        words = (
            f"More than {self.boosters.prep_after_days} days lie since {NAMES[last.kind]} on "
            f"{zones.day_words(since)}: a preparation comes first."
        )
        return Finding(words, is_hard=True)


def after_course_of(client: Client | None, service: Service) -> AfterCourse | None:
    """Look at what a client's last completed course says of a booster, or of what follows one.

    ``None`` for other kinds of session, and where there is no such course. Two statements.
    """
    if client is None or service.kind not in {K.BOOSTER, K.INTEGRATION}:
        return None
    course = db.session.scalar(
        sa.select(Course)
        .where(Course.client_id == client.id, Course.state == CourseState.COMPLETED)
        .order_by(Course.ended_at.desc())
        .limit(1)
    )
    boosters = read_known(course.document).boosters if course else None
    if boosters is None:
        return None
    others = tuple(sessions_of(client.id))
    last = max(
        (each for each in others if each.kind in GIVES_MEDICINE),
        key=lambda each: each.starts_at,
        default=None,
    )
    if service.kind is K.INTEGRATION and (last is None or last.kind is not K.BOOSTER):
        return None
    return AfterCourse(service.kind, service.minutes, boosters, others, get_practice().time_zone)
