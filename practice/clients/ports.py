"""What the treatment must hear about the papers, and shows beside them."""

from collections.abc import Collection, Mapping, Sequence
from uuid import UUID

import sqlalchemy as sa

from practice.audit.rules import Actor
from practice.clients.rules.panels import (
    CourseLine,
    LeftOver,
    NextSession,
    OverrideLine,
    SessionLine,
)
from practice.core.ports import Port

papers_changed: Port[[UUID, Actor], None] = Port("clients.papers_changed")
"""A client's papers changed, in this transaction: whoever relied on them looks again."""

sessions_of: Port[[UUID], Sequence[SessionLine]] = Port("clients.sessions_of")
"""Every session of a client, those to come first, and of either part the nearest first."""

next_sessions: Port[[Collection[UUID]], Mapping[UUID, NextSession]] = Port("clients.next_sessions")
"""The next session of each of some clients who have one. One statement."""

sessions_to_come: Port[[], sa.Subquery] = Port("clients.sessions_to_come")
"""Selects ``client_id``, the ``next_at`` of everybody with sessions to come, and how many of
these are ``waiting`` for something that is missing."""

courses_of: Port[[UUID], Sequence[CourseLine]] = Port("clients.courses_of")
"""A client's courses, those that still run first. One statement."""

course_positions: Port[[Collection[UUID]], Mapping[UUID, CourseLine]] = Port(
    "clients.course_positions"
)
"""Where the running course of each of some clients stands. One statement."""

overrides_of: Port[[Collection[UUID]], Sequence[OverrideLine]] = Port("clients.overrides_of")
"""What was passed without its proof for some sessions, newest first, ended or not."""

left_over: Port[[UUID], Sequence[LeftOver]] = Port("clients.left_over")
"""What a client still had before them when they came here in the middle of a course."""

never_changed: Port[[], Collection[str]] = Port("clients.never_changed")
"""The tables whose rows the database refuses to change: a merge leaves them where they are."""

sessions_changed_hands: Port[[Collection[UUID]], None] = Port("clients.sessions_changed_hands")
"""Some sessions belong to another client now, in this transaction: calendars show whose."""
